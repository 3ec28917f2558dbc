/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * session_internal.h - a session and its children, as the files of manager/ see
 * them.  Nobody outside of manager/ includes it.
 *
 * A session handles one event of the MTA at a time:
 *
 *   session.c    takes frames from the MTA while mode is SESSION_IDLE
 *   negotiate.c  O: dials the children side by side, merges their wishes
 *   envelope.c   C H M R T U: asks one child after the other
 *   content.c    L N B E: feeds the current child from its cursor; when it
 *                has answered E, its edits are applied and the next child is
 *                fed the message as it is then
 *   original.c   the message as it came, for children that are parallel
 *   finish.c     after the last child: edits and verdict to the MTA
 *   plan.c       which of them are to have an event at all: conditions
 *   deadline.c   how long the MTA waits for all of them
 *   fallback.c   what answers for a child that has failed
 *   child.c      one child's connection: what it is sent, what it replies
 *   breaker.c    whether it may be dialled, after it has failed in a row
 *   starter.c    has it started when it cannot be reached
 *
 * Each file does as much as it can and returns when a child's reply, room in a
 * child's queue, or the MTA is waited for.  What is waited for arrives in
 * session_child_changed() or in the MTA's stream; both come from the loop only.
 *
 * Invariants:
 * - A child's reply is due (waiting != STAGE_N) only while the session is not
 *   idle; nothing but ABORT and QUIT is sent to it then.
 * - A reply belongs to the oldest command that is still owed one.  Those that
 *   are not wanted any more are counted (stale, unasked) and thrown away.
 * - An event is answered exactly once, or not at all when the no-reply bit of
 *   its stage was agreed with the MTA.
 * - The edits of a child are applied when it ends its end-of-message with
 *   continue or accept, all of them at once, or never.  A parallel child may
 *   end it before its turn: its verdict is held then until the ones before it
 *   have had their word.
 * - What a child must have or not have of an event is known (plan) before it is
 *   sent anything of it.  While an earlier one's conditions are not answered,
 *   later ones are asked all the same; what they say has its place in the
 *   order.
 * - A child that a condition keeps out is none of those that fail: no fallback
 *   answers for it, as far as it is kept out.
 * - After session_end() nothing of the session is sent or called any more; its
 *   memory goes with the next turn of the loop.
 */
#ifndef MANAGER_SESSION_INTERNAL_H
#define MANAGER_SESSION_INTERNAL_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/network.h"
#include "config/conf.h"
#include "event/loop.h"
#include "manager/manager.h"
#include "manager/stage.h"
#include "manager/verdict.h"
#include "message/body.h"
#include "message/header.h"
#include "milter/option.h"
#include "milter/packet.h"
#include "net/stream.h"
#include "net/target.h"

/* The commands that can have macros, in the order of a session. */
#define SESSION_MACROS	"CHMRTULNBE"
#define SESSION_MACRO_N	(sizeof(SESSION_MACROS) - 1)

/* The last macro frame of a command, stage byte included. */
struct session_macros {
	unsigned char	*payload;
	size_t		 len;		/* what the MTA sent */
	size_t		 full;		/* with what we made up behind it */
	uint64_t	 gen;		/* 0: none; grows with each frame */
};

/* A verdict with the text of a reply code, when it is one. */
struct session_verdict {
	enum verdict	 verdict;
	char		*text;		/* of SMFIR_REPLYCODE, or NULL */
};

/* What its conditions say to the event, or to the piece of content, in hand. */
enum plan {
	PLAN_OPEN,		/* not asked */
	PLAN_PENDING,		/* an answer is waited for */
	PLAN_RUN,
	PLAN_STOP
};

enum child_state {
	CHILD_NEW,		/* not dialled */
	CHILD_DIALLING,
	CHILD_NEGOTIATING,
	CHILD_READY,
	CHILD_DONE,		/* accepted the session, or the session ended */
	CHILD_FAILED		/* its fallback answers for it from now on */
};

