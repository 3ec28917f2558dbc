/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * listen.c - the socket on which MTAs connect.
 * Owns:      a listening descriptor, its path in the file system, the pauses.
 * Called by: the daemon and the test client at start and end; the loop.
 * Must not:  know what a connection is for.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "base/spec.h"
#include "event/loop.h"
#include "net/listen.h"
#include "net/sock.h"
#include "net/target_internal.h"

#define LISTEN_ROUND	64	/* connections before others get their turn */
#define LISTEN_PAUSE	1000	/* ms, when none is configured */
#define LISTEN_GID_MAX	0x7fffffff	/* where a gid_t has a sign, too */
#define LISTEN_LAST	4096	/* more than a backlog holds */

struct listener {
	struct spec		 spec;
	struct loop		*loop;		/* NULL until started */
	struct loop_io		 io;
	struct loop_timer	 timer;		/* runs: paused for shortage */
	listen_fn		*fn;
	bool			(*take)(struct listener *, void *);
	void			*arg;
	void			(*done)(void *);	/* retired: if empty */
	void			*done_arg;
	bool			*gone;		/* told when freed in fn */
	int			 fd;
	unsigned		 round;		/* accepted at a time */
	unsigned		 last;		/* accepted since retired */
	unsigned		 pause_ms;
	unsigned		 port;
	bool			 held;		/* paused by the owner */
	bool			 failing;	/* a shortage was logged */
	bool			 named;		/* the path is ours: dev, ino */
	bool			 remove;	/* unlink it at the end */
	dev_t			 dev;
	ino_t			 ino;
};

/* --- a unix socket's path ------------------------------------------------ */

/*
 * Whether somebody answers at the socket: 1, 0 when it is a leftover, -1 and
 * errno when that cannot be told.
 */
static int
listen_probe(const struct sockaddr *sa, socklen_t len)
{
	int fd, rc, err;

	if ((fd = sock_new(AF_UNIX)) == -1)
		return (-1);
	rc = connect(fd, sa, len);
	err = errno;
	(void)close(fd);
	errno = err;
	/* EAGAIN: its backlog is full, so it listens (Linux). */
	if (rc == 0 || err == EINPROGRESS || err == EAGAIN || err == EINTR)
		return (1);
	return (err == ECONNREFUSED || err == ENOENT ? 0 : -1);
}

/* Removes what an earlier run left.  0, or -1 and why. */
static int
listen_remove_stale(const char *path, const struct sockaddr *sa, socklen_t len,
    char *why, size_t whysize)
{
	struct stat st;
	int rc;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return (0);
		(void)snprintf(why, whysize, "unix:%s: %s", path,
		    strerror(errno));
		return (-1);
	}
	if (!S_ISSOCK(st.st_mode)) {
		(void)snprintf(why, whysize, "unix:%s: this exists and is no "
		    "socket; it is left alone", path);
		return (-1);
	}
	rc = listen_probe(sa, len);
	if (rc == 1) {
		errno = EADDRINUSE;
		(void)snprintf(why, whysize, "unix:%s: %s: another process "
		    "answers on it", path, strerror(EADDRINUSE));
		return (-1);
	}
	if (rc == -1 || (unlink(path) == -1 && errno != ENOENT)) {
		(void)snprintf(why, whysize, "unix:%s: the old socket cannot "
		    "be %s: %s", path, rc == -1 ? "tried" : "removed",
		    strerror(errno));
		return (-1);
	}
	return (0);
}

/* Gives the path its group; a failure is told and goes no further. */
static void
listen_set_group(const char *path, const char *name, char *why, size_t whysize)
{
	const struct group *group = getgrnam(name);
	uint64_t gid;

	if (group != NULL)
		gid = group->gr_gid;
	else if (number_read(name, 10, LISTEN_GID_MAX, &gid) == -1) {
		(void)snprintf(why, whysize, "unix:%s: there is no group "
		    "'%s'; the socket keeps its group", path, name);
		return;
	}
	if (lchown(path, (uid_t)-1, (gid_t)gid) == -1)
		(void)snprintf(why, whysize, "unix:%s: its group cannot "
		    "become '%s': %s", path, name, strerror(errno));
}

