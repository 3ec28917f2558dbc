/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * body.c - the spool of one body.
 * Owns:      when bytes move from memory to a file, and that file.
 * Called by: manager/ for the message's body and each replacement.
 * Must not:  know what the bytes are for.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "message/body.h"
#include "milter/wire.h"

void
body_init(struct body *b, size_t memory_limit, const char *directory)
{
	memset(b, 0, sizeof(*b));
	b->fd = -1;
	b->memory_limit = memory_limit;
	b->directory = directory;
}

void
body_clear(struct body *b)
{
	buf_free(&b->mem);
	if (b->fd != -1)
		(void)close(b->fd);
	b->fd = -1;
	b->size = 0;
	b->last = 0;
}

/* A file that has no name: gone with the process, whatever happens to it. */
static int
body_file(const char *directory)
{
	static const char tail[] = "/milter-manager.XXXXXX";
	size_t len = strlen(directory);
	char *path = malloc(len + sizeof(tail));
	int fd, save;

	if (path == NULL)
		return (-1);
	memcpy(path, directory, len);
	memcpy(path + len, tail, sizeof(tail));
	fd = mkstemp(path);
	if (fd != -1) {
		(void)unlink(path);
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	save = errno;
	free(path);
	errno = save;
	return (fd);
}

static int
body_write_at(int fd, const unsigned char *p, size_t len, uint64_t off)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)off);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = ENOSPC;
			return (-1);
		}
		p += n;
		len -= (size_t)n;
		off += (uint64_t)n;
	}
	return (0);
}

static int
body_put(struct body *b, const void *data, size_t len)
{
	if (b->fd == -1 && b->mem.len + len <= b->memory_limit) {
		if (buf_add(&b->mem, data, len) == -1)
			return (-1);
		b->size += len;
		return (0);
	}
	if (b->fd == -1) {
		int fd = body_file(b->directory);

		if (fd == -1)
			return (-1);
		if (body_write_at(fd, buf_ptr(&b->mem), b->mem.len, 0) == -1) {
			int save = errno;

			(void)close(fd);
			errno = save;
			return (-1);
		}
		buf_free(&b->mem);
		b->fd = fd;
	}
	if (body_write_at(b->fd, data, len, b->size) == -1)
		return (-1);
	b->size += len;
	return (0);
}

int
body_append(struct body *b, const void *data, size_t len)
{
	if (body_put(b, data, len) == -1)
		return (-1);
	if (len > 0)
		b->last = ((const unsigned char *)data)[len - 1];
	return (0);
}

int
body_append_lines(struct body *b, const void *data, size_t len)
{
	const unsigned char *p = data, *end = p + len, *from = p, *lf;

	while ((lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p = lf + 1;
		if ((lf > (const unsigned char *)data ? lf[-1] : b->last) ==
		    '\r')
			continue;
		if (body_append(b, from, (size_t)(lf - from)) == -1 ||
		    body_append(b, "\r\n", 2) == -1)
			return (-1);
		from = p;
	}
	return (body_append(b, from, (size_t)(end - from)));
}

ssize_t
body_read(const struct body *b, uint64_t off, size_t want,
    const unsigned char **data)
{
	static unsigned char scratch[MILTER_CHUNK_SIZE];
	ssize_t n;

	if (want > b->size - off)
		want = (size_t)(b->size - off);
	if (b->fd == -1) {
		*data = buf_ptr(&b->mem) + off;
		return ((ssize_t)want);
	}
	if (want > sizeof(scratch))
		want = sizeof(scratch);
	do
		n = pread(b->fd, scratch, want, (off_t)off);
	while (n == -1 && errno == EINTR);
	if (n == 0) {
		errno = EIO;
		return (-1);
	}
	*data = scratch;
	return (n);
}
