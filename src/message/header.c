/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * header.c - header fields as Postfix and as Sendmail keep them.
 * Owns:      both models of numbering and placing, and the translation of a
 *            child's numbers into the MTA's.
 * Called by: manager/ for each message; tool/ for the test server's message.
 * Must not:  know about children, sockets or leading-space negotiation.
 */
#include "compat.h"

#include <strings.h>

#include "message/header.h"
#include "milter/wire.h"

#define HEADER_USER_CHILD 0x1u	/* counts for the current child */
#define HEADER_USER_MTA	 0x2u	/* counts for the MTA */
#define HEADER_TRACE	 0x4u	/* Received and its like */
#define HEADER_HIDDEN	 0x8u	/* Postfix's own Received */
#define HEADER_MTA_ONLY	 0x10u	/* natively, this is not there */

struct header_entry {
	unsigned	 flags;
	char		*value;		/* NULL: deleted, or a void default */
	char		 name[];
};

/* What a stock Sendmail may generate, in its order (cf/m4/proto.m4). */
static const char *const header_sendmail_defaults[] = {
	"Return-Path", "Received", "Resent-Date", "Date", "Resent-From",
	"From", "Full-Name", "Resent-Message-Id", "Message-Id",
};

#define HEADER_DEFAULTS	(sizeof(header_sendmail_defaults) / \
			    sizeof(header_sendmail_defaults[0]))

static const char *const header_trace_names[] = {
	"Received", "X400-Received", "Via", "Mail-From",
};

static bool
header_is_trace(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(header_trace_names) /
	    sizeof(header_trace_names[0]); i++)
		if (strcasecmp(name, header_trace_names[i]) == 0)
			return (true);
	return (false);
}

static void
header_entry_free(struct header_entry *e)
{
	if (e != NULL) {
		free(e->value);
		free(e);
	}
}

/* value NULL makes an entry without a value. */
static struct header_entry *
header_entry_new(const char *name, const char *value, unsigned flags)
{
	size_t len = strlen(name) + 1;
	struct header_entry *e = malloc(sizeof(*e) + len);

	if (e == NULL)
		return (NULL);
	memcpy(e->name, name, len);
	e->flags = flags | (header_is_trace(name) ? HEADER_TRACE : 0);
	e->value = NULL;
	if (value != NULL && (e->value = strdup(value)) == NULL) {
		free(e);
		return (NULL);
	}
	return (e);
}

/* Puts e at place at; frees it and returns -1 when there is no memory. */
static int
header_put(struct header_list *l, size_t at, struct header_entry *e)
{
	if (e == NULL)
		return (-1);
	if (l->n == l->cap) {
		size_t cap = l->cap < 16 ? 32 : l->cap * 2;
		struct header_entry **p;

		p = realloc(l->entry, cap * sizeof(*p));
		if (p == NULL) {
			header_entry_free(e);
			return (-1);
		}
		l->entry = p;
		l->cap = cap;
	}
	if (at > l->n)
		at = l->n;
	memmove(l->entry + at + 1, l->entry + at,
	    (l->n - at) * sizeof(*l->entry));
	l->entry[at] = e;
	l->n++;
	l->bytes += strlen(e->name) + (e->value != NULL ? strlen(e->value) : 0);
	return (0);
}

static int
header_set_value(struct header_list *l, struct header_entry *e,
    const char *value)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return (-1);
	l->bytes += strlen(value);
	if (e->value != NULL)
		l->bytes -= strlen(e->value);
	free(e->value);
	e->value = copy;
	e->flags |= HEADER_USER_CHILD | HEADER_USER_MTA;
	return (0);
}

static void
header_void_value(struct header_list *l, struct header_entry *e)
{
	if (e->value != NULL)
		l->bytes -= strlen(e->value);
	free(e->value);
	e->value = NULL;
}

static void
header_remove(struct header_list *l, size_t at)
{
	struct header_entry *e = l->entry[at];

	header_void_value(l, e);
	l->bytes -= strlen(e->name);
	header_entry_free(e);
	l->n--;
	memmove(l->entry + at, l->entry + at + 1,
	    (l->n - at) * sizeof(*l->entry));
}

int
header_init(struct header_list *l, enum header_model model)
{
	size_t i;

	header_free(l);
	l->model = model;
	if (model == HEADER_POSTFIX)
		return (header_put(l, 0,
		    header_entry_new("Received", "", HEADER_HIDDEN)));
	for (i = 0; i < HEADER_DEFAULTS; i++)
		if (header_put(l, l->n, header_entry_new(
		    header_sendmail_defaults[i], "", 0)) == -1)
			return (-1);
	return (0);
}

