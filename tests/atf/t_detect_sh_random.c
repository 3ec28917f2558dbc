/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_detect_sh_random.c - scripts made at random, followed by sh(1) and by us:
 * what we say is known must be what sh has.
 */
#include "compat.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/sh.h"
#include "h_case.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* "@X" is one of X, whose first one always ends; "@#" its own number. */
static const struct {
	char		 symbol;
	const char	*rule[32];
} t_rules[] = {
	{ 'V', { "a", "b", "c", "d", "e" } },
	{ 'N', { "0", "1", "2", "12", "$#", "-3" } },
	{ 'L', { "x", "yes", "NO", "/run/m", "inet:88@lo", "-p", "1", "12",
	    "f.o", "a=b", "x\\ y", "\\$a", "\\\"q", "x:y", "a\\\nb", "\\\\" } },
	{ 'T', { "*", "?", "x*", "*x", "*/", "/*", "[a-m]*", "[!x]*", "*[0-9]",
	    "yes", "\"*\"", "'?'", "\\*", "$@V", "\"$@V\"", "*:", "*.*", "@L",
	    "'a b'*", "*\" \"" } },
	{ 'I', { "", "x", "yes", "a b", "\"a b\"", "\"\"", "'$a'", "@P",
	    "\"@Q\"", "-p @P", "\\}", "${@V:-\"x y\"}" } },
	{ 'J', { "", "x", "a b", "@Q", "z@Q", "-p  @Q", "\\}", "\\\"" } },
	{ 'R', { "@V", "1", "2", "none", "@V", "@V" } },
	{ 'P', { "$@V", "${@R}", "${#@R}", "$#", "${@R#@T}", "${@R##@T}",
	    "${@R%@T}", "${@R%%@T}", "${@R-@I}", "${@R:-@I}", "${@R+@I}",
	    "${@R:+@I}", "${@V=@I}", "${@V:=@I}", "$((@N + @N))",
	    "$((@N*@N))", "$(echo x)", "`echo '$a'`" } },
	{ 'Q', { "$@V", "${@R}", "${#@R}", "$#", "${@R#@T}", "${@R##@T}",
	    "${@R%@T}", "${@R%%@T}", "${@R-@J}", "${@R:-@J}", "${@R+@J}",
	    "${@R:+@J}", "${@V=@J}", "${@V:=@J}", "$((@N - @N))", "$*",
	    "$(echo \"}\" ')' $(echo x))" } },
	{ 'W', { "x", "@L", "@P", "\"@Q\"", "@L@P", "@L@W", "'@P'",
	    "\" $@V @Q \"", "@P\"@Q\"", "\"\"", "''", "@P'*'", "\"a*?[b\"",
	    "'#h'", "\"\\x\\$\\`\"", "@L:@P", "'~'" } },
	{ 'X', { "", "@W", "@W @W", "$@V @W", "\"$@\" @W", "\"$@V\"" } },
	{ 'A', { "@V=x", "@V=@W", "@V=", "@V=\"@Q\"", "@V=\"$@\"", "@V=$*",
	    "@V=$?", "@V=@P", "@V=@W @V=@W" } },
	{ 'O', { "=", "!=" } },
	{ 'E', { "-eq", "-ne", "-lt", "-gt", "-le", "-ge" } },
	{ 'F', { "/etc", "/nonexistent", "/etc/passwd" } },
	{ 'C', { "true", "false", "maybe", "! maybe", "[ \"@Q\" @O \"@Q\" ]",
	    "[ \"@Q\" ]", "[ -n \"@Q\" ]", "[ ! -z \"$@V\" ]", "[ @N @E @N ]",
	    "test -f @F", "[ -d @F ]", "! @C", "@C && @C", "@C || @C",
	    "[ \"x@Q\" = \"xyes\" -o -z \"$@V\" ]", "{ @S; @C; }",
	    "[ \"x@Q\" = \"x$@V\" -a ! \"$@V\" = yes ]",
	    "[ \"$(echo y)\" = y ]", "[ \"`echo n`\" = y ]" } },
	{ 'B', { "@A", "@S", "@S; @S", "@S\n@S\n@S" } },
	{ 'K', { "", "", "; break", "; @C && break", "; @C && continue; @S",
	    "; break 2", "; @C && continue 2; @A" } },
	{ 'S', { "@A", "@A", ": @P", ": \"@Q\" @P", "@A maybe", "@A :",
	    "unset @V", "export @V=@W @V", "set -- @X", "set -- @X",
	    "set x \"$@\"", "[ $# -gt 0 ] && shift", "if @C; then @B; fi",
	    "if @C\nthen @B\nelif @C; then @B; else @B; fi",
	    "if @C; then @B; else @B; fi", "@C && @S", "@C || @S",
	    "case @W in @T) @B;; (@T | @T) @B ;; esac",
	    "case @W in\n@T) ;;\n*) @B\nesac", "( @B )", "{ @B; }",
	    "for @V in @X; do @B@K; done", "for @V\ndo @B@K\ndone",
	    "n@#=; while [ \"$n@#\" != xxx ]; do n@#=x$n@#; @B@K; done",
	    "n@#=; until [ xx = \"$n@#\" ]; do n@#=x$n@#; @B@K; done",
	    "@S | @S", "eval \"@V=\\${@V:-x$@V}\"", "eval @V='$'@V",
	    "f@#() { @B; }; f@# @X", "f@#() { local @V; @B; }\nf@# @X",
	    "f@#() { local @V=x; @B; @C && return; @S; }; f@# @X; f@#",
	    "cat <<E >/dev/null; @S\na=$b '\"\nE\n" } }
};

