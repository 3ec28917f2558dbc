/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * systemd.c - milters that systemd starts.
 * Owns:      where units and their drop-ins are, which of them are masked or
 *            enabled, the environment and the command line of a service.
 * Called by: detect.c, through the table of platforms.
 * Must not:  ask systemd, or know what a milter does with its command line.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/value.h"
#include "detect/start_internal.h"
#include "detect/systemd_internal.h"

#define SYSTEMD_PATH		1024
#define SYSTEMD_WORK		100	/* of a variable, as root_spend() has
					   it */
#define SYSTEMD_DROPINS_MAX	100
#define SYSTEMD_INSTANCES_MAX	50

/* The earlier one wins. */
static const char *const systemd_folders[] = {
	"/etc/systemd/system", "/run/systemd/system",
	"/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	"/lib/systemd/system", NULL
};

enum systemd_key {
	UNIT_DESCRIPTION, UNIT_EXEC_START, UNIT_ENVIRONMENT, UNIT_FILE,
	UNIT_TYPE, UNIT_RUNTIME, UNIT_LISTEN, UNIT_SERVICE, UNIT_N
};

static const struct {
	const char	*section, *key;
} systemd_keys[UNIT_N] = {
	{ "Unit", "Description" },
	{ "Service", "ExecStart" },
	{ "Service", "Environment" },
	{ "Service", "EnvironmentFile" },
	{ "Service", "Type" },
	{ "Service", "RuntimeDirectory" },
	{ "Socket", "ListenStream" },
	{ "Socket", "Service" }
};

/* A unit with its drop-ins. */
struct systemd_unit {
	struct detect_env *env;
	struct service	*sv;		/* to blame for its faults */
	struct unit_names names;
	const char	*file;		/* that is being read */
	struct sh_words	 key[UNIT_N];	/* what each has been set to */
};

static void
systemd_assign(const char *section, const char *key, const char *value,
    unsigned line, void *arg)
{
	struct systemd_unit *u = arg;
	size_t i;

	for (i = 0; i < UNIT_N; i++) {
		if (strcmp(section, systemd_keys[i].section) != 0 ||
		    strcmp(key, systemd_keys[i].key) != 0)
			continue;
		/* An empty one takes back all that came before it. */
		if (*value == '\0')
			sh_words_free(&u->key[i]);
		else if (sh_words_add(&u->key[i], value, u->file, line) == -1)
			u->env->no_memory = true;
	}
}

/* True for a link to nothing or to /dev/null, and for an empty file. */
static bool
systemd_is_mask(struct detect_env *env, const char *path)
{
	const struct root_file *f;
	enum root_kind kind = root_kind(env->root, path);

	if (kind != ROOT_FILE && !root_is_link(env->root, path))
		return (false);
	f = root_read(env->root, path);
	return (f != NULL && (kind == ROOT_OTHER || f->absent ||
	    (f->text != NULL && f->len == 0)));
}

static void
systemd_read(struct systemd_unit *u, const char *path)
{
	const struct root_file *f = root_read(u->env->root, path);

	if (f == NULL)
		return;
	u->file = f->path;
	if (f->text == NULL)
		service_problem(u->sv, path, 0, "%s", f->why);
	else if (unit_read(f->text, f->len, systemd_assign, u) == -1)
		u->env->no_memory = true;
}

/* The files of a folder of drop-ins, by their names; an earlier one stays. */
static void
systemd_dropin(struct systemd_unit *u, struct conf_list *files,
    const char *folder, const char *name, int len, const char *more)
{
	struct conf_list found = { NULL, 0 };
	char *base, *moved;
	size_t i, k;
	int c;

	start_glob(u->env, &found, "%s/%.*s%s%s.d/*.conf", folder, len, name,
	    more, u->names.suffix);
	for (i = 0; i < found.n && files->n < SYSTEMD_DROPINS_MAX; i++) {
		base = strrchr(found.item[i], '/');
		c = 1;
		for (k = 0; k < files->n && c > 0; k++)
			c = strcmp(base, strrchr(files->item[k], '/'));
		if (c == 0)
			continue;
		k -= c < 0;
		if (value_list_add(files, found.item[i]) == -1) {
			u->env->no_memory = true;
			break;
		}
		moved = files->item[files->n - 1];
		memmove(files->item + k + 1, files->item + k,
		    (files->n - 1 - k) * sizeof(char *));
		files->item[k] = moved;
	}
	value_list_free(&found);
}

