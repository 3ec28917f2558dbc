/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * openwrt_internal.h - the text of UCI, for openwrt.c and its tests.
 */
#ifndef DETECT_OPENWRT_INTERNAL_H
#define DETECT_OPENWRT_INTERNAL_H

#include "compat.h"

#include <stddef.h>

/*
 * One statement: "config" with a type and a name (or ""), "option" and "list"
 * with a name and a value.
 */
typedef void uci_statement(char what, const char *name, const char *value,
	    unsigned line, void *arg);

/*
 * Any bytes, in the syntax of uci(1).  Calls statement for each in their order,
 * with the first letter of what it is.  Returns NULL, or the fault that makes
 * UCI refuse the whole file, and sets *line to where it is.
 */
const char *uci_read(const char *text, size_t len, uci_statement *, void *arg,
	    unsigned *line);

#endif /* DETECT_OPENWRT_INTERNAL_H */
