/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_detect_sh.c - what start scripts set, as sh(1) would, without running
 * them.  Scripts made at random are t_detect_sh_random.c's.
 */
#include "compat.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/sh.h"
#include "h_case.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

struct t_row {
	const char	*script;
	const char	*names;		/* one letter each */
	const char	*values;	/* '|' behind each: "?": not known,
					   "-": not set */
};

static int
t_command(struct sh *sh, const struct sh_words *w, void *arg)
{
	char *said = arg;
	size_t i;

	if (strcmp(w->item[0].text, "load_rc_config") == 0) {
		sh_set(sh, "r", "loaded", "/etc/rc.conf", 3);
		return (0);
	}
	if (strcmp(w->item[0].text, "run_rc_command") == 0)
		return (SH_STATUS_END);
	if (strcmp(w->item[0].text, "say") != 0)
		return (SH_STATUS_NOT_MINE);
	for (i = 1; i < w->n; i++) {
		strlcat(said, w->item[i].text != NULL ? w->item[i].text : "?",
		    400);
		strlcat(said, "|", 400);
	}
	return (SH_STATUS_UNKNOWN);
}

static const char *
t_output(struct sh *sh, const struct sh_words *w, void *arg)
{
	(void)arg;
	(void)sh;
	return (strcmp(w->item[0].text, "set_rcvar") != 0 ? NULL :
	    w->n > 1 && w->item[1].text != NULL ? w->item[1].text :
	    "my_enable");
}

static void
t_rows(const struct t_row *t, size_t n)
{
	static const char *const argument[] = { "/etc/rc.d/x", "start",
	    "two words" };
	char values[1000], said[400], name[2] = "";
	struct root *root = root_new(".");
	struct sh_value v;
	const char *p;
	struct sh *sh;

	for (; n > 0; t++, n--) {
		sh = sh_new(root);
		ATF_REQUIRE(sh != NULL);
		said[0] = values[0] = '\0';
		sh_commands(sh, t_command, said);
		sh_outputs(sh, t_output, NULL);
		sh_arguments(sh, 3, argument);
		ATF_CHECK(sh_text(sh, "script", 1, t->script,
		    strlen(t->script)) == 0);
		for (p = t->names; *p != '\0'; p++) {
			name[0] = *p;
			v = sh_get(sh, name);
			strlcat(values, *p == '!' ? said : v.known == SH_UNSET ?
			    "-" : v.known == SH_UNKNOWN ? "?" : v.text,
			    sizeof(values));
			if (*p != '!')
				strlcat(values, "|", sizeof(values));
			ATF_CHECK((v.why != NULL) == (v.known == SH_UNKNOWN));
		}
		if (strcmp(values, t->values) != 0)
			atf_tc_fail_nonfatal("%s\nis \"%s\", not \"%s\" (%s)",
			    t->script, values, t->values,
			    sh_fault(sh) != NULL ? sh_fault(sh) : "no fault");
		sh_free(sh);
	}
	root_free(root);
}

static const struct t_row t_word_rows[] = {
	{ "a=x b='y z' c=\"q r\" d=\\ e", "abcd", "x|y z|q r| e|" },
	{ "a='it'\\''s' b=\"\\$a \\\"x\\\" \\x \\\\\"", "ab",
	    "it's|$a \"x\" \\x \\|" },
	{ "a=x\\\ny b='x\\\ny' c=\"x\\\ny\"", "abc", "xy|x\\\ny|xy|" },
	{ "a= b=\"\" c=''", "abcd", "|||-|" },
	{ "a=1;b=2;c=3 #d=4\nd=#x", "abcd", "1|2|3|#x|" },
	{ "a=x # comment", "a", "x|" },
	{ "a=x\r\nb=\"y\r\nz\"\r\n", "ab", "x|y\nz|" },
	{ "a=x\r", "a", "x|" },
	{ "a=$b.c b=x c=${b}y d=\"$b z\"", "abcd", ".c|x|xy|x z|" },
	{ "a=$1 b=$2 c=$# d=$0", "abcd", "start|two words|2|/etc/rc.d/x|" },
	{ "a=$(ls) b=`ls` c=x$(ls)y d=\"`ls`\"", "abcd", "?|?|?|?|" },
	{ "a=`set_rcvar` b=$(set_rcvar x_enable) c=$(set_rcvar | cat)",
	    "abc", "my_enable|x_enable|?|" },
	{ "a=$((1 + 2)) b=$((x + 1)) c=$((2*-3))", "abc", "3|?|-6|" },
	{ "a=~ b=~/x c=x~ d='~'", "abcd", "?|?|x~|~|" },
	{ "a=$'x' b=$\"x\" c=$", "abc", "?|?|$|" },
	{ "a=$PATH b=$HOME c=$$", "abc", "?|?|?|" },
	{ "a+=x b=(x y) c=z", "abc", "?|?|z|" },
};