struct child {
	struct session		*session;
	struct child_run	*run;
	const struct conf_milter *conf;
	enum child_state	 state;
	unsigned		 id;		/* of its statistics lines */
	struct dial		 dial;
	uint64_t		 until;		/* the end of dialling */
	unsigned		 redial_ms;	/* 0: not dialled again */
	struct stream		 stream;
	struct loop_timer	 timer;
	struct option		 option;	/* what it answered */
	uint64_t		 macro_gen[SESSION_MACRO_N]; /* what it has */
	struct macro		*macros;	/* that conditions have set */
	bool			 kept_out;	/* of the session, by one */
	bool			 open;		/* counted as a connection */

	enum plan		 plan;		/* the event in hand */
	bool			 asked;
	bool			 lost;		/* behind a reply that still
						   counts */
	char			*lost_why;	/* NULL: out of memory */
	enum stage		 waiting;	/* reply due; STAGE_N: no */
	unsigned		 stale;		/* replies due to commands that
						   nobody waits for any more */
	unsigned		 unasked;	/* replies that may come though
						   the child said they won't */
	struct session_verdict	 first;		/* of two that may come */
	struct session_verdict	 reply;		/* came, not yet looked at */
	enum stage		 replied;	/* to which stage */
	bool			 blameless;	/* it is failed, has not */
	uint64_t		 written;	/* bytes, with queued ones */
	uint64_t		 taken;		/* when the timer began */

	/* this message */
	bool			 in_message;	/* saw MAIL, has not ended it */
	bool			 done;		/* has let it pass */
	unsigned		 skip;		/* bits: no more of a stage */
	unsigned		 rcpt_asked;
	unsigned		 rcpt_taken;
	bool			 rcpt_shown;	/* not all were hidden */
	bool			 rcpt_hidden;	/* not all were shown */
	bool			 stopped;	/* a condition keeps it out */
	const char		*fate;		/* as status, or NULL */
	bool			 held;		/* its verdict on the content
						   waits for its turn */
	enum stage		 cursor;	/* content it gets next */
	size_t			 header_pos;
	uint64_t		 body_off;
	struct buf		 edits;		/* frames since E */
	unsigned		 n_edits;
	struct body		*body;		/* new one since E, or NULL */

	/* statistics */
	enum stage		 last_stage;
	const char		*status;	/* upstream's word */
	uint64_t		 wait_since;
	uint64_t		 waited_ms;
	uint64_t		 message_ms;	/* of them, before this one */
	const char		*said;		/* of this message, as status;
						   NULL: nothing final */
	const struct conf_condition *stopped_by; /* while it is kept out */
	char			*why;		/* it has failed */
};

enum session_mode {
	SESSION_IDLE,		/* the MTA may go on */
	SESSION_NEGOTIATE,
	SESSION_ENVELOPE,
	SESSION_CONTENT,
	SESSION_FINISH,
	SESSION_ENDED
};

/* The message without any edit, as far as a parallel child needs it. */
struct original {
	struct header_list	 headers;
	bool			 own_body;	/* else the session's */
	struct body		 body;
	uint64_t		 base, seen;
};

/* What is told of a session and its message (account.c). */
struct account {
	char			*address;	/* of CONNECT; NULL: none */
	char			*name;
	char			*sender;	/* of the message in hand */
	char			*held;		/* NULL, or why it is */
	struct buf		 rcpts;		/* of those that were taken,
						   the first ones, with NUL */
	unsigned		 n_rcpts;	/* all of them */
	bool			 open;		/* no verdict on it so far */
	uint64_t		 since;		/* MAIL */
	uint64_t		 bytes;		/* of its content */
};

struct session {
	struct manager		*manager;
	struct session		*next, *prev;
	struct generation	*gen;
	const struct conf	*conf;		/* gen's */
	unsigned		 id;
	struct stream		 mta;
	struct loop_timer	 idle;
	struct loop_timer	 progress;
	struct loop_timer	 deadline;
	struct loop_task	 task;		/* frees it */
	uint64_t		 since;
	uint64_t		 waits_since;	/* the MTA, or we for it */
	struct account		 account;
	uint32_t		 client;	/* its place (shared.h), or 0 */
	char			*peer;
	struct record		*record;	/* NULL: not recorded */
	struct session_plan	*plan;		/* NULL: no conditions */

