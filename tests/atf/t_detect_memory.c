/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_detect_memory.c - every allocation of detection may fail, once or for good:
 * it ends with its error, or with the very result that it has with memory.
 * Owns:      the allocator that fails, and the trees below.
 * Called by: kyua.
 * Must not:  sleep, or look at this system's own files.
 *
 * The sources are included, as in t_memory.c.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "h_case.h"
#include "h_memory.h"

#include "base/spec.c"
#include "config/lex.c"
#include "config/source.c"
#include "config/value.c"
#include "detect/detect.c"
#include "detect/kind.c"
#include "detect/openbsd.c"
#include "detect/openrc.c"
#include "detect/openwrt.c"
#include "detect/platform.c"
#include "detect/rc.c"
#include "detect/read.c"
#include "detect/read_blocks.c"
#include "detect/read_dump.c"
#include "detect/read_greylist.c"
#include "detect/root.c"
#include "detect/rows_bsd.c"
#include "detect/rows_linux.c"
#include "detect/service.c"
#include "detect/sh.c"
#include "detect/sh_expand.c"
#include "detect/sh_follow.c"
#include "detect/sh_lex.c"
#include "detect/sh_param.c"
#include "detect/sh_run.c"
#include "detect/sh_simple.c"
#include "detect/sh_test.c"
#include "detect/start.c"
#include "detect/systemd.c"
#include "detect/systemd_unit.c"
#include "detect/sysv.c"

#undef malloc
#undef calloc
#undef realloc
#undef strdup

static const char	*memory_platform;
static char		 memory_first[16384];	/* with memory */

static void
put(const char *path, mode_t mode, const char *text)
{
	char folder[256];
	FILE *fp;
	size_t i;

	for (i = 1; path[i] != '\0'; i++) {
		if (path[i] != '/')
			continue;
		(void)snprintf(folder, sizeof(folder), "%.*s", (int)i, path);
		ATF_REQUIRE(mkdir(folder, 0755) == 0 || errno == EEXIST);
	}
	ATF_REQUIRE((fp = fopen(path, "w")) != NULL);
	ATF_REQUIRE(fputs(text, fp) >= 0);
	ATF_REQUIRE_EQ(0, fclose(fp));
	ATF_REQUIRE_EQ(0, chmod(path, mode));
}

static void
memory_say(void *arg, const char *file, unsigned line, const char *text)
{
	char place[300];

	(void)snprintf(place, sizeof(place), "%s:%u ", file, line);
	(void)strlcat(arg, place, sizeof(memory_first));
	(void)strlcat(arg, text, sizeof(memory_first));
	(void)strlcat(arg, "\n", sizeof(memory_first));
}

static void
memory_note(void *arg, bool fault, const char *text)
{
	memory_say(arg, fault ? "fault" : "note", 0, text);
}

/* All that detection says goes into said. */
static int
memory_load(char said[sizeof(memory_first)])
{
	struct conf_detect to;
	char why[256] = "";
	int error;

	memset(&to, 0, sizeof(to));
	to.root = "root";
	to.platform = memory_platform;
	to.options = "prefix=/usr/local";
	to.statement = memory_say;
	to.note = memory_note;
	to.arg = said;
	said[0] = '\0';
	error = detect_load(&to, why, sizeof(why));
	if (error == -1 && strcmp(why, "out of memory") != 0)
		atf_tc_fail_nonfatal("%zu: %s", memory_fail_at, why);
	return (error);
}

static void
memory_try(const char *platform)
{
	static char said[sizeof(memory_first)];
	int on;

	memory_platform = platform;
	memory_fail_at = 0;
	ATF_REQUIRE_EQ(0, memory_load(memory_first));
	printf("%s", memory_first);
	ATF_REQUIRE(strstr(memory_first, "connection_spec") != NULL);
	for (on = 0; on < 2; on++) {
		memory_fail_on = on == 1;
		for (memory_fail_at = 1;; memory_fail_at++) {
			memory_calls = 0;
			if (memory_load(said) == 0 &&
			    strcmp(said, memory_first) != 0) {
				fprintf(stderr, "allocation %zu fails, and it "
				    "says:\n%s", memory_fail_at, said);
				atf_tc_fail("less is found without memory");
			}
			if (memory_calls < memory_fail_at)
				break;
		}
		printf("%zu allocations\n", memory_fail_at - 1);
	}
	memory_fail_at = 0;
}

H_CASE(freebsd, "start scripts of FreeBSD")
{
	put("root/etc/rc.conf", 0644, "a_milter_enable=YES\n"
	    "spamass_milter_enable=\"${a_milter_enable}\"\n");
	put("root/usr/local/etc/rc.d/a-milter", 0755, "#!/bin/sh\n"
	    ". /etc/rc.subr\nname=a_milter\nrcvar=a_milter_enable\n"
	    "load_rc_config $name\n: ${a_milter_enable:=NO}\n"
	    "command=/usr/local/sbin/a\n"
	    "case $name in a*) s=/var/run/${name}.sock ;; esac\n"
	    "command_args=\"-p ${s}\"\nrun_rc_command \"$1\"\n");
	put("root/usr/local/etc/rc.d/milter-greylist", 0755, "#!/bin/sh\n"
	    ". /etc/rc.subr\nname=miltergreylist\n"
	    "rcvar=miltergreylist_enable\nload_rc_config $name\n"
	    ": ${miltergreylist_enable:=YES}\n"
	    "command=/usr/local/bin/milter-greylist\n"
	    "run_rc_command \"$1\"\n");
	put("root/usr/local/etc/mail/greylist.conf", 0644,
	    "socket \"/var/milter-greylist/milter-greylist.sock\"\n"
	    "racl blacklist default tarpit 20s\n");
	memory_try("freebsd");
}

H_CASE(debian, "units and start scripts of Debian")
{
	put("root/lib/systemd/system/opendkim.service", 0644, "[Unit]\n"
	    "Description=signs\n[Service]\n"
	    "EnvironmentFile=-/etc/default/opendkim\n"
	    "ExecStart=/usr/sbin/opendkim -p ${SOCKET}\n"
	    "[Install]\nWantedBy=multi-user.target\n");
	put("root/etc/default/opendkim", 0644, "SOCKET=inet:8891@localhost\n");
	put("root/etc/systemd/system/multi-user.target.wants/x", 0644, "");
	ATF_REQUIRE_EQ(0, symlink("/lib/systemd/system/opendkim.service",
	    "root/etc/systemd/system/multi-user.target.wants/"
	    "opendkim.service"));
	put("root/etc/opendkim.conf", 0644, "Mode sv\nUserID opendkim\n");
	memory_try("debian");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, freebsd);
	ATF_TP_ADD_TC(tp, debian);
	return (atf_no_error());
}