/* For a moment the effective user is the one whose socket it is to be. */
static void
listen_lend(const struct listen_options *options, bool on)
{
	int save = errno;

	/* Back is always possible: the real user is root. */
	if (options->lend)
		(void)seteuid(on ? options->owner : 0);
	errno = save;
}

/* bind(2), without a right for anybody, and the owner.  0, or -1 and errno. */
static int
listen_bind_path(struct listener *l, const struct listen_options *options,
    const struct sockaddr *sa, socklen_t len)
{
	mode_t mask = umask(0777);
	int rc, save;

	listen_lend(options, true);
	rc = bind(l->fd, sa, len);
	listen_lend(options, false);
	if (rc == -1 && errno == EACCES && options->lend) {
		rc = bind(l->fd, sa, len);
		if (rc == 0)
			rc = lchown(l->spec.path, options->owner, (gid_t)-1);
	}
	save = errno;
	(void)umask(mask);
	errno = save;
	return (rc);
}

/* Binds a unix socket; nobody can connect before listen(2).  0 or -1. */
static int
listen_bind_unix(struct listener *l, const struct listen_options *options,
    char *why, size_t whysize)
{
	const char *path = l->spec.path;
	struct sockaddr_storage ss;
	struct sockaddr *sa = (struct sockaddr *)&ss;
	socklen_t len;
	struct stat st;
	int rc;

	if (spec_sockaddr(&l->spec, true, &ss, &len) == -1) {
		(void)snprintf(why, whysize, "unix:%s: the path is too long",
		    path);
		return (-1);
	}
	if (options->remove_on_create &&
	    listen_remove_stale(path, sa, len, why, whysize) == -1)
		return (-1);
	if ((l->fd = sock_new(AF_UNIX)) == -1) {
		(void)snprintf(why, whysize, "unix:%s: %s", path,
		    strerror(errno));
		return (-1);
	}
	if (listen_bind_path(l, options, sa, len) == -1) {
		(void)snprintf(why, whysize, "unix:%s: %s", path,
		    strerror(errno));
		return (-1);
	}
	/* From here on the path is ours, and goes when something fails. */
	if (lstat(path, &st) == -1 || !S_ISSOCK(st.st_mode)) {
		(void)snprintf(why, whysize, "unix:%s: it vanished while it "
		    "was made", path);
		return (-1);
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	l->named = l->remove = true;
	if (options->group != NULL)
		listen_set_group(path, options->group, why, whysize);
	listen_lend(options, true);
	rc = chmod(path, (mode_t)(options->mode & 0777));
	listen_lend(options, false);
	if (rc == -1 || listen(l->fd, SOMAXCONN) == -1) {
		(void)snprintf(why, whysize, "unix:%s: %s", path,
		    strerror(errno));
		return (-1);
	}
	l->remove = options->remove_on_close;
	return (0);
}

/* --- TCP ----------------------------------------------------------------- */

static int
listen_bind_address(struct listener *l, const struct sockaddr *sa,
    socklen_t len, char *why, size_t whysize)
{
	const int on = 1;
	char text[SPEC_TEXT_MAX];
	int err;

	l->fd = sock_new(sa->sa_family);
	if (l->fd != -1 &&
	    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0
#ifdef IPV6_V6ONLY
	    && (sa->sa_family != AF_INET6 || setsockopt(l->fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &on, sizeof(on)) == 0)
#endif
	    && bind(l->fd, sa, len) == 0 && listen(l->fd, SOMAXCONN) == 0)
		return (0);
	err = errno;
	(void)snprintf(why, whysize, "%s: %s",
	    addr_format(sa, len, text, sizeof(text)), strerror(err));
	if (l->fd != -1)
		(void)close(l->fd);
	l->fd = -1;
	errno = err;
	return (-1);
}

static int
listen_bind_inet(struct listener *l, char *why, size_t whysize)
{
	struct sockaddr_storage ss;
	struct target_answer *all;
	socklen_t len;
	char text[128];
	size_t i;
	int rc = -1;

	if (spec_sockaddr(&l->spec, true, &ss, &len) == 0)
		return (listen_bind_address(l, (struct sockaddr *)&ss, len,
		    why, whysize));
	all = resolver_wait(l->spec.family, l->spec.host, l->spec.port, text,
	    sizeof(text));
	if (all == NULL) {
		(void)snprintf(why, whysize, "host '%s': %s", l->spec.host,
		    text);
		return (-1);
	}
	for (i = 0; i < all->n && rc == -1; i++)
		rc = listen_bind_address(l,
		    (struct sockaddr *)&all->addr[i].ss, all->addr[i].len,
		    why, whysize);
	free(all);
	if (rc == 0)
		why[0] = '\0';
	return (rc);
}

/* --- making and ending --------------------------------------------------- */

/* The port that the kernel chose, if it did. */
static void
listen_learn_port(struct listener *l)
{
	union {
		struct sockaddr_storage	ss;
		struct sockaddr_in	in;
		struct sockaddr_in6	in6;
	} u;
	socklen_t len = sizeof(u);

	l->port = l->spec.port;
	memset(&u, 0, sizeof(u));
	if (getsockname(l->fd, (struct sockaddr *)&u, &len) == -1)
		return;
	if (u.ss.ss_family == AF_INET)
		l->port = ntohs(u.in.sin_port);
	else if (u.ss.ss_family == AF_INET6)
		l->port = ntohs(u.in6.sin6_port);
}

static struct listener *
listen_alloc(const struct spec *spec, const struct listen_options *options)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return (NULL);
	l->fd = -1;
	l->round = LISTEN_ROUND;
	l->pause_ms = options->pause_ms > 0 ? options->pause_ms :
	    LISTEN_PAUSE;
	if (spec_copy(spec, &l->spec) == -1) {
		free(l);
		return (NULL);
	}
	return (l);
}

