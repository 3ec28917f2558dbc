/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * feed_database.c - how the client programs of databases are asked, and what
 * they answer.
 * Owns:      the arguments of sqlite3, mariadb, mysql and psql; their escapes.
 * Called by: feed.c.
 * Must not:  put a password on a command line, where everybody can read it.
 */
#include "compat.h"

#include <stdio.h>
#include <unistd.h>

#include "condition/feed_internal.h"

/* Upstream's default, where there is one. */
#define FEED_DATABASE_SOCKET	"/var/run/mysqld/mysqld.sock"

#define FEED_DATABASE_NAMES	6	/* of settings */

/* Appends arguments, up to a NULL. */
static int
feed_database_args(struct feed_command *c, const char *const *args)
{
	int error = 0;

	for (; *args != NULL; args++)
		error |= buf_add_str(&c->args, *args);
	return (error);
}

/*
 * NAME=VALUE in quotes, a backslash before each quote and backslash of the
 * value; NULL: nothing.
 */
static int
feed_database_pair(struct buf *b, const char *name, size_t len, char quote,
    const char *value, char end)
{
	int error;

	if (value == NULL)
		return (0);
	error = buf_printf(b, "%.*s=%c", (int)len, name, quote);
	for (; *value != '\0'; value++) {
		if (*value == '\n' && quote == '"')
			error |= buf_add(b, "\\n", 2);
		else if (*value == quote || *value == '\\')
			error |= buf_printf(b, "\\%c", *value);
		else
			error |= buf_add_u8(b, (unsigned char)*value);
	}
	return (error | buf_printf(b, "%c%c", quote, end));
}

/*
 * All settings and the extra options, as option files of mysql and connection
 * strings of PostgreSQL have them.
 */
static int
feed_database_settings(struct buf *b, const struct conf *conf,
    const char *const *names, char quote, char end)
{
	const char *values[FEED_DATABASE_NAMES];
	const char *option;
	char port[16];
	size_t i, len;
	int error = 0;

	snprintf(port, sizeof(port), "%u", conf->database_port);
	values[0] = conf->database_name;
	values[1] = conf->database_host;
	values[2] = conf->database_path;
	values[3] = conf->database_user;
	values[4] = conf->database_password;
	values[5] = conf->database_port != 0 ? port : NULL;
	for (i = 0; i < FEED_DATABASE_NAMES; i++)
		if (names[i] != NULL)
			error |= feed_database_pair(b, names[i],
			    strlen(names[i]), quote, values[i], end);
	for (i = 0; i < conf->database_options.n; i++) {
		option = conf->database_options.item[i];
		len = strcspn(option, "=");
		error |= feed_database_pair(b, option, len, quote,
		    option + len + (option[len] == '='), end);
	}
	return (error);
}

/* An option NAME=VALUE is its command ".NAME VALUE". */
static int
feed_database_sqlite(const struct conf *conf, const char *select,
    struct feed_command *c)
{
	static const char *const args[] = {
		"sqlite3", "-batch", "-bail", "-readonly", "-ascii", "-init",
		"/dev/null", "-cmd", ".timeout 5000", NULL,
	};
	const char *end[3] = { NULL, NULL, NULL };
	const char *option;
	size_t i, name;
	int error;

	error = feed_database_args(c, args);
	for (i = 0; i < conf->database_options.n; i++) {
		option = conf->database_options.item[i];
		name = strcspn(option, "=");
		error |= buf_add_str(&c->args, "-cmd");
		error |= buf_printf(&c->args, ".%.*s %s%c", (int)name, option,
		    option + name + (option[name] == '='), '\0');
	}
	end[0] = conf->database_name != NULL ? conf->database_name :
	    conf->database_path;
	end[1] = select;
	if (end[0] == NULL)
		end[0] = ":memory:";
	return (error | feed_database_args(c, end));
}

/*
 * All settings are in an option file, which is the standard input; no other one
 * is read.
 */
