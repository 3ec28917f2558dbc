/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_rc.c - the input is a system's settings (rc.conf, rc.conf.local, what is
 * in /etc/default or conf.d), or a start script, behind one byte that says
 * which; the rest of the tree is a milter that is installed there.
 * Owns:      the invariants of detection as a whole.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  know what a file means.
 */
#include "compat.h"

#include <sys/stat.h>

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "config/conf.h"
#include "detect/detect.h"
#include "fuzz.h"

/* A system, its settings, a start script and what is in that. */
static const struct {
	const char	*platform;
	const char	*settings;
	const char	*script;
	const char	*text;
} fuzz_rc_system[] = {
	{ "freebsd", "/etc/rc.conf", "/usr/local/etc/rc.d/milter-opendkim",
	    "name=milteropendkim\nrcvar=milteropendkim_enable\n"
	    "command=/usr/local/sbin/opendkim\nload_rc_config $name\n"
	    ": ${milteropendkim_enable:=NO}\n"
	    "command_args=\"-p ${milteropendkim_socket}\"\n"
	    "run_rc_command \"$1\"\n" },
	{ "pkgsrc", "/etc/rc.conf", "/etc/rc.d/milter-greylist",
	    "name=\"milter-greylist\"\nrcvar=miltergreylist\n"
	    "command=\"/usr/pkg/sbin/${name}\"\nload_rc_config $name\n"
	    "run_rc_command \"$1\"\n" },
	{ "openbsd", "/etc/rc.conf.local", "/etc/rc.d/milter_regex",
	    "daemon=/usr/local/libexec/milter-regex\n"
	    "daemon_flags=\"-p /var/run/regex.sock\"\n"
	    ". /etc/rc.d/rc.subr\nrc_cmd $1\n" },
	{ "debian", "/etc/default/spamass-milter",
	    "/etc/init.d/spamass-milter",
	    "DAEMON=/usr/sbin/spamass-milter\nSOCKET=/run/s\n"
	    "[ -r /etc/default/spamass-milter ] && "
	    ". /etc/default/spamass-milter\n"
	    "start-stop-daemon --start --exec $DAEMON -- -p $SOCKET "
	    "$OPTIONS\n" },
	{ "alpine", "/etc/conf.d/opendkim", "/etc/init.d/opendkim",
	    "command=/usr/sbin/opendkim\n"
	    "command_args=\"-x ${CONFFILE:-/etc/opendkim.conf} -p $SOCKET\"\n" }
};
#define FUZZ_RC_SYSTEMS	(sizeof(fuzz_rc_system) / sizeof(fuzz_rc_system[0]))
/* Where the system says so by a link. */
static const char *const fuzz_rc_link[] = {
	"/etc/rc2.d/S01spamass-milter", "/etc/runlevels/default/opendkim"
};
#define FUZZ_RC_LINKS	(sizeof(fuzz_rc_link) / sizeof(fuzz_rc_link[0]))

static char fuzz_rc_top[64];

static const char *
fuzz_rc_path(const char *name)
{
	static char path[300];

	(void)snprintf(path, sizeof(path), "%s%s", fuzz_rc_top, name);
	return (path);
}

/* The folders above a path below the top. */
static void
fuzz_rc_make(const char *name)
{
	char part[200], *p;

	strlcpy(part, name, sizeof(part));
	for (p = part + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
		*p = '\0';
		(void)mkdir(fuzz_rc_path(part), 0700);
	}
}

/* Those of them that are empty. */
static void
fuzz_rc_remove(const char *name)
{
	char part[200], *p;

	(void)unlink(fuzz_rc_path(name));
	strlcpy(part, name, sizeof(part));
	while ((p = strrchr(part, '/')) != NULL && p != part) {
		*p = '\0';
		(void)rmdir(fuzz_rc_path(part));
	}
}

