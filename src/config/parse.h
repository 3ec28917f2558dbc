/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * parse.h - files into a snapshot.
 */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"
#include "config/errors.h"

/* Where a child was named first, for what is found out at the end. */
struct parse_child {
	const char	*file;
	unsigned	 line;
	unsigned	 seq;
	bool		 faulty;	/* a statement about it was wrong */
	bool		 detected;	/* by load_default */
	uint64_t	 fixed;		/* by key: the administrator's "=" */
};

struct parse {
	struct conf	*conf;		/* with its defaults; the caller's */
	const struct conf_source *source;
	struct conf_origin detected;	/* load_default; file NULL: not yet */
	struct errors	 errors;
	bool		 custom;	/* the custom file is being read */
	unsigned	 seq;		/* of the statement */
	unsigned	 n_files;
	struct parse_child *child;	/* beside conf->milters */
};

/* Faults go to errors.  What is not faulty is in the snapshot. */
void	parse_file(struct parse *, const char *path);
void	parse_bytes(struct parse *, const char *path, const char *text,
	    size_t len);
/* The custom file, if there is one; see conf_source. */
void	parse_custom(struct parse *);
void	parse_override(struct parse *, const char *text);
/* Statements that are no news: their origin is that of a default. */
void	parse_builtin(struct parse *, const char *text);
/* What can only be said at the end; frees all but conf and errors. */
void	parse_finish(struct parse *);

/* Whether a milter of the administrator's own is enabled he alone says. */
void	default_own(const struct parse_child *, struct conf_milter *);
/* One more line for the log. */
void	parse_note(struct parse *, bool fault, const char *text);

/* Keeps the better of two suggestions for what was written. */
void	parse_suggest(const char *written, const char *key, size_t extra,
	    const char **best, size_t *least);

/* Frees conf->strings. */
void	parse_free_names(struct conf *);

/* Frees a milter that is no part of a snapshot (conf.c); NULL: no effect. */
void	conf_milter_free(struct conf_milter *);
void	conf_condition_free(struct conf_condition *);
/* The condition of that name, or NULL. */
struct conf_condition *conf_condition_find(const struct conf *, const char *);

#endif /* CONFIG_PARSE_H */
