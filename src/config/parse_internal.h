/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * parse_internal.h - a text while its statements are read: parse.c reads them,
 * load.c finds the next text.
 */
#ifndef CONFIG_PARSE_INTERNAL_H
#define CONFIG_PARSE_INTERNAL_H

#include "compat.h"

#include <sys/types.h>

#include <stdbool.h>

#include "config/key.h"
#include "config/lex.h"
#include "config/parse.h"
#include "config/value.h"

#define PARSE_PART_MAX	256	/* bytes; 64 characters of UTF-8 */

/* A text that is being read. */
struct parse_input {
	const struct parse_input *up;	/* the one with the load */
	unsigned	 depth;
	const char	*name;		/* owned by the snapshot */
	bool		 is_file;
	bool		 detected;	/* a statement of load_default's */
	dev_t		 dev;
	ino_t		 ino;
	struct lex	 lx;

	/* the statement */
	unsigned	 seq;
	bool		 append;
	bool		 every;		/* milter.*.KEY */
	unsigned	 n_parts;
	char		 part[4][PARSE_PART_MAX + 1];
	char		 key[PARSE_PART_MAX];	/* as written, may be cut */
	struct parse_child *about;	/* NULL: none or every */
};

/* All statements of a text. */
void	parse_text(struct parse *, struct parse_input *);
/* A fault of the statement at hand. */
void	parse_fault(struct parse *, struct parse_input *, unsigned line,
	    const char *why);

/* Whether the custom file may have it; key NULL: a load. */
bool	load_may_be_custom(const struct key *, const char *group);
/* The statement "load = FILES". */
void	load_files(struct parse *, struct parse_input *, const struct value *,
	    bool must_exist);
/* The statement trust.load_envelope_from_domains = FILES. */
void	load_domains(struct parse *, struct parse_input *,
	    const struct value *);

/* A copy of a file's name that the snapshot owns, or NULL without memory. */
const char *load_keep_name(struct parse *, const char *text);

/* --- default.c ------------------------------------------------------------ */

/* The statement "load_default = VALUE". */
void	default_load(struct parse *, struct parse_input *,
	    const struct value *);
/* False with why for a key that has its effect on load_default, behind it. */
bool	default_may_stand(const struct parse *, const struct parse_input *,
	    const struct key *, char why[VALUE_WHY_MAX]);
/*
 * For a detected value of a key that has the origin given: whether it counts
 * at all, and whether to append it (to be moved to the front by
 * default_to_front()).
 */
bool	default_counts(const struct parse_child *, const struct conf_origin *,
	    size_t at, bool *append);
/*
 * That milter is one of those that are detected: it takes its place among them,
 * unless the administrator has written where it is and so made it his own.
 */
int	default_place(struct parse *, size_t at);
/* Moves those of a list behind the first n to its front. */
int	default_to_front(const struct key *, struct conf_milter *, size_t n);

#endif /* CONFIG_PARSE_INTERNAL_H */
