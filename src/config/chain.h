/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * chain.h - what is no error in a configuration and still will not work as it
 * was meant: the list is in milter-manager.8, CHECKS.
 */
#ifndef CONFIG_CHAIN_H
#define CONFIG_CHAIN_H

#include "config/conf.h"

/*
 * Hands a line "FILE:LINE: warning: KEY: what, and what would be right" to
 * report for each; without "FILE:LINE: " where the value is a default.  Looks
 * at the snapshot only.  A child is known for what it does by its name or by
 * that of its socket.
 */
void	chain_check(const struct conf *,
	    void (*report)(const char *line, void *arg), void *arg);

#endif /* CONFIG_CHAIN_H */
