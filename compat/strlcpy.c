/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * strlcpy.c - strlcpy(3) and strlcat(3) where libc lacks them.
 * Owns:      nothing.
 * Called by: anyone, through the names in compat.h.
 * Must not:  write past size, or leave dst unterminated when size > 0.
 */
#include "compat.h"

#if !HAVE_STRLCPY

size_t
compat_strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size > 0) {
		size_t n = len < size ? len : size - 1;

		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return (len);
}

size_t
compat_strlcat(char *dst, const char *src, size_t size)
{
	size_t have = 0;

	while (have < size && dst[have] != '\0')
		have++;
	if (have == size)
		return (size + strlen(src));
	return (have + compat_strlcpy(dst + have, src, size - have));
}

#endif /* !HAVE_STRLCPY */