	enum session_mode	 mode;
	enum stage		 stage;		/* of the event in hand */
	enum stage		 last_stage;
	const char		*status;	/* upstream's word */
	bool			 negotiated;
	bool			 redial;	/* QUIT_NC: dial before more */
	bool			 connected;	/* CONNECT has come */
	bool			 client_local;	/* from an own network */
	unsigned char		 client_missed;	/* alive.c: 0 never seen */
	bool			 client_unasked; /* the checker has failed */
	unsigned		 client_port;	/* 0: not known, nor is */
	struct network_address	 client_address;
	struct option		 offer;		/* the MTA's */
	struct option		 child_offer;	/* to each child */
	struct option		 agreed;	/* our answer to the MTA */
	struct session_macros	 macros[SESSION_MACRO_N];
	uint64_t		 macro_seq;
	bool			 macro_mail;	/* came for the next message */
	bool			 macro_fresh;	/* this one has its own */
	enum conf_mta		 mta_kind;	/* AUTO: not known yet */

	struct child		*child;
	struct verdict_slot	*slot;		/* one a child */
	size_t			 n;
	bool			 parallel;	/* one of them is */

	/* the event in hand */
	struct buf		 event;		/* its payload (envelope) */
	size_t			 walk;		/* whose turn it is */

	/* A verdict that holds for later events, too. */
	struct session_verdict	 decided;
	bool			 decided_session; /* for all, not one message */

	/* this message */
	bool			 in_message;
	bool			 rcpt;		/* a recipient has come */
	bool			 data;		/* no more of them */
	bool			 content;	/* content has begun */
	bool			 have_eoh;
	bool			 have_eom;
	bool			 quarantined;
	struct header_list	 headers;
	struct body		 body;		/* spooled, or replaced */
	uint64_t		 body_base;	/* offset of its first byte */
	uint64_t		 body_seen;	/* bytes of the body so far */
	bool			 body_replaced;
	struct original		 original;
	struct buf		 edits;		/* to the MTA */
	uint64_t		 finish_off;	/* replaced body sent so far */
};

/* Writes a log line with the session's number in front. */
void	session_log(const struct session *, unsigned level, const char *fmt,
	    ...) COMPAT_PRINTF(3, 4);

/* --- session.c ----------------------------------------------------------- */

struct session *session_new(struct manager *, struct generation *, int fd,
	    unsigned id, const char *peer);
/* The only way in which a session ends; twice is fine. */
void	session_end(struct session *, const char *reason);
/* Ends it because the process ends: an MTA that waits gets tempfail. */
void	session_shut(struct session *, const char *reason);
/* Ends and frees it at once; not to be called from its own callbacks. */
void	session_reap(struct session *);
/* A child has replied, failed, or its queue has drained. */
void	session_child_changed(struct session *, struct child *);
/* Sends a verdict to the MTA unless the no-reply bit of the stage is agreed.
 * Returns whether one was sent. */
bool	session_reply(struct session *, enum stage, enum verdict,
	    const char *text);
/* Tells the MTA that its end of message is still worked on, if it waits for
 * that and reads what it is told. */
void	session_progress(struct session *);
/* Back to SESSION_IDLE: the next frame of the MTA may come. */
void	session_idle(struct session *);
/* Makes a verdict hold for later events.  text is copied. */
void	session_decide(struct session *, enum verdict, const char *text,
	    bool for_session);
/* Forgets the message; children inside of it get ABORT. */
void	session_message_end(struct session *);
/* The same, and the verdict on it, too. */
void	session_forget(struct session *);
/* Is there a message, as far as that content may come? */
bool	session_has_rcpt(const struct session *);
/* Is the MTA one that is known to be Postfix? */
bool	session_is_postfix(const struct session *);

/* --- negotiate.c --------------------------------------------------------- */

void	negotiate_begin(struct session *, const struct packet *);
void	negotiate_redial(struct session *);
void	negotiate_step(struct session *);

