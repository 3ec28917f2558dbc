/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * upstream.h - items of upstream's configuration that are no keys here.
 */
#ifndef CONFIG_UPSTREAM_H
#define CONFIG_UPSTREAM_H

/* What to write in place of it ("write ..." or "leave it out: ..."), or NULL
 * for a name that is none of them. */
const char *upstream_instead(const char *name);

#endif /* CONFIG_UPSTREAM_H */
