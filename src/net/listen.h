/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * listen.h - the socket on which MTAs connect.
 */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include <sys/socket.h>

#include <stdbool.h>

#include "base/spec.h"
#include "event/loop.h"

struct listener;

/*
 * A connection: fd is non-blocking and close-on-exec and now the callee's.
 */
typedef void listen_fn(struct listener *, int fd, const struct sockaddr *,
	    socklen_t, void *arg);

struct listen_options {
	unsigned	 mode;		/* chmod of a unix socket, e.g. 0660 */
	const char	*group;		/* chown of its group, NULL: leave it */
	bool		 lend;		/* we are root: a unix socket is to */
	uid_t		 owner;		/* be that user's */
	bool		 remove_on_create; /* unlink an old one; see below */
	bool		 remove_on_close;
	unsigned	 pause_ms;	/* wait when accept(2) lacks descriptors
					   or memory; 0: a second */
};

/*
 * Opens, binds and listens (SOMAXCONN, SO_REUSEADDR, IPV6_V6ONLY for inet6).
 * A host that is a name is looked up as target.h says, and waited for: this is
 * start-up.  With remove_on_create an existing *socket* at the path is removed
 * when nobody answers on it (a live one is EADDRINUSE, anything that is no
 * socket is left alone and is an error).  The socket gets mode and group
 * before anyone can connect.  With lend it is made by the owner (the effective
 * user id changes for that moment), since in a folder of his he could have root
 * change something else; where he cannot write, by root, and given to him.  A
 * group that does not exist or may not be
 * given is told in why but is no failure (a listener is returned, why is not
 * empty; else it is empty).  Returns NULL and one line in why otherwise.
 * Accepting starts with listener_start().
 */
struct listener *listener_new(const struct spec *,
	    const struct listen_options *, char *why, size_t whysize);
/*
 * Whether fd is a stream socket that listens where the spec says; port 0 is any
 * port.  A name is waited for.
 */
bool	listener_fits(int fd, const struct spec *);
/*
 * Takes over a socket that already listens (socket activation, upgrade).  lent:
 * the path of a unix socket stays another one's; it is not changed and not
 * removed.  NULL and errno on failure; then fd still belongs to the caller.
 */
struct listener *listener_adopt(int fd, const struct spec *,
	    const struct listen_options *, bool lent);
/*
 * The options of a new configuration; access: mode and group are set, too, if
 * the path is still ours.  0, or -1 and why; a group as at listener_new().
 */
int	listener_set(struct listener *, const struct listen_options *,
	    bool access, char *why, size_t whysize);
int	listener_fd(const struct listener *);	/* to hand it on */
bool	listener_lent(const struct listener *);
/* The path of the unix socket is another process's from now on. */
void	listener_let_go(struct listener *);

/* 0 or -1 and errno.  Accepts until EAGAIN or 64 a round. */
int	listener_start(struct listener *, struct loop *, listen_fn *,
	    void *arg);
/*
 * take is asked before each accept(2), with fn's arg.  False: not now; it has
 * paused the listener.  After true fn is called, with fd -1 when there was no
 * connection after all.
 */
void	listener_ask(struct listener *, bool (*take)(struct listener *,
	    void *arg));
/*
 * Stops accepting for a while (limit reached, descriptors short) and goes on;
 * the backlog keeps what comes.  When accept(2) fails for shortage the
 * listener pauses itself for pause_ms, logs it once, and logs once when
 * accepting works again.  listener_resume() ends such a pause, too: a session
 * that ended has given descriptors back.  Both may be called at any time, and
 * listener_free() also, from listen_fn included.
 */
void	listener_pause(struct listener *);
void	listener_resume(struct listener *);
/*
 * Removes the path, as listener_free() would, accepts what has already been
 * connected, and then calls done, from the loop or at once, which may free it.
 * While it is paused that waits; above 4096 connections it is enough.  One that
 * was not started is done at once.
 */
void	listener_retire(struct listener *, void (*done)(void *arg), void *arg);
/* The port that was really bound, for port 0; else that of the spec. */
unsigned listener_port(const struct listener *);
/* Closes; unlinks the unix socket if it is still this one (device, inode). */
void	listener_free(struct listener *);

#endif /* NET_LISTEN_H */
