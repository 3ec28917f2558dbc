/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * header.h - the header fields of a message, and operations on them as the
 * MTA at hand carries them out.
 *
 * Postfix and Sendmail number and place fields differently.  The list follows
 * one of the two models, so that a later child is shown what the MTA itself
 * would have shown it, and so that its operations, which count as that child
 * counts, can be sent on in the numbers of the MTA, which sees one filter only.
 *
 * Postfix (3.7, cleanup_milter.c): one hidden Received field stands in front; a
 * deleted field is gone at once.  No translation is ever needed.
 * Sendmail (8.17, headers.c, milter.c; stock configuration): nine fields that
 * it may generate stand in front; deleted fields stay as entries.  Each entry
 * has two marks, "user as the child counts" and "user as the MTA counts";
 * before each child that is given headers the first is taken from deleted ones.
 */
#ifndef MESSAGE_HEADER_H
#define MESSAGE_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum header_model { HEADER_POSTFIX, HEADER_SENDMAIL };

struct header_entry;

/*
 * Operations look at every field.  So that nobody can make that cost much, a
 * message may have so many fields (the caller counts), and a child may ask for
 * so many edits.
 */
#define HEADER_FIELDS_MAX	16384
#define HEADER_EDITS_MAX	4096

/* Zeroed is a valid list that header_init() has yet to see. */
struct header_list {
	enum header_model	  model;
	struct header_entry	**entry;
	size_t			  n;
	size_t			  cap;
	size_t			  bytes;	/* of all names and values */
};

/* What a child asks for, or what to ask of the MTA. */
struct header_op {
	int		 code;		/* SMFIR_ADD-, INS-, CHGHEADER */
	uint32_t	 index;		/* not for ADDHEADER */
	const char	*name;
	const char	*value;		/* "" deletes in CHGHEADER */
};

/* Makes it the empty list of a model.  0, or -1 when out of memory. */
int	header_init(struct header_list *, enum header_model);
/* Frees everything; zeroed and freed lists are fine. */
void	header_free(struct header_list *);

/* Appends a field that came from the MTA (copied).  0 or -1. */
int	header_append(struct header_list *, const char *name,
	    const char *value);

/* To be called before each child, with whether it is given the headers. */
void	header_next_child(struct header_list *, bool gets_headers);

/*
 * Carries out one operation of the current child.  Returns 1 when *out is to
 * be sent to the MTA (its strings are those of *in or of the list: they live
 * until the next operation), 0 when nothing is, -1 when out of memory (the list
 * is unchanged).
 */
int	header_apply(struct header_list *, const struct header_op *in,
	    struct header_op *out);

/*
 * The next field that a child is shown, at or behind position *pos, which then
 * is moved behind it; NULL at the end.  Start with *pos 0.
 */
struct header_field {
	const char	*name;
	const char	*value;
};
bool	header_next(const struct header_list *, size_t *pos,
	    struct header_field *);

#endif /* MESSAGE_HEADER_H */