struct listener *
listener_new(const struct spec *spec, const struct listen_options *options,
    char *why, size_t whysize)
{
	struct listener *l = listen_alloc(spec, options);
	int rc;

	why[0] = '\0';
	if (l == NULL) {
		(void)snprintf(why, whysize, "out of memory");
		return (NULL);
	}
	if (spec->family == AF_UNIX)
		rc = listen_bind_unix(l, options, why, whysize);
	else
		rc = listen_bind_inet(l, why, whysize);
	if (rc == -1) {
		listener_free(l);
		return (NULL);
	}
	listen_learn_port(l);
	return (l);
}

static bool
listen_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b,
    bool any_port)
{
	union listen_address {
		struct sockaddr_storage	ss;
		struct sockaddr_in	in;
		struct sockaddr_in6	in6;
		struct sockaddr_un	un;
	} x, y;

	x.ss = *a;
	y.ss = *b;
	if (x.ss.ss_family != y.ss.ss_family)
		return (false);
	if (x.ss.ss_family == AF_UNIX)
		return (strncmp(x.un.sun_path, y.un.sun_path,
		    sizeof(x.un.sun_path)) == 0);
	if (x.ss.ss_family == AF_INET)
		return ((any_port || x.in.sin_port == y.in.sin_port) &&
		    x.in.sin_addr.s_addr == y.in.sin_addr.s_addr);
	return ((any_port || x.in6.sin6_port == y.in6.sin6_port) &&
	    memcmp(&x.in6.sin6_addr, &y.in6.sin6_addr,
	    sizeof(x.in6.sin6_addr)) == 0);
}

bool
listener_fits(int fd, const struct spec *spec)
{
	struct sockaddr_storage is, wanted;
	struct target_answer *all;
	char why[128];
	socklen_t len = sizeof(is);
	int on = 0;
	socklen_t onlen = sizeof(on);
	bool fits = false;
	size_t i;

	memset(&is, 0, sizeof(is));
	if (getsockname(fd, (struct sockaddr *)&is, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &onlen) == -1 ||
	    on == 0)
		return (false);
	memset(&wanted, 0, sizeof(wanted));
	if (spec_sockaddr(spec, true, &wanted, &len) == 0)
		return (listen_same(&is, &wanted, spec->port == 0));
	all = resolver_wait(spec->family, spec->host, spec->port, why,
	    sizeof(why));
	for (i = 0; all != NULL && i < all->n && !fits; i++)
		fits = listen_same(&is, &all->addr[i].ss, spec->port == 0);
	free(all);
	return (fits);
}

