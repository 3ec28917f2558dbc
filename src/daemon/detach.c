/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * detach.c - going to the background, and the process number's file.
 * Owns:      the pipe between the process that was called and the daemon; the
 *            open and locked file.
 * Called by: daemon.c, once each, detach_stdio() first of all.
 * Must not:  run while there are threads or other processes of ours.
 */
#include "compat.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/detach.h"

static int detach_pipe = -1;
static int pidfile_fd = -1;
static char *pidfile_path;

int
detach_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd < STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
	return (fd == -1 ? -1 : 0);
}

/* In the process that was called: the daemon's word is our exit status. */
static COMPAT_NORETURN void
detach_wait(int fd, pid_t pid)
{
	char c;
	int status = 0;
	ssize_t n;

	do
		n = read(fd, &c, 1);
	while (n == -1 && errno == EINTR);
	if (n == 1)
		_exit(EX_OK);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ?
	    WEXITSTATUS(status) : EX_SOFTWARE);
}

int
detach(void)
{
	int fd[2], null;
	pid_t pid;

	if (pipe(fd) == -1)
		return (-1);
	(void)fcntl(fd[1], F_SETFD, FD_CLOEXEC);
	pid = fork();
	if (pid == -1) {
		(void)close(fd[0]);
		(void)close(fd[1]);
		return (-1);
	}
	if (pid > 0) {
		(void)close(fd[1]);
		detach_wait(fd[0], pid);
	}
	(void)close(fd[0]);
	detach_pipe = fd[1];
	/*
	 * A session leader could get a terminal by opening one; the daemon
	 * opens none, so a second fork is not needed, and the caller can wait
	 * for its exit status.
	 */
	(void)setsid();
	if (chdir("/") == -1)
		return (-1);
	null = open("/dev/null", O_RDWR);
	if (null != -1) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		if (null > STDERR_FILENO)
			(void)close(null);
	}
	return (0);
}

void
detach_ready(void)
{
	ssize_t n;

	if (detach_pipe == -1)
		return;
	do
		n = write(detach_pipe, "", 1);
	while (n == -1 && errno == EINTR);
	(void)close(detach_pipe);
	detach_pipe = -1;
	/* Until here messages could still be seen. */
	(void)dup2(STDOUT_FILENO, STDERR_FILENO);
}

/* Is what is open there still the file of that name? */
static bool
pidfile_is(int fd, const char *path)
{
	struct stat open_file, named;

	return (fstat(fd, &open_file) == 0 && stat(path, &named) == 0 &&
	    open_file.st_dev == named.st_dev &&
	    open_file.st_ino == named.st_ino);
}

/* 0, or -1 as pidfile_open(). */
static int
pidfile_lock(int fd, pid_t *other)
{
	struct flock lock;
	int save;

	memset(&lock, 0, sizeof(lock));
	lock.l_type = F_WRLCK;
	lock.l_whence = SEEK_SET;
	if (fcntl(fd, F_SETLK, &lock) == 0)
		return (0);
	save = errno;
	lock.l_type = F_WRLCK;
	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		*other = lock.l_pid;
	errno = save;
	return (-1);
}

/*
 * Opens and locks.  The descriptor, or -1 as pidfile_open().  Root writes there
 * where others may have put a link to something else.
 */
static int
pidfile_get(const char *path, bool lock, pid_t *other)
{
	struct stat st;
	int fd, save;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW |
	    O_NONBLOCK, 0644);
	if (fd == -1)
		return (-1);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_nlink > 1) {
		(void)close(fd);
		errno = EINVAL;
		return (-1);
	}
	if (!lock || pidfile_lock(fd, other) == 0)
		return (fd);
	save = errno;
	(void)close(fd);
	errno = save;
	return (-1);
}

int
pidfile_open(const char *path, bool lock, pid_t *other)
{
	*other = 0;
	pidfile_fd = pidfile_get(path, lock, other);
	/* One that ends may have removed its file before we had the lock. */
	if (pidfile_fd != -1 && !pidfile_is(pidfile_fd, path)) {
		(void)close(pidfile_fd);
		pidfile_fd = pidfile_get(path, lock, other);
	}
	if (pidfile_fd == -1)
		return (-1);
	if ((pidfile_path = strdup(path)) == NULL) {
		(void)close(pidfile_fd);
		pidfile_fd = -1;
		errno = ENOMEM;
		return (-1);
	}
	return (0);
}

int
pidfile_write(void)
{
	char text[32];
	pid_t other;
	int len;

	if (pidfile_fd == -1)
		return (0);
	/* Ours already, or not yet. */
	if (pidfile_lock(pidfile_fd, &other) == -1)
		return (-1);
	len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	/* Nobody finds it empty, as where another process takes over. */
	return (pwrite(pidfile_fd, text, (size_t)len, 0) != (ssize_t)len ||
	    ftruncate(pidfile_fd, len) == -1 ? -1 : 0);
}

/* Whether it has our number, or none; else another process has it by now. */
static bool
pidfile_ours(void)
{
	char text[32], own[32];
	ssize_t n = pread(pidfile_fd, text, sizeof(text) - 1, 0);

	(void)snprintf(own, sizeof(own), "%ld\n", (long)getpid());
	text[n > 0 ? n : 0] = '\0';
	return (text[0] == '\0' || strcmp(text, own) == 0);
}

static void
pidfile_close(bool remove)
{
	if (remove && pidfile_fd != -1 && pidfile_ours()) {
		/* Its folder may be root's, or out of reach by now. */
		(void)ftruncate(pidfile_fd, 0);
		/* Somebody may have put another one there. */
		if (pidfile_is(pidfile_fd, pidfile_path))
			(void)unlink(pidfile_path);
	}
	if (pidfile_fd != -1)
		(void)close(pidfile_fd);
	free(pidfile_path);
	pidfile_path = NULL;
	pidfile_fd = -1;
}

int
pidfile_move(const char *path, pid_t *other)
{
	char *old_path = pidfile_path, *copy;
	int old_fd = pidfile_fd, save;

	*other = 0;
	/* By another way to it: closing it once would end the lock. */
	if (path != NULL && old_fd != -1 && pidfile_is(old_fd, path)) {
		if ((copy = strdup(path)) == NULL)
			return (-1);
		free(pidfile_path);
		pidfile_path = copy;
		return (0);
	}
	if (path == NULL) {
		pidfile_close(true);
		return (0);
	}
	pidfile_path = NULL;
	if (pidfile_open(path, true, other) == -1 || pidfile_write() == -1) {
		save = errno;
		pidfile_close(true);
		pidfile_fd = old_fd;
		pidfile_path = old_path;
		errno = save;
		return (-1);
	}
	save = pidfile_fd;
	copy = pidfile_path;
	pidfile_fd = old_fd;
	pidfile_path = old_path;
	pidfile_close(true);
	pidfile_fd = save;
	pidfile_path = copy;
	return (0);
}

void
pidfile_let_go(void)
{
	struct flock lock;

	if (pidfile_fd == -1)
		return;
	memset(&lock, 0, sizeof(lock));
	lock.l_type = F_UNLCK;
	lock.l_whence = SEEK_SET;
	(void)fcntl(pidfile_fd, F_SETLK, &lock);
}

void
pidfile_remove(void)
{
	pidfile_close(true);
	detach_forget();
}

void
detach_forget(void)
{
	if (detach_pipe != -1)
		(void)close(detach_pipe);
	detach_pipe = -1;
	pidfile_close(false);
}