H_CASE(words, "Quotes, continued lines and substitutions are read as by sh")
{
	t_rows(t_word_rows, COUNT(t_word_rows));
}

static const struct t_row t_param_rows[] = {
	{ ": ${a:=d} ${b=e} ${c:-f}; d=${a}", "abcd", "d|e|-|d|" },
	{ "a=; : ${a:=x}; b=; : ${b=x}", "ab", "x||" },
	{ ": ${a=\"x y\"} ${b='x y'} ${c=\"-p ${a}\"}", "abc",
	    "x y|x y|-p x y|" },
	{ "x=; a=${x-d} b=${x:-d} c=${y+d} d=${x+d} e=${x:+d}", "abcde",
	    "|d||d||" },
	{ "a=${y:-\"foo bar\"} b=\"${y:-\"foo\"}\" c=\"${y-'q'}\"", "abc",
	    "foo bar|foo|'q'|" },
	{ "s=local:/run/x.sock; a=${s#local:} b=${s##*/} c=${s%/*} "
	    "d=${s%%:*}", "abcd", "/run/x.sock|x.sock|local:/run|local|" },
	{ "s='a*b'; a=${s#*'*'} b=${s#a*} c=${s#\"a*\"} d=${#s}", "abcd",
	    "b|*b|b|3|" },
	{ "a=${x:?gone}; b=1", "ab", "-|-|" },
	{ "a=${y:-$(ls)} b=${1:-$(ls)}", "ab", "?|start|" },
	{ "y=$(ls); a=${y:-d} b=${y#x} c=${#y}; : ${y:=d} ${z=$y}", "abcyz",
	    "?|?|?|?|?|" },
	{ "a=${x/y/z} b=${!x} c=${x:1:2} d=1", "abcd", "?|?|?|1|" },
	{ "a=${y:-${z:-${x:-deep}}}", "a", "deep|" },
	{ "x=5; b=x; eval a=\\$$b; eval \"c=\\${${b}:-n}\"", "ac", "5|5|" },
};

H_CASE(params, "Every form of ${x} is what it is for sh")
{
	t_rows(t_param_rows, COUNT(t_param_rows));
}

