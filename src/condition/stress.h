/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * stress.h - from how many connections on there is stress.
 */
#ifndef CONDITION_STRESS_H
#define CONDITION_STRESS_H

#include "config/conf.h"

/*
 * stress.threshold_n_connections, or three quarters (rounded down) of what the
 * MTA of this machine takes at once, from its own files: Postfix's
 * default_process_limit and the process limit of the first smtp service in
 * master.cf, else Sendmail's MaxDaemonChildren.  0: never.  One line at info
 * says where it was found.  Reads regular files only, and starts nothing.
 */
unsigned stress_threshold(const struct conf *);

#endif /* CONDITION_STRESS_H */
