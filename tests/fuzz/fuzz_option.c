/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_option.c - the input is a byte of flags, and option frames: the MTA's
 * offer, then the answers of up to four children.
 * Owns:      the invariants of the negotiation.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  open a socket.
 */
#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz.h"
#include "milter/option.h"
#include "milter/packet.h"

#define FUZZ_OPTION_CHILDREN	4

static const struct {
	uint32_t no, nr;
} fuzz_option_events[] = {
	{ SMFIP_NOCONNECT, SMFIP_NR_CONN },
	{ SMFIP_NOHELO, SMFIP_NR_HELO },
	{ SMFIP_NORCPT, SMFIP_NR_RCPT },
	{ SMFIP_NODATA, SMFIP_NR_DATA },
	{ SMFIP_NOUNKNOWN, SMFIP_NR_UNKN },
	{ SMFIP_NOHDRS, SMFIP_NR_HDR },
	{ SMFIP_NOEOH, SMFIP_NR_EOH },
	{ SMFIP_NOBODY, SMFIP_NR_BODY }
};

/* What children are owed is in the answer; nothing that was not offered is. */
static void
fuzz_option_bits(const struct option *mta, const struct option *const *child,
    size_t n, bool keep, const struct option *out)
{
	uint32_t no, nr, seen;
	size_t i, j;

	FUZZ_REQUIRE(out->version <= 6 && out->version <= mta->version);
	FUZZ_REQUIRE((out->protocol & ~mta->protocol) == 0);
	FUZZ_REQUIRE((out->protocol & ~SMFIP_ALL) == 0);
	FUZZ_REQUIRE((out->protocol & (SMFIP_NOMAIL | SMFIP_NR_MAIL)) == 0);
	FUZZ_REQUIRE((out->actions & ~mta->actions) == 0);
	if (keep)
		FUZZ_REQUIRE((out->protocol & SMFIP_NOHDRS) == 0);
	for (i = 0; i < sizeof(fuzz_option_events) /
	    sizeof(fuzz_option_events[0]); i++) {
		no = fuzz_option_events[i].no;
		nr = fuzz_option_events[i].nr;
		seen = out->protocol & (no | nr);
		FUZZ_REQUIRE(seen != (no | nr));
		for (j = 0; j < n; j++) {
			if (seen == no)
				FUZZ_REQUIRE((child[j]->protocol & no) != 0);
			if (seen == nr)
				FUZZ_REQUIRE((child[j]->protocol & no) != 0 ||
				    (child[j]->protocol & nr) != 0);
		}
	}
	for (j = 0; j < n; j++) {
		FUZZ_REQUIRE((child[j]->actions & ~out->actions) == 0);
		FUZZ_REQUIRE((child[j]->protocol & mta->protocol &
		    (SMFIP_RCPT_REJ | SMFIP_HDR_LEADSPC) &
		    ~out->protocol) == 0);
	}
}

static void
fuzz_option_lists(const struct option *out, struct buf *b)
{
	struct option again;
	struct packet p;
	const char *s;
	size_t names;
	int i;

	FUZZ_REQUIRE((out->macros[SMFIM_EOM] == NULL) ==
	    (out->macros[SMFIM_EOH] == NULL));
	for (i = 0; i < SMFIM_N; i++) {
		if (out->macros[i] == NULL)
			continue;
		FUZZ_REQUIRE((out->actions & SMFIF_SETSYMLIST) != 0);
		for (names = 1, s = out->macros[i]; *s != '\0'; s++)
			if (*s == ' ')
				names++;
		FUZZ_REQUIRE(names <= 50);
	}
	if (out->macros[SMFIM_ENVRCPT] != NULL)
		FUZZ_REQUIRE(option_macro_listed(out->macros[SMFIM_ENVRCPT],
		    "{rcpt_mailer}"));
	buf_clear(b);
	FUZZ_REQUIRE(option_add(b, out) == 0);
	FUZZ_REQUIRE(packet_next(buf_ptr(b), b->len, MILTER_CHUNK_SIZE, &p) ==
	    PACKET_OK);
	FUZZ_REQUIRE(p.size == b->len);
	FUZZ_REQUIRE(option_read_answer(&p, &again) == PACKET_OK);
	FUZZ_REQUIRE(again.version == out->version &&
	    again.actions == out->actions &&
	    again.protocol == out->protocol);
	for (i = 0; i < SMFIM_N; i++) {
		FUZZ_REQUIRE((again.macros[i] == NULL) ==
		    (out->macros[i] == NULL));
		if (again.macros[i] != NULL)
			FUZZ_REQUIRE(strcmp(again.macros[i],
			    out->macros[i]) == 0);
	}
	option_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct option child[FUZZ_OPTION_CHILDREN], mta, offered, out;
	const struct option *alive[FUZZ_OPTION_CHILDREN];
	struct packet p;
	struct buf b;
	size_t count = 0, i;
	bool keep;

	if (n == 0)
		return (0);
	keep = (data[0] & 1) != 0;
	data++;
	n--;
	if (packet_next(data, n, MILTER_CHUNK_SIZE, &p) != PACKET_OK ||
	    option_read_offer(&p, &mta) != PACKET_OK)
		return (0);
	option_offer(&mta, &offered);
	while (count < FUZZ_OPTION_CHILDREN) {
		data += p.size;
		n -= p.size;
		if (packet_next(data, n, 4 * MILTER_CHUNK_SIZE, &p) !=
		    PACKET_OK)
			break;
		if (option_read_answer(&p, &child[count]) != PACKET_OK)
			continue;
		if (option_check_answer(&offered, &child[count]) != NULL) {
			option_free(&child[count]);
			continue;
		}
		alive[count] = &child[count];
		count++;
	}
	memset(&b, 0, sizeof(b));
	FUZZ_REQUIRE(option_merge(&mta, alive, count, keep, &out) == 0);
	fuzz_option_bits(&mta, alive, count, keep, &out);
	fuzz_option_lists(&out, &b);
	buf_free(&b);
	option_free(&out);
	for (i = 0; i < count; i++)
		option_free(&child[i]);
	return (0);
}

#undef FUZZ_OPTION_CHILDREN
