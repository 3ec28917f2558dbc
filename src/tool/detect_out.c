/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * detect_out.c - how something is written: as a line of the table, for a
 * terminal of 80 columns, or as a member of a JSON object.
 * Owns:      that no byte of a file gets to the terminal as it is, nor one into
 *            JSON that it does not have.
 * Called by: detect_print.c.
 * Must not:  know what is written.
 */
#include "compat.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "tool/detect_tool.h"

#define DETECT_COLUMNS	80u
#define DETECT_TEXT	19u		/* where the text behind a name is */

/* --- a terminal ----------------------------------------------------------- */

unsigned
detect_out_bytes(FILE *fp, const char *p, size_t len)
{
	unsigned n = 0;

	for (; len > 0; len--, p++) {
		bool plain = *p >= ' ' && *p < 0x7f;

		n += plain ? 1 : 4;
		if (fp != NULL)
			fprintf(fp, plain ? "%c" : "\\x%02x",
			    (unsigned char)*p);
	}
	return (n);
}

unsigned
detect_out_words(const char *text, unsigned begin, unsigned at)
{
	unsigned width;
	size_t len;

	for (; *(text += strspn(text, " ")) != '\0'; text += len) {
		len = strcspn(text, " ");
		width = detect_out_bytes(NULL, text, len);
		if (at > begin && at + 1 + width >= DETECT_COLUMNS) {
			printf("\n%*s", (int)begin, "");
			at = begin;
		} else if (at > begin) {
			(void)putchar(' ');
			at++;
		}
		at += detect_out_bytes(stdout, text, len);
	}
	return (at);
}

/* "    enabled by: text" of "enabled_by"; NULL: more of the one before. */
static void
detect_out_detail(const char *name, const char *text)
{
	unsigned at = 4;

	printf("    ");
	for (; name != NULL && *name != '\0'; name++, at++)
		(void)putchar(*name == '_' ? ' ' : *name);
	printf("%-*s", (int)(DETECT_TEXT - at), at > 4 ? ":" : "");
	(void)detect_out_words(text, DETECT_TEXT, DETECT_TEXT);
	(void)putchar('\n');
}

/* --- JSON ----------------------------------------------------------------- */

static void
detect_out_string(struct detect_out *o, const char *text)
{
	struct buf b;

	memset(&b, 0, sizeof(b));
	o->no_memory |= json_add(&b, text) == -1;
	(void)fwrite(buf_ptr(&b), 1, b.len, stdout);
	buf_free(&b);
}

/* The name of a member, whose value comes next. */
static void
detect_out_name(struct detect_out *o, const char *name)
{
	printf("%s\"%s\": ", o->more ? ", " : "", name);
	o->more = true;
}

void
detect_out_number(struct detect_out *o, const char *name, unsigned long n)
{
	if (!o->json)
		return;
	detect_out_name(o, name);
	printf("%lu", n);
}

void
detect_out_bool(struct detect_out *o, const char *name, bool value)
{
	if (!o->json)
		return;
	detect_out_name(o, name);
	printf(value ? "true" : "false");
}

/* --- both ----------------------------------------------------------------- */

void
detect_out_text(struct detect_out *o, bool shown, const char *name,
    const char *text)
{
	if (o->json) {
		detect_out_name(o, name);
		detect_out_string(o, text);
	} else if (shown && text != NULL)
		detect_out_detail(name, text);
}

void
detect_out_place(struct detect_out *o, bool shown, const char *name,
    const char *file, unsigned line, const char *text)
{
	char place[16] = "";

	if (o->json) {
		detect_out_name(o, name);
		if (file == NULL && text == NULL) {
			printf("null");
			return;
		}
		printf("{\"file\": ");
		detect_out_string(o, file);
		detect_out_number(o, "line", line);
		detect_out_text(o, false, "text", text);
		(void)putchar('}');
		return;
	}
	if (!shown || (file == NULL && text == NULL))
		return;
	if (file != NULL && line > 0)
		(void)snprintf(place, sizeof(place), ":%u", line);
	o->shown = o->lines = true;
	o->name = name;
	detect_out_item(o, "%s%s%s%s", file != NULL ? file : "", place,
	    file != NULL && text != NULL ? ": " : "", text != NULL ? text : "");
}

void
detect_out_list(struct detect_out *o, bool shown, const char *name,
    bool lines)
{
	buf_clear(&o->text);
	o->name = name;
	o->shown = shown;
	o->lines = lines;
	if (!o->json)
		return;
	detect_out_name(o, name);
	(void)putchar('[');
	o->more = false;
}

void
detect_out_item(struct detect_out *o, const char *fmt, ...)
{
	char text[9000];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (o->json) {
		printf(o->more ? ", " : "");
		detect_out_string(o, text);
		o->more = true;
	} else if (o->shown && o->lines) {
		detect_out_detail(o->name, text);
		o->name = NULL;
	} else if (buf_printf(&o->text, "%s%s", o->text.len > 0 ? ", " : "",
	    text) == -1)
		o->no_memory = true;
}

void
detect_out_end(struct detect_out *o, const char *none)
{
	if (o->json) {
		(void)putchar(']');
		o->more = true;
	} else if (o->shown && !o->lines &&
	    (o->text.len > 0 || none != NULL)) {
		o->no_memory |= buf_add_str(&o->text, o->text.len > 0 ? "" :
		    none) == -1;
		detect_out_detail(o->name, (const char *)buf_ptr(&o->text));
	}
}

#undef DETECT_COLUMNS
#undef DETECT_TEXT