void
header_free(struct header_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		header_entry_free(l->entry[i]);
	free(l->entry);
	memset(l, 0, sizeof(*l));
}

int
header_append(struct header_list *l, const char *name, const char *value)
{
	size_t i;

	if (header_put(l, l->n, header_entry_new(name, value,
	    HEADER_USER_CHILD | HEADER_USER_MTA)) == -1)
		return (-1);
	/*
	 * The client's field makes the default of that name void.  The
	 * defaults stand in front as long as no child has had its turn.
	 */
	if (l->model == HEADER_SENDMAIL && !header_is_trace(name)) {
		for (i = 0; i < l->n - 1 && i < HEADER_DEFAULTS; i++) {
			struct header_entry *e = l->entry[i];

			if ((e->flags & HEADER_USER_MTA) == 0 &&
			    strcasecmp(e->name, name) == 0)
				header_void_value(l, e);
		}
	}
	return (0);
}

void
header_next_child(struct header_list *l, bool gets_headers)
{
	size_t i;

	if (l->model != HEADER_SENDMAIL || !gets_headers)
		return;
	for (i = 0; i < l->n; i++)
		if (l->entry[i]->value == NULL)
			l->entry[i]->flags &= ~HEADER_USER_CHILD;
}

bool
header_next(const struct header_list *l, size_t *pos, struct header_field *f)
{
	while (*pos < l->n) {
		const struct header_entry *e = l->entry[(*pos)++];

		if ((e->flags & HEADER_USER_CHILD) != 0 && e->value != NULL) {
			f->name = e->name;
			f->value = e->value;
			return (true);
		}
	}
	return (false);
}

static int
header_apply_postfix(struct header_list *l, const struct header_op *op)
{
	uint32_t want = op->index == 0 ? 1 : op->index;
	size_t i;

	switch (op->code) {
	case SMFIR_INSHEADER:
		return (header_put(l, op->index, header_entry_new(op->name,
		    op->value, HEADER_USER_CHILD | HEADER_USER_MTA)));
	case SMFIR_CHGHEADER:
		for (i = 0; i < l->n; i++) {
			const struct header_entry *e = l->entry[i];

			if ((e->flags & HEADER_HIDDEN) == 0 &&
			    strcasecmp(e->name, op->name) == 0 && --want == 0)
				break;
		}
		if (op->value[0] == '\0') {
			if (i < l->n)
				header_remove(l, i);
			return (0);
		}
		/* Changing what is not there adds it. */
		if (i == l->n)
			break;
		/* The name is written anew, too, in the child's letters. */
		if (header_put(l, i, header_entry_new(op->name, op->value,
		    HEADER_USER_CHILD | HEADER_USER_MTA)) == -1)
			return (-1);
		header_remove(l, i + 1);
		return (0);
	default:
		break;
	}
	return (header_put(l, l->n, header_entry_new(op->name, op->value,
	    HEADER_USER_CHILD | HEADER_USER_MTA)));
}

/* Number of entry at among those of its name that the MTA counts. */
static uint32_t
header_mta_number(const struct header_list *l, size_t at)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i <= at && i < l->n; i++)
		if ((l->entry[i]->flags & HEADER_USER_MTA) != 0 &&
		    strcasecmp(l->entry[i]->name, l->entry[at]->name) == 0)
			n++;
	return (n);
}

/* A new entry before the first of its name, whatever that one's state. */
static int
header_put_sendmail(struct header_list *l, const struct header_op *op)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcasecmp(l->entry[i]->name, op->name) == 0)
			break;
	return (header_put(l, i, header_entry_new(op->name, op->value,
	    HEADER_USER_CHILD | HEADER_USER_MTA)));
}