static const char t_names[] = "abcde";
static uint32_t t_seed;
static unsigned t_number;

static uint32_t
t_draw(uint32_t below)
{
	t_seed = t_seed * 1664525u + 1013904223u;
	return ((t_seed >> 8) % below);
}

static void
t_make(FILE *fp, char symbol, unsigned depth)
{
	const char *const *rule = NULL, *p;
	size_t i;
	uint32_t n = 0;
	unsigned own = ++t_number;

	for (i = 0; i < COUNT(t_rules); i++)
		if (t_rules[i].symbol == symbol)
			rule = t_rules[i].rule;
	ATF_REQUIRE(rule != NULL);
	while (n < 32 && rule[n] != NULL)
		n++;
	for (p = rule[depth > 9 ? 0 : t_draw(n)]; *p != '\0'; p++) {
		if (*p != '@' || p[1] == '\0' ||
		    strchr("VNLTIJRPQWXAOEFCBKS#", p[1]) == NULL)
			fputc(*p, fp);
		else if (*++p == '#')
			fprintf(fp, "%u", own);
		else
			t_make(fp, *p, depth + 1);
	}
}

/* What sh makes of it: five values, each with a byte 1 behind it. */
static bool
t_shell(const char *shell, int maybe, char *out, size_t size)
{
	char command[200];
	size_t n;
	FILE *fp;

	fp = fopen("real", "w");
	ATF_REQUIRE(fp != NULL);
	fprintf(fp, "ulimit -t 1\nmaybe() { return %d; }\n. ./script\n"
	    "for n in a b c d e; do\n"
	    "eval \"printf '%%s\\\\001' \\\"\\${$n-unset}\\\"\"\n"
	    "done\nprintf END\n", maybe);
	ATF_REQUIRE(fclose(fp) == 0);
	snprintf(command, sizeof(command), "%s ./real A1 'B 2' "
	    "2>/dev/null </dev/null", shell);
	fp = popen(command, "r");
	ATF_REQUIRE(fp != NULL);
	n = fread(out, 1, size - 1, fp);
	(void)pclose(fp);
	out[n] = '\0';
	return (n >= 3 && strcmp(out + n - 3, "END") == 0);
}

/* Counts what is known and what not. */
static void
t_compare(const char *text, const char *real, unsigned seed, unsigned said[2])
{
	static const char *const argument[] = { "real", "A1", "B 2" };
	struct root *root = root_new(".");
	struct sh *sh = sh_new(root);
	struct sh_value v;
	char name[2] = "";
	size_t i, len;

	ATF_REQUIRE(sh != NULL);
	sh_arguments(sh, COUNT(argument), argument);
	ATF_REQUIRE(sh_text(sh, "script", 1, text, strlen(text)) == 0);
	for (i = 0; t_names[i] != '\0'; i++, real += len + 1) {
		len = strcspn(real, "\001");
		name[0] = t_names[i];
		v = sh_get(sh, name);
		said[v.known == SH_UNKNOWN]++;
		if (v.known == SH_UNKNOWN)
			continue;
		if (v.known == SH_UNSET)
			v.text = "unset";
		if (strlen(v.text) != len || memcmp(v.text, real, len) != 0)
			atf_tc_fail_nonfatal("seed %u: %s is \"%.*s\", not "
			    "\"%s\":\n%s", seed, name, (int)len, real, v.text,
			    text);
	}
	sh_free(sh);
	root_free(root);
}

static void
t_random(const char *shell, unsigned from, unsigned n)
{
	static char real[65536];
	unsigned i, j, said[2] = { 0, 0 }, ended = 0;
	char *text;
	size_t len;
	FILE *fp;

	/* What the files are that some ask for. */
	ATF_REQUIRE(system("mkdir -p etc && echo x >etc/passwd") == 0);
	for (i = from; i < from + n; i++) {
		t_seed = i * 2654435761u + 1;
		fp = open_memstream(&text, &len);
		ATF_REQUIRE(fp != NULL);
		for (j = t_draw(5) + 1; j > 0; j--) {
			t_make(fp, 'S', 0);
			fputc('\n', fp);
		}
		ATF_REQUIRE(fclose(fp) == 0);
		fp = fopen("script", "w");
		ATF_REQUIRE(fp != NULL);
		ATF_REQUIRE(fputs(text, fp) >= 0 && fclose(fp) == 0);
		/* One that has ended before its end says nothing. */
		if (t_shell(shell, (int)(i & 1), real, sizeof(real))) {
			t_compare(text, real, i, said);
			ended++;
		}
		free(text);
	}
	printf("%u scripts: %u values known, %u not\n", ended, said[0],
	    said[1]);
	/* Else nothing would be shown by it. */
	ATF_CHECK(ended > n / 2);
	ATF_CHECK(said[0] > 4 * said[1]);
}

H_CASE(sh, "What is known is what /bin/sh has")
{
	t_random("/bin/sh", 0, 1500);
}

H_CASE(bash, "What is known is what bash has as sh")
{
	if (system("bash -c true 2>/dev/null") != 0)
		atf_tc_skip("there is no bash");
	t_random("bash --posix", 10000, 300);
}

H_CASE(busybox, "What is known is what busybox has")
{
	if (system("busybox ash -c true 2>/dev/null") != 0)
		atf_tc_skip("there is no busybox");
	t_random("busybox ash", 20000, 300);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, sh);
	ATF_TP_ADD_TC(tp, bash);
	ATF_TP_ADD_TC(tp, busybox);
	return (atf_no_error());
}
