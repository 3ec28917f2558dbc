/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * number.c - text to numbers and back.
 * Owns:      the forms of numbers, durations and sizes.
 * Called by: config/ for values, the command lines, and what reads digits.
 * Must not:  use floating point or the locale, or know what a number is for.
 */
#include "compat.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/number.h"

/* Far above every range, far below an overflow. */
#define NUMBER_MAX	(UINT64_MAX / 1000000)

struct number_unit {
	const char	*name;
	uint64_t	 factor;
};

/* The largest first, for printing. */
static const struct number_unit number_times[] = {
	{ "d",	86400000 },
	{ "h",	3600000 },
	{ "m",	60000 },
	{ "s",	1000 },
	{ "ms",	1 },
	{ "",	1000 },
	{ NULL,	0 }
};

static const struct number_unit number_sizes[] = {
	{ "g",	1024 * 1024 * 1024 },
	{ "m",	1024 * 1024 },
	{ "k",	1024 },
	{ "",	1 },
	{ NULL,	0 }
};

int
number_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	return (-1);
}

/* The digits at *text; goes behind them.  -1 for none or too large. */
static int
number_digits(const char **text, unsigned base, uint64_t max, uint64_t *out)
{
	const char *p = *text;
	uint64_t n = 0;
	int digit;

	for (; (digit = number_digit(*p)) >= 0 && digit < (int)base; p++) {
		if ((uint64_t)digit > max || n > (max - (uint64_t)digit) / base)
			return (-1);
		n = n * base + (uint64_t)digit;
	}
	if (p == *text)
		return (-1);
	*text = p;
	*out = n;
	return (0);
}

int
number_read(const char *text, unsigned base, uint64_t max, uint64_t *out)
{
	uint64_t n;

	if (base == 16 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	if (number_digits(&text, base, max, &n) == -1 || *text != '\0')
		return (-1);
	*out = n;
	return (0);
}

static const struct number_unit *
number_find_unit(const struct number_unit *u, const char *name)
{
	while (u->name != NULL && strcmp(u->name, name) != 0)
		u++;
	return (u->name != NULL ? u : NULL);
}

int
number_read_time(const char *text, uint64_t *out)
{
	const struct number_unit *unit;
	uint64_t whole, part = 0, scale = 1;
	const char *from;

	if (number_digits(&text, 10, NUMBER_MAX, &whole) == -1)
		return (-1);
	if (*text == '.') {
		from = ++text;
		if (number_digits(&text, 10, NUMBER_MAX, &part) == -1 ||
		    text - from > 9)
			return (-1);
		for (; from < text; from++)
			scale *= 10;
	}
	unit = number_find_unit(number_times, text);
	if (unit == NULL || whole > UINT64_MAX / 2 / unit->factor ||
	    part * unit->factor % scale != 0)
		return (-1);
	*out = whole * unit->factor + part * unit->factor / scale;
	return (0);
}

int
number_read_size(const char *text, uint64_t *out)
{
	const struct number_unit *unit;
	uint64_t n;

	if (number_digits(&text, 10, NUMBER_MAX, &n) == -1)
		return (-1);
	unit = number_find_unit(number_sizes, text);
	if (unit == NULL || n > UINT64_MAX / unit->factor)
		return (-1);
	*out = n * unit->factor;
	return (0);
}

char *
number_format_time(uint64_t ms, char *dst, size_t size)
{
	unsigned part = (unsigned)(ms % 1000);
	int digits = 3;

	if (part == 0) {
		snprintf(dst, size, "%" PRIu64 "s", ms / 1000);
		return (dst);
	}
	for (; part % 10 == 0; part /= 10)
		digits--;
	snprintf(dst, size, "%" PRIu64 ".%0*us", ms / 1000, digits, part);
	return (dst);
}

char *
number_format_size(uint64_t n, char *dst, size_t size)
{
	const struct number_unit *u = number_sizes;

	while (n == 0 ? u->factor != 1 : n % u->factor != 0)
		u++;
	snprintf(dst, size, "%" PRIu64 "%s", n / u->factor, u->name);
	return (dst);
}

#undef NUMBER_MAX