/* --- envelope.c ---------------------------------------------------------- */

void	envelope_begin(struct session *, enum stage, const struct packet *);
void	envelope_step(struct session *);
/* The event in hand is over: frees the texts of its slots. */
void	envelope_drop_texts(struct session *);
/* One line about a verdict that refuses something. */
void	envelope_log(const struct session *, const struct child *, enum stage,
	    enum verdict, const char *text);

/* Is the event a recipient that the MTA itself refuses? */
bool	envelope_rejected_rcpt(const struct session *);

/* --- plan.c -------------------------------------------------------------- */

/* A new session; without a condition nothing is done here.  0 or -1. */
int	plan_begin(struct session *);
/* The session is over, or (QUIT_NC) begins anew: nothing is known of it. */
void	plan_end(struct session *);
/* An event is in hand: learns what it tells.  0, or -1 when out of memory. */
int	plan_event(struct session *, const struct packet *);
/*
 * Whether the child is to have the event in hand.  PENDING: not known yet;
 * session_child_changed() is called when to ask again.
 */
enum plan plan_ask(struct child *);
/* It is not to have it: does what that means at this stage. */
void	plan_stop(struct child *);
/*
 * The same for a piece of content that it is about to be given.  STOP: it has
 * been told, and is out of the message.
 */
struct plan_piece {
	const char		*name, *value;	/* of a header field */
	const unsigned char	*body;
	size_t			 len;
};
enum plan plan_ask_piece(struct child *, enum stage,
	    const struct plan_piece *);
/* Have its conditions something to ask at that stage? */
bool	plan_has(const struct child *, enum stage);
/* Do they, or will they, go by what comes then? */
bool	plan_hears(const struct child *, enum stage);
/* Do they keep it out of the event in hand, the message, or the session? */
bool	plan_is_stopped(const struct child *);
/* No more recipients: those who have been shown none are out of the message. */
void	plan_recipients(struct session *);
/* The recipient in hand is one of the message. */
void	plan_taken(struct session *);
/* The recipient in hand is refused. */
void	plan_refused(struct session *);
void	plan_message_end(struct session *);
/*
 * Whether the client is still there when the system says that its connection is
 * "open", "half-closed", "gone" or "unknown": manager.connection_checker.
 */
bool	plan_client_is_there(struct session *, const char *state);
/* Adds to what is agreed with the MTA what conditions need. */
void	plan_claim(struct session *);

/* --- content.c ----------------------------------------------------------- */

void	content_event(struct session *, enum stage, const struct packet *);
void	content_step(struct session *);

/* --- original.c ---------------------------------------------------------- */

/* A new message: begins the copy if there is a parallel child.  0 or -1. */
int	original_begin(struct session *);
/* A header field of the MTA.  0 or -1. */
int	original_header(struct session *, const char *name, const char *value);
/* The body is going to be replaced: keeps it for those that still read it. */
void	original_keep_body(struct session *);
/* Where this child reads from. */
const struct header_list *original_headers(const struct session *,
	    const struct child *);
/* The same for the body: the spool, the offset of its first byte, and how many
 * bytes there are up to now. */
struct body *original_body(struct session *, const struct child *,
	    uint64_t *base, uint64_t *seen);
void	original_end(struct session *);

/* --- finish.c ------------------------------------------------------------ */

/* Applies the edits of a child that has ended its end-of-message.  0 or -1. */
int	finish_apply(struct session *, struct child *);
/*
 * Tells the MTA to hold the message: for the children that have it so by their
 * fallback, or (all) by the manager's own.  0, or -1 when out of memory.
 */
int	finish_hold(struct session *, bool all);
/* Sends what the MTA has to know, then the verdict, and ends the message. */
void	finish_begin(struct session *);
void	finish_step(struct session *);

/* --- child.c ------------------------------------------------------------- */

/* Dials it, or fails it at once when its breaker is open. */
void	child_start(struct child *);
/* Dials it, until the time for that is over. */
void	child_dial(struct child *);
/* Whether it is to be sent a command of that stage. */
bool	child_wants(const struct child *, enum stage);
/* Sends macros it lacks, then the command.  After it, the child is waited for
 * (waiting), or no reply is due, or it has failed (state). */
