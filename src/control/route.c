/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * route.c - what can be asked for.
 * Owns:      the paths, their methods, the form of the answers.
 * Called by: control.c.
 * Must not:  do it: struct control_ops does.
 */
#include "compat.h"

#include <sys/stat.h>

#include <stdio.h>

#include "base/log.h"
#include "config/source.h"
#include "control/control_internal.h"
#include "tool/tool.h"

#define ROUTE_SESSIONS	1000u		/* that are listed at most */
#define ROUTE_SMALL	4096u		/* bytes of a body */
#define ROUTE_CONF	(1024u * 1024u)	/* of a configuration */
#define ROUTE_READ	(HTTP_GET | HTTP_HEAD)
#define ROUTE_JSON	"application/json"

/* What a handler has. */
struct route_ask {
	struct http_request *r;
	const char	*body;
	size_t		 len;
	char		*level;		/* ?level= */
	bool		 reload;	/* ?reload=1 */
};

static void
route_no_memory(struct control_conn *c)
{
	control_say(c, 500, "out of memory");
}

/* c->body is the answer, if it is whole. */
static void
route_answer(struct control_conn *c, bool failed, unsigned status,
    const char *type)
{
	if (failed)
		route_no_memory(c);
	else
		control_answer(c, status, type, NULL);
}

/* --- reading ------------------------------------------------------------- */

static void
route_healthz(struct control_conn *c, struct route_ask *a)
{
	(void)a;
	if (c->control->ops->accepting(c->control->arg))
		control_say(c, 200, "ok");
	else
		control_say(c, 503, "stopping");
}

static void
route_metrics(struct control_conn *c, struct route_ask *a)
{
	(void)a;
	route_answer(c, metrics_text(c->control, &c->body) == -1, 200,
	    "text/plain; version=0.0.4; charset=utf-8");
}

/* The list of children, as a member of that name or alone. */
static void
route_children(struct control *k, struct json *j, const char *name,
    const struct stats_view *v)
{
	json_open(j, name, '[');
	metrics_children(j, k->ops->conf(k->arg), v);
	json_close(j, ']');
}

static void
route_milters(struct control_conn *c, struct route_ask *a)
{
	struct control *k = c->control;
	struct json j = { &c->body, false, false };
	struct stats_view v;

	(void)a;
	memset(&v, 0, sizeof(v));
	j.failed = k->ops->view(k->arg, &v) == -1;
	route_children(k, &j, NULL, &v);
	stats_view_free(&v);
	j.failed |= buf_add(&c->body, "\n", 1) == -1;
	route_answer(c, j.failed, 200, ROUTE_JSON);
}

static void
route_on_sessions(const char *json, size_t len, void *arg)
{
	struct control_conn *c = arg;
	struct json j = { &c->body, true, false };

	json_raw(&j, "sessions", json, len);
	j.failed |= buf_add(&c->body, "}\n", 2) == -1;
	route_answer(c, j.failed, 200, ROUTE_JSON);
}

static void
route_status(struct control_conn *c, struct route_ask *a)
{
	struct control *k = c->control;
	struct json j = { &c->body, false, false };
	struct stats_view v;

	(void)a;
	memset(&v, 0, sizeof(v));
	j.failed = k->ops->view(k->arg, &v) == -1;
	json_open(&j, NULL, '{');
	json_text(&j, "version", MM_VERSION);
	json_number(&j, "started", k->ops->started(k->arg));
	json_text(&j, "state", k->ops->accepting(k->arg) ? "accepting" :
	    "stopping");
	k->ops->about(k->arg, &j);
	json_open(&j, "counts", '{');
	metrics_total(&j, &v);
	json_close(&j, '}');
	route_children(k, &j, "children", &v);
	stats_view_free(&v);
	if (j.failed)
		route_no_memory(c);
	else
		k->ops->sessions(k->arg, ROUTE_SESSIONS, route_on_sessions,
		    c);
}

static void
route_custom(struct control_conn *c, struct route_ask *a)
{
	const char *dir = c->control->ops->conf(c->control->arg)->
	    custom_directory;
	struct source_text text;
	char path[SPEC_TEXT_MAX], why[VALUE_WHY_MAX];
	struct stat st;
	int r;

	(void)a;
	if (dir == NULL || (size_t)snprintf(path, sizeof(path), "%s/"
	    CONF_CUSTOM_NAME, dir) >= sizeof(path) || lstat(path, &st) == -1 ||
	    !S_ISREG(st.st_mode)) {
		control_say(c, 404, "there is no custom configuration");
		return;
	}
	if (source_read(path, SOURCE_ALONE, &text, why) == -1) {
		control_say(c, 500, "%s: %s", path, why);
		return;
	}
	r = buf_add(&c->body, text.text, text.len);
	free(text.text);
	route_answer(c, r == -1, 200, NULL);
}

/* --- changing ------------------------------------------------------------ */

static void
route_on_line(const char *line, void *arg)
{
	struct control_conn *c = arg;

	(void)buf_printf(&c->body, "%s\n", line);
}

static void
route_reload(struct control_conn *c, struct route_ask *a)
{
	struct control *k = c->control;

	(void)a;
	if (k->ops->reload(k->arg, route_on_line, c) == -1)
		control_answer(c, 422, NULL, NULL);
	else
		control_say(c, 200, "reloaded");
}