/* What changes the unit, from all folders, in the order of their names. */
static void
systemd_dropins(struct systemd_unit *u)
{
	const char *const *folder;
	const char *name = u->names.name, *at = strchr(name, '@');
	struct conf_list files = { NULL, 0 };
	int len, prefix = at != NULL ? (int)(at - name) : (int)strlen(name);
	size_t i;

	for (folder = systemd_folders; *folder != NULL; folder++) {
		systemd_dropin(u, &files, *folder, name, (int)strlen(name),
		    "");
		if (at != NULL)
			systemd_dropin(u, &files, *folder, name, prefix, "@");
		/* "a-b" has those of "a-", too. */
		for (len = prefix - 1; len > 1; len--)
			if (name[len - 1] == '-')
				systemd_dropin(u, &files, *folder, name, len,
				    "");
	}
	/* "service.d": without the dot. */
	u->names.suffix++;
	for (folder = systemd_folders; *folder != NULL; folder++)
		systemd_dropin(u, &files, *folder, "", 0, "");
	u->names.suffix--;
	for (i = 0; i < files.n; i++)
		if (!systemd_is_mask(u->env, files.item[i]))
			systemd_read(u, files.item[i]);
	value_list_free(&files);
}

/*
 * The first file of a unit that is there.  *mask is the one before it that
 * masks it, kept by the root, or NULL.
 */
static bool
systemd_find(struct detect_env *env, const char *name, int len,
    const char *suffix, char path[SYSTEMD_PATH], const char **mask)
{
	const char *const *folder;

	*mask = NULL;
	for (folder = systemd_folders; *folder != NULL; folder++) {
		if ((size_t)snprintf(path, SYSTEMD_PATH, "%s/%.*s%s", *folder,
		    len, name, suffix) >= SYSTEMD_PATH)
			continue;
		if (systemd_is_mask(env, path)) {
			if (*mask == NULL)
				*mask = root_keep(env->root, path);
		} else if (start_is_there(env, path))
			return (true);
	}
	return (false);
}

/* The same; an instance without a file of its own has that of the template. */
static bool
systemd_find_any(struct detect_env *env, const struct unit_names *names,
    char path[SYSTEMD_PATH], const char **mask)
{
	const char *at = strchr(names->name, '@');

	return (systemd_find(env, names->name, (int)strlen(names->name),
	    names->suffix, path, mask) || (at != NULL && *mask == NULL &&
	    systemd_find(env, names->name, (int)(at + 1 - names->name),
	    names->suffix, path, mask)));
}

/* The folders of links that make systemd start units. */
static void
systemd_wants(struct detect_env *env, struct conf_list *out)
{
	const char *const *folder;

	for (folder = systemd_folders; *folder != NULL; folder++) {
		start_glob(env, out, "%s/*.wants", *folder);
		start_glob(env, out, "%s/*.requires", *folder);
		start_glob(env, out, "%s/*.upholds", *folder);
	}
}

/* The first of them, wherever it leads to, or NULL; it is the root's. */
static const char *
systemd_link(struct detect_env *env, const struct unit_names *names)
{
	struct conf_list wants = { NULL, 0 };
	const char *found = NULL;
	char path[SYSTEMD_PATH];
	size_t i;

	systemd_wants(env, &wants);
	for (i = 0; i < wants.n && found == NULL; i++) {
		if ((size_t)snprintf(path, sizeof(path), "%s/%s%s",
		    wants.item[i], names->name, names->suffix) >= sizeof(path))
			continue;
		/* One to /dev/null takes it back. */
		if (start_is_there(env, path) &&
		    root_kind(env->root, path) != ROOT_OTHER)
			found = root_keep(env->root, path);
	}
	value_list_free(&wants);
	return (found);
}

static void
systemd_free(struct systemd_unit *u)
{
	size_t i;

	for (i = 0; i < UNIT_N; i++)
		sh_words_free(&u->key[i]);
}

