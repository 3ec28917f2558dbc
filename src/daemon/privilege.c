/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * privilege.c - who the daemon becomes, and what it leaves to that one.
 * Owns:      the change of group, user and root, and its order.
 * Called by: daemon.c at the start, while there is one thread and no loop.
 * Must not:  follow a name in a folder that somebody else can write to.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/number.h"
#include "daemon/privilege.h"

#define PRIVILEGE_ID_MAX	0x7fffffff	/* where ids have a sign, too */

/* --- who ----------------------------------------------------------------- */

static int
privilege_find_user(struct privilege *p, const char *text, char *why,
    size_t whysize)
{
	const struct passwd *pw = getpwnam(text);
	uint64_t id;

	if (pw == NULL) {
		if (number_read(text, 10, PRIVILEGE_ID_MAX, &id) == -1) {
			(void)snprintf(why, whysize, "security.effective_user:"
			    " there is no user '%s'", text);
			return (EX_NOUSER);
		}
		p->uid = (uid_t)id;
		pw = getpwuid(p->uid);
	}
	if (pw == NULL)
		return (EX_OK);
	p->uid = pw->pw_uid;
	p->gid = pw->pw_gid;
	if (strlcpy(p->name, pw->pw_name, sizeof(p->name)) >=
	    sizeof(p->name)) {
		(void)snprintf(why, whysize, "security.effective_user: the "
		    "name is longer than %zu", sizeof(p->name) - 1);
		return (EX_NOUSER);
	}
	return (EX_OK);
}

static int
privilege_find_group(struct privilege *p, const char *text, char *why,
    size_t whysize)
{
	const struct group *gr = getgrnam(text);
	uint64_t id;

	if (gr != NULL)
		p->gid = gr->gr_gid;
	else if (number_read(text, 10, PRIVILEGE_ID_MAX, &id) == 0)
		p->gid = (gid_t)id;
	else {
		(void)snprintf(why, whysize, "security.effective_group: there "
		    "is no group '%s'", text);
		return (EX_NOUSER);
	}
	return (EX_OK);
}

/* What an ordinary user asks for has to be what he is. */
static int
privilege_ordinary(const struct privilege *p, const struct conf *conf,
    char *why, size_t whysize)
{
	if (p->uid != geteuid())
		(void)snprintf(why, whysize, "security.effective_user: only "
		    "root can become '%s'; start it as root or as that user",
		    conf->effective_user);
	else if (conf->effective_group != NULL && p->gid != getegid())
		(void)snprintf(why, whysize, "security.effective_group: only "
		    "root can change to '%s'", conf->effective_group);
	else if (conf->chroot != NULL)
		(void)snprintf(why, whysize, "security.chroot: only root can "
		    "do that");
	else
		return (EX_OK);
	return (EX_NOPERM);
}

int
privilege_find(struct privilege *p, const struct conf *conf, bool check,
    char *why, size_t whysize)
{
	int status = EX_OK;

	memset(p, 0, sizeof(*p));
	why[0] = '\0';
	p->uid = geteuid();
	p->gid = getegid();
	if (conf->effective_user != NULL)
		status = privilege_find_user(p, conf->effective_user, why,
		    whysize);
	/* It cannot be guessed, and root's is not it. */
	if (status == EX_OK && conf->effective_user != NULL &&
	    conf->effective_group == NULL && p->name[0] == '\0') {
		(void)snprintf(why, whysize, "security.effective_user: there "
		    "is no user '%s' who would have a group; expected "
		    "security.effective_group, too", conf->effective_user);
		return (EX_NOUSER);
	}
	if (status == EX_OK && conf->effective_group != NULL)
		status = privilege_find_group(p, conf->effective_group, why,
		    whysize);
	if (status != EX_OK || check)
		return (status);
	if (geteuid() != 0)
		return (privilege_ordinary(p, conf, why, whysize));
	p->folder = conf->chroot;
	if (p->uid == 0 && p->folder != NULL) {
		(void)snprintf(why, whysize, "security.chroot: root can leave "
		    "it; expected security.effective_user, too");
		return (EX_CONFIG);
	}
	p->change = p->uid != 0 || conf->effective_group != NULL;
	return (EX_OK);
}

