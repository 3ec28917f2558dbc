/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_matrix.c - every fault of a child at every stage, around a real daemon: the
 * MTA and the children of many sessions in one process.
 * Owns:      "h_matrix conf FALLBACK CHAIN [eval] [late] [discards] [xpar]
 *            [zpar]" (the configuration), "h_matrix run" with the same (the
 *            sessions).
 * Called by: t_matrix.sh.
 * Must not:  decide what is right; h_matrix_oracle.h does.
 *
 * The MTA goes on when its reply has come and x, if it is lost, has been given
 * up by the daemon: so the order is always the same.  Sessions negotiate one
 * after the other, for that is how a child's connection finds its session;
 * from there on they run side by side.  With "late" the faults are those that
 * only a timeout ends, else all others; with "discards" it is that which
 * manager.fallback_status does, else it rejects; with "xpar" and "zpar" these
 * children are parallel.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include "h_matrix.h"
#include "h_matrix_oracle.h"

#define MATRIX_RUNNING	48
#define MATRIX_PATIENCE	60000	/* ms without any progress are a hang */
#define MATRIX_TIMEOUT	"2s"	/* of a child, with late */

static void	mta_go(struct matrix_session *);
static void	session_check(struct matrix_session *);
static void	session_drop(struct matrix_session *);
static void	session_next(void);

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
bad(struct matrix_session *s, const char *fmt, ...) COMPAT_PRINTF(2, 3);

static void
bad(struct matrix_session *s, const char *fmt, ...)
{
	va_list ap;

	if (s->over)
		return;
	printf("%s %s%s %s at %c of message %d%s%s: ", matrix_fallback->name,
	    M.chain, M.evaluated ? " eval" : "", matrix_kinds[s->kind].name,
	    s->at, s->in_message, s->redial ? " redial" : "",
	    s->nr ? " nr" : "");
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	M.bad++;
	session_drop(s);
}

static void
progress(void)
{
	loop_timer_start(M.loop, &M.patience, MATRIX_PATIENCE,
	    M.patience.fn, NULL);
}

#include "h_matrix_child.h"
#include "h_matrix_mta.h"

/* --- the sessions -------------------------------------------------------- */

static void
session_start(struct matrix_session *s)
{
	struct sockaddr_un sun;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t i;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "mm.sock");
	if (fd == -1 || connect(fd, (struct sockaddr *)&sun,
	    sizeof(sun)) == -1 || stream_open(&s->mta, M.loop, fd, &mta_ops,
	    s) == -1)
		die("mm.sock");
	for (i = 0; i < M.n; i++) {
		s->child[i].session = s;
		s->child[i].place = i;
		s->child[i].name = M.chain[i] == 'A' ? 'a' : M.chain[i];
	}
	s->started = true;
	s->next = 'O';
	M.running++;
}

/* Who is the next to negotiate? */
static void
session_next(void)
{
	size_t i;

	while (M.running < MATRIX_RUNNING && M.first < M.n_sessions)
		session_start(&M.session[M.first++]);
	for (i = 0; i < M.first && M.negotiating == NULL; i++)
		if (!M.session[i].over)
			mta_go(&M.session[i]);
	if (M.running == 0)
		loop_stop(M.loop);
}

/*
 * A parallel child has ended the message itself, or is told that it is over:
 * that is a matter of time.
 */
static void
session_blur(struct matrix_child *c)
{
	char *p = (char *)buf_ptr(&c->got);
	size_t i, n = 0;

	for (i = 0; i < c->got.len; i++)
		if (i == 0 || p[i] != 'A' || p[n - 1] != 'E')
			p[n++] = p[i];
	c->got.len = n;
}

