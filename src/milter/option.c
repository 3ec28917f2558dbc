/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * option.c - option frames: read, write, offer, check.
 * Owns:      the form of an option frame; what may be offered and answered.
 * Called by: the manager and the tools when a connection begins.
 * Must not:  know of more than one child; that is option_merge.c.
 */
#include "compat.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "milter/option_internal.h"
#include "milter/packet_internal.h"

void
option_free(struct option *o)
{
	int i;

	for (i = 0; i < SMFIM_N; i++)
		free(o->macros[i]);
	memset(o, 0, sizeof(*o));
}

/* The three numbers. */
static enum packet_error
option_read_fixed(const struct packet *p, struct option *out)
{
	memset(out, 0, sizeof(*out));
	if (p->code != SMFIC_OPTNEG)
		return (PACKET_UNKNOWN);
	if (p->len == 0)
		return (PACKET_EMPTY);
	if (p->len < MILTER_OPTLEN)
		return (PACKET_SHORT);
	out->version = packet_u32(p->data);
	out->actions = packet_u32(p->data + 4);
	out->protocol = packet_u32(p->data + 8);
	return (PACKET_OK);
}

enum packet_error
option_read_offer(const struct packet *p, struct option *out)
{
	enum packet_error error = option_read_fixed(p, out);

	if (error != PACKET_OK)
		return (error);
	if (out->version < MILTER_VERSION_MIN)
		return (PACKET_VERSION);
	/* The numbers of the very first MTAs, which had none to send. */
	if (out->actions == 0)
		out->actions = SMFIF_V1_ACTS;
	if (out->protocol == 0)
		out->protocol = SMFIP_V1_PROT;
	return (PACKET_OK);
}

/*
 * A copy with spaces for commas; *out stays NULL when there is no name in it:
 * an empty list is no list to Postfix.
 */
static enum packet_error
option_read_list(const char *s, char **out)
{
	struct option_name name;
	const char *rest = s;
	size_t len = strlen(s);
	char *c;

	*out = NULL;
	if (!option_name_next(&rest, &name))
		return (PACKET_OK);
	*out = malloc(len + 1);
	if (*out == NULL)
		return (PACKET_MORE);
	memcpy(*out, s, len + 1);
	for (c = *out; *c != '\0'; c++)
		if (*c == ',')
			*c = ' ';
	return (PACKET_OK);
}

enum packet_error
option_read_answer(const struct packet *p, struct option *out)
{
	const char *last[SMFIM_N] = { NULL };
	const unsigned char *nul;
	enum packet_error error;
	uint32_t stage;
	size_t i, pos;

	error = option_read_fixed(p, out);
	if (error != PACKET_OK)
		return (error);
	for (pos = MILTER_OPTLEN; pos < p->len;
	    pos = (size_t)(nul - p->data) + 1) {
		if (p->len - pos < 4)
			return (PACKET_SHORT);
		stage = packet_u32(p->data + pos);
		pos += 4;
		nul = pos < p->len ?
		    memchr(p->data + pos, '\0', p->len - pos) : NULL;
		if (nul == NULL)
			return (PACKET_NO_NUL);
		/* The later of two lists wins, in both MTAs. */
		if (stage < SMFIM_N)
			last[stage] = (const char *)(p->data + pos);
	}
	for (i = 0; i < SMFIM_N; i++) {
		if (last[i] == NULL)
			continue;
		error = option_read_list(last[i], &out->macros[i]);
		if (error != PACKET_OK) {
			option_free(out);
			return (error);
		}
	}
	return (PACKET_OK);
}

int
option_add(struct buf *dst, const struct option *o)
{
	struct buf payload;
	bool lists = (o->actions & SMFIF_SETSYMLIST) != 0;
	uint32_t stage;
	int rc = -1;

	memset(&payload, 0, sizeof(payload));
	if (buf_add_u32(&payload, o->version) != 0 ||
	    buf_add_u32(&payload, o->actions) != 0 ||
	    buf_add_u32(&payload, o->protocol) != 0)
		goto free_payload;
	for (stage = 0; lists && stage < SMFIM_N; stage++)
		if (o->macros[stage] != NULL &&
		    (buf_add_u32(&payload, stage) != 0 ||
		    buf_add_str(&payload, o->macros[stage]) != 0))
			goto free_payload;
	rc = packet_add(dst, SMFIC_OPTNEG, buf_ptr(&payload), payload.len);
free_payload:
	buf_free(&payload);
	return (rc);
}

void
option_offer(const struct option *mta, struct option *out)
{
	memset(out, 0, sizeof(*out));
	out->version = mta->version < MILTER_VERSION_MAX ? mta->version :
	    MILTER_VERSION_MAX;
	out->actions = mta->actions & SMFIF_ALL;
	out->protocol = mta->protocol & SMFIP_ALL;
	/*
	 * Replies that a child leaves out can be made up, and a skipped body
	 * can be swallowed.  Refused recipients and the space before a header
	 * value cannot be had unless the MTA sends them.
	 */
	if (out->version >= MILTER_VERSION_MAX)
		out->protocol |= SMFIP_SKIP | SMFIP_NR_MASK;
}

uint32_t
option_implied(uint32_t version)
{
	uint32_t bits = 0;

	if (version < 3)
		bits |= SMFIP_NOUNKNOWN;
	if (version < 4)
		bits |= SMFIP_NODATA;
	return (bits);
}

const char *
option_check_answer(const struct option *offered, struct option *answer)
{
	int i;

	if (answer->version < MILTER_VERSION_MIN)
		return ("protocol version below 2");
	if (answer->version > offered->version)
		return ("protocol version above the offered one");
	if ((answer->actions & ~offered->actions) != 0)
		return ("action that was not offered");
	answer->protocol &= offered->protocol;
	answer->protocol |= option_implied(answer->version);
	/* libmilter sends lists even to an MTA that cannot use them. */
	if ((offered->actions & SMFIF_SETSYMLIST) == 0)
		for (i = 0; i < SMFIM_N; i++) {
			free(answer->macros[i]);
			answer->macros[i] = NULL;
		}
	return (NULL);
}
