/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * text.c - stages by name, bytes as escaped text, frames as lines.
 * Owns:      the spelling in which the test tools read and print.
 * Called by: the other tools.
 * Must not:  know sockets, sessions, or which frame is allowed when.
 */
#include "compat.h"

#include <sys/resource.h>

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "tool/text.h"

const struct text_stage_info text_stages[TEXT_N] = {
	{ "negotiate", SMFIC_OPTNEG, 0, 0 },
	{ "connect", SMFIC_CONNECT, SMFIP_NOCONNECT, SMFIP_NR_CONN },
	{ "helo", SMFIC_HELO, SMFIP_NOHELO, SMFIP_NR_HELO },
	{ "mail", SMFIC_MAIL, SMFIP_NOMAIL, SMFIP_NR_MAIL },
	{ "rcpt", SMFIC_RCPT, SMFIP_NORCPT, SMFIP_NR_RCPT },
	{ "unknown", SMFIC_UNKNOWN, SMFIP_NOUNKNOWN, SMFIP_NR_UNKN },
	{ "data", SMFIC_DATA, SMFIP_NODATA, SMFIP_NR_DATA },
	{ "header", SMFIC_HEADER, SMFIP_NOHDRS, SMFIP_NR_HDR },
	{ "eoh", SMFIC_EOH, SMFIP_NOEOH, SMFIP_NR_EOH },
	{ "body", SMFIC_BODY, SMFIP_NOBODY, SMFIP_NR_BODY },
	{ "eom", SMFIC_BODYEOB, 0, 0 },
};

const char *const text_action_names[] = {
	"add-headers", "change-body", "add-envelope-recipient",
	"delete-envelope-recipient", "change-headers", "quarantine",
	"change-envelope-from", "add-envelope-recipient-with-parameters",
	"set-symbol-list", NULL
};

const char *const text_protocol_names[] = {
	"no-connect", "no-helo", "no-envelope-from", "no-envelope-recipient",
	"no-body", "no-headers", "no-end-of-header", "no-reply-header",
	"no-unknown", "no-data", "skip", "envelope-recipient-rejected",
	"no-reply-connect", "no-reply-helo", "no-reply-envelope-from",
	"no-reply-envelope-recipient", "no-reply-data", "no-reply-unknown",
	"no-reply-end-of-header", "no-reply-body",
	"header-value-with-leading-space", NULL
};

int
text_read_stage(const char *text, size_t len, unsigned *k)
{
	const char *colon = memchr(text, ':', len);
	char number[12];
	size_t n;
	uint64_t v;
	int i;

	if (colon != NULL) {
		n = len - (size_t)(colon - text) - 1;
		if (n >= sizeof(number))
			return (-1);
		memcpy(number, colon + 1, n);
		number[n] = '\0';
		if (number_read(number, 10, 1000000000, &v) != 0 || v == 0)
			return (-1);
		*k = (unsigned)v;
		len = (size_t)(colon - text);
	}
	for (i = 0; i < TEXT_N; i++)
		if (strlen(text_stages[i].name) == len &&
		    memcmp(text_stages[i].name, text, len) == 0)
			return (i);
	return (-1);
}

void
text_escape(FILE *fp, const void *bytes, size_t len)
{
	static const char plain[] = "\n\r\t\\", letter[] = "nrt\\";
	const unsigned char *p = bytes;
	const char *found;
	size_t i, start = 0;

	for (i = 0; i < len; i++) {
		if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\')
			continue;
		if (i > start)
			fwrite(p + start, 1, i - start, fp);
		start = i + 1;
		found = p[i] != '\0' ? strchr(plain, p[i]) : NULL;
		if (found != NULL)
			fprintf(fp, "\\%c", letter[found - plain]);
		else
			fprintf(fp, "\\x%02x", p[i]);
	}
	if (len > start)
		fwrite(p + start, 1, len - start, fp);
}

int
text_hex(struct buf *b, const char *text)
{
	int hi, lo;

	for (; *text != '\0'; text += 2) {
		while (*text == ' ')
			text++;
		if (*text == '\0')
			break;
		hi = number_digit(text[0]);
		lo = hi < 0 ? -1 : number_digit(text[1]);
		if (lo < 0 || buf_add_u8(b, (unsigned)(hi * 16 + lo)) != 0)
			return (-1);
	}
	return (0);
}

int
text_unescape(struct buf *b, const char *text)
{
	const char *p;
	unsigned c;
	int hi, lo;

	for (p = text; *p != '\0'; p++) {
		c = (unsigned char)*p;
		if (c == '\\') {
			switch (*++p) {
			case 'n':
				c = '\n';
				break;
			case 'r':
				c = '\r';
				break;
			case 't':
				c = '\t';
				break;
			case '\\':
				break;
			case 'x':
				hi = number_digit(p[1]);
				lo = hi < 0 ? -1 : number_digit(p[2]);
				if (lo < 0)
					return (-1);
				c = (unsigned)(hi * 16 + lo);
				p += 2;
				break;
			default:
				return (-1);
			}
		}
		if (buf_add_u8(b, c) != 0)
			return (-1);
	}
	return (0);
}

