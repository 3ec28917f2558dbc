/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * shared.c - what all processes of the daemon count together.
 * Owns:      the memory that they share, and the lock in it.
 * Called by: manager/ and daemon/serve.c to count, daemon/ for the slots.
 * Must not:  be wrong for longer than the process lives that was killed at the
 *            worst moment, or wait for one.
 *
 * Every number but next_id belongs to one process, and sums are made when they
 * are needed: so a process that is killed between two writes leaves nothing
 * behind that its slot does not tell of.  The lock is for those who may go on
 * only if a sum allows it; who it belongs to is in it.
 */
#include "compat.h"

#include <sys/mman.h>

#include <sched.h>

#include "manager/shared.h"

/* Clients that are counted: so many groups of so many, by a hash. */
#define SHARED_GROUPS	64u
#define SHARED_ROOM	512u
/* What is done under the lock takes a microsecond or a few. */
#define SHARED_TRIES	2000

struct shared_slot {
	uint32_t	 running;
	uint32_t	 finished;
};

/* Connections of one client in one process. */
struct shared_client {
	uint32_t	 owner;		/* slot + 1; 0: free */
	uint32_t	 count;
	uint32_t	 key[2];
};

struct shared {
	uint32_t	 lock;		/* slot + 1 of who has it */
	uint32_t	 next_id;
	uint32_t	 top;		/* from this slot on none was used */
	uint32_t	 secret;	/* of the hash */
	uint32_t	 filled[SHARED_GROUPS];	/* the same of clients */
	struct shared_slot slot[SHARED_SLOTS];
	struct shared_client client[SHARED_GROUPS][SHARED_ROOM];
};

/* Of the one in charge, where no other process can write. */
static struct {
	uint32_t	 past;		/* finished by processes before */
	uint32_t	 used[SHARED_SLOTS / 32];	/* bits: slots */
} shared_own;

static bool
shared_is_used(unsigned slot)
{
	return ((shared_own.used[slot / 32] >> slot % 32 & 1) != 0);
}

struct shared *
shared_new(void)
{
	struct shared *s;

	/* Pages that nobody touches take no memory. */
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANON, -1, 0);
	if (s == MAP_FAILED)
		return (NULL);
	memset(&shared_own, 0, sizeof(shared_own));
	if (compat_random(&s->secret, sizeof(s->secret)) == -1) {
		shared_free(s);
		return (NULL);
	}
	return (s);
}

void
shared_free(struct shared *s)
{
	if (s != NULL)
		(void)munmap(s, sizeof(*s));
}

/* Another process may have written nonsense. */
static uint32_t
shared_top(const struct shared *s)
{
	uint32_t top = COMPAT_LOAD(&s->top);

	return (top < SHARED_SLOTS ? top : SHARED_SLOTS);
}

static uint32_t
shared_filled(const struct shared *s, uint32_t group)
{
	uint32_t n = COMPAT_LOAD(&s->filled[group]);

	return (n < SHARED_ROOM ? n : SHARED_ROOM);
}

/*
 * False when it cannot be had; who has it may have been killed.  One that is
 * ours without our having taken it was another process's nonsense.
 */
static bool
shared_lock(struct shared *s, unsigned slot)
{
	int i;

	for (i = 0; i < SHARED_TRIES; i++) {
		if (COMPAT_SWAP(&s->lock, 0, slot + 1) ||
		    COMPAT_LOAD(&s->lock) == slot + 1)
			return (true);
		(void)sched_yield();
	}
	return (false);
}

static void
shared_unlock(struct shared *s)
{
	COMPAT_STORE(&s->lock, 0);
}

/* --- slots --------------------------------------------------------------- */

unsigned
shared_slot_get(struct shared *s)
{
	unsigned i;

	for (i = 0; i < SHARED_SLOTS && shared_is_used(i); i++)
		continue;
	if (i == SHARED_SLOTS)
		return (i);
	shared_own.used[i / 32] |= (uint32_t)1 << i % 32;
	shared_own.past += COMPAT_LOAD(&s->slot[i].finished);
	COMPAT_STORE(&s->slot[i].running, 0);
	COMPAT_STORE(&s->slot[i].finished, 0);
	if (i >= shared_top(s))
		COMPAT_STORE(&s->top, i + 1);
	return (i);
}

void
shared_slot_put(struct shared *s, unsigned slot)
{
	uint32_t g, i, n, lock;

	for (g = 0; g < SHARED_GROUPS; g++) {
		n = shared_filled(s, g);
		for (i = 0; i < n; i++)
			if (COMPAT_LOAD(&s->client[g][i].owner) == slot + 1)
				COMPAT_STORE(&s->client[g][i].owner, 0);
	}
	COMPAT_STORE(&s->slot[slot].running, 0);
	shared_own.used[slot / 32] &= ~((uint32_t)1 << slot % 32);
	/* Nor may it leave the lock to nobody. */
	lock = COMPAT_LOAD(&s->lock);
	if (lock > SHARED_SLOTS || (lock > 0 && !shared_is_used(lock - 1)))
		(void)COMPAT_SWAP(&s->lock, lock, 0);
}