/* Each child has seen just what it had to. */
static void
session_compare(struct matrix_session *s)
{
	size_t i;

	for (i = 0; i < M.n; i++) {
		struct matrix_child *c = &s->child[i];

		if (M.parallel[i])
			session_blur(c);
		/* A lost one that was not waited for may have got more. */
		if (matrix_is_x(i) && s->lost && (s->nr ||
		    s->kind == KIND_LATER || s->kind == KIND_TWICE))
			continue;
		if (c->got.len != c->want.len || memcmp(buf_ptr(&c->got),
		    buf_ptr(&c->want), c->got.len) != 0)
			bad(s, "%c gets %.*s, not %.*s", c->name,
			    (int)c->got.len, (const char *)buf_ptr(&c->got),
			    (int)c->want.len, (const char *)buf_ptr(&c->want));
	}
}

/* It is over, one way or another. */
static void
session_drop(struct matrix_session *s)
{
	size_t i;

	if (s->over)
		return;
	s->over = true;
	stream_close(&s->mta);
	for (i = 0; i < M.n; i++) {
		stream_close(&s->child[i].stream);
		buf_free(&s->child[i].got);
		buf_free(&s->child[i].want);
	}
	option_free(&s->agreed);
	M.running--;
	if (s->holds)
		mta_dialled(s);
	session_next();
}

/* The MTA has left: is the daemon through with it? */
static void
session_check(struct matrix_session *s)
{
	size_t i;

	if (s->over || !s->leaving || s->mta.loop != NULL)
		return;
	for (i = 0; i < M.n; i++)
		if (s->child[i].open)
			return;
	session_compare(s);
	session_drop(s);
}

static void
on_hang(struct loop_timer *t, void *arg)
{
	size_t i;

	(void)t;
	(void)arg;
	for (i = 0; i < M.first; i++)
		bad(&M.session[i], "no progress behind %c of message %d%s",
		    M.session[i].sent, M.session[i].message,
		    M.session[i].due ? ", a reply is due" : "");
	exit(1);
}

/* Is it to be seen at all, and always the same? */
static bool
session_possible(const struct matrix_session *s)
{
	bool silent = s->nr && matrix_nr(s->at) != 0;
	/* What is sent without a pause: the wrong reply may look right. */
	bool burst = strcmp(M.chain, "axz") == 0 && !M.parallel[M.x] &&
	    strchr("SFNB", s->at) != NULL;

	/* One after the other takes its time. */
	if (s->at == 'O' && s->nr && M.late)
		return (false);
	/* CONNECT is on its way while they negotiate again. */
	if (s->redial && ((s->nr && M.n == 1) || s->kind == KIND_LATER))
		return (false);
	/* Known when the one before it has answered, or behind that? */
	if (M.parallel[M.x] && silent && s->kind != KIND_STRAY &&
	    strchr("CHUM12T", s->at) != NULL)
		return (false);
	/* The same while one beside it is waited for. */
	if (M.x == 0 && M.n > 1 && M.parallel[1] &&
	    strchr("SFNB", s->at) != NULL && (s->kind == KIND_LATER ||
	    s->kind == KIND_TWICE || (silent && s->kind != KIND_STRAY)))
		return (false);
	switch (s->kind) {
	case KIND_STRAY:
		return (silent && M.n > 1 && !burst);
	case KIND_TWICE:
		return (!s->nr && !burst);
	case KIND_WRONG:
		return (!silent || !burst);
	case KIND_LATER:
	case KIND_HANG:
	case KIND_STALL:
		return (!silent);
	default:
		return (true);
	}
}

static void
session_add(enum matrix_kind kind, char at, int message, bool redial, bool nr)
{
	struct matrix_session *s = &M.session[M.n_sessions];

	memset(s, 0, sizeof(*s));
	s->number = (unsigned)M.n_sessions;
	s->kind = kind;
	s->at = at;
	s->in_message = message;
	s->redial = redial;
	s->nr = nr;
	if (kind == KIND_NONE || session_possible(s))
		M.n_sessions++;
}

static void
sessions_run(void)
{
	M.first = 0;
	progress();
	session_next();
	if (M.running > 0 && loop_run(M.loop) == -1)
		die("loop_run");
	loop_timer_stop(&M.patience);
}