struct listener *
listener_adopt(int fd, const struct spec *spec,
    const struct listen_options *options, bool lent)
{
	struct listener *l;
	struct stat st;

	if (sock_prepare(fd) == -1)
		return (NULL);
	if ((l = listen_alloc(spec, options)) == NULL)
		return (NULL);
	l->fd = fd;
	if (!lent && spec->family == AF_UNIX && lstat(spec->path, &st) == 0 &&
	    S_ISSOCK(st.st_mode)) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
		l->named = true;
		l->remove = options->remove_on_close;
	}
	listen_learn_port(l);
	return (l);
}

/* Whether the path still leads to this socket, which we have made. */
static bool
listen_has_path(const struct listener *l)
{
	struct stat st;

	return (l->named && lstat(l->spec.path, &st) == 0 &&
	    S_ISSOCK(st.st_mode) && st.st_dev == l->dev &&
	    st.st_ino == l->ino);
}

/* Another daemon may have put its own there meanwhile. */
static void
listen_unlink(struct listener *l)
{
	if (l->remove && listen_has_path(l))
		(void)unlink(l->spec.path);
	l->named = l->remove = false;
}

int
listener_set(struct listener *l, const struct listen_options *options,
    bool access, char *why, size_t whysize)
{
	why[0] = '\0';
	if (access && listen_has_path(l)) {
		if (options->group != NULL)
			listen_set_group(l->spec.path, options->group, why,
			    whysize);
		if (chmod(l->spec.path,
		    (mode_t)(options->mode & 0777)) == -1) {
			(void)snprintf(why, whysize, "unix:%s: %s",
			    l->spec.path, strerror(errno));
			return (-1);
		}
	}
	l->remove = l->named && options->remove_on_close;
	if (options->pause_ms > 0)
		l->pause_ms = options->pause_ms;
	return (0);
}

void
listener_let_go(struct listener *l)
{
	l->named = l->remove = false;
}

int
listener_fd(const struct listener *l)
{
	return (l->fd);
}

bool
listener_lent(const struct listener *l)
{
	return (l->spec.family == AF_UNIX && !l->named);
}

void
listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	if (l->gone != NULL)
		*l->gone = true;
	loop_io_del(&l->io);
	loop_timer_stop(&l->timer);
	listen_unlink(l);
	if (l->fd != -1)
		(void)close(l->fd);
	spec_free(&l->spec);
	free(l);
}

unsigned
listener_port(const struct listener *l)
{
	return (l->port);
}

/* --- accepting ----------------------------------------------------------- */

/* Tells the loop whether to watch; only stopping cannot fail. */
static int
listen_arm(struct listener *l)
{
	if (l->loop == NULL)
		return (0);
	return (loop_io_want(&l->io, l->held || loop_timer_running(&l->timer) ?
	    0 : LOOP_READ));
}

static void	listen_on_ready(struct loop_io *, unsigned, void *);

static void
listen_on_timer(struct loop_timer *timer, void *arg)
{
	struct listener *l = arg;

	/* Ready is not what an empty backlog gets. */
	if (l->done != NULL)
		listen_on_ready(&l->io, 0, l);
	else if (listen_arm(l) == -1)
		loop_timer_start(l->loop, timer, l->pause_ms, listen_on_timer,
		    l);
}

/* accept(2) failed for a reason (EMFILE ...) that will last a while. */
static void
listen_shortage(struct listener *l, int err)
{
	char text[SPEC_TEXT_MAX];

	if (!l->failing)
		log_write(LOGL_ERROR, "listen=%s cannot accept: %s; trying "
		    "again every %u ms", spec_format(&l->spec, text,
		    sizeof(text)), strerror(err), l->pause_ms);
	l->failing = true;
	loop_timer_start(l->loop, &l->timer, l->pause_ms, listen_on_timer, l);
	(void)listen_arm(l);
}

