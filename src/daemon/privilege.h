/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * privilege.h - who the daemon becomes, and what it leaves to that one.
 */
#ifndef DAEMON_PRIVILEGE_H
#define DAEMON_PRIVILEGE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"

struct privilege {
	uid_t		 uid;		/* of the daemon from the drop on */
	gid_t		 gid;
	char		 name[64];	/* empty: a user without an entry */
	const char	*folder;	/* security.chroot, of the conf */
	bool		 change;	/* it is root, and becomes another */
};

/*
 * Finds security.effective_user and .effective_group in the system's lists and
 * whether they can be had: EX_OK, or EX_NOUSER, EX_NOPERM, EX_CONFIG and one
 * line in why.  check: only whether they exist (-n may be anybody's).
 */
int	privilege_find(struct privilege *, const struct conf *, bool check,
	    char *why, size_t whysize);
/*
 * From now on, or no longer, files are opened as the user that it will be: root
 * itself could be led to another file by a link.  No effect without a change,
 * and after it.  errno survives.
 */
void	privilege_lend(const struct privilege *, bool on);
/* Whether we are root still, and shall not be. */
bool	privilege_may_lend(const struct privilege *);
/*
 * Whether root may open path where the user may not: its folder is root's, and
 * nobody else can put a link there.
 */
bool	privilege_trusts(const struct privilege *, const char *path);
/*
 * Makes the folder of path, one level and no more, for the user, when it is not
 * there.  Nothing that exists is touched.  1 when it was made, 0, or -1 and
 * errno.
 */
int	privilege_folder(const struct privilege *, const char *path);
/*
 * Supplementary groups, chroot, group and user, and whether there is a way
 * back.  EX_OK, or EX_NOPERM, EX_OSERR and one line in why; then the process
 * must end.  No change: EX_OK.
 */
int	privilege_drop(const struct privilege *, char *why, size_t whysize);

#endif /* DAEMON_PRIVILEGE_H */
