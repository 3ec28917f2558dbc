/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_kind.h - what t_detect_kind.c and t_detect_rspamd.c share: one service of
 * one kind, over files that the case has written below a root of its own.
 */
#ifndef TESTS_H_KIND_H
#define TESTS_H_KIND_H

#include "compat.h"

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <atf-c.h>

#include "detect/detect_internal.h"

#define KIND_FILES	6

/* What there is, and what is to come of it. */
struct kind_case {
	const char	*name;		/* of the case */
	unsigned	 kind;		/* KIND_OPENDKIM, ... */
	const char	*row_file;
	/* PATH, TEXT, PATH, TEXT, ..., NULL */
	const char	*files[2 * KIND_FILES + 1];
	const char	*argv;		/* words; "?": not known */
	const char	*vars;		/* "NAME=VALUE NAME=?" */
	const char	*listen;	/* of a socket unit */
	/* Expected. */
	const char	*spec;		/* NULL: none */
	const char	*by;		/* "FILE:LINE" of the spec */
	const char	*problem;	/* a part of it; NULL: none */
	const char	*off;		/* a part of why it is off */
	int		 place;		/* 0: not looked at */
	uint64_t	 extra;
};

static inline void
kind_write(const char *root, const char *path, const char *text, size_t len)
{
	char full[1024], *p;
	FILE *f;

	ATF_REQUIRE((size_t)snprintf(full, sizeof(full), "%s%s", root, path) <
	    sizeof(full));
	for (p = full + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		(void)mkdir(full, 0755);
		*p = '/';
	}
	ATF_REQUIRE((f = fopen(full, "w")) != NULL);
	ATF_REQUIRE(fwrite(text, 1, len, f) == len);
	ATF_REQUIRE(fclose(f) == 0);
}

/* The next word of *p into buf, or false. */
static inline bool
kind_word(const char **p, char *buf, size_t size)
{
	size_t n;

	*p += strspn(*p, " ");
	n = strcspn(*p, " ");
	if (n == 0)
		return (false);
	ATF_REQUIRE(n < size);
	memcpy(buf, *p, n);
	buf[n] = '\0';
	*p += n;
	return (true);
}

static inline void
kind_service(struct detect_env *env, const struct kind_case *c,
    const struct detect_row *row)
{
	struct service *sv = service_add(env, row, "x");
	const char *p;
	char word[1024], *equals;

	ATF_REQUIRE(sv != NULL);
	ATF_REQUIRE((sv->script = strdup("/etc/rc.d/x")) != NULL);
	sv->enabled = DETECT_YES;
	ATF_REQUIRE((sv->vars = sh_new(env->root)) != NULL);
	ATF_REQUIRE(service_prefix(sv, "x_") == 0);
	ATF_REQUIRE(service_prefix(sv, "") == 0);
	for (p = c->argv; p != NULL && kind_word(&p, word, sizeof(word)); )
		ATF_REQUIRE(sh_words_add(&sv->argv, strcmp(word, "?") == 0 ?
		    NULL : word, "/etc/rc.d/x", 7) == 0);
	for (p = c->vars; p != NULL && kind_word(&p, word, sizeof(word)); ) {
		ATF_REQUIRE((equals = strchr(word, '=')) != NULL);
		*equals = '\0';
		sh_set(sv->vars, word, equals + 1, "/etc/rc.conf", 3);
	}
	if (c->listen != NULL)
		fact_set(env, &sv->listen, c->listen, "/lib/x.socket", 2);
}

static inline void
kind_is(const char *name, const char *what, const char *got,
    const char *expected, bool part)
{
	if (expected == NULL)
		ATF_CHECK_MSG(got == NULL, "%s: %s is '%s', not none", name,
		    what, got);
	else
		ATF_CHECK_MSG(got != NULL && (part ?
		    strstr(got, expected) != NULL :
		    strcmp(got, expected) == 0), "%s: %s is '%s', not '%s'",
		    name, what, got != NULL ? got : "(none)", expected);
}

/* Reads it, and compares what comes of it. */
static inline void
kind_check(const struct kind_case *c, size_t number, const char *rspamadm)
{
	struct detect_env env;
	struct detect_milter m;
	struct detect_row row;
	char top[64], by[600];
	size_t i;

	(void)snprintf(top, sizeof(top), "root%zu", number);
	(void)mkdir(top, 0755);
	for (i = 0; c->files[i] != NULL; i += 2)
		kind_write(top, c->files[i], c->files[i + 1],
		    strlen(c->files[i + 1]));
	memset(&env, 0, sizeof(env));
	memset(&m, 0, sizeof(m));
	memset(&row, 0, sizeof(row));
	row.script = "x";
	row.kind = (uint8_t)c->kind;
	row.file = c->row_file;
	ATF_REQUIRE((env.root = root_new(top)) != NULL);
	strlcpy(env.prefix, "/usr/local", sizeof(env.prefix));
	env.rspamadm = rspamadm;
	kind_service(&env, c, &row);
	m.enabled = DETECT_YES;
	m.script = env.service[0].script;
	kind_read(&env, &env.service[0], &m);
	kind_is(c->name, "the spec", m.spec.text, c->spec, false);
	kind_is(c->name, "the problem", env.service[0].problem, c->problem,
	    true);
	if (c->by != NULL && m.spec.text != NULL) {
		(void)snprintf(by, sizeof(by), "%s:%u", m.spec.file != NULL ?
		    m.spec.file : "", m.spec.line);
		kind_is(c->name, "its place", by, c->by, false);
	}
	kind_is(c->name, "why it is off", m.enabled == DETECT_NO ?
	    m.enabled_by.text : NULL, c->off, true);
	if (c->place != 0)
		ATF_CHECK_EQ_MSG((int)m.place, c->place, "%s: place %u",
		    c->name, m.place);
	ATF_CHECK_EQ_MSG(m.extra_time, c->extra, "%s: extra time %llu",
	    c->name, (unsigned long long)m.extra_time);
	ATF_CHECK(m.description.text != NULL && m.conditions != NULL);
	ATF_CHECK(!env.no_memory);
	fact_free(&m.spec);
	fact_free(&m.description);
	fact_free(&m.configuration);
	fact_free(&m.enabled_by);
	fact_free(&m.extra_time_by);
	service_free(&env.service[0]);
	free(env.service);
	root_free(env.root);
}

#endif /* TESTS_H_KIND_H */
