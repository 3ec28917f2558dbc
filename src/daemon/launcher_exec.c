/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * launcher_exec.c - becoming a command.
 * Owns:      all that a command finds: user, groups, environment, descriptors,
 *            signals, session, folder, limits.
 * Called by: launcher_run.c.
 * Must not:  leave anything of the launcher's to a command.
 */
#include "compat.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/launcher_internal.h"

#define LAUNCHER_SIGNALS 128	/* above every system's last one */

extern char **environ;	/* NOLINT: not in every <unistd.h> */

int
launcher_user(const struct launcher *l, const char *name, bool root,
    struct launcher_user *u, char *why, size_t whysize)
{
	const struct passwd *pw;

	memset(u, 0, sizeof(*u));
	u->uid = root ? geteuid() : l->daemon->privilege.uid;
	u->gid = root ? getegid() : l->daemon->privilege.gid;
	pw = name != NULL ? getpwnam(name) : getpwuid(u->uid);
	if (pw == NULL && name != NULL) {
		(void)snprintf(why, whysize, "user_name: there is no user "
		    "%.64s", name);
		return (-1);
	}
	if (pw != NULL) {
		(void)strlcpy(u->name, pw->pw_name, sizeof(u->name));
		(void)strlcpy(u->home, pw->pw_dir, sizeof(u->home));
	}
	if (name != NULL) {
		u->uid = pw->pw_uid;
		u->gid = pw->pw_gid;
	}
	u->change = u->uid != geteuid() || u->gid != getegid();
	if (u->change && geteuid() != 0) {
		(void)snprintf(why, whysize, "user_name: only root can become "
		    "%.64s", u->name);
		return (-1);
	}
	return (0);
}

/* --- in the forked process: 0, or -1 and errno --------------------------- */

void
launcher_default_signals(void)
{
	sigset_t set;
	int i;

	for (i = 1; i < LAUNCHER_SIGNALS; i++)
		(void)signal(i, SIG_DFL);
	(void)sigemptyset(&set);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
}

/* Its 0, 1 and 2, and the way back to us as 3, which goes with the program. */
static int
launcher_descriptors(const struct launcher_command *c, int status)
{
	int fd[4], i;

	for (i = 0; i < 4; i++) {
		fd[i] = i == 3 ? status : c->fd[i];
		fd[i] = fd[i] == -1 ? open("/dev/null", O_RDWR) :
		    fcntl(fd[i], F_DUPFD, 4);
		/* One of its own is above those that are overwritten. */
		if (fd[i] != -1 && fd[i] < 4)
			fd[i] = fcntl(fd[i], F_DUPFD, 4);
		if (fd[i] == -1)
			return (-1);
	}
	for (i = 0; i < 4; i++)
		if (dup2(fd[i], i) == -1)
			return (-1);
	closefrom(4);
	return (fcntl(3, F_SETFD, FD_CLOEXEC));
}

static int
launcher_become(const struct launcher_user *u)
{
	if (!u->change)
		return (0);
	if ((u->name[0] != '\0' ? initgroups(u->name, u->gid) :
	    setgroups(1, &u->gid)) == -1 || setgid(u->gid) == -1 ||
	    setuid(u->uid) == -1)
		return (-1);
	errno = EPERM;
	return (u->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0) ? -1 : 0);
}

/* One that nobody has put anything into. */
static char **
launcher_environment(const struct launcher_user *u, struct buf *b)
{
	const char *name = u->name[0] != '\0' ? u->name : "nobody";

	return (buf_printf(b, "PATH=/usr/local/sbin:/usr/local/bin:/usr/pkg/"
	    "sbin:/usr/pkg/bin:/usr/sbin:/usr/bin:/sbin:/bin%cHOME=%s%c"
	    "LOGNAME=%s%cUSER=%s%cSHELL=/bin/sh%c", '\0',
	    u->home[0] != '\0' ? u->home : "/", '\0', name, '\0', name,
	    '\0', '\0') == -1 ? NULL : feed_command_vector(b, NULL));
}

/* A table's program has what it has without a launcher. */
static void
launcher_become_feed(const struct launcher_command *c)
{
	char path[FEED_PATH_MAX];
	size_t i;

	environ = feed_command_vector(&c->feed->env, environ);
	if (environ == NULL)
		return;
	errno = ENOENT;
	for (i = 0; errno == ENOENT && feed_command_path(c->feed, i, path);
	    i++)
		(void)execvp(path, c->argv);
}

static COMPAT_NORETURN void
launcher_child(const struct launcher_command *c,
    const struct rlimit *descriptors, int status)
{
	struct buf env;
	char **envp;
	int error;

	memset(&env, 0, sizeof(env));
	(void)setsid();
	launcher_default_signals();
	(void)umask(022);
	(void)setrlimit(RLIMIT_NOFILE, descriptors);
	error = launcher_descriptors(c, status);
	/* From here on that is the way back; the other is closed. */
	status = error == 0 ? 3 : status;
	if (error == 0 && chdir("/") == 0 && launcher_become(&c->user) == 0) {
		envp = launcher_environment(&c->user, &env);
		if (c->feed != NULL)
			launcher_become_feed(c);
		else if (envp != NULL)
			(void)execve(c->argv[0], c->argv, envp);
	}
	error = errno;
	(void)!write(status, &error, sizeof(error));
	_exit(127);
}

/* --- in the launcher ----------------------------------------------------- */

pid_t
launcher_exec(const struct launcher_command *c,
    const struct rlimit *descriptors)
{
	int error = 0, fd[2];
	ssize_t n;
	pid_t pid;

	if (pipe(fd) == -1)
		return (-1);
	pid = fork();
	if (pid == 0)
		launcher_child(c, descriptors, fd[1]);
	if (pid == -1)
		error = errno;
	(void)close(fd[1]);
	/* It becomes the command or says why not: either ends this soon. */
	if (pid > 0)
		do
			n = read(fd[0], &error, sizeof(error));
		while (n == -1 && errno == EINTR);
	(void)close(fd[0]);
	if (error == 0)
		return (pid);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	errno = error;
	return (-1);
}

#undef LAUNCHER_SIGNALS