static void
fuzz_rc_write(const char *name, const void *data, size_t n)
{
	FILE *f = fopen(fuzz_rc_path(name), "w");

	FUZZ_REQUIRE(f != NULL);
	FUZZ_REQUIRE(fwrite(data, 1, n, f) == n);
	FUZZ_REQUIRE(fclose(f) == 0);
	(void)chmod(fuzz_rc_path(name), 0755);
}

static void
fuzz_rc_clean(void)
{
	size_t i;

	for (i = 0; i < FUZZ_RC_LINKS; i++)
		fuzz_rc_remove(fuzz_rc_link[i]);
	for (i = 0; i < FUZZ_RC_SYSTEMS; i++) {
		fuzz_rc_remove(fuzz_rc_system[i].settings);
		fuzz_rc_remove(fuzz_rc_system[i].script);
	}
	/* What two of them share is empty only now. */
	for (i = 0; i < FUZZ_RC_SYSTEMS; i++)
		fuzz_rc_remove(fuzz_rc_system[i].script);
	(void)rmdir(fuzz_rc_top);
}

static void
fuzz_rc_begin(void)
{
	size_t i;

	(void)snprintf(fuzz_rc_top, sizeof(fuzz_rc_top), "/tmp/fuzz_rc.%ld",
	    (long)getpid());
	FUZZ_REQUIRE(mkdir(fuzz_rc_top, 0700) == 0);
	(void)atexit(fuzz_rc_clean);
	for (i = 0; i < FUZZ_RC_SYSTEMS; i++) {
		fuzz_rc_make(fuzz_rc_system[i].settings);
		fuzz_rc_make(fuzz_rc_system[i].script);
		fuzz_rc_write(fuzz_rc_system[i].script, fuzz_rc_system[i].text,
		    strlen(fuzz_rc_system[i].text));
	}
	for (i = 0; i < FUZZ_RC_LINKS; i++) {
		fuzz_rc_make(fuzz_rc_link[i]);
		(void)symlink("/etc/init.d", fuzz_rc_path(fuzz_rc_link[i]));
	}
}

static void
fuzz_rc_report(const char *line, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", line);
}

/* Whatever it says, it is a good configuration, with lines for the log. */
static void
fuzz_rc_load(const char *platform)
{
	char text[256];
	struct conf_source source;
	struct conf *conf;
	const char *p;
	size_t i;

	(void)snprintf(text, sizeof(text), "package.platform = \"%s\"\n"
	    "detect.root = \"%s\"\nload_default = true\n", platform,
	    fuzz_rc_top);
	memset(&source, 0, sizeof(source));
	source.file = "fuzz.conf";
	source.text = text;
	source.text_len = strlen(text);
	source.detect = detect_load;
	source.known = detect_known;
	conf = conf_load(&source, fuzz_rc_report, NULL);
	FUZZ_REQUIRE(conf != NULL);
	for (i = 0; i < conf->n_milters; i++)
		FUZZ_REQUIRE(!conf->milters[i]->enabled ||
		    conf->milters[i]->specs.text.n > 0);
	for (i = 0; i < conf->n_notes; i++)
		for (p = conf->notes[i].text; *p != '\0'; p++)
			FUZZ_REQUIRE(*p >= ' ' && *p <= '~');
	conf_unref(conf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *name;
	size_t i;

	if (n == 0)
		return (0);
	if (fuzz_rc_top[0] == '\0')
		fuzz_rc_begin();
	i = data[0] / 2 % FUZZ_RC_SYSTEMS;
	name = data[0] % 2 == 0 ? fuzz_rc_system[i].settings :
	    fuzz_rc_system[i].script;
	fuzz_rc_write(name, data + 1, n - 1);
	fuzz_rc_load(fuzz_rc_system[i].platform);
	if (data[0] % 2 == 0)
		FUZZ_REQUIRE(unlink(fuzz_rc_path(name)) == 0);
	else
		fuzz_rc_write(name, fuzz_rc_system[i].text,
		    strlen(fuzz_rc_system[i].text));
	return (0);
}
