/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * packet_kind.c - the tables of commands, replies, and errors.
 * Owns:      each code's name and the form of its payload; the error texts.
 * Called by: packet.c; whoever logs a frame.
 * Must not:  look into a payload.
 */
#include "compat.h"

#include <stddef.h>

#include "milter/packet.h"
#include "milter/packet_internal.h"

/*
 * A command without a use for its payload may carry one: libmilter does
 * not look (only an empty payload where it needs one ends its session).
 */
static const struct packet_kind packet_kind_commands[] = {
	{ SMFIC_ABORT,		PACKET_SHAPE_ANY,	"SMFIC_ABORT" },
	{ SMFIC_BODY,		PACKET_SHAPE_BYTES,	"SMFIC_BODY" },
	{ SMFIC_CONNECT,	PACKET_SHAPE_CONNECT,	"SMFIC_CONNECT" },
	{ SMFIC_MACRO,		PACKET_SHAPE_BYTES,	"SMFIC_MACRO" },
	{ SMFIC_BODYEOB,	PACKET_SHAPE_ANY,	"SMFIC_BODYEOB" },
	{ SMFIC_HELO,		PACKET_SHAPE_STRING,	"SMFIC_HELO" },
	{ SMFIC_QUIT_NC,	PACKET_SHAPE_ANY,	"SMFIC_QUIT_NC" },
	{ SMFIC_HEADER,		PACKET_SHAPE_HEADER,	"SMFIC_HEADER" },
	{ SMFIC_MAIL,		PACKET_SHAPE_STRINGS,	"SMFIC_MAIL" },
	{ SMFIC_EOH,		PACKET_SHAPE_ANY,	"SMFIC_EOH" },
	{ SMFIC_OPTNEG,		PACKET_SHAPE_OPTNEG,	"SMFIC_OPTNEG" },
	{ SMFIC_QUIT,		PACKET_SHAPE_ANY,	"SMFIC_QUIT" },
	{ SMFIC_RCPT,		PACKET_SHAPE_STRINGS,	"SMFIC_RCPT" },
	{ SMFIC_DATA,		PACKET_SHAPE_ANY,	"SMFIC_DATA" },
	{ SMFIC_UNKNOWN,	PACKET_SHAPE_STRING,	"SMFIC_UNKNOWN" }
};

/*
 * Postfix breaks with a milter whose bare verdict has a payload.  The answer
 * to an option frame bears the command's code and name.
 */
static const struct packet_kind packet_kind_replies[] = {
	{ SMFIR_ADDRCPT,	PACKET_SHAPE_STRING,	"SMFIR_ADDRCPT" },
	{ SMFIR_DELRCPT,	PACKET_SHAPE_STRING,	"SMFIR_DELRCPT" },
	{ SMFIR_ADDRCPT_PAR,	PACKET_SHAPE_PARAMS,	"SMFIR_ADDRCPT_PAR" },
	{ SMFIR_SHUTDOWN,	PACKET_SHAPE_NONE,	"SMFIR_SHUTDOWN" },
	{ SMFIC_OPTNEG,		PACKET_SHAPE_OPTNEG,	"SMFIC_OPTNEG" },
	{ SMFIR_ACCEPT,		PACKET_SHAPE_NONE,	"SMFIR_ACCEPT" },
	{ SMFIR_REPLBODY,	PACKET_SHAPE_ANY,	"SMFIR_REPLBODY" },
	{ SMFIR_CONTINUE,	PACKET_SHAPE_NONE,	"SMFIR_CONTINUE" },
	{ SMFIR_DISCARD,	PACKET_SHAPE_NONE,	"SMFIR_DISCARD" },
	{ SMFIR_CHGFROM,	PACKET_SHAPE_PARAMS,	"SMFIR_CHGFROM" },
	{ SMFIR_CONN_FAIL,	PACKET_SHAPE_BOGUS,	"SMFIR_CONN_FAIL" },
	{ SMFIR_ADDHEADER,	PACKET_SHAPE_HEADER,	"SMFIR_ADDHEADER" },
	{ SMFIR_INSHEADER,	PACKET_SHAPE_INDEXED,	"SMFIR_INSHEADER" },
	{ SMFIR_SETSYMLIST,	PACKET_SHAPE_BOGUS,	"SMFIR_SETSYMLIST" },
	{ SMFIR_CHGHEADER,	PACKET_SHAPE_INDEXED,	"SMFIR_CHGHEADER" },
	{ SMFIR_PROGRESS,	PACKET_SHAPE_NONE,	"SMFIR_PROGRESS" },
	{ SMFIR_QUARANTINE,	PACKET_SHAPE_REASON,	"SMFIR_QUARANTINE" },
	{ SMFIR_REJECT,		PACKET_SHAPE_NONE,	"SMFIR_REJECT" },
	{ SMFIR_SKIP,		PACKET_SHAPE_NONE,	"SMFIR_SKIP" },
	{ SMFIR_TEMPFAIL,	PACKET_SHAPE_NONE,	"SMFIR_TEMPFAIL" },
	{ SMFIR_REPLYCODE,	PACKET_SHAPE_REPLYCODE,	"SMFIR_REPLYCODE" }
};

static const char *const packet_kind_errors[] = {
	[PACKET_OK] =		"no error",
	[PACKET_MORE] =		"incomplete frame",
	[PACKET_LEN_ZERO] =	"frame of length 0",
	[PACKET_LEN_LIMIT] =	"frame too long",
	[PACKET_EMPTY] =	"payload missing",
	[PACKET_NOT_EMPTY] =	"unexpected payload",
	[PACKET_NO_NUL] =	"string without final NUL",
	[PACKET_SHORT] =	"payload cut short",
	[PACKET_TRAILING] =	"bytes behind the last field",
	[PACKET_FAMILY] =	"unknown address family",
	[PACKET_NAME_EMPTY] =	"empty name",
	[PACKET_REPLYCODE] =	"malformed SMTP reply",
	[PACKET_VERSION] =	"protocol version below 2",
	[PACKET_UNKNOWN] =	"unknown code"
};

#define PACKET_KIND_COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* "0x00" to "0xff", each made when first asked for. */
static char packet_kind_hex[256][5];

static const struct packet_kind *
packet_kind_find(const struct packet_kind *kind, size_t n, int code)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (kind[i].code == code)
			return (&kind[i]);
	return (NULL);
}

const struct packet_kind *
packet_find_command(int code)
{
	return (packet_kind_find(packet_kind_commands,
	    PACKET_KIND_COUNT(packet_kind_commands), code));
}

const struct packet_kind *
packet_find_reply(int code)
{
	return (packet_kind_find(packet_kind_replies,
	    PACKET_KIND_COUNT(packet_kind_replies), code));
}

static const char *
packet_kind_name(const struct packet_kind *kind, int code)
{
	static const char digits[] = "0123456789abcdef";
	char *hex;

	if (kind != NULL)
		return (kind->name);
	hex = packet_kind_hex[code & 0xff];
	hex[0] = '0';
	hex[1] = 'x';
	hex[2] = digits[(code & 0xff) / 16];
	hex[3] = digits[(code & 0xff) % 16];
	return (hex);
}

const char *
packet_command_name(int code)
{
	return (packet_kind_name(packet_find_command(code), code));
}

const char *
packet_reply_name(int code)
{
	return (packet_kind_name(packet_find_reply(code), code));
}

const char *
packet_strerror(enum packet_error error)
{
	size_t i = (size_t)error;

	if (i >= PACKET_KIND_COUNT(packet_kind_errors))
		return ("unknown error");
	return (packet_kind_errors[i]);
}

#undef PACKET_KIND_COUNT
