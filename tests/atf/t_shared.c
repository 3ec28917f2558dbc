/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_shared.c - what several processes count together, and the death of one.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep.
 */
#include "compat.h"

#include <sys/wait.h>

#include <stdio.h>
#include <unistd.h>

#include <atf-c.h>

#include "base/network.h"
#include "manager/shared.h"

#define CASE(name, text)						\
ATF_TC(name);								\
ATF_TC_HEAD(name, tc)							\
{									\
	atf_tc_set_md_var(tc, "descr", "%s", text);			\
}									\
ATF_TC_BODY(name, tc)

/* The numbers at its beginning, as a process without sense could write them. */
enum { LOCK, NEXT_ID, TOP, SECRET, FILLED };

static uint32_t *
raw(struct shared *s)
{
	return ((uint32_t *)(void *)s);
}

static struct shared *
fresh(unsigned slots)
{
	struct shared *s = shared_new();
	unsigned i;

	ATF_REQUIRE(s != NULL);
	for (i = 0; i < slots; i++)
		ATF_REQUIRE_EQ(i, shared_slot_get(s));
	return (s);
}

static void
wait_all(int n)
{
	int status;

	while (n-- > 0) {
		ATF_REQUIRE(wait(&status) > 0);
		ATF_CHECK_EQ(0, status);
	}
}

static struct network_address
addr(const char *text)
{
	struct network_address a;

	ATF_REQUIRE_EQ(0, network_read_address(text, &a));
	return (a);
}

/* Whether the client gets in. */
static bool
client(struct shared *s, unsigned slot, const char *text, unsigned max,
    uint32_t *place)
{
	struct network_address a = addr(text);

	return (shared_client_enter(s, slot, &a, max, place));
}

CASE(ids, "No number is given twice, whoever asks")
{
	struct shared *s = fresh(0);
	int i, k;

	(void)tc;
	ATF_CHECK_EQ(1, shared_id(s));
	for (i = 0; i < 4; i++)
		if (fork() == 0) {
			for (k = 0; k < 10000; k++)
				(void)shared_id(s);
			_exit(0);
		}
	wait_all(4);
	ATF_CHECK_EQ(40002, shared_id(s));
	shared_free(s);
}

CASE(exact, "However many try at once, there are never more than max")
{
	struct shared *s = fresh(5);
	unsigned i, k, in;
	int entered = 0;

	(void)tc;
	for (i = 0; i < 4; i++)
		if (fork() == 0) {
			for (in = k = 0; k < 20000; k++) {
				if (shared_enter(s, i, 7))
					in++;
				if (shared_running(s) > 7)
					_exit(1);
				if (in > 0 && k % 3 != 0) {
					shared_leave(s, i, true);
					in--;
				}
			}
			while (in-- > 0)
				shared_leave(s, i, false);
			_exit(0);
		}
	wait_all(4);
	ATF_CHECK_EQ(0, shared_running(s));
	ATF_CHECK(shared_slot_finished(s, 0) > 0);
	while (shared_enter(s, 4, 7))
		entered++;
	ATF_CHECK_EQ(7, entered);
	ATF_CHECK_EQ(7, shared_slot_running(s, 4));
	/* Without a limit there is always room. */
	ATF_CHECK(shared_enter(s, 0, 0));
	ATF_CHECK_EQ(8, shared_running(s));
	shared_free(s);
}