static int
feed_database_mysql(const struct conf *conf, const char *select,
    struct feed_command *c)
{
	static const char *const names[] = {
		"database", "host", "socket", "user", "password", "port",
	};
	const char *const args[] = {
		"mariadb", "--defaults-file=/dev/stdin", "--batch",
		"--skip-column-names", "-e", select, NULL,
	};
	int error;

	c->other = "mysql";
	c->escaped = true;
	error = feed_database_args(c, args);
	error |= buf_printf(&c->input, "[client]\n");
	if (conf->database_user == NULL)
		error |= buf_printf(&c->input, "user=root\n");
	if (conf->database_path == NULL &&
	    access(FEED_DATABASE_SOCKET, F_OK) == 0)
		error |= buf_printf(&c->input, "socket=%s\n",
		    FEED_DATABASE_SOCKET);
	return (error | feed_database_settings(&c->input, conf, names, '"',
	    '\n'));
}

/*
 * COPY writes columns so that they can be told apart whatever is in them.  The
 * path is the socket's folder, which is a host to PostgreSQL.
 */
static int
feed_database_pg(const struct conf *conf, const char *select,
    struct feed_command *c)
{
	static const char *const names[] = {
		"dbname", "host", "host", "user", NULL, "port",
	};
	static const char *const args[] = {
		"psql", "-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-d", NULL,
	};
	const char *own[FEED_DATABASE_NAMES];
	size_t len = strlen(select);
	int error;

	memcpy(own, names, sizeof(own));
	if (conf->database_host != NULL)
		own[2] = NULL;
	c->escaped = true;
	error = feed_database_args(c, args);
	error |= feed_database_settings(&c->args, conf, own, '\'', ' ');
	while (len > 0 && strchr("; \t\r\n", select[len - 1]) != NULL)
		len--;
	/* The line feed ends a comment. */
	error |= buf_printf(&c->args, "%c-c%cCOPY (%.*s\n) TO STDOUT%c", '\0',
	    '\0', (int)len, select, '\0');
	if (conf->database_password != NULL)
		error |= buf_printf(&c->env, "PGPASSWORD=%s%c",
		    conf->database_password, '\0');
	return (error);
}

int
feed_database_command(const struct conf *conf, const char *select,
    struct feed_command *c, char why[FEED_WHY_MAX])
{
	static const struct {
		const char *type;
		int	(*command)(const struct conf *, const char *,
			    struct feed_command *);
	} types[] = {
		{ "sqlite3", feed_database_sqlite },
		{ "mysql2", feed_database_mysql },
		{ "mysql", feed_database_mysql },
		{ "pg", feed_database_pg },
	};
	const char *type = conf->database_type;
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (type != NULL && strcmp(types[i].type, type) == 0)
			break;
	if (i == sizeof(types) / sizeof(types[0])) {
		strlcpy(why, "database.type must be \"sqlite3\", \"mysql2\" or "
		    "\"pg\"", FEED_WHY_MAX);
		return (-1);
	}
	why[0] = '\0';
	return (types[i].command(conf, select, c));
}

size_t
feed_database_rows(char *text, size_t len, bool escaped)
{
	const char row = escaped ? '\n' : '\036';
	const char column = escaped ? '\t' : '\037';
	unsigned columns = 0;
	size_t i, n = 0;
	char c;

	for (i = 0; i < len; i++) {
		c = text[i];
		if (c == row) {
			text[n++] = '\n';
			columns = 0;
			continue;
		}
		if (c == column) {
			if (columns++ == 0)
				text[n++] = '\t';
			continue;
		}
		if (escaped && c == '\\' && i + 1 < len) {
			c = text[++i];
			if (c == 'N')	/* NULL, which is nothing */
				continue;
			if (c != '\\')
				c = ' ';
		} else if ((unsigned char)c < ' ')
			c = ' ';
		if (columns < 2)
			text[n++] = c;
	}
	return (n);
}

#undef FEED_DATABASE_SOCKET
#undef FEED_DATABASE_NAMES