static void
route_config(struct control_conn *c, struct route_ask *a)
{
	struct control *k = c->control;
	char *text = NULL;
	size_t len = 0;
	FILE *fp;
	int r;

	if (a->r->method == HTTP_PUT) {
		r = k->ops->keep(k->arg, a->body, a->len, route_on_line, c);
		if (r != 0)
			control_answer(c, r == -1 ? 422 : (unsigned)r, NULL,
			    NULL);
		else if (a->reload)
			route_reload(c, a);
		else
			control_say(c, 200, "kept for the next reload");
		return;
	}
	fp = open_memstream(&text, &len);
	if (fp != NULL) {
		conf_show_masked(k->ops->conf(k->arg), fp);
		r = ferror(fp);
		if (fclose(fp) == 0 && r == 0)
			r = buf_add(&c->body, text, len);
		else
			r = -1;
	} else
		r = -1;
	free(text);
	route_answer(c, r == -1, 200, NULL);
}

static void
route_stop(struct control_conn *c, struct route_ask *a)
{
	struct control *k = c->control;

	(void)a;
	control_say(c, 200, "stopping");
	/* There may be no later time for it. */
	stream_flush(&c->stream);
	k->ops->stop(k->arg);
}

static void
route_on_upgraded(const char *why, void *arg)
{
	if (why == NULL)
		control_say(arg, 200, "a new process has taken over");
	else
		control_say(arg, 500, "%s", why);
}

static void
route_upgrade(struct control_conn *c, struct route_ask *a)
{
	struct control *k = c->control;

	(void)a;
	if (k->ops->upgrade == NULL)
		control_say(c, 501, "not in this way of running");
	else
		k->ops->upgrade(k->arg, route_on_upgraded, c);
}

static void
route_log_level(struct control_conn *c, struct route_ask *a)
{
	struct control *k = c->control;
	char text[256], word[64], shown[256];
	size_t len = a->len;

	if (a->level == NULL) {
		while (len > 0 && strchr(" \t\r\n", a->body[len - 1]) != NULL)
			len--;
		if (len >= sizeof(text))
			len = sizeof(text) - 1;
		memcpy(text, a->body, len);
		text[len] = '\0';
		a->level = text;
	}
	if (a->level[0] == '\0')
		control_say(c, 422, "expected levels, as ?level=LEVELS or as "
		    "the body");
	else if (k->ops->levels(k->arg, a->level, word, sizeof(word)) == -1)
		control_say(c, 422, "%s: no level of milter-manager.conf(5)",
		    log_escape(shown, sizeof(shown), word, strlen(word)));
	else
		control_say(c, 200, "changed until the next reload");
}

/* "NAME/enable" or "NAME/disable". */
static void
route_child(struct control_conn *c, struct route_ask *a)
{
	struct control *k = c->control;
	char *name = a->r->path + sizeof(CONTROL_MILTERS) - 1;
	char *word = strrchr(name, '/');
	bool on = strcmp(word, "/enable") == 0;

	*word = '\0';
	if (!http_decode(name) || k->ops->child(k->arg, name, on) == -1)
		control_say(c, 404, "there is no such milter that is enabled "
		    "in the configuration");
	else
		control_say(c, 200, on ? "enabled" : "disabled");
}

/* --- the table ----------------------------------------------------------- */

static const struct route {
	const char	*path;
	unsigned	 methods;
	unsigned	 max;		/* bytes of a body */
	void		(*fn)(struct control_conn *, struct route_ask *);
} routes[] = {
	{ "/status", ROUTE_READ, 0, route_status },
	{ "/metrics", ROUTE_READ, 0, route_metrics },
	{ "/healthz", ROUTE_READ, 0, route_healthz },
	{ "/config", ROUTE_READ | HTTP_PUT, ROUTE_CONF, route_config },
	{ "/config/custom", ROUTE_READ, 0, route_custom },
	{ "/milters", ROUTE_READ, 0, route_milters },
	{ "/reload", HTTP_POST, ROUTE_SMALL, route_reload },
	{ "/stop", HTTP_POST, ROUTE_SMALL, route_stop },
	{ "/upgrade", HTTP_POST, ROUTE_SMALL, route_upgrade },
	{ "/log-level", HTTP_POST, ROUTE_SMALL, route_log_level },
	{ NULL, HTTP_POST, ROUTE_SMALL, route_child }
};

static const struct route *
route_find(const char *path)
{
	const struct route *route;
	const char *word;

	for (route = routes; route->path != NULL; route++)
		if (strcmp(path, route->path) == 0)
			return (route);
	if (strncmp(path, CONTROL_MILTERS, sizeof(CONTROL_MILTERS) - 1) != 0)
		return (NULL);
	path += sizeof(CONTROL_MILTERS) - 1;
	word = strchr(path, '/');
	return (word != NULL && word > path && (strcmp(word, "/enable") == 0 ||
	    strcmp(word, "/disable") == 0) ? route : NULL);
}

unsigned
route_check(const struct http_request *r, unsigned *allow, size_t *max)
{
	const struct route *route;

	if (r->method == 0)
		return (501);
	route = route_find(r->path);
	if (route == NULL)
		return (404);
	*allow = route->methods;
	*max = route->max;
	if ((r->method & route->methods) == 0)
		return (405);
	if (r->method == HTTP_PUT && !r->sized)
		return (411);
	/* A body without a meaning is skipped. */
	if ((r->method & ROUTE_READ) != 0)
		*max = ROUTE_SMALL;
	return (0);
}

void
route_do(struct control_conn *c, struct http_request *r, const char *body,
    size_t len)
{
	const struct route *route = route_find(r->path);
	struct route_ask a;
	char *value;

	memset(&a, 0, sizeof(a));
	a.r = r;
	a.body = body;
	a.len = len;
	if (route->fn == route_log_level)
		a.level = http_query(r->query, "level");
	else {
		value = http_query(r->query, "reload");
		a.reload = value != NULL && strcmp(value, "1") == 0;
	}
	route->fn(c, &a);
}

#undef ROUTE_SESSIONS
#undef ROUTE_SMALL
#undef ROUTE_CONF
#undef ROUTE_READ
#undef ROUTE_JSON