CASE(dead, "What a dead process had is taken back, also the lock")
{
	struct shared *s = fresh(3);
	uint32_t place[3];

	(void)tc;
	ATF_CHECK(shared_enter(s, 0, 3));
	ATF_CHECK(shared_enter(s, 1, 3));
	ATF_CHECK(shared_enter(s, 1, 3));
	ATF_CHECK(!shared_enter(s, 2, 3));
	ATF_CHECK(client(s, 0, "192.0.2.1", 2, &place[0]));
	ATF_CHECK(client(s, 1, "192.0.2.1", 2, &place[1]));
	ATF_CHECK(!client(s, 2, "192.0.2.1", 2, &place[2]));
	/* Killed with the lock in its hand. */
	raw(s)[LOCK] = 1 + 1;
	/* A limit goes on without it. */
	ATF_CHECK(!shared_enter(s, 2, 3));
	ATF_CHECK(shared_enter(s, 2, 4));
	shared_leave(s, 2, false);
	ATF_CHECK(client(s, 2, "192.0.2.9", 1, &place[2]));
	ATF_CHECK_EQ(0, place[2]);
	shared_client_leave(s, 2, &place[2]);
	/* The end of another one is not the end of that. */
	shared_slot_put(s, 0);
	ATF_CHECK_EQ(2, raw(s)[LOCK]);
	shared_slot_put(s, 1);
	ATF_CHECK_EQ(0, raw(s)[LOCK]);
	ATF_CHECK_EQ(0, shared_running(s));
	ATF_CHECK(client(s, 2, "192.0.2.1", 1, &place[2]));
	ATF_CHECK(shared_enter(s, 2, 1));
	ATF_CHECK(!shared_enter(s, 2, 1));
	/* Its slot is the next one's, and begins at 0. */
	ATF_CHECK_EQ(0, shared_slot_get(s));
	ATF_CHECK_EQ(0, shared_slot_finished(s, 0));
	ATF_CHECK_EQ(0, shared_slot_running(s, 0));
	shared_free(s);
}

CASE(slots, "There are so many slots, and then none")
{
	struct shared *s = fresh(SHARED_SLOTS);

	(void)tc;
	ATF_CHECK_EQ(SHARED_SLOTS, shared_slot_get(s));
	shared_slot_put(s, 17);
	ATF_CHECK_EQ(17, shared_slot_get(s));
	ATF_CHECK_EQ(SHARED_SLOTS, shared_slot_get(s));
	ATF_CHECK(shared_enter(s, SHARED_SLOTS - 1, 1));
	ATF_CHECK(!shared_enter(s, 0, 1));
	shared_free(s);
}

CASE(clients, "A client is an IPv4 address, or a network of 64 bits")
{
	static const struct {
		const char *first, *second;
		bool same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "192.0.2.1", "64:ff9b::192.0.2.1", true },
		{ "64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2", false },
		{ "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true },
		{ "2001:db8::1", "2001:db8:0:1::1", false },
		{ "2001:db8::1", "2001:db9::1", false },
	};
	struct shared *s = fresh(2);
	uint32_t place, other;
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printf("%s %s\n", rows[i].first, rows[i].second);
		ATF_REQUIRE(client(s, 0, rows[i].first, 1, &place));
		ATF_CHECK(place != 0);
		ATF_CHECK_EQ(!rows[i].same,
		    client(s, 1, rows[i].second, 1, &other));
		ATF_CHECK_EQ(rows[i].same, other == 0);
		shared_client_leave(s, 0, &place);
		ATF_CHECK_EQ(0, place);
		shared_client_leave(s, 0, &place);
		shared_client_leave(s, 1, &other);
		ATF_REQUIRE(client(s, 1, rows[i].first, 1, &other));
		shared_client_leave(s, 1, &other);
	}
	shared_free(s);
}

CASE(crowd, "So many clients that some are not counted keep nobody out")
{
	struct shared *s = fresh(1);
	struct network_address a = addr("10.0.0.0");
	unsigned counted = 0, i, n = 100000;
	uint32_t *place = calloc(n, sizeof(*place));

	(void)tc;
	ATF_REQUIRE(place != NULL);
	for (i = 0; i < n; i++) {
		a.byte[13] = (unsigned char)(i >> 16);
		a.byte[14] = (unsigned char)(i >> 8);
		a.byte[15] = (unsigned char)i;
		ATF_REQUIRE(shared_client_enter(s, 0, &a, 1, &place[i]));
		counted += place[i] != 0;
	}
	ATF_CHECK(counted > 20000 && counted < n);
	for (i = 0; i < n; i++)
		shared_client_leave(s, 0, &place[i]);
	ATF_CHECK(client(s, 0, "10.0.0.0", 1, &place[0]));
	ATF_CHECK(place[0] != 0);
	free(place);
	shared_free(s);
}