static const struct t_row t_command_rows[] = {
	{ "if [ -n \"$1\" ]; then a=1; else a=2; fi", "a", "1|" },
	{ "if [ x = y ]; then a=1; elif [ x != y ]; then a=2; else a=3; fi",
	    "a", "2|" },
	{ "a=0 b=1; if foo; then a=1 b=1; else c=3; fi", "abc", "?|1|?|" },
	{ "if foo; then a=1; exit; fi; b=2", "ab", "-|2|" },
	{ "foo || exit 1; a=1", "a", "1|" },
	{ "foo && a=1; true && b=1; false && c=1; false || d=1", "abcd",
	    "?|1|-|1|" },
	{ "exit 0; a=1", "a", "-|" },
	{ "case $1 in st*|x) a=1;; *) a=2;; esac", "a", "1|" },
	{ "case $1 in \"st*\") a=1;; [a-r]*) a=2;; [!x]*) a=3 ;; esac",
	    "a", "3|" },
	{ "case `x` in a) a=1;; *) b=1;; esac; c=1", "abc", "?|?|1|" },
	{ "x='1 2 3'; for i in $x \"4 5\"; do a=$a,$i; done", "ai",
	    ",1,2,3,4 5|4 5|" },
	{ "for i in $(ls); do a=1; done; b=1", "ab", "?|1|" },
	{ "for i; do a=$a,$i; done", "a", ",start,two words|" },
	{ "for i in 1 2 3; do [ $i = 2 ] && continue; a=$a$i; done; "
	    "for i in 1 2 3; do [ $i = 2 ] && break; b=$b$i; done", "ab",
	    "13|1|" },
	{ "a=1; while foo; do a=2; b=$a; done; c=3", "abc", "?|?|3|" },
	{ "while [ $# -gt 0 ]; do a=$a,$1; shift; done", "a",
	    ",start,two words|" },
	{ "f() { a=$1; local b=2 c; c=3; return; d=4; }; b=1; f x y; "
	    "e=$?$1", "abcde", "x|1|-|-|0start|" },
	{ "f() { f; }; a=1; f; b=2", "ab", "?|?|" },
	{ "f() { if foo; then return; fi; a=1; }; f; b=1", "ab", "?|1|" },
	{ "if foo; then f() { a=1; }; fi; b=1; f; c=1", "abc", "?|1|1|" },
	{ "( a=1; b=2 ); c=3 | d=4; e=5 &", "abcde", "-|-|-|-|-|" },
	{ "{ a=1; }; ! true || b=1; ! false && c=1", "abc", "1|1|1|" },
	{ "a=1 foo; b=1 :; c=1 true", "abc", "-|1|-|" },
	{ "export a=1 b; readonly c=\"x y\"; unset a; b=$(ls) d=1", "abcd",
	    "-|?|x y|1|" },
	{ "set -- x \"y z\"; a=$2 b=$#; set -- $(ls); c=$1", "abc",
	    "y z|2|?|" },
	{ "set -e; false; a=1", "a", "-|" },
	{ "set -e; foo; false || true; if false; then :; fi; a=1", "a", "1|" },
	{ "set -u; a=1; b=$x; c=1", "abc", "1|-|-|" },
	{ "eval 'a=1; b=\"x y\"'; eval c=`ls`; d=1", "abcd",
	    "1|x y|?|1|" },
	{ "a=1; eval `ls`; b=2", "abc", "?|2|?|" },
	{ "f() { :; }; eval `ls`; b=2; f; c=3", "bc", "?|3|" },
	{ "cat <<EOT\na=1\nEOT\nb=2; cat <<-'E F' | x\n\ta=1\n\tE F\nc=3",
	    "abc", "-|2|3|" },
	{ "read a b; c=1; getopts x d", "abcd", "?|?|1|?|" },
	{ "a=1 >/dev/null 2>&1; b=2 </x; echo x >&2; c=3", "abc", "1|2|3|" },
	{ "test x = x -a ! \\( y = z \\) && a=1; [ 3 -gt 2 -o x ] && b=1",
	    "ab", "1|1|" },
	{ "[ \"`ls`\" = x ] && a=1; [ \"`ls`\" = x -a 1 = 2 ] || b=1", "ab",
	    "?|1|" },
	{ "[[ $a == x* && ( -n $b ) ]] && c=1; d=1", "cd", "?|1|" },
	{ "f() { local v=$(x); [ $v ] && v=1; w=1; }; while x; do f; done; "
	    "a=1", "aw", "1|?|" },
	{ "while x; do while y; do if z; then a=2; exit; fi; done; done; b=1",
	    "ab", "-|1|" },
	{ "for i in 1 2; do x && continue; break; done; a=$i", "a", "?|" },
	{ "x() { y && return; exit; }; x; a=1", "a", "1|" },
	{ "( eval 'x; do' ); a=1; declare -A b=(1 2); c=1", "ac", "1|1|" },
	{ "function f { a=1; }; function g() { b=1; }; f; g", "ab", "1|1|" },
	{ "load_rc_config x; a=1; run_rc_command \"$1\"; b=1", "rab",
	    "loaded|1|-|" },
	{ "x='a  b'; say $x \"$x\" \"$@\" '' $none a\"$none\" `ls`", "!",
	    "a|b|a  b|start|two words||a|?|" },
	{ "exec say x; a=1", "!a", "x|-|" },
	{ "a=1; . $(ls); b=$c", "ab", "?|?|" },
	{ ". /etc/rc.subr; a=1; . /nowhere; b=1", "ab", "1|1|" },
	{ "say a=b /nowhere/* /d*y b?", "!", "a=b|/nowhere/*|/d*y|b?|" },
};

H_CASE(commands, "Commands set what they set for sh, and no more")
{
	t_rows(t_command_rows, COUNT(t_command_rows));
}

static const struct t_row t_file_rows[] = {
	{ ". /etc/default/x; a=$x; . /etc/ret; c=1", "abc", "from x|1|1|" },
	{ "[ -f /etc/default/x ] && a=1; [ -x /etc/default/x ] || b=1; "
	    "[ -d /etc ] && c=1; [ -e /none ] || d=1; [ -f x ] || e=1",
	    "abcde", "1|1|1|1|?|" },
	{ "for i in /etc/default/*; do a=$a,$i; done", "a",
	    ",/etc/default/x,/etc/default/y|" },
	{ "[ -s /etc/empty ] || a=1; [ -L /etc/link ] && b=1; "
	    "[ -r /etc/link ] && c=1", "abc", "1|1|1|" },
	{ "a=1; . /etc/fifo; b=2", "ab", "?|2|" },
	{ ". /etc/self; a=1", "a", "?|" },
	{ ". /etc/wrong; a=1", "a", "-|" },
};