void	child_command(struct child *, enum stage, const void *payload,
	    size_t len);
/* Its answer to the event in hand is not wanted any more. */
void	child_forsake(struct child *);
/* Tells it to forget the message, if it is inside of one. */
void	child_abort(struct child *);
/* It has been heard: if it was lost meanwhile, it fails now. */
void	child_check_lost(struct child *);
/* Ends its connection in an orderly way; it is CHILD_DONE then. */
void	child_quit(struct child *);
/* Lost, late, or nonsensical: one line, and the fallback from now on; behind a
 * reply that has not been looked at it is only lost. */
void	child_fail(struct child *, const char *fmt, ...) COMPAT_PRINTF(2, 3);
/* Frees what it holds; says its statistics line if not yet said. */
void	child_end(struct child *);
/* Whether its queue is so long that nothing more should be put there. */
bool	child_full(const struct child *);

/* The reply that was waited for is in child->reply. */
void	child_take_reply(struct child *);
/* Frees the text; no verdict then. */
void	child_verdict_drop(struct session_verdict *);
/* The time for what it is waited for now begins anew. */
void	child_restart_timer(struct child *);

/* --- starter.c ----------------------------------------------------------- */

/* How long dialling it may take. */
unsigned starter_time(const struct child *);
/*
 * A dial has failed.  True: its command is being started, for this session or
 * another one, and it will be dialled again; else it has failed for good.
 */
bool	starter_waits(struct child *);
/* What that has to do with its command: "", or "; " and why. */
const char *starter_why(const struct child *);
/* It has been reached. */
void	starter_there(struct child *);

/* --- manners.c ----------------------------------------------------------- */

/* How far apart the replies of a child that is not silent may come. */
#define MANNERS_GRACE_MS	250u

/* How long the one in child->first is held back, in ms. */
uint64_t manners_grace(const struct child *);

/* Where the verdict that has come goes: to child->reply or child->first, or
 * NULL: nobody wants it (or the child has failed). */
struct session_verdict *manners_place(struct child *, int code);
/* No second reply has come behind the one in child->first: that is it. */
void	manners_take_first(struct child *);
/* Before an edit is looked at. */
void	manners_on_edit(struct child *);
/* --- fallback.c ---------------------------------------------------------- */

/* CONNECT has come: which class is the client of? */
void	fallback_client(struct session *, const struct packet *);
/*
 * What answers for a failed child at the event in hand: ACCEPT when it lets the
 * message pass or has done so, CONTINUE when that is not known yet, QUARANTINE
 * when the message goes on and is held at its end; the others refuse.
 */
enum verdict fallback_of_child(const struct child *);
/* Whether that refuses, now. */
bool	fallback_decides(const struct child *);
/* Has the sender of the message in hand logged in? */
bool	fallback_authenticated(const struct session *);
/* Whether the message in hand is held for any failed child. */
bool	fallback_held(const struct session *);
/*
 * Has no child a word in this message, because all have failed and let it pass?
 * Children that are only evaluated are none, unless there are no others; nor
 * are those that conditions keep out.
 */
bool	fallback_all_failed(const struct session *);
/*
 * The manager itself cannot go on with this event.  QUARANTINE, too: decided
 * for the message, session_reply() holds it at its end.
 */
enum verdict fallback_of_manager(const struct session *, enum stage);
/* The client has left while the MTA waits. */
enum verdict fallback_at_disconnect(const struct session *, enum stage);
/* Whether it may refuse something in this session: no event may be missing. */
bool	fallback_may_refuse(const struct child *);
/* Adds to what is agreed with the MTA what fallbacks need. */
void	fallback_claim(struct session *);
/* The line about a child that fails, or is left alone. */
void	fallback_log(const struct child *, unsigned level, enum stage,
	    const char *reason);
/*
 * Why a message is held: names the children that do, or with all those that
 * have failed, when these are all of them; else the manager.
 */
