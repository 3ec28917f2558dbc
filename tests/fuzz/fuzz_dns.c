/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_dns.c - the input is what a name server sends, behind one byte that says
 * what it was asked for, and whether the head of the answer is as it should be.
 * Owns:      the invariants of answers.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  open a socket.
 */
#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fuzz.h"
#include "net/dns_packet.h"

#define FUZZ_DNS_NAME	"a.b.example"
#define FUZZ_DNS_MAX	65536

/* A text that nothing hides in. */
static void
fuzz_dns_text(const struct dns_packet_answer *a, size_t i, int type)
{
	const char *p = a->record[i].text;

	FUZZ_REQUIRE((p == NULL) == (type == DNS_A || type == DNS_AAAA));
	if (p == NULL)
		return;
	FUZZ_REQUIRE(p == a->text[i] && strlen(p) < DNS_TEXT_MAX);
	FUZZ_REQUIRE(type != DNS_PTR || strlen(p) < DNS_NAME_MAX);
	for (; *p != '\0'; p++)
		FUZZ_REQUIRE(*p >= ' ' && *p < 0x7f && (type != DNS_PTR ||
		    *p != ' '));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int types[] = { DNS_A, DNS_AAAA, DNS_PTR, DNS_TXT };
	static struct dns_packet_answer a;
	unsigned char name[DNS_PACKET_NAME], question[DNS_PACKET_MAX];
	unsigned char *msg;
	enum dns_packet rc;
	size_t len, i;
	int type;

	if (size < 2 || size > FUZZ_DNS_MAX)
		return (0);
	type = types[data[0] & 3];
	len = dns_packet_name(FUZZ_DNS_NAME, name);
	FUZZ_REQUIRE(len == sizeof(FUZZ_DNS_NAME) + 1);
	len = dns_packet_ask(question, 0x4d4d, type, name, len,
	    (data[0] & 8) != 0);
	FUZZ_REQUIRE(len <= sizeof(question));
	if ((data[0] & 8) != 0)
		len -= 11;
	/* No longer than it is, for the sanitizer. */
	msg = malloc(--size);
	FUZZ_REQUIRE(msg != NULL);
	memcpy(msg, data + 1, size);
	/* Id and question of an answer; rcode, bits and counts are its own. */
	if ((data[0] & 4) == 0 && size >= len) {
		memcpy(msg, question, 2);
		msg[2] = (unsigned char)((msg[2] & 7) | 0x80);
		memcpy(msg + 4, question + 4, 2);
		memcpy(msg + 12, question + 12, len - 12);
	}
	rc = dns_packet_read(msg, size, question, &a);
	FUZZ_REQUIRE(rc == DNS_PACKET_ALIEN || (a.rcode & ~0xfu) == 0);
	if ((data[0] & 4) == 0 && size >= len)
		FUZZ_REQUIRE(rc != DNS_PACKET_ALIEN);
	FUZZ_REQUIRE(rc < DNS_PACKET_NONE ||
	    (size >= len && memcmp(msg, question, 2) == 0));
	free(msg);
	if (rc != DNS_PACKET_FOUND)
		return (0);
	FUZZ_REQUIRE(a.rcode == 0 && a.n > 0 && a.n <= DNS_RECORDS_MAX &&
	    a.ttl <= INT32_MAX);
	for (i = 0; i < a.n; i++)
		fuzz_dns_text(&a, i, type);
	return (0);
}

#undef FUZZ_DNS_NAME
#undef FUZZ_DNS_MAX
