/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_command.c - the input is what an MTA sends.
 * Owns:      the invariants of commands.
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

/* The frame that was just written is the one that was read. */
static void
fuzz_command_same(const struct buf *b, const struct packet *p)
{
	FUZZ_REQUIRE(b->len == p->size);
	FUZZ_REQUIRE(memcmp(buf_ptr(b) + 5, p->data, p->len) == 0);
}

static void
fuzz_command_strings(const struct packet *p)
{
	const char *s;
	size_t pos = 0, total = 0;

	while ((s = packet_next_string(p, &pos)) != NULL) {
		total += strlen(s) + 1;
		FUZZ_REQUIRE(total == pos && pos <= p->len);
	}
	FUZZ_REQUIRE(pos == p->len && total == p->len);
}

static void
fuzz_command_macro(const struct packet *p, struct buf *b)
{
	static const char list[] = "i,{v} j {client_addr}";
	struct packet q;
	const char *name, *value;
	size_t pos = 1;
	int stage;
	bool good;

	good = packet_get_macro(p, &stage) == PACKET_OK;
	if (good)
		FUZZ_REQUIRE(stage == p->data[0]);
	FUZZ_REQUIRE(option_add_macros(b, p->data, p->len, NULL) == 0);
	fuzz_command_same(b, p);
	buf_clear(b);
	FUZZ_REQUIRE(option_add_macros(b, p->data, p->len, list) == 0);
	FUZZ_REQUIRE(b->len <= p->size);
	FUZZ_REQUIRE(packet_next(buf_ptr(b), b->len, p->len, &q) == PACKET_OK);
	FUZZ_REQUIRE(q.size == b->len && q.code == SMFIC_MACRO);
	FUZZ_REQUIRE(packet_get_macro(&q, &stage) == PACKET_OK);
	while ((name = packet_next_string(&q, &pos)) != NULL) {
		FUZZ_REQUIRE(option_macro_listed(list, name));
		value = packet_next_string(&q, &pos);
		FUZZ_REQUIRE(value != NULL);
	}
	FUZZ_REQUIRE(pos == q.len);
	pos = 1;
	while ((name = packet_next_string(p, &pos)) != NULL)
		(void)option_macro_listed(name, "i");
}

static void
fuzz_command_good(const struct packet *p, struct buf *b)
{
	struct packet_connect connect;
	struct packet_header header;
	struct option mta, offer;
	const char *s;

	buf_clear(b);
	switch (p->code) {
	case SMFIC_CONNECT:
		FUZZ_REQUIRE(packet_get_connect(p, &connect) == PACKET_OK);
		FUZZ_REQUIRE(packet_add_connect(b, &connect) == 0);
		if (connect.family != SMFIA_UNKNOWN)
			fuzz_command_same(b, p);
		else
			FUZZ_REQUIRE(b->len <= p->size);
		break;
	case SMFIC_HELO:
	case SMFIC_UNKNOWN:
		FUZZ_REQUIRE(packet_get_string(p, &s) == PACKET_OK);
		FUZZ_REQUIRE(packet_add_string(b, p->code, s) == 0);
		fuzz_command_same(b, p);
		break;
	case SMFIC_MAIL:
	case SMFIC_RCPT:
		fuzz_command_strings(p);
		break;
	case SMFIC_HEADER:
		FUZZ_REQUIRE(packet_get_header(p, &header) == PACKET_OK);
		FUZZ_REQUIRE(header.namelen > 0 && header.index == 0);
		FUZZ_REQUIRE(packet_add_header(b, p->code, 7, header.name,
		    header.value) == 0);
		fuzz_command_same(b, p);
		break;
	case SMFIC_MACRO:
		fuzz_command_macro(p, b);
		break;
	case SMFIC_OPTNEG:
		if (option_read_offer(p, &mta) != PACKET_OK)
			break;
		option_offer(&mta, &offer);
		FUZZ_REQUIRE(offer.version >= 2 && offer.version <= 6);
		FUZZ_REQUIRE((offer.actions & ~mta.actions) == 0);
		FUZZ_REQUIRE((offer.protocol & ~SMFIP_ALL) == 0);
		FUZZ_REQUIRE((offer.protocol & ~mta.protocol &
		    ~(SMFIP_NR_MASK | SMFIP_SKIP)) == 0);
		break;
	default:
		FUZZ_REQUIRE(packet_add(b, p->code, p->data, p->len) == 0);
		fuzz_command_same(b, p);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct packet p, q;
	struct buf b;
	enum packet_error error;

	memset(&b, 0, sizeof(b));
	while ((error = packet_next(data, n, MILTER_CHUNK_SIZE, &p)) ==
	    PACKET_OK) {
		FUZZ_REQUIRE(p.size <= n && p.size == p.len + 5);
		FUZZ_REQUIRE(p.data == data + 5);
		FUZZ_REQUIRE(packet_next(data, p.size - 1, MILTER_CHUNK_SIZE,
		    &q) == PACKET_MORE && q.size == p.size);
		if (packet_check_command(&p) == PACKET_OK)
			fuzz_command_good(&p, &b);
		FUZZ_REQUIRE(strlen(packet_command_name(p.code)) >= 4);
		data += p.size;
		n -= p.size;
	}
	FUZZ_REQUIRE(error == PACKET_MORE || error == PACKET_LEN_ZERO ||
	    error == PACKET_LEN_LIMIT);
	FUZZ_REQUIRE(error == PACKET_MORE ? (p.size == 0 ? n < 4 :
	    p.size > n) : p.size == 0);
	buf_free(&b);
	return (0);
}
