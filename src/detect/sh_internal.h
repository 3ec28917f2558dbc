/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sh_internal.h - the parts of the script reader to each other.
 *
 *   sh.c		variables, how they are set and put back
 *   sh_lex.c		where a word, a comment, a here-document ends
 *   sh_expand.c	a word into what it stands for
 *   sh_param.c		${x} in all its forms
 *   sh_run.c		commands: lists, if, case, loops, functions
 *   sh_follow.c	texts: files, functions' bodies, what eval has
 *   sh_simple.c	assignments and the commands that sh has itself
 *   sh_test.c		[ and test
 *
 * There is no tree of the script: it is followed as it is read, and what must
 * not be followed is read all the same, so that each part ends behind its
 * text.  Each line is first read so as a whole, as sh does.
 *
 * Where a condition is not known, both ways are followed with sh->maybe raised:
 * what is set then is not known behind it.  What a subshell sets, or a way that
 * ends in exit, is put back with the help of a journal.
 */
#ifndef DETECT_SH_INTERNAL_H
#define DETECT_SH_INTERNAL_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/word.h"
#include "detect/sh.h"

#define SH_WORK_MAX	(4 * 1024 * 1024)	/* bytes looked at, about */
#define SH_WORK_STEP	50			/* for a command */
#define SH_TOTAL_MAX	(4 * 1024 * 1024)	/* of all values */
#define SH_ARGUMENTS_MAX 200
#define SH_NAME_MAX	250
#define SH_BUCKETS	128
#define SH_HERE_MAX	8

/*
 * A variable.  "1" and "#" are those that are written so, and "f()" is the
 * body of a function, which is also there when it is not known whether the
 * function is.
 */
struct sh_state {
	char		*text;		/* owned; or NULL */
	const char	*why;
	const char	*file;
	unsigned	 line;
	unsigned	 level;		/* of sh->maybe when it became local */
	enum sh_known	 known;
	bool		 readonly;
};

struct sh_var {
	struct sh_var	*next;
	struct sh_state	 now;
	unsigned	 mark;		/* the innermost that has saved it */
	char		 name[];
};

struct sh_saved {
	struct sh_var	*var;
	struct sh_state	 old;
	unsigned	 mark;
};

struct sh_mark {
	size_t		 at;		/* in the journal */
	struct sh_local	*locals;
	bool		 lost, errexit, nounset, noglob;
};

struct sh_local {
	struct sh_local	*next;
	struct sh_var	*var;
	struct sh_state	 old;
	bool		 maybe;
};

/* A function or file that is being followed. */
struct sh_call {
	struct sh_call	*up;
	struct sh_local	*locals;
	unsigned	 maybe;		/* when it began */
	unsigned	 extra;		/* raised by return */
	bool		 function;
};

/* A loop that is followed until what it sets is no news. */
struct sh_fixed {
	struct sh_fixed	*up;
	unsigned	 level;		/* of sh->maybe around it */
	int		 news;		/* how much became not known */
};

/* A text that is being read. */
struct sh_in {
	const char	*p, *end;
	const char	*file;
	unsigned	 line;
	unsigned	 n_here;
	struct {
		char	 word[80];
		bool	 tabs;
	} here[SH_HERE_MAX];
};

/* Why the rest is not followed. */
enum sh_end {
	SH_RUNS, SH_BROKE, SH_CONTINUED, SH_RETURNED,
	SH_DONE,			/* SH_STATUS_END */
	SH_EXITED, SH_FAULTY
};

struct sh {
	struct root	*root;
	struct sh_var	*bucket[SH_BUCKETS];
	size_t		 n_vars;
	size_t		 total;		/* bytes of values */
	bool		 lost;		/* what is not set is not known */
	bool		 no_memory;
	bool		 beyond;	/* a bound was met: all is over */

	struct sh_saved	*journal;
	size_t		 n_journal, cap_journal;
	unsigned	 marks;
	struct sh_fixed	*fixed;

	struct sh_in	*in;
	struct sh_call	*call;
	unsigned	*loop_extra;	/* of the outermost loop; NULL: none */
	unsigned	 loops;
	unsigned	 breaks;	/* loops that are left */
	unsigned	 depth;
	unsigned	 skip;		/* read, do not follow */
	unsigned	 maybe;
	unsigned	 caught;	/* maybe, when the way at hand began */
	unsigned	 tested;	/* a failure is no error */
	bool		 errexit, nounset, noglob;
	bool		 substituted;	/* in the command at hand */
	int		 status;	/* or SH_STATUS_UNKNOWN */
	enum sh_end	 end;
	size_t		 steps;
	size_t		 work;

	sh_command	*command;
	void		*command_arg;
	sh_output	*output;
	void		*output_arg;
	char		 fault[400];
};

/* What a word has become. */
enum sh_how { SH_FIELDS, SH_ONE, SH_PATTERN };

struct sh_out {
	enum sh_how	 how;
	char		*text;		/* NUL behind it, or NULL: "" */
	size_t		 len, cap;
	const char	*why;		/* not NULL: not known */
	bool		 any;		/* a field has begun */
	bool		 globs, odd;	/* has an unquoted '*'; a backslash */
	bool		 ragged;	/* not known how many fields */
	const char	*file;		/* of the field */
	unsigned	 line;
	struct sh_words	 words;		/* SH_FIELDS */
};

/* --- sh.c --- */

bool	sh_running(const struct sh *);
/* Counts; ends everything when there was too much. */
void	sh_work(struct sh *, size_t bytes);
/* Ends everything; the first fault is the one that is told. */
void	sh_fail(struct sh *, const char *why);
/* The script ends here, unless it may have gone elsewhere before. */
void	sh_exit(struct sh *, enum sh_end);
/* One deeper; false: too deep. */
bool	sh_deeper(struct sh *);
/* The variable, or NULL. */
struct sh_var *sh_find(const struct sh *, const char *name, size_t len);
/* The variable, made when it is not there; NULL: cannot be. */
struct sh_var *sh_var(struct sh *, const char *name, size_t len);
/* The same of a number. */
struct sh_var *sh_var_number(struct sh *, size_t);
struct sh_value sh_look(const struct sh *, const char *name, size_t len);
/* Copies text.  The place is that of sh->in. */
void	sh_put(struct sh *, struct sh_var *, enum sh_known, const char *text,
	    size_t len, const char *why);
/* It may be anything now. */
void	sh_blur(struct sh *, const char *name, size_t len, const char *why);
/* Every variable and function may be anything now. */
void	sh_forget(struct sh *, const char *why);
void	sh_mark(struct sh *, struct sh_mark *);
void	sh_keep(struct sh *, const struct sh_mark *);
void	sh_undo(struct sh *, const struct sh_mark *);
/* Until the function at hand ends. */
void	sh_local(struct sh *, struct sh_var *);
void	sh_local_end(struct sh *, struct sh_call *);
void	sh_set_words(struct sh *, const struct sh_words *, size_t from,
	    bool ragged);
/* How many arguments there are; false with 0: it is not known. */
bool	sh_count(const struct sh *, size_t *);
/* The length of a name at p, 0: none. */
size_t	sh_name(const char *p, const char *end);

/* --- sh_lex.c --- */

/* Goes to the next token of the line. */
void	sh_blank(struct sh *);
/* Over blank lines, too. */
void	sh_newlines(struct sh *);
bool	sh_at(const struct sh *, const char *operator);
/* At this word, which ends here. */
bool	sh_at_word(const struct sh *, const char *word);
bool	sh_at_any_word(const struct sh *);
/* Goes behind the word. */
void	sh_skip_word(struct sh *);
/* Goes behind what begins with '$' or a backquote. */
void	sh_skip_dollar(struct sh *, bool quoted);
/* Goes behind a redirection; false: there is none. */
bool	sh_redirection(struct sh *);

/* --- sh_expand.c, sh_param.c --- */

/* A word of a script; out is zeroed, but for how, or has fields already. */
void	sh_expand(struct sh *, const char *from, const char *to, unsigned line,
	    struct sh_out *);
void	sh_expand_in(struct sh *, bool quoted, bool inner, struct sh_out *);
void	sh_add(struct sh *, struct sh_out *, char c, bool quoted, bool value);
void	sh_add_value(struct sh *, struct sh_out *, const struct sh_value *,
	    bool quoted);
void	sh_add_unknown(struct sh_out *, const char *why, bool quoted);
void	sh_end_field(struct sh *, struct sh_out *);
void	sh_out_free(struct sh_out *);
/*
 * Goes behind a number that all shells read as the same one: no more than nine
 * digits, and not octal.
 */
bool	sh_number(const char **, long long *out);
/* ${x}, $x, $1; at the '$'. */
void	sh_param(struct sh *, struct sh_out *, bool quoted);
/* 1, 0, or -1: would take too long. */
int	sh_like(struct sh *, const char *pattern, size_t pattern_len,
	    const char *text, size_t len);

/* --- sh_run.c, sh_simple.c, sh_test.c --- */

/* Commands, to what ends their list. */
void	sh_list(struct sh *);
bool	sh_list_ends(struct sh *);
/* One of them and the ';' behind it; false: the list ends here. */
bool	sh_item(struct sh *);
/* A text as a whole; 0 or -1 without memory. */
int	sh_follow(struct sh *, const char *file, unsigned line,
	    const char *text, size_t len);
/* A simple command. */
void	sh_simple(struct sh *);
void	sh_call_function(struct sh *, struct sh_var *,
	    const struct sh_out *);
int	sh_test(struct sh *, const struct sh_words *);

#endif /* DETECT_SH_INTERNAL_H */
