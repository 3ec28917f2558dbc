/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_header.h - header fields and operations as text, for the tests of header.c.
 */
#ifndef H_HEADER_H
#define H_HEADER_H

#include "compat.h"

#include <stdarg.h>
#include <stdio.h>

#include <atf-c.h>

#include "message/header.h"
#include "milter/wire.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define TEXT		4096

static void sprint(char *, const char *, ...) COMPAT_PRINTF(2, 3);

/* Appends to a text of TEXT bytes. */
static void
sprint(char *text, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text + len, TEXT - len, fmt, ap);
	va_end(ap);
	ATF_REQUIRE(n >= 0 && (size_t)n < TEXT - len);
}

/* "h:X:v", "i3:X:v", "m1:X:v" */
static void
sprint_op(char *text, const struct header_op *op)
{
	if (op->code == SMFIR_ADDHEADER)
		sprint(text, "%sh:%s:%s", text[0] != '\0' ? " " : "", op->name,
		    op->value);
	else
		sprint(text, "%s%c%lu:%s:%s", text[0] != '\0' ? " " : "",
		    op->code, (unsigned long)op->index, op->name, op->value);
}

/* What a child is shown now: "X=1;Y=2;" */
static void
sprint_shown(char *text, const struct header_list *l)
{
	struct header_field f;
	size_t pos = 0;

	while (header_next(l, &pos, &f))
		sprint(text, "%s=%s;", f.name, f.value);
	ATF_CHECK_EQ(pos, l->n);
}

#endif /* H_HEADER_H */
