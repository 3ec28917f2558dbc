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

/* The statement "load = FILES". */
void	load_files(struct parse *, struct parse_input *, const struct value *,
	    bool must_exist);
/* The statement trust.load_envelope_from_domains = FILES. */
void	load_domains(struct parse *, struct parse_input *,
	    const struct value *);

#endif /* CONFIG_PARSE_INTERNAL_H */