CASE(clients_exact, "However many processes one client meets, max get in")
{
	struct shared *s = fresh(4);
	uint32_t place[8], sum;
	unsigned i, k, in;

	(void)tc;
	for (i = 0; i < 4; i++)
		if (fork() == 0) {
			for (in = k = 0; k < 5000; k++) {
				while (in < 3 && client(s, i, "192.0.2.1", 5,
				    &place[in])) {
					(void)shared_enter(s, i, 0);
					in++;
				}
				/* Each that is in has entered. */
				if (shared_running(s) > 5)
					_exit(1);
				while (in > 0) {
					shared_leave(s, i, true);
					shared_client_leave(s, i,
					    &place[--in]);
				}
			}
			_exit(0);
		}
	wait_all(4);
	for (sum = 0; client(s, sum % 4, "192.0.2.1", 5, &place[sum]); sum++)
		continue;
	ATF_CHECK_EQ(5, sum);
	shared_free(s);
}

CASE(nonsense, "What another process has overwritten is no harm")
{
	struct shared *s = fresh(2);
	uint32_t place, bad = UINT32_MAX;
	unsigned i;

	(void)tc;
	raw(s)[TOP] = UINT32_MAX;
	for (i = 0; i < 64; i++)
		raw(s)[FILLED + i] = UINT32_MAX;
	(void)shared_running(s);
	ATF_CHECK(shared_enter(s, 0, 1));
	ATF_CHECK(client(s, 0, "192.0.2.1", 1, &place));
	shared_client_leave(s, 0, &place);
	shared_client_leave(s, 1, &place);
	ATF_CHECK(client(s, 1, "192.0.2.1", 1, &place));
	/* Not its own. */
	bad = place;
	shared_client_leave(s, 0, &bad);
	ATF_CHECK(!client(s, 0, "192.0.2.1", 1, &bad));
	shared_slot_put(s, 1);
	ATF_CHECK(client(s, 0, "192.0.2.1", 1, &bad));
	shared_free(s);
}

CASE(forged, "Nonsense in the lock or a slot goes with who wrote it")
{
	struct shared *s = fresh(3);
	uint32_t place;

	(void)tc;
	/* Its own, though it has not taken it. */
	raw(s)[LOCK] = 2 + 1;
	ATF_CHECK(client(s, 2, "192.0.2.1", 2, &place));
	ATF_CHECK(place != 0);
	ATF_CHECK_EQ(0, raw(s)[LOCK]);
	/* Nobody's, in two ways. */
	raw(s)[LOCK] = UINT32_MAX;
	shared_slot_put(s, 1);
	ATF_CHECK_EQ(0, raw(s)[LOCK]);
	raw(s)[LOCK] = 1000;
	ATF_CHECK_EQ(1, shared_slot_get(s));
	shared_slot_put(s, 1);
	ATF_CHECK_EQ(0, raw(s)[LOCK]);
	/* A count below nothing would be as many as there can be. */
	shared_leave(s, 2, false);
	ATF_CHECK_EQ(0, shared_running(s));
	/* Which slots are free is not asked of the memory. */
	memset(&raw(s)[FILLED + 64], 0xff, 4096);
	ATF_CHECK_EQ(1, shared_slot_get(s));
	ATF_CHECK_EQ(3, shared_slot_get(s));
	shared_free(s);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, ids);
	ATF_TP_ADD_TC(tp, exact);
	ATF_TP_ADD_TC(tp, dead);
	ATF_TP_ADD_TC(tp, slots);
	ATF_TP_ADD_TC(tp, clients);
	ATF_TP_ADD_TC(tp, crowd);
	ATF_TP_ADD_TC(tp, clients_exact);
	ATF_TP_ADD_TC(tp, nonsense);
	ATF_TP_ADD_TC(tp, forged);
	return (atf_no_error());
}