/* Its socket, when systemd listens for it. */
static void
systemd_socket(struct detect_env *env, struct service *sv,
    const struct unit_names *names)
{
	struct systemd_unit u;
	const struct sh_word *w;
	const char *mask, *link;
	char path[SYSTEMD_PATH], unit[300], *text;

	memset(&u, 0, sizeof(u));
	u.env = env;
	u.sv = sv;
	u.names = *names;
	u.names.suffix = ".socket";
	if (!systemd_find_any(env, &u.names, path, &mask) || mask != NULL ||
	    (link = systemd_link(env, &u.names)) == NULL)
		return;
	systemd_read(&u, path);
	systemd_dropins(&u);
	(void)snprintf(unit, sizeof(unit), "%s%s", names->name,
	    names->suffix);
	if (u.key[UNIT_LISTEN].n > 0 && (u.key[UNIT_SERVICE].n == 0 ||
	    strcmp(u.key[UNIT_SERVICE].item[0].text, unit) == 0)) {
		w = &u.key[UNIT_LISTEN].item[0];
		text = unit_word(w->text, &u.names, &env->no_memory);
		if (text != NULL)
			fact_set(env, &sv->listen, text, w->file, w->line);
		free(text);
		if (sv->enabled != DETECT_YES)
			start_enabled(env, sv, DETECT_YES, "a link", link, 0);
	}
	systemd_free(&u);
}

static void
systemd_set(const char *section, const char *key, const char *value,
    unsigned line, void *arg)
{
	struct systemd_unit *u = arg;

	(void)section;
	(void)root_spend(u->env->root, SYSTEMD_WORK);
	sh_set(u->sv->vars, key, value, u->file, line);
}

/* A variable of the environment, whose value has specifiers. */
static void
systemd_variable(struct systemd_unit *u, const char *name, const char *value,
    const struct sh_word *from)
{
	char *text = unit_word(value, &u->names, &u->env->no_memory);
	char unknown[300];

	if (text != NULL)
		sh_set(u->sv->vars, name, text, from->file, from->line);
	/* As what a shell would have to run. */
	else if ((size_t)snprintf(unknown, sizeof(unknown), "%s=$(:)", name) <
	    sizeof(unknown))
		start_text(u->sv, from->file, from->line, unknown);
	free(text);
}

/* RuntimeDirectory=a is RUNTIME_DIRECTORY=/run/a. */
static void
systemd_directory(struct systemd_unit *u)
{
	const struct sh_words *all = &u->key[UNIT_RUNTIME];
	const struct sh_word *w;
	char text[SYSTEMD_PATH];

	if (all->n == 0)
		return;
	w = &all->item[all->n - 1];
	/* Of more than one the value is none that a socket is made of. */
	(void)snprintf(text, sizeof(text), "%s%s", all->n > 1 ||
	    strpbrk(w->text, " \t:") != NULL ? "%?" : "%t/", w->text);
	systemd_variable(u, "RUNTIME_DIRECTORY", text, w);
}

/* Environment=A=B "C=D E" */
static void
systemd_environment(struct systemd_unit *u, const struct sh_word *from)
{
	struct sh_words words = { NULL, 0 };
	char *value;
	size_t i;

	/* There may be as many as lines of all its drop-ins. */
	if (!root_spend(u->env->root, SYSTEMD_WORK))
		return;
	if (unit_words(from->text, NULL, NULL, &words, from->file,
	    from->line) == -1)
		u->env->no_memory = true;
	for (i = 0; i < words.n; i++) {
		value = words.item[i].text;
		if (value == NULL || (value = strchr(value, '=')) == NULL)
			continue;
		*value++ = '\0';
		if (unit_is_name(words.item[i].text,
		    strlen(words.item[i].text)))
			systemd_variable(u, words.item[i].text, value, from);
	}
	sh_words_free(&words);
}

static void
systemd_variables(struct systemd_unit *u, const struct sh_word *from)
{
	struct conf_list files = { NULL, 0 };
	const struct root_file *f;
	bool optional = from->text[0] == '-';
	char *path = unit_word(from->text + optional, &u->names,
	    &u->env->no_memory);
	size_t i;

	if (path == NULL)
		return;
	if (path[strcspn(path, "*?[")] != '\0')
		root_glob(u->env->root, path, &files);
	else if (value_list_add(&files, path) == -1)
		u->env->no_memory = true;
	for (i = 0; i < files.n; i++) {
		f = root_read(u->env->root, files.item[i]);
		if (f == NULL)
			break;
		u->file = f->path;
		if (f->text != NULL) {
			if (unit_read_environment(f->text, f->len,
			    systemd_set, u) == -1)
				u->env->no_memory = true;
		} else if (!f->absent)
			service_problem(u->sv, f->path, 0, "%s", f->why);
		else if (!optional)
			service_problem(u->sv, from->file, from->line,
			    "EnvironmentFile=%s: %s", f->path, f->why);
	}
	if (files.n == 0 && !optional)
		service_problem(u->sv, from->file, from->line,
		    "EnvironmentFile=%s: there is none", path);
	value_list_free(&files);
	free(path);
}

