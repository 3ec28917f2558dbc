/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_memory.h - an allocator that fails when it is told to.  What is included
 * behind it allocates by it.
 * Owns:      which allocation fails, and how many there were.
 * Called by: t_memory.c, t_detect_memory.c.
 * Must not:  fail unless a test says so.
 */
#ifndef TESTS_H_MEMORY_H
#define TESTS_H_MEMORY_H

#include "compat.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static size_t	memory_calls;		/* allocations so far */
static size_t	memory_fail_at;		/* this one fails; 0: none */
static bool	memory_fail_on;		/* and all that follow */

static bool
memory_fails(void)
{
	memory_calls++;
	if (memory_fail_at == 0 || memory_calls < memory_fail_at ||
	    (memory_calls > memory_fail_at && !memory_fail_on))
		return (false);
	errno = ENOMEM;
	return (true);
}

static void *
memory_malloc(size_t n)
{
	return (memory_fails() ? NULL : malloc(n));
}

static void *
memory_calloc(size_t n, size_t size)
{
	return (memory_fails() ? NULL : calloc(n, size));
}

static void *
memory_realloc(void *p, size_t n)
{
	return (memory_fails() ? NULL : realloc(p, n));
}

static char *
memory_strdup(const char *s)
{
	return (memory_fails() ? NULL : strdup(s));
}

#undef strdup
#define malloc(n)	memory_malloc(n)
#define calloc(n, size)	memory_calloc(n, size)
#define realloc(p, n)	memory_realloc(p, n)
#define strdup(s)	memory_strdup(s)

#endif /* TESTS_H_MEMORY_H */