/* --- sessions ------------------------------------------------------------ */

uint32_t
shared_id(struct shared *s)
{
	return (COMPAT_ADD(&s->next_id, 1));
}

uint32_t
shared_running(const struct shared *s)
{
	uint32_t sum = 0, i, top = shared_top(s);

	for (i = 0; i < top; i++)
		sum += COMPAT_LOAD(&s->slot[i].running);
	return (sum);
}

uint32_t
shared_slot_running(const struct shared *s, unsigned slot)
{
	return (COMPAT_LOAD(&s->slot[slot].running));
}

uint32_t
shared_slot_finished(const struct shared *s, unsigned slot)
{
	return (COMPAT_LOAD(&s->slot[slot].finished));
}

uint32_t
shared_finished(const struct shared *s)
{
	uint32_t i, n = shared_own.past, top = shared_top(s);

	for (i = 0; i < top; i++)
		n += COMPAT_LOAD(&s->slot[i].finished);
	return (n);
}

bool
shared_enter(struct shared *s, unsigned slot, uint32_t max)
{
	struct shared_slot *mine = &s->slot[slot];
	bool room, locked;

	/* The usual case without the lock. */
	if (max == 0) {
		COMPAT_STORE(&mine->running, mine->running + 1);
		return (true);
	}
	/* Whoever sits on the lock is not to keep mail out: a few too many. */
	locked = shared_lock(s, slot);
	room = shared_running(s) < max;
	if (room)
		COMPAT_STORE(&mine->running, mine->running + 1);
	if (locked)
		shared_unlock(s);
	return (room);
}

void
shared_leave(struct shared *s, unsigned slot, bool finished)
{
	struct shared_slot *mine = &s->slot[slot];

	if (COMPAT_LOAD(&mine->running) > 0)
		COMPAT_STORE(&mine->running, mine->running - 1);
	if (finished)
		COMPAT_STORE(&mine->finished, mine->finished + 1);
}

/* --- clients ------------------------------------------------------------- */

/* What of the address counts. */
static void
shared_key(const struct network_address *a, uint32_t key[2])
{
	/* IPv4 as it is here, and as translators make it (RFC 6052). */
	static const unsigned char v4[2][12] = {
		{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff },
		{ 0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0 }
	};

	memcpy(key, a->byte, 8);
	if (memcmp(a->byte, v4[0], 12) == 0 ||
	    memcmp(a->byte, v4[1], 12) == 0) {
		key[0] = 0;
		memcpy(&key[1], a->byte + 12, 4);
	}
}

/* A client must not be able to choose whose group it is in. */
static uint32_t
shared_group(const struct shared *s, const uint32_t key[2])
{
	uint32_t h = s->secret;
	int i;

	for (i = 0; i < 2; i++) {
		h = (h ^ key[i]) * 0x85ebca6bu;
		h ^= h >> 13;
		h *= 0xc2b2ae35u;
		h ^= h >> 16;
	}
	return (h % SHARED_GROUPS);
}

bool
shared_client_enter(struct shared *s, unsigned slot,
    const struct network_address *address, uint32_t max, uint32_t *place)
{
	struct shared_client *c, *mine = NULL, *none = NULL;
	uint32_t key[2], group, owner, i, n, sum = 0;

	*place = 0;
	shared_key(address, key);
	group = shared_group(s, key);
	/* Whoever sits on the lock is not to keep mail out. */
	if (!shared_lock(s, slot))
		return (true);
	n = shared_filled(s, group);
	for (i = 0; i < n; i++) {
		c = &s->client[group][i];
		owner = COMPAT_LOAD(&c->owner);
		if (owner == 0)
			none = none == NULL ? c : none;
		else if (c->key[0] == key[0] && c->key[1] == key[1]) {
			sum += COMPAT_LOAD(&c->count);
			if (owner == slot + 1)
				mine = c;
		}
	}
	if (sum < max && mine == NULL) {
		if (none == NULL && n < SHARED_ROOM) {
			none = &s->client[group][n];
			COMPAT_STORE(&s->filled[group], n + 1);
		}
		if ((mine = none) != NULL) {
			memcpy(mine->key, key, sizeof(mine->key));
			COMPAT_STORE(&mine->count, 0);
			COMPAT_STORE(&mine->owner, slot + 1);
		}
	}
	if (sum < max && mine != NULL) {
		COMPAT_STORE(&mine->count, mine->count + 1);
		*place = (uint32_t)(mine - &s->client[0][0]) + 1;
	}
	shared_unlock(s);
	return (sum < max);
}

void
shared_client_leave(struct shared *s, unsigned slot, uint32_t *place)
{
	struct shared_client *c = &s->client[0][0] + *place - 1;

	if (*place == 0)
		return;
	*place = 0;
	if (COMPAT_LOAD(&c->owner) != slot + 1 || c->count == 0)
		return;			/* nonsense */
	COMPAT_STORE(&c->count, c->count - 1);
	if (c->count == 0)
		COMPAT_STORE(&c->owner, 0);
}

#undef SHARED_GROUPS
#undef SHARED_ROOM
#undef SHARED_TRIES