H_CASE(files, "Files that a script reads or asks for are those of the root")
{
	ATF_REQUIRE(system("mkdir -p etc/default && cd etc && "
	    "echo 'x=\"from x\"' >default/x && echo y=1 >default/y && "
	    "echo 'b=1; return; b=2' >ret && : >empty && mkfifo fifo && "
	    "ln -s /etc/default/x link && echo '. /etc/self' >self && "
	    "echo 'a=\"' >wrong") == 0);
	t_rows(t_file_rows, COUNT(t_file_rows));
}

H_CASE(places, "A value knows the file and line that set it last")
{
	static const char script[] = "a=1\nb='x\ny' c=3\nif foo; then\n"
	    "\td=1\nfi\n: ${e:=1}\nf() {\n\tg=1\n}\na=2\nf\n"
	    "h=\"-p $a -x\"; say $a\n";
	struct root *root = root_new(".");
	struct sh *sh = sh_new(root);
	struct sh_words w = { NULL, 0 };
	struct sh_value v;
	const char *p;
	char name[2] = "";

	ATF_REQUIRE(sh_text(sh, "/etc/rc.conf", 1, script,
	    strlen(script)) == 0);
	for (p = "bBcCdEeGgIaKhM"; *p != '\0'; p += 2) {
		name[0] = *p;
		v = sh_get(sh, name);
		if (v.file == NULL || strcmp(v.file, "/etc/rc.conf") != 0)
			atf_tc_fail_nonfatal("%s: no file", name);
		ATF_CHECK_EQ_MSG(v.line, (unsigned)(p[1] - 'A' + 1),
		    "%s: line %u", name, v.line);
	}
	sh_set(sh, "z", "-p '$a b' c\\ d $a", "/x", 7);
	v = sh_get(sh, "z");
	sh_split(sh, &v, false, &w);
	ATF_REQUIRE(w.n == 6);
	ATF_CHECK_STREQ(w.item[1].text, "'$a");
	ATF_CHECK_STREQ(w.item[5].file, "/x");
	ATF_CHECK(w.item[5].line == 7);
	sh_split(sh, &v, true, &w);
	ATF_REQUIRE(w.n == 10);
	ATF_CHECK_STREQ(w.item[7].text, "$a b");
	ATF_CHECK_STREQ(w.item[8].text, "c d");
	ATF_CHECK_STREQ(w.item[9].text, "2");
	ATF_CHECK_STREQ(w.item[9].file, "/etc/rc.conf");
	sh_set(sh, "z", "a 'b", "/x", 7);
	v = sh_get(sh, "z");
	sh_split(sh, &v, true, &w);
	ATF_CHECK(w.n > 10 && w.item[w.n - 1].text == NULL);
	sh_words_free(&w);
	sh_free(sh);
	root_free(root);
}

static const struct {
	const char	*script, *fault;
} t_fault_rows[] = {
	{ "a=1\nb='x\n", "s:2: a quote has no end" },
	{ "a=1\nb=\"x", "s:2: a quote has no end" },
	{ "a=1\nb=${x", "s:2: ${ has no }" },
	{ "a=1\nb=$(x", "s:2: $( has no )" },
	{ "a=1\nif x; then y", "s:2: expected \"fi\"" },
	{ "a=1\n(b=2", "s:2: expected \")\"" },
	{ "a=1\nfi", "s:2: nothing is there to be ended" },
	{ "a=1\nx ;; y", "s:2: nothing is there to be ended" },
	{ "a=1\n; b", "s:2: expected a command" },
	{ "a=1\nx > ; b", "s:2: expected a word behind the redirection" },
	{ "a=1\nfor 1 in x; do y; done", "s:2: expected \"a name\"" },
	{ "a=1\nb=2; cat <<E\nx", NULL },
};

H_CASE(faults, "What sh would not understand is a fault with its line")
{
	struct root *root = root_new(".");
	struct sh *sh;
	const char *fault;
	size_t i;

	for (i = 0; i < COUNT(t_fault_rows); i++) {
		sh = sh_new(root);
		(void)sh_text(sh, "s", 1, t_fault_rows[i].script,
		    strlen(t_fault_rows[i].script));
		fault = sh_fault(sh);
		if ((fault == NULL) != (t_fault_rows[i].fault == NULL) ||
		    (fault != NULL && strcmp(fault, t_fault_rows[i].fault) !=
		    0))
			atf_tc_fail_nonfatal("%s\nis \"%s\"",
			    t_fault_rows[i].script, fault != NULL ? fault :
			    "no fault");
		ATF_CHECK_STREQ(sh_get(sh, "a").text, "1");
		ATF_CHECK((sh_get(sh, "b").known == SH_UNSET) ==
		    (t_fault_rows[i].fault != NULL));
		sh_free(sh);
	}
	sh = sh_new(root);
	(void)sh_text(sh, "s", 1, "a=1\nb\0=2\nc=3\n", 12);
	ATF_CHECK(sh_fault(sh) != NULL && strstr(sh_fault(sh), "NUL") != NULL);
	ATF_CHECK_STREQ(sh_get(sh, "a").text, "1");
	sh_free(sh);
	root_free(root);
}