/* Fills a slot that does not count for the child; see header.h. */
static int
header_fill_sendmail(struct header_list *l, size_t at,
    const struct header_op *op, struct header_op *out, uint32_t otherwise)
{
	bool known = (l->entry[at]->flags & HEADER_USER_MTA) != 0;

	if (known && op->value[0] == '\0') {
		/*
		 * No operation gives an entry that the MTA counts an empty
		 * value: a change would delete it.  A new field right behind
		 * it looks the same; the old entry stays with the MTA only.
		 */
		if (header_put(l, at + 1, header_entry_new(l->entry[at]->name,
		    "", HEADER_USER_CHILD | HEADER_USER_MTA)) == -1)
			return (-1);
		l->entry[at]->flags |= HEADER_MTA_ONLY;
		out->code = SMFIR_INSHEADER;
		out->index = (uint32_t)at;
		out->name = l->entry[at]->name;
		return (0);
	}
	if (known) {
		/* An earlier child deleted it; the MTA still counts it. */
		out->code = SMFIR_CHGHEADER;
		out->index = header_mta_number(l, at);
	} else if (op->code == SMFIR_CHGHEADER)
		out->index = otherwise;
	return (header_set_value(l, l->entry[at], op->value));
}

static int
header_add_sendmail(struct header_list *l, const struct header_op *op,
    struct header_op *out)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if ((l->entry[i]->flags & (HEADER_USER_CHILD | HEADER_TRACE |
		    HEADER_MTA_ONLY)) == 0 &&
		    strcasecmp(l->entry[i]->name, op->name) == 0)
			return (header_fill_sendmail(l, i, op, out, 0));
	return (header_put_sendmail(l, op));
}

static int
header_change_sendmail(struct header_list *l, const struct header_op *op,
    struct header_op *out)
{
	/* Sendmail reads the index as signed: 0 and below mean the first. */
	uint32_t want = op->index == 0 || op->index > INT32_MAX ? 1 : op->index;
	uint32_t mta_count = 0;
	size_t i, last = SIZE_MAX;

	for (i = 0; i < l->n; i++) {
		struct header_entry *e = l->entry[i];

		if (strcasecmp(e->name, op->name) != 0)
			continue;
		if ((e->flags & HEADER_USER_MTA) != 0)
			mta_count++;
		if ((e->flags & HEADER_USER_CHILD) == 0) {
			if ((e->flags & (HEADER_TRACE | HEADER_MTA_ONLY)) == 0)
				last = i;
			continue;
		}
		if (--want == 0) {
			out->index = mta_count;
			if (op->value[0] != '\0')
				return (header_set_value(l, e, op->value) ==
				    -1 ? -1 : 1);
			header_void_value(l, e);
			return (1);
		}
	}
	if (op->value[0] == '\0') {
		/* Deleting what nobody has sent voids Sendmail's default. */
		if (last == SIZE_MAX ||
		    (l->entry[last]->flags & HEADER_USER_MTA) != 0)
			return (0);
		header_void_value(l, l->entry[last]);
		out->index = mta_count + 1;
		return (1);
	}
	if (last != SIZE_MAX)
		return (header_fill_sendmail(l, last, op, out,
		    mta_count + 1) == -1 ? -1 : 1);
	out->index = mta_count + 1;
	return (header_put_sendmail(l, op) == -1 ? -1 : 1);
}

/* Right behind entry number index, void ones counted. */
static int
header_insert_sendmail(struct header_list *l, const struct header_op *op,
    struct header_op *out)
{
	/* Signed there, too: below 0 is 0. */
	uint32_t left = op->index > INT32_MAX ? 0 : op->index;
	size_t at;

	for (at = 0; at < l->n; at++)
		if ((l->entry[at]->flags & HEADER_MTA_ONLY) == 0 && left-- == 0)
			break;
	if (at < l->n || op->index < l->n)
		out->index = (uint32_t)at;
	return (header_put(l, at < l->n ? at + 1 : at,
	    header_entry_new(op->name, op->value,
	    HEADER_USER_CHILD | HEADER_USER_MTA)));
}

int
header_apply(struct header_list *l, const struct header_op *in,
    struct header_op *out)
{
	*out = *in;
	if (l->model == HEADER_POSTFIX)
		return (header_apply_postfix(l, in) == -1 ? -1 : 1);
	switch (in->code) {
	case SMFIR_ADDHEADER:
		return (header_add_sendmail(l, in, out) == -1 ? -1 : 1);
	case SMFIR_CHGHEADER:
		return (header_change_sendmail(l, in, out));
	default:
		return (header_insert_sendmail(l, in, out) == -1 ? -1 : 1);
	}
}

#undef HEADER_USER_CHILD
#undef HEADER_USER_MTA
#undef HEADER_TRACE
#undef HEADER_HIDDEN
#undef HEADER_MTA_ONLY
#undef HEADER_DEFAULTS