int
text_file(struct buf *b, const char *path)
{
	char piece[4096];
	FILE *fp = fopen(path, "r");
	size_t n;
	int error = 0;

	if (fp == NULL)
		return (-1);
	while (error == 0 && (n = fread(piece, 1, sizeof(piece), fp)) > 0)
		error = buf_add(b, piece, n);
	if (ferror(fp))
		error = -1;
	fclose(fp);
	return (error);
}

int
text_read_spec(const char *text, struct spec *spec, char *why, size_t whysize)
{
	char whole[SPEC_TEXT_MAX];

	snprintf(whole, sizeof(whole), "%s%s", *text == '/' ? "unix:" : "",
	    text);
	return (spec_parse(whole, spec, why, whysize));
}

#define TEXT_SHOWN	256	/* bytes of a body in a line */

static void
text_strings(FILE *fp, const unsigned char *p, size_t len)
{
	const unsigned char *nul;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		nul = memchr(p, '\0', len);
		n = nul != NULL ? (size_t)(nul - p) : len;
		fputs(" <", fp);
		text_escape(fp, p, n);
		/* A string that lacks its NUL must not look like one. */
		fputs(nul != NULL ? ">" : "", fp);
		n += nul != NULL;
	}
}

static uint32_t
text_u32(const unsigned char *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

/* An option frame; the lists behind its numbers only when a milter sent it. */
static size_t
text_options(FILE *fp, bool command, const unsigned char *p, size_t len)
{
	const unsigned char *nul;
	size_t n = MILTER_OPTLEN;

	fprintf(fp, " version=%lu actions=0x%lx protocol=0x%lx",
	    (unsigned long)text_u32(p), (unsigned long)text_u32(p + 4),
	    (unsigned long)text_u32(p + 8));
	while (!command && len - n > 4 &&
	    (nul = memchr(p + n + 4, '\0', len - n - 4)) != NULL) {
		fprintf(fp, " macros[%lu]=<", (unsigned long)text_u32(p + n));
		text_escape(fp, p + n + 4, (size_t)(nul - (p + n + 4)));
		fputc('>', fp);
		n = (size_t)(nul - p) + 1;
	}
	return (n);
}

void
text_packet(FILE *fp, bool command, const struct packet *pkt)
{
	const unsigned char *p = pkt->data, *nul;
	size_t len = pkt->len, n = 0;
	int code = pkt->code;

	fputs(command || code == SMFIC_OPTNEG ? packet_command_name(code) :
	    packet_reply_name(code), fp);
	if (code == SMFIC_OPTNEG && len >= MILTER_OPTLEN) {
		n = text_options(fp, command, p, len);
	} else if (command && code == SMFIC_MACRO && len > 0) {
		fputc(' ', fp);
		text_escape(fp, p, 1);
		n = 1;
	} else if (command && code == SMFIC_CONNECT &&
	    (nul = memchr(p, '\0', len)) != NULL) {
		n = (size_t)(nul - p) + 1;
		text_strings(fp, p, n);
		if (len - n >= 3) {
			fprintf(fp, " %c %u", p[n], p[n + 1] * 256u + p[n + 2]);
			n += 3;
		}
	} else if (!command && len >= 4 &&
	    (code == SMFIR_INSHEADER || code == SMFIR_CHGHEADER)) {
		fprintf(fp, " %lu", (unsigned long)text_u32(p));
		n = 4;
	} else if (code == (command ? SMFIC_BODY : SMFIR_REPLBODY)) {
		fprintf(fp, " %lu <", (unsigned long)len);
		text_escape(fp, p, len > TEXT_SHOWN ? TEXT_SHOWN : len);
		fputs(len > TEXT_SHOWN ? "..." : ">", fp);
		n = len;
	}
	text_strings(fp, p + n, len - n);
}

void
text_frame(FILE *fp, const char *prefix, bool command,
    const struct packet *pkt)
{
	fputs(prefix, fp);
	text_packet(fp, command, pkt);
	fputc('\n', fp);
}

static void
text_bits(FILE *fp, uint32_t bits, const char *const *names)
{
	const char *separator = "";
	unsigned i;

	for (i = 0; names[i] != NULL; i++)
		if ((bits >> i & 1) != 0) {
			fprintf(fp, "%s%s", separator, names[i]);
			separator = "|";
		}
}

void
text_actions(FILE *fp, uint32_t bits)
{
	text_bits(fp, bits, text_action_names);
}

void
text_protocol(FILE *fp, uint32_t bits)
{
	text_bits(fp, bits, text_protocol_names);
}

size_t
text_bare_address(const char **text)
{
	size_t n;

	if (**text == '<')
		++*text;
	n = strlen(*text);
	return (n > 0 && (*text)[n - 1] == '>' ? n - 1 : n);
}

void
text_raise_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < rl.rlim_max) {
		rl.rlim_cur = rl.rlim_max;
		/* macOS refuses its own "unlimited"; the soft limit stays. */
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
}

#undef TEXT_SHOWN