#define FALLBACK_REASON_MAX	400	/* bytes that are enough */
void	fallback_reason(const struct session *, bool all, char *dst,
	    size_t size);

/* --- deadline.c ---------------------------------------------------------- */

/* The MTA begins to wait: for session->stage. */
void	deadline_start(struct session *);
void	deadline_stop(struct session *);

/* --- limit.c ------------------------------------------------------------- */

/*
 * CONNECT is in hand: true when its client has as many sessions as it may; the
 * MTA has been told.
 */
bool	limit_refuses(struct session *, const struct packet *);
/* The client is gone. */
void	limit_end(struct session *);
/* Adds to what is agreed with the MTA what that needs. */
void	limit_claim(struct session *);

/* --- account.c ----------------------------------------------------------- */

/* "12.3": the look of upstream's %g with six digits.  Returns dst. */
#define ACCOUNT_SECONDS	24
char	*account_seconds(uint64_t ms, char dst[ACCOUNT_SECONDS]);
/* The child's part in the session is over: counts it, and says so. */
void	account_child_end(struct child *);
/* The same because it has failed. */
void	account_failed(struct child *, const char *reason);
/* What it was waited for since wait_since is in. */
void	account_reply(struct child *);
/* How many ms it is waited for now. */
uint64_t account_waiting(const struct child *);
/* The session is over: the same. */
void	account_session_end(struct session *);
/* So many bytes of the body have come. */
void	account_body(struct session *, size_t n);
/* A header field that a child (or with NULL: the session) adds or changes. */
void	account_header(const struct session *, const struct child *,
	    const struct packet *);
/* The MTA is to hold the message, for that reason. */
void	account_held(struct session *, const char *reason);
/*
 * The verdict on the message in hand: one line, and it is counted.  who NULL:
 * nobody's, or the manager's own when it refuses.  Only the first one counts.
 */
void	account_verdict(struct session *, const struct child *who, enum stage,
	    enum verdict, const char *text);
/* An event of the envelope is in hand: learns whom it names. */
void	account_event(struct session *, const struct packet *);
/* The recipient in hand is one of the message. */
void	account_taken(struct session *);
/* The macro {i} of the message in hand, or NULL. */
const char *account_queue_id(const struct session *);
/* The message is over; if it had no verdict it was broken off. */
void	account_message_end(struct session *);
/* Frees all that it has: the session is over, or (QUIT_NC) begins anew. */
void	account_end(struct session *);

/* --- macros.c ------------------------------------------------------------ */

/* Keeps a macro frame of the MTA.  0, or -1 when out of memory. */
int	macros_keep(struct session *, const struct packet *);
/*
 * CONNECT, MAIL or RCPT has come (session->stage): makes up what its set lacks
 * and the event tells.  0, or -1 when out of memory.
 */
int	macros_complete(struct session *, const struct packet *);
/* Value of a macro in the MTA's own set of a command, or NULL. */
const char *macros_value(const struct session *, int command,
	    const char *name);
/* The newest value of a macro for this child: of its own, or the MTA's. */
const char *macros_known(const struct child *, const char *name);
/*
 * In front of the MTA's set of a command, for this child only.  0, or -1 when
 * out of memory, or 1 when there would be more than MACROS_SET_MAX bytes.
 */
#define MACROS_SET_MAX	(16 * 1024)	/* a milter takes 64 KiB, with others */
int	macros_set(struct child *, int command, const char *name,
	    const char *value);
/* Takes back what was set from one command on, up to another one. */
void	macros_unset(struct child *, int from, int to);
/* Appends to out what the child lacks before a command.  0, or -1 when out of
 * memory, or 1 when a set is more than a milter takes. */
int	macros_add(struct child *, int command, struct buf *out);
/* The event of that command does not reach this child, nor do its macros. */
void	macros_pass_by(struct child *, int command);
/* A new message: the sets of recipients and content begin anew. */
void	macros_new_message(struct session *);
/* Whether the set of MAIL came with this message, not with an earlier one. */
bool	macros_of_message(const struct session *);
void	macros_free(struct session *);

#endif /* MANAGER_SESSION_INTERNAL_H */
