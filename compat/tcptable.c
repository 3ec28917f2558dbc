/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * tcptable.c - the table of TCP connections as Linux has it, and as text.
 * Owns:      the form of /proc/net/tcp.
 * Called by: net/peers.c, by what tcptable.h says.
 * Must not:  know which connections are looked for.
 */
#include "compat.h"

#include "tcptable.h"

/* Hexadecimal digits up to another character; NULL when there is none. */
static const char *
tcptable_hex(const char *p, unsigned long *out)
{
	const char *begin = p;
	int digit;

	for (*out = 0; ; p++) {
		if (*p >= '0' && *p <= '9')
			digit = *p - '0';
		else if (*p >= 'A' && *p <= 'F')
			digit = *p - 'A' + 10;
		else
			break;
		*out = (*out << 4 | (unsigned long)digit) & 0xffffffff;
	}
	return (p == begin || p - begin > 8 ? NULL : p);
}

/*
 * " 0100007F:0019": words of 32 bits in the processor's own order, as they are
 * in memory, and the port as a number.
 */
static const char *
tcptable_end(const char *p, bool v6, unsigned char address[16],
    unsigned *port)
{
	char word[9];
	unsigned long n;
	unsigned value;
	size_t i, words = v6 ? 4 : 1;

	while (*p == ' ')
		p++;
	memset(address, 0, 16);
	if (!v6)
		address[10] = address[11] = 0xff;
	for (i = 0; i < words; i++) {
		(void)strlcpy(word, p, sizeof(word));
		if (strlen(word) != 8 || tcptable_hex(word, &n) != word + 8)
			return (NULL);
		value = (unsigned)n;
		memcpy(address + (v6 ? i * 4 : 12), &value, 4);
		p += 8;
	}
	if (*p++ != ':' || (p = tcptable_hex(p, &n)) == NULL || n > 0xffff)
		return (NULL);
	*port = (unsigned)n;
	return (p);
}

/* "  12: LOCAL:PORT REMOTE:PORT STATE ..." */
static void
tcptable_row(const char *p, bool v6, tcptable_fn *fn, void *arg)
{
	struct tcptable_row row;
	unsigned long state;

	p += strspn(p, " ");
	p += strspn(p, "0123456789");
	if (*p++ != ':' ||
	    (p = tcptable_end(p, v6, row.local, &row.local_port)) == NULL ||
	    (p = tcptable_end(p, v6, row.remote, &row.remote_port)) == NULL ||
	    *p++ != ' ' || tcptable_hex(p, &state) == NULL)
		return;
	/* Of <netinet/tcp.h>: CLOSE, CLOSE_WAIT and LISTEN. */
	row.state = state == 7 ? TCPTABLE_CLOSED : state == 8 ?
	    TCPTABLE_HALF_CLOSED : TCPTABLE_OPEN;
	if (state != 10)
		fn(&row, arg);
}

void
tcptable_text(struct tcptable *t, bool v6, const char *text, size_t len,
    tcptable_fn *fn, void *arg)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] != '\n') {
			/* Of one that is too long the end is not kept. */
			if (t->len < sizeof(t->line))
				t->line[t->len++] = text[i];
			continue;
		}
		if (t->len < sizeof(t->line)) {
			t->line[t->len] = '\0';
			tcptable_row(t->line, v6, fn, arg);
		}
		t->len = 0;
	}
}

#if !HAVE_TCP_SYSCTL

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TCPTABLE_PIECE	8	/* pages */

void
tcptable_stop(struct tcptable *t)
{
	if (t->busy && t->fd != -1)
		(void)close(t->fd);
	t->busy = false;
}

/* The next of the two; a kernel without IPv6 has only the first. */
static int
tcptable_open(struct tcptable *t)
{
	static const char *const path[] = {
		"/proc/net/tcp", "/proc/net/tcp6"
	};

	t->len = 0;
	t->fd = open(path[t->next], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (t->fd == -1 && t->next == 0)
		return (-1);
	t->next++;
	return (0);
}

int
tcptable_read(struct tcptable *t, tcptable_fn *fn, void *arg)
{
	char page[4096];
	ssize_t n = 0;
	int i, err;

	if (!t->busy) {
		t->next = 0;
		if (tcptable_open(t) == -1)
			return (-1);
		t->busy = true;
	}
	for (i = 0; i < TCPTABLE_PIECE; i++) {
		if (t->fd != -1)
			n = read(t->fd, page, sizeof(page));
		if (t->fd == -1 || n == 0) {
			if (t->fd != -1)
				(void)close(t->fd);
			t->fd = -1;
			if (t->next == 2) {
				t->busy = false;
				return (0);
			}
			(void)tcptable_open(t);
			return (1);
		}
		if (n == -1 && errno != EINTR) {
			err = errno;
			tcptable_stop(t);
			errno = err;
			return (-1);
		}
		if (n > 0)
			tcptable_text(t, t->next == 2, page, (size_t)n, fn,
			    arg);
	}
	return (1);
}

#undef TCPTABLE_PIECE
#endif /* !HAVE_TCP_SYSCTL */
