/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * tcptable_bsd.c - the table of TCP connections as BSD systems have it: all of
 * it at once, from sysctl(3).
 * Owns:      where each of them has what in it.
 * Called by: net/peers.c, by what tcptable.h says.
 * Must not:  know which connections are looked for.
 */
#include "compat.h"

#if HAVE_TCP_SYSCTL

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>

#include <netinet/in.h>
#ifdef __FreeBSD__
#include <netinet/in_pcb.h>
#include <netinet/tcp.h>
#include <netinet/tcp_var.h>
#endif
#include <netinet/tcp_fsm.h>

#ifdef __OpenBSD__
#include <sys/file.h>
#endif

#include <errno.h>
#include <stdint.h>

#include "tcptable.h"

#define TCPTABLE_MAX	(32u * 1024u * 1024u)

void
tcptable_stop(struct tcptable *t)
{
	(void)t;
}

/*
 * All of what a name of sysctl has.  Where each (size of an entry) is not 0,
 * the last part of the name is how many there is room for.  NULL and errno.
 */
static void *
tcptable_get(int *mib, unsigned n, size_t each, size_t *len)
{
	void *all;
	int tries, err;

	for (tries = 0; ; tries++) {
		if (each != 0)
			mib[n - 1] = 0;
		if (sysctl(mib, n, NULL, len, NULL, 0) == -1)
			return (NULL);
		*len += *len / 8 + 4096;	/* more may come */
		if (*len > TCPTABLE_MAX) {
			errno = EFBIG;
			return (NULL);
		}
		if ((all = malloc(*len)) == NULL)
			return (NULL);
		if (each != 0)
			mib[n - 1] = (int)(*len / each);
		if (sysctl(mib, n, all, len, NULL, 0) == 0)
			return (all);
		err = errno;
		free(all);
		errno = err;
		if (err != ENOMEM || tries == 3)
			return (NULL);
	}
}

static void
tcptable_address(unsigned char dst[16], bool v6, const void *src)
{
	memset(dst, 0, 16);
	if (v6)
		memcpy(dst, src, 16);
	else {
		dst[10] = dst[11] = 0xff;
		memcpy(dst + 12, src, 4);
	}
}

static void
tcptable_tell(struct tcptable_row *row, int state, tcptable_fn *fn, void *arg)
{
	if (state == TCPS_LISTEN)
		return;
	row->state = state == TCPS_CLOSED ? TCPTABLE_CLOSED :
	    state == TCPS_CLOSE_WAIT ? TCPTABLE_HALF_CLOSED : TCPTABLE_OPEN;
	fn(row, arg);
}

#if defined(__FreeBSD__)

int
tcptable_read(struct tcptable *t, tcptable_fn *fn, void *arg)
{
	struct tcptable_row row;
	struct xtcpcb x;
	size_t len, at, each, n = CTL_MAXNAME;
	int mib[CTL_MAXNAME];
	unsigned char *all;
	bool v6;

	(void)t;
	if (sysctlnametomib("net.inet.tcp.pcblist", mib, &n) == -1 ||
	    (all = tcptable_get(mib, (unsigned)n, 0, &len)) == NULL)
		return (-1);
	/* One struct xinpgen in front of all and one behind. */
	at = sizeof(struct xinpgen);
	for (; at + sizeof(x) <= len; at += each) {
		memcpy(&x, all + at, sizeof(x));
		each = (size_t)x.xt_len;
		if (each < sizeof(x))
			break;
		v6 = (x.xt_inp.inp_vflag & INP_IPV6) != 0;
		tcptable_address(row.local, v6, v6 ?
		    (const void *)&x.xt_inp.in6p_laddr :
		    (const void *)&x.xt_inp.inp_laddr);
		tcptable_address(row.remote, v6, v6 ?
		    (const void *)&x.xt_inp.in6p_faddr :
		    (const void *)&x.xt_inp.inp_faddr);
		row.local_port = ntohs(x.xt_inp.inp_lport);
		row.remote_port = ntohs(x.xt_inp.inp_fport);
		tcptable_tell(&row, x.t_state, fn, arg);
	}
	free(all);
	return (0);
}

#elif defined(__NetBSD__)

static bool
tcptable_sockaddr(const struct sockaddr *sa, unsigned char address[16],
    unsigned *port)
{
	const struct sockaddr_in6 *a6 = (const void *)sa;
	const struct sockaddr_in *a4 = (const void *)sa;

	if (sa->sa_family == AF_INET6) {
		tcptable_address(address, true, &a6->sin6_addr);
		*port = ntohs(a6->sin6_port);
	} else {
		tcptable_address(address, false, &a4->sin_addr);
		*port = ntohs(a4->sin_port);
	}
	return (sa->sa_family == AF_INET || sa->sa_family == AF_INET6);
}

int
tcptable_read(struct tcptable *t, tcptable_fn *fn, void *arg)
{
	static const char *const names[] = {
		"net.inet.tcp.pcblist", "net.inet6.tcp6.pcblist"
	};
	struct tcptable_row row;
	struct kinfo_pcb k;
	size_t len, at, n = CTL_MAXNAME - 4;
	int mib[CTL_MAXNAME], r = 0;
	unsigned char *all;

	/* The two are two pieces; a kernel without IPv6 has only the first. */
	if (!t->busy)
		t->next = 0;
	t->busy = t->next == 0;
	all = NULL;
	if (sysctlnametomib(names[t->next], mib, &n) == 0) {
		mib[n++] = PCB_ALL;
		mib[n++] = 0;
		mib[n++] = (int)sizeof(k);
		all = tcptable_get(mib, (unsigned)n + 1, sizeof(k), &len);
	}
	if (all == NULL && t->next == 0)
		r = -1;
	for (at = 0; all != NULL && at + sizeof(k) <= len; at += sizeof(k)) {
		memcpy(&k, all + at, sizeof(k));
		if (tcptable_sockaddr(&k.ki_src, row.local, &row.local_port) &&
		    tcptable_sockaddr(&k.ki_dst, row.remote, &row.remote_port))
			tcptable_tell(&row, k.ki_tstate, fn, arg);
	}
	free(all);
	if (r == -1)
		t->busy = false;
	else if (t->next++ == 0)
		r = 1;
	return (r);
}

#else /* OpenBSD */

int
tcptable_read(struct tcptable *t, tcptable_fn *fn, void *arg)
{
	struct tcptable_row row;
	struct kinfo_file k;
	size_t len, at;
	int mib[] = { CTL_KERN, KERN_FILE, KERN_FILE_BYFILE, DTYPE_SOCKET,
	    (int)sizeof(k), 0 };
	unsigned char *all;
	bool v6;

	(void)t;
	all = tcptable_get(mib, 6, sizeof(k), &len);
	if (all == NULL)
		return (-1);
	for (at = 0; at + sizeof(k) <= len; at += sizeof(k)) {
		memcpy(&k, all + at, sizeof(k));
		v6 = k.so_family == AF_INET6;
		if ((k.so_family != AF_INET && !v6) ||
		    k.so_protocol != IPPROTO_TCP)
			continue;
		tcptable_address(row.local, v6, k.inp_laddru);
		tcptable_address(row.remote, v6, k.inp_faddru);
		row.local_port = ntohs((uint16_t)k.inp_lport);
		row.remote_port = ntohs((uint16_t)k.inp_fport);
		tcptable_tell(&row, (int)k.t_state, fn, arg);
	}
	free(all);
	return (0);
}

#endif
#undef TCPTABLE_MAX
#endif /* HAVE_TCP_SYSCTL */
