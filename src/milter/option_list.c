/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * option_list.c - macro names and lists of them.
 * Owns:      the spelling of names, the default lists, the macro filter.
 * Called by: option.c and option_merge.c; the manager for each macro frame.
 * Must not:  know which child a list belongs to.
 */
#include "compat.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "milter/option_internal.h"
#include "milter/packet_internal.h"

/*
 * What either MTA sends when no list was given: Sendmail's by cfhead.m4,
 * Postfix's by its main.cf defaults.  A name that the MTA does not know costs
 * nothing: it leaves it out.
 */
static const char *const option_list_defaults[SMFIM_N] = {
	[SMFIM_CONNECT] = "j _ {daemon_name} {if_name} {if_addr} "
	    "{daemon_addr} v",
	[SMFIM_HELO] = "{tls_version} {cipher} {cipher_bits} {cert_subject} "
	    "{cert_issuer}",
	[SMFIM_ENVFROM] = "i {auth_type} {auth_authen} {auth_ssf} "
	    "{auth_author} {mail_mailer} {mail_host} {mail_addr}",
	[SMFIM_ENVRCPT] = "{rcpt_mailer} {rcpt_host} {rcpt_addr} i",
	[SMFIM_DATA] = "i",
	[SMFIM_EOM] = "{msg_id} i",
	[SMFIM_EOH] = "i"
};

#define OPTION_LIST_SPACE	" ,\t\r\n"

const char *
option_default_list(int stage)
{
	return (option_list_defaults[stage]);
}

/* Cuts the braces off, when there are two. */
static struct option_name
option_name_of(const char *s, size_t len)
{
	struct option_name name;

	if (len > 2 && s[0] == '{' && s[len - 1] == '}') {
		s++;
		len -= 2;
	}
	name.s = s;
	name.len = len;
	return (name);
}

bool
option_name_next(const char **list, struct option_name *name)
{
	const char *s = *list + strspn(*list, OPTION_LIST_SPACE);
	size_t len = strcspn(s, OPTION_LIST_SPACE);

	*list = s + len;
	if (len == 0)
		return (false);
	*name = option_name_of(s, len);
	return (true);
}

static bool
option_name_equal(const struct option_name *a, const struct option_name *b)
{
	return (a->len == b->len && memcmp(a->s, b->s, a->len) == 0);
}

static bool
option_names_have(const struct option_names *names,
    const struct option_name *name)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		if (option_name_equal(&names->name[i], name))
			return (true);
	return (false);
}

void
option_names_add(struct option_names *names, const char *list)
{
	struct option_name name;

	while (names->n < OPTION_NAMES_MAX && option_name_next(&list, &name))
		if (name.len <= OPTION_NAME_MAX - 3 &&
		    !option_names_have(names, &name))
			names->name[names->n++] = name;
}

void
option_names_force(struct option_names *names, const char *s)
{
	struct option_name name = option_name_of(s, strlen(s));

	if (option_names_have(names, &name))
		return;
	if (names->n == OPTION_NAMES_MAX)
		names->n--;
	names->name[names->n++] = name;
}

/*
 * One letter stands alone, all others stand in braces, whatever a child
 * wrote: the MTAs look for exactly that.
 */
char *
option_names_join(const struct option_names *names)
{
	const struct option_name *name;
	size_t i, len = 1;
	char *list, *to;
	bool braces;

	for (i = 0; i < names->n; i++)
		len += names->name[i].len + 3;
	list = to = malloc(len);
	if (list == NULL)
		return (NULL);
	for (i = 0; i < names->n; i++) {
		name = &names->name[i];
		if (i > 0)
			*to++ = ' ';
		braces = name->len > 1 && name->s[0] != '{';
		if (braces)
			*to++ = '{';
		memcpy(to, name->s, name->len);
		to += name->len;
		if (braces)
			*to++ = '}';
	}
	*to = '\0';
	return (list);
}

int
option_macro_stage(int command)
{
	switch (command) {
	case SMFIC_CONNECT:
		return (SMFIM_CONNECT);
	case SMFIC_HELO:
		return (SMFIM_HELO);
	case SMFIC_MAIL:
		return (SMFIM_ENVFROM);
	case SMFIC_RCPT:
		return (SMFIM_ENVRCPT);
	case SMFIC_DATA:
		return (SMFIM_DATA);
	case SMFIC_HEADER:
	case SMFIC_EOH:
		return (SMFIM_EOH);
	case SMFIC_BODY:
	case SMFIC_BODYEOB:
		return (SMFIM_EOM);
	default:
		return (-1);
	}
}

static bool
option_list_has(const char *list, const struct option_name *name)
{
	struct option_name listed;

	while (option_name_next(&list, &listed))
		if (option_name_equal(&listed, name))
			return (true);
	return (false);
}

bool
option_macro_listed(const char *list, const char *s)
{
	struct option_name name = option_name_of(s, strlen(s));

	return (option_list_has(list, &name));
}

int
option_add_macros(struct buf *dst, const void *payload, size_t len,
    const char *list)
{
	const unsigned char *from = payload, *end, *value, *next;
	unsigned char *start, *to;
	struct option_name name;

	if (len == 0)
		return (0);
	if (list == NULL)
		return (packet_add(dst, SMFIC_MACRO, payload, len));
	end = from + len;
	start = to = packet_begin(dst, len);
	if (start == NULL)
		return (-1);
	*to++ = *from++;
	while (from < end) {
		value = memchr(from, '\0', (size_t)(end - from));
		if (value == NULL || ++value == end)
			break;
		next = memchr(value, '\0', (size_t)(end - value));
		if (next == NULL)
			break;
		next++;
		name = option_name_of((const char *)from,
		    (size_t)(value - 1 - from));
		if (option_list_has(list, &name)) {
			memcpy(to, from, (size_t)(next - from));
			to += next - from;
		}
		from = next;
	}
	packet_commit(dst, SMFIC_MACRO, (size_t)(to - start));
	return (0);
}

#undef OPTION_LIST_SPACE