/* A text of so many copies. */
static void
t_hostile(const char *before, const char *copy, size_t n, const char *after,
    bool beyond)
{
	struct root *root = root_new(".");
	struct sh *sh = sh_new(root);
	size_t len = strlen(copy), i, size = 100 + n * len;
	char *text = malloc(size);

	ATF_REQUIRE(sh != NULL && text != NULL);
	strlcpy(text, before, size);
	for (i = 0; i < n; i++)
		memcpy(text + strlen(before) + i * len, copy, len);
	text[strlen(before) + n * len] = '\0';
	strlcat(text, after, size);
	ATF_CHECK(sh_text(sh, "s", 1, text, strlen(text)) == 0);
	/* Where a bound ends it, nothing is known. */
	if ((sh_get(sh, "k").known == SH_UNKNOWN) != beyond)
		atf_tc_fail_nonfatal("%zu times %.40s: %s", n, copy,
		    sh_fault(sh) != NULL ? sh_fault(sh) : "no fault");
	sh_free(sh);
	root_free(root);
	free(text);
}

H_CASE(hostile, "Scripts without measure end soon, with nothing known")
{
	t_hostile("k=1\n", "(", 100000, "", true);
	t_hostile("k=1\n", "{ ", 100000, "", true);
	t_hostile("k=1\n", "${", 100000, "", true);
	t_hostile("k=1\nx=", "$(", 100000, "", true);
	t_hostile("k=1\nx=", "$((", 100000, "", true);
	t_hostile("k=1\nx=\"", "${x:-\"", 100000, "", true);
	t_hostile("k=1\n", "if x; then ", 100000, "", true);
	t_hostile("k=1\n", "for i in 1 2 3 4 5 6 7 8 9; do ", 20,
	    "k=2; while false; do :; done; done", false);
	t_hostile("k=1\n", "for i in 1 2 3 4 5 6 7 8 9; do\n", 9,
	    "a=1\ndone;done;done;done;done;done;done;done;done", true);
	t_hostile("k=1\n", "x=$(a)\n", 30000, "", true);
	t_hostile("k=1\nx=x\n", "x=$x$x\n", 100, "", false);
	t_hostile("k=1\nf() {\n", "x=1\n", 100000, "}\nf;f;f", true);
	t_hostile("k=1\ne='eval $e'; eval $e; ", "", 0, "", true);
	t_hostile("k=1\n", "eval ", 1000, "x", true);
	t_hostile("k=1\nwhile :; do :; done\n", "", 0, "", true);
	t_hostile("k=1\nx='", "aaaaaaaa", 1000, "'; y=${x%%*a*a*a*a*b}", false);
	t_hostile("k=1\n: '", "x", 1000000, "'\n", false);
	t_hostile("k=1\n", "#", 1000000, "", false);
	t_hostile("k=1\n", "a\\\n", 300000, "", false);
	t_hostile("k=1\n[ ", "! ( ", 2000, " ]", false);
	t_hostile("k=1\ncat <<E\n", "E E\n", 300000, "", false);
	t_hostile("k=1\n", "cat <<E;", 20, "", false);
}

H_CASE(many, "More variables than there may be are not known")
{
	struct root *root = root_new(".");
	struct sh *sh = sh_new(root);
	char line[40];
	unsigned i;

	for (i = 0; i < SH_VARS_MAX + 10; i++) {
		snprintf(line, sizeof(line), "v%u=%u", i, i);
		ATF_REQUIRE(sh_text(sh, "s", i + 1, line, strlen(line)) == 0);
	}
	ATF_CHECK(sh_get(sh, "v4009").known == SH_UNKNOWN);
	ATF_CHECK(sh_get(sh, "v1").known == SH_UNKNOWN);
	sh_free(sh);
	root_free(root);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, words);
	ATF_TP_ADD_TC(tp, params);
	ATF_TP_ADD_TC(tp, commands);
	ATF_TP_ADD_TC(tp, files);
	ATF_TP_ADD_TC(tp, places);
	ATF_TP_ADD_TC(tp, faults);
	ATF_TP_ADD_TC(tp, hostile);
	ATF_TP_ADD_TC(tp, many);
	return (atf_no_error());
}