/*
 * A shell that starts it, with a text or a script of its own: what that starts
 * is the command line.
 */
static void
systemd_follow(struct systemd_unit *u)
{
	struct sh_words words = u->sv->argv;
	const struct root_file *f;
	const char *path, *base, *first;
	size_t len;

	if (words.n == 0 || (path = words.item[0].text) == NULL ||
	    *path != '/')
		return;
	memset(&u->sv->argv, 0, sizeof(u->sv->argv));
	base = strrchr(path, '/') + 1;
	first = words.n > 1 ? words.item[1].text : NULL;
	len = strlen(base);
	if (len >= 2 && strcmp(base + len - 2, "sh") == 0) {
		if (words.n > 2 && first != NULL && *first == '-' &&
		    strchr(first, 'c') != NULL && words.item[2].text != NULL)
			start_text(u->sv, words.item[2].file,
			    words.item[2].line, words.item[2].text);
	} else if (base - path < 5 || (strncmp(base - 5, "/bin/", 5) != 0 &&
	    strncmp(base - 5, "sbin/", 5) != 0)) {
		/* Programs that are no scripts are where they belong. */
		f = root_read(u->env->root, path);
		base = f != NULL && f->text != NULL ? f->text : "";
		len = strspn(base, "#! ");
		len += strcspn(base + len, "\r\n ");
		if (len > 4 && strncmp(base, "#!", 2) == 0 &&
		    strncmp(base + len - 2, "sh", 2) == 0)
			start_script(u->env, u->sv, path, first);
	}
	if (u->sv->argv.n == 0)
		u->sv->argv = words;
	else
		sh_words_free(&words);
}

static void
systemd_exec(struct systemd_unit *u)
{
	const struct sh_words *all = &u->key[UNIT_EXEC_START];
	const struct sh_words *type = &u->key[UNIT_TYPE];
	struct sh_words *argv = &u->sv->argv;
	const struct sh_word *w;
	size_t marks;

	if (all->n == 0) {
		service_problem(u->sv, u->sv->script, 0, "no ExecStart=");
		return;
	}
	w = &all->item[all->n - 1];
	if (all->n > 1 && (type->n == 0 || strcmp(type->item[type->n - 1].text,
	    "oneshot") != 0))
		service_problem(u->sv, w->file, w->line, "a second ExecStart=, "
		    "without an empty one before it");
	marks = strspn(w->text, "@-:+!|");
	if (unit_words(w->text + marks, &u->names, memchr(w->text, ':',
	    marks) != NULL ? NULL : u->sv->vars, argv, w->file, w->line) == -1)
		u->env->no_memory = true;
	if (memchr(w->text, '@', marks) != NULL && argv->n > 1) {
		/* The second is its $0. */
		free(argv->item[1].text);
		memmove(argv->item + 1, argv->item + 2, (--argv->n - 1) *
		    sizeof(argv->item[0]));
	}
	systemd_follow(u);
}

static void
systemd_description(struct systemd_unit *u)
{
	const struct sh_words *all = &u->key[UNIT_DESCRIPTION];
	const struct sh_word *w;
	char *text;

	if (all->n == 0)
		return;
	w = &all->item[all->n - 1];
	text = unit_word(w->text, &u->names, &u->env->no_memory);
	fact_set(u->env, &u->sv->description, text, w->file, w->line);
	free(text);
}