static void
run(void)
{
	const char *p;
	size_t i, faulty;

	M.session = calloc(2 * KIND_N * 3 * strlen(MATRIX_LETTERS),
	    sizeof(*M.session));
	M.loop = loop_new(NULL);
	if (M.session == NULL || M.loop == NULL)
		die("loop_new");
	M.patience.fn = on_hang;
	for (i = 0; i < M.n; i++)
		child_listen(i);
	for (i = KIND_NONE + 1; i < 2 * KIND_N; i++) {
		enum matrix_kind kind = (enum matrix_kind)(i % KIND_N);
		bool nr = i >= KIND_N;

		if (kind == KIND_NONE || matrix_kinds[kind].late != M.late)
			continue;
		for (p = matrix_kinds[kind].letters; *p != '\0'; p++) {
			session_add(kind, *p, 1, false, nr);
			if (*p == 'O')
				session_add(kind, *p, 1, true, nr);
			else if (strchr("CHU", *p) == NULL)
				session_add(kind, *p, 2, false, nr);
		}
	}
	faulty = M.n_sessions;
	sessions_run();
	/* The same process, and nothing is left of all that. */
	M.n_sessions = 0;
	session_add(KIND_NONE, '-', 1, false, false);
	session_add(KIND_NONE, '-', 2, false, true);
	sessions_run();
	for (i = 0; i < M.n; i++)
		child_deaf(i);
	free(M.session);
	printf("%s %s%s%s%s%s%s: %zu sessions, %u bad\n",
	    matrix_fallback->name, M.chain, M.evaluated ? " eval" : "",
	    M.late ? " late" : "", M.discards ? " discards" : "",
	    M.parallel[M.x] ? " xpar" : "",
	    M.x + 1 < M.n && M.parallel[M.x + 1] ? " zpar" : "",
	    faulty + M.n_sessions, M.bad);
}

static void
print_configuration(void)
{
	size_t i;

	printf("manager.connection_spec = \"unix:mm.sock\"\n"
	    "manager.fallback_status = \"%s\"\n"
	    "log.use_syslog = false\n"
	    "log.level = \"critical|error|warning|message|info\"\n",
	    M.discards ? "discard" : "reject");
	for (i = 0; i < M.n; i++)
		printf("milter.%c.connection_spec = \"unix:%c.sock\"\n"
		    "milter.%c.parallel = %s\n", M.chain[i], M.chain[i],
		    M.chain[i], M.parallel[i] ? "true" : "false");
	printf("milter.x.fallback_status = \"%s\"\n"
	    "milter.x.evaluation_mode = %s\n", matrix_fallback->name,
	    M.evaluated ? "true" : "false");
	if (M.late)
		printf("milter.x.reading_timeout = " MATRIX_TIMEOUT "\n"
		    "milter.x.end_of_message_timeout = " MATRIX_TIMEOUT "\n");
}

int
main(int argc, char *argv[])
{
	size_t i;
	int k;

	if (argc < 4)
		return (2);
	for (i = 0; i < sizeof(matrix_fallbacks) /
	    sizeof(matrix_fallbacks[0]); i++)
		if (strcmp(matrix_fallbacks[i].name, argv[2]) == 0)
			matrix_fallback = &matrix_fallbacks[i];
	M.chain = argv[3];
	M.n = strlen(M.chain);
	if (matrix_fallback == NULL || M.n > MATRIX_CHILDREN ||
	    strchr(M.chain, 'x') == NULL)
		return (2);
	M.x = (size_t)(strchr(M.chain, 'x') - M.chain);
	for (k = 4; k < argc; k++) {
		M.evaluated |= strcmp(argv[k], "eval") == 0;
		M.late |= strcmp(argv[k], "late") == 0;
		M.discards |= strcmp(argv[k], "discards") == 0;
		M.parallel[M.x] |= strcmp(argv[k], "xpar") == 0;
		if (M.x + 1 < M.n)
			M.parallel[M.x + 1] |= strcmp(argv[k], "zpar") == 0;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if (strcmp(argv[1], "conf") == 0)
		print_configuration();
	else
		run();
	return (M.bad > 0 ? 1 : 0);
}
