/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * random.c - random bytes, from what the system has for that.
 * Owns:      nothing.
 * Called by: anyone, by its name in compat.h.
 * Must not:  make up bytes of its own.
 */
#include "compat.h"

#if HAVE_ARC4RANDOM

int
compat_random(void *data, size_t len)
{
	arc4random_buf(data, len);
	return (0);
}

#else /* !HAVE_ARC4RANDOM */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A kernel may lack the system call that its libc has. */
static int
random_read(void *data, size_t len)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return (-1);
	n = read(fd, data, len);
	(void)close(fd);
	if (n == (ssize_t)len)
		return (0);
	if (n != -1)
		errno = EIO;
	return (-1);
}

int
compat_random(void *data, size_t len)
{
#if HAVE_GETENTROPY
	if (getentropy(data, len) == 0)
		return (0);
#endif
	return (random_read(data, len));
}

#endif /* !HAVE_ARC4RANDOM */