/* The unit of that name (without its suffix) as a service. */
static void
systemd_service(struct detect_env *env, const struct detect_row *row,
    const char *name)
{
	struct systemd_unit u;
	const char *mask, *link;
	char path[SYSTEMD_PATH], child[256], *at;
	size_t i;

	memset(&u, 0, sizeof(u));
	u.env = env;
	u.names.suffix = ".service";
	if (strlcpy(u.names.name, name, sizeof(u.names.name)) >=
	    sizeof(u.names.name) ||
	    !systemd_find_any(env, &u.names, path, &mask))
		return;
	/* As an instance is called where there are profiles. */
	strlcpy(child, name, sizeof(child));
	if ((at = strchr(child, '@')) != NULL)
		*at = '-';
	u.sv = start_service(env, row, child, path);
	if (u.sv == NULL)
		return;
	systemd_read(&u, path);
	systemd_dropins(&u);
	link = mask == NULL ? systemd_link(env, &u.names) : NULL;
	start_enabled(env, u.sv, link != NULL ? DETECT_YES : DETECT_NO,
	    link != NULL ? "a link" : mask != NULL ? "masked" :
	    "no link in *.wants", link != NULL ? link : mask != NULL ? mask :
	    path, 0);
	if (mask == NULL)
		systemd_socket(env, u.sv, &u.names);
	systemd_description(&u);
	for (i = 0; i < u.key[UNIT_ENVIRONMENT].n; i++)
		systemd_environment(&u, &u.key[UNIT_ENVIRONMENT].item[i]);
	systemd_directory(&u);
	for (i = 0; i < u.key[UNIT_FILE].n; i++)
		systemd_variables(&u, &u.key[UNIT_FILE].item[i]);
	systemd_exec(&u);
	start_by(env, u.sv, root_kind(env->root, "/usr/bin/systemctl") ==
	    ROOT_NONE && root_kind(env->root, "/bin/systemctl") == ROOT_FILE ?
	    "/bin/systemctl" : "/usr/bin/systemctl", "start", name);
	systemd_free(&u);
}

/* The instances of a template that are enabled. */
static void
systemd_instances(struct detect_env *env, const struct detect_row *row)
{
	struct conf_list wants = { NULL, 0 }, links = { NULL, 0 };
	char name[256];
	const char *base;
	size_t i, k, len;

	systemd_wants(env, &wants);
	for (i = 0; i < wants.n; i++)
		start_glob(env, &links, "%s/%s@?*.service", wants.item[i],
		    row->script);
	value_list_free(&wants);
	for (i = 0; i < links.n && i < SYSTEMD_INSTANCES_MAX; i++) {
		base = strrchr(links.item[i], '/') + 1;
		for (k = 0; k < i && strcmp(strrchr(links.item[k], '/') + 1,
		    base) != 0; k++)
			continue;
		len = strlen(base) - strlen(".service");
		if (k < i || len >= sizeof(name))
			continue;
		memcpy(name, base, len);
		name[len] = '\0';
		systemd_service(env, row, name);
	}
	value_list_free(&links);
}

void
linux_look(struct detect_env *env, const struct detect_row *row)
{
	const struct unit_names names = { "", ".service" };
	struct unit_names n = names;
	size_t before = env->n_services;
	char path[SYSTEMD_PATH];
	const char *mask = NULL;
	bool found;

	strlcpy(n.name, row->script, sizeof(n.name));
	found = systemd_find_any(env, &n, path, &mask);
	/* A unit of a package, on a system that has another init. */
	if (found && sysv_exists(env, row->script) &&
	    root_kind(env->root, "/usr/lib/systemd/systemd") == ROOT_NONE &&
	    root_kind(env->root, "/lib/systemd/systemd") == ROOT_NONE &&
	    systemd_link(env, &n) == NULL && mask == NULL)
		found = false;
	if (found)
		systemd_service(env, row, row->script);
	systemd_instances(env, row);
	if (env->n_services == before)
		sysv_look(env, row, mask);
}

void
linux_scripts(struct detect_env *env, struct conf_list *names)
{
	const char *const *folder;
	char *name, *end;
	size_t i;

	for (folder = systemd_folders; *folder != NULL; folder++)
		root_list(env->root, *folder, names);
	/* Names of units become names of scripts, those of sockets none. */
	for (i = 0; i < names->n; i++) {
		name = names->item[i];
		end = strrchr(name, '.');
		if (end == NULL || strcmp(end, ".service") != 0)
			end = name;
		end -= end > name && end[-1] == '@';
		*end = '\0';
	}
	sysv_scripts(env, names);
}

#undef SYSTEMD_PATH
#undef SYSTEMD_WORK
#undef SYSTEMD_DROPINS_MAX
#undef SYSTEMD_INSTANCES_MAX
