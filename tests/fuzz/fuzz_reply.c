/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_reply.c - the input is what a milter sends.
 * Owns:      the invariants of replies.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  open a socket.
 */
#include "compat.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz.h"
#include "milter/option.h"
#include "milter/packet.h"

static void
fuzz_reply_same(const struct buf *b, const struct packet *p)
{
	FUZZ_REQUIRE(b->len == p->size);
	FUZZ_REQUIRE(buf_ptr(b)[4] == p->code);
	FUZZ_REQUIRE(memcmp(buf_ptr(b) + 5, p->data, p->len) == 0);
}

/* An SMTP client gets a reply that ends, and ends once. */
static void
fuzz_reply_text(const struct packet *p)
{
	const char *line = (const char *)p->data, *next;
	int code;

	FUZZ_REQUIRE(packet_get_replycode(p, &code) == PACKET_OK);
	FUZZ_REQUIRE(code >= 400 && code <= 599);
	FUZZ_REQUIRE(strlen(line) + 1 == p->len);
	while ((next = strstr(line, "\r\n")) != NULL) {
		FUZZ_REQUIRE(next - line >= 4 && line[3] == '-');
		line = next + 2;
	}
	FUZZ_REQUIRE(strlen(line) >= 4 && line[3] == ' ');
	FUZZ_REQUIRE(strpbrk(line, "\r\n") == NULL);
}

static void
fuzz_reply_option(const struct packet *p, struct buf *b)
{
	struct option first, second;
	struct packet q;
	int i;

	if (option_read_answer(p, &first) != PACKET_OK)
		return;
	first.actions |= SMFIF_SETSYMLIST;
	FUZZ_REQUIRE(option_add(b, &first) == 0);
	FUZZ_REQUIRE(b->len <= p->size);
	FUZZ_REQUIRE(packet_next(buf_ptr(b), b->len, p->len, &q) == PACKET_OK);
	FUZZ_REQUIRE(option_read_answer(&q, &second) == PACKET_OK);
	FUZZ_REQUIRE(first.version == second.version);
	FUZZ_REQUIRE(first.actions == second.actions);
	FUZZ_REQUIRE(first.protocol == second.protocol);
	for (i = 0; i < SMFIM_N; i++) {
		if (first.macros[i] == NULL) {
			FUZZ_REQUIRE(second.macros[i] == NULL);
			continue;
		}
		FUZZ_REQUIRE(second.macros[i] != NULL);
		FUZZ_REQUIRE(strcmp(first.macros[i], second.macros[i]) == 0);
		FUZZ_REQUIRE(strchr(first.macros[i], ',') == NULL);
	}
	option_free(&first);
	option_free(&second);
}

static void
fuzz_reply_good(const struct packet *p, struct buf *b)
{
	struct packet_header header;
	const char *s, *strings[2] = { NULL, NULL };
	size_t n = 0, pos = 0;

	buf_clear(b);
	switch (p->code) {
	case SMFIR_ADDHEADER:
	case SMFIR_INSHEADER:
	case SMFIR_CHGHEADER:
		FUZZ_REQUIRE(packet_get_header(p, &header) == PACKET_OK);
		FUZZ_REQUIRE(header.namelen == strlen(header.name) &&
		    header.namelen > 0);
		FUZZ_REQUIRE(header.valuelen == strlen(header.value));
		FUZZ_REQUIRE(packet_add_header(b, p->code, header.index,
		    header.name, header.value) == 0);
		break;
	case SMFIR_ADDRCPT_PAR:
	case SMFIR_CHGFROM:
		while ((s = packet_next_string(p, &pos)) != NULL) {
			FUZZ_REQUIRE(n < 2);
			strings[n++] = s;
		}
		FUZZ_REQUIRE(n > 0 && pos == p->len);
		FUZZ_REQUIRE(packet_add_strings(b, p->code, strings, n) == 0);
		break;
	case SMFIR_QUARANTINE:
	case SMFIR_ADDRCPT:
	case SMFIR_DELRCPT:
		FUZZ_REQUIRE(packet_get_string(p, &s) == PACKET_OK);
		if (p->len == 0) {
			FUZZ_REQUIRE(p->code == SMFIR_QUARANTINE && *s == '\0');
			return;
		}
		FUZZ_REQUIRE(packet_add_string(b, p->code, s) == 0);
		break;
	case SMFIR_REPLYCODE:
		fuzz_reply_text(p);
		return;
	case SMFIC_OPTNEG:
		fuzz_reply_option(p, b);
		return;
	case SMFIR_REPLBODY:
		FUZZ_REQUIRE(packet_add(b, p->code, p->data, p->len) == 0);
		break;
	default:
		FUZZ_REQUIRE(p->len == 0);
		FUZZ_REQUIRE(packet_add_empty(b, p->code) == 0);
	}
	fuzz_reply_same(b, p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* Above what a child may get: milters may send more than that. */
	const size_t max = 4 * MILTER_CHUNK_SIZE;
	struct packet p;
	struct buf b;
	enum packet_error error;

	memset(&b, 0, sizeof(b));
	while (packet_next(data, n, max, &p) == PACKET_OK) {
		FUZZ_REQUIRE(p.size <= n && p.size == p.len + 5);
		error = packet_check_reply(&p);
		FUZZ_REQUIRE(error != PACKET_MORE && error != PACKET_LEN_ZERO &&
		    error != PACKET_LEN_LIMIT);
		if (error == PACKET_OK)
			fuzz_reply_good(&p, &b);
		FUZZ_REQUIRE(strlen(packet_reply_name(p.code)) >= 4);
		FUZZ_REQUIRE(strlen(packet_strerror(error)) > 0);
		data += p.size;
		n -= p.size;
	}
	buf_free(&b);
	return (0);
}