/* --- files and folders --------------------------------------------------- */

bool
privilege_may_lend(const struct privilege *p)
{
	return (p->change && p->uid != 0 && getuid() == 0);
}

void
privilege_lend(const struct privilege *p, bool on)
{
	int save = errno;

	/* One of them may stay root's for a moment, but not in this order. */
	if (privilege_may_lend(p)) {
		if (on)
			(void)(setegid(p->gid) == -1 || seteuid(p->uid) == -1);
		else
			(void)(seteuid(0) == -1 || setegid(getgid()) == -1);
	}
	errno = save;
}

/* The folder of path; false when it has none, or too long a one. */
static bool
privilege_dirname(const char *path, char *dir, size_t size)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);

	if (len == 0 || len >= size)
		return (false);
	memcpy(dir, path, len);
	dir[len] = '\0';
	return (true);
}

bool
privilege_trusts(const struct privilege *p, const char *path)
{
	char dir[1024];
	struct stat st;

	return (privilege_dirname(path, dir, sizeof(dir)) &&
	    stat(dir, &st) == 0 && st.st_uid == 0 &&
	    (st.st_mode & S_IWOTH) == 0 &&
	    ((st.st_mode & S_IWGRP) == 0 || st.st_gid != p->gid));
}

int
privilege_folder(const struct privilege *p, const char *path)
{
	char dir[1024];
	struct stat st;
	int fd, rc;

	/* Else what it is for will say so. */
	if (!privilege_dirname(path, dir, sizeof(dir)))
		return (0);
	if (mkdir(dir, 0755) == -1)
		return (errno == EEXIST ? 0 : -1);
	/* It may be another one by now, where others can write. */
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return (-1);
	rc = fstat(fd, &st);
	if (rc == 0 && st.st_uid != geteuid()) {
		errno = EPERM;
		rc = -1;
	}
	if (rc == 0)
		rc = fchmod(fd, 0755);
	if (rc == 0 && p->change)
		rc = fchown(fd, p->uid, p->gid);
	(void)close(fd);
	return (rc == 0 ? 1 : -1);
}

/* --- the drop ------------------------------------------------------------ */

/* Nothing may be left that leads back. */
static bool
privilege_is_gone(const struct privilege *p)
{
#if HAVE_GETRESUID
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	if (getresuid(&ruid, &euid, &suid) == -1 || ruid != p->uid ||
	    euid != p->uid || suid != p->uid ||
	    getresgid(&rgid, &egid, &sgid) == -1 || rgid != p->gid ||
	    egid != p->gid || sgid != p->gid)
		return (false);
#endif
	if (getuid() != p->uid || geteuid() != p->uid ||
	    getgid() != p->gid || getegid() != p->gid)
		return (false);
	return (p->uid == 0 || (setuid(0) == -1 && seteuid(0) == -1 &&
	    (p->gid == 0 || (setgid(0) == -1 && setegid(0) == -1))));
}

int
privilege_drop(const struct privilege *p, char *why, size_t whysize)
{
	const char *step;

	why[0] = '\0';
	if (!p->change)
		return (EX_OK);
	/* The lists of the system may not be there below the new root. */
	step = "security.effective_group: supplementary groups";
	if ((p->name[0] != '\0' ? initgroups(p->name, p->gid) :
	    setgroups(1, &p->gid)) == -1)
		goto fail;
	step = "security.chroot";
	if (p->folder != NULL && (chroot(p->folder) == -1 ||
	    chdir("/") == -1))
		goto fail;
	step = "security.effective_group";
	if (setgid(p->gid) == -1)
		goto fail;
	step = "security.effective_user";
	if (setuid(p->uid) == -1)
		goto fail;
	if (!privilege_is_gone(p)) {
		(void)snprintf(why, whysize, "%s: the privileges of root are "
		    "still there", step);
		return (EX_OSERR);
	}
	return (EX_OK);

fail:
	(void)snprintf(why, whysize, "%s: %s", step, strerror(errno));
	return (errno == EPERM ? EX_NOPERM : EX_OSERR);
}

#undef PRIVILEGE_ID_MAX
