/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * detect.h - the milters that the package system has installed.
 *
 * detect_run() reads start scripts, units and configuration files, runs
 * nothing of them (but for detect.rspamadm, which only the administrator sets),
 * and says of every milter that the platform's packages have: whether it is
 * installed, whether it is enabled, where it listens, and which file and line
 * said so.  A fault in one milter's files is that milter's problem, one line.
 * Not for the mail path: files are read, once at start and at each reload.
 */
#ifndef DETECT_DETECT_H
#define DETECT_DETECT_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "detect/root.h"

/* A text and the place that said so. */
struct detect_fact {
	char		*text;		/* NULL: nothing is known */
	const char	*file;		/* NULL: no file did */
	unsigned	 line;		/* 0: the file as such */
};

enum detect_enabled { DETECT_NO, DETECT_YES, DETECT_MAYBE };

struct detect_milter {
	char		*name;		/* the child's: its start script's */
	char		*script;	/* path of the start script or unit */
	bool		 installed;	/* false: nothing below is set */
	enum detect_enabled enabled;	/* for the system; MAYBE: only a shell
					   could know */
	struct detect_fact enabled_by;	/* text: "milter_enable=YES" */
	struct detect_fact spec;	/* "unix:/var/run/x.sock", to dial */
	struct detect_fact description;
	struct detect_fact configuration; /* text: its own file; NULL: none */
	char		*command;	/* starts it: a path */
	struct conf_list command_options;
	const char	*const *conditions;	/* by default; NULL ends it */
	unsigned	 place;		/* in the order; lower ones first */
	uint64_t	 extra_time;	/* ms, for both its timeouts: tarpits */
	struct detect_fact extra_time_by;
	char		*problem;	/* NULL, or why it cannot be used as it
					   is: "FILE:LINE: ..." in one line */
};

/* True when it is used: enabled there, its socket known, no problem. */
bool	detect_usable(const struct detect_milter *);

struct detect_request {
	const char	*root;		/* detect.root; NULL: "/" */
	const char	*platform;	/* package.platform; NULL: found out */
	const char	*options;	/* package.options; NULL: none */
	const char	*rspamadm;	/* detect.rspamadm; NULL: never run */
};

struct detect {
	const char	*platform;	/* the one that was taken */
	struct root	*root;
	struct detect_milter *item;	/* installed ones in their order, then
					   those that are not installed */
	size_t		 n;
};

/* The name of the platform that the files below root are of. */
const char *detect_platform(struct root *);
/*
 * Returns 0 with a result for detect_free(), or -1 with why: an unknown
 * platform or option, no memory.  Faults of files are in the result.
 */
int	detect_run(const struct detect_request *, struct detect *,
	    char *why, size_t whysize);
void	detect_free(struct detect *);
/* NULL, or why there may be more than was found: see root_spend(). */
const char *detect_incomplete(const struct detect *);

/*
 * For conf_source.detect: the statements that load_default stands for, each
 * with the place that said so, and a note for each candidate that was found.
 */
int	detect_load(const struct conf_detect *, char *why, size_t whysize);
/*
 * For conf_source.known: whether a package of some platform has a milter of
 * that name (or one whose profile or instance it would be).
 */
enum conf_known detect_known(const char *name);

#endif /* DETECT_DETECT_H */