static void
listen_give_back(struct listener *l)
{
	int saved = errno;

	l->fn(l, -1, NULL, 0, l->arg);
	errno = saved;
}

/* As many as that.  1: there is no more; 0; -1: it was freed. */
static int
listen_accept(struct listener *l, unsigned most)
{
	struct sockaddr_storage ss;
	socklen_t len;
	char text[SPEC_TEXT_MAX];
	bool gone = false;
	unsigned i;
	int fd, empty = 0;

	l->gone = &gone;
	for (i = 0; i < most && !l->held; i++) {
		if (l->take != NULL && !l->take(l, l->arg))
			break;
		len = sizeof(ss);
		memset(&ss, 0, sizeof(ss));
		fd = sock_accept(l->fd, (struct sockaddr *)&ss, &len);
		if (fd == -1) {
			if (l->take != NULL)
				listen_give_back(l);
			if (errno == EAGAIN || errno == EWOULDBLOCK) {
				empty = 1;
				break;
			}
			/* This peer is gone; the next one may be there. */
			if (errno == EINTR || errno == ECONNABORTED ||
			    errno == ECONNRESET || errno == EPROTO ||
			    errno == ENETDOWN || errno == ENETUNREACH ||
			    errno == EHOSTUNREACH || errno == EPERM)
				continue;
			listen_shortage(l, errno);
			break;
		}
		if (l->failing) {
			l->failing = false;
			log_write(LOGL_MESSAGE, "listen=%s accepting again",
			    spec_format(&l->spec, text, sizeof(text)));
		}
		if (len > (socklen_t)sizeof(ss))
			len = sizeof(ss);
		l->last++;
		l->fn(l, fd, (struct sockaddr *)&ss, len, l->arg);
		if (gone)
			return (-1);
	}
	l->gone = NULL;
	return (empty);
}

static void
listen_on_ready(struct loop_io *io, unsigned ready, void *arg)
{
	struct listener *l = arg;
	int empty;

	(void)io;
	(void)ready;
	empty = listen_accept(l, l->round);
	if (empty != -1 && l->done != NULL &&
	    (empty == 1 || l->last >= LISTEN_LAST))
		l->done(l->done_arg);
}

int
listener_start(struct listener *l, struct loop *loop, listen_fn *fn, void *arg)
{
	l->fn = fn;
	l->arg = arg;
	if (loop_io_add(loop, &l->io, l->fd, l->held ? 0 : LOOP_READ,
	    listen_on_ready, l) == -1)
		return (-1);
	l->loop = loop;
	return (0);
}

void
listener_ask(struct listener *l, bool (*take)(struct listener *, void *),
    unsigned round)
{
	l->take = take;
	l->round = round;
}

void
listener_retire(struct listener *l, void (*done)(void *), void *arg)
{
	int empty;

	listen_unlink(l);
	l->last = 0;
	empty = l->loop == NULL ? 1 : listen_accept(l, LISTEN_LAST);
	if (empty == -1)
		return;
	if (empty == 1 || l->last >= LISTEN_LAST) {
		done(arg);
		return;
	}
	l->done = done;
	l->done_arg = arg;
	if (!l->held && !loop_timer_running(&l->timer))
		loop_timer_start(l->loop, &l->timer, 0, listen_on_timer, l);
}

void
listener_pause(struct listener *l)
{
	l->held = true;
	(void)listen_arm(l);
}

void
listener_resume(struct listener *l)
{
	l->held = false;
	loop_timer_stop(&l->timer);
	if (l->done != NULL)
		loop_timer_start(l->loop, &l->timer, 0, listen_on_timer, l);
	else if (listen_arm(l) == -1)
		loop_timer_start(l->loop, &l->timer, l->pause_ms,
		    listen_on_timer, l);
}

#undef LISTEN_ROUND
#undef LISTEN_PAUSE
#undef LISTEN_GID_MAX
#undef LISTEN_LAST
