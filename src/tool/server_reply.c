/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * server_reply.c - what the test server makes of a milter's frames.
 * Owns:      which reply is allowed when, and what an MTA does upon it.
 * Called by: server_session.c for each frame that came.
 * Must not:  build commands.
 */
#include "compat.h"

#include <errno.h>
#include <string.h>

#include "tool/server_internal.h"

/* Which lists are in an answer that was found good. */
static unsigned
server_reply_lists(const struct packet *p)
{
	const unsigned char *stage = p->data + MILTER_OPTLEN;
	const unsigned char *end = p->data + p->len;
	unsigned lists = 0;

	for (; end - stage > 4; stage += 4 + strlen((const char *)stage + 4) +
	    1)
		if (stage[0] == 0 && stage[1] == 0 && stage[2] == 0 &&
		    stage[3] < SMFIM_N)
			lists |= 1u << stage[3];
	return (lists);
}

static void
server_reply_negotiation(struct server_session *s, const struct packet *p)
{
	const struct server_config *cfg = s->cfg;
	struct option offer;
	enum packet_error error;
	const char *why;

	memset(&offer, 0, sizeof(offer));
	offer.version = cfg->version;
	offer.actions = cfg->actions;
	offer.protocol = cfg->protocol;
	if (p->code != SMFIC_OPTNEG) {
		server_fail(s, "%s instead of SMFIC_OPTNEG",
		    packet_reply_name(p->code));
		return;
	}
	if ((error = option_read_answer(p, &s->option)) != PACKET_OK) {
		server_fail(s, "SMFIC_OPTNEG: %s", packet_strerror(error));
		return;
	}
	/* Sendmail refuses bits it did not offer; Postfix overlooks them. */
	if (cfg->mta == SERVER_SENDMAIL &&
	    (s->option.protocol & ~cfg->protocol) != 0) {
		server_fail(s, "SMFIC_OPTNEG: protocol bits 0x%lx were not "
		    "offered",
		    (unsigned long)(s->option.protocol & ~cfg->protocol));
		return;
	}
	if ((why = option_check_answer(&offer, &s->option)) != NULL) {
		server_fail(s, "SMFIC_OPTNEG: %s", why);
		return;
	}
	s->lists = server_reply_lists(p);
	server_negotiated(s);
}

/* The action that allows an edit, 0 when the code is none. */
static uint32_t
server_reply_action(int code)
{
	switch (code) {
	case SMFIR_ADDHEADER:
	case SMFIR_INSHEADER:
		return (SMFIF_ADDHDRS);
	case SMFIR_CHGHEADER:
		return (SMFIF_CHGHDRS);
	case SMFIR_REPLBODY:
		return (SMFIF_CHGBODY);
	case SMFIR_ADDRCPT:
		return (SMFIF_ADDRCPT);
	case SMFIR_DELRCPT:
		return (SMFIF_DELRCPT);
	case SMFIR_QUARANTINE:
		return (SMFIF_QUARANTINE);
	case SMFIR_CHGFROM:
		return (SMFIF_CHGFROM);
	case SMFIR_ADDRCPT_PAR:
		return (SMFIF_ADDRCPT_PAR);
	default:
		return (0);
	}
}

static void
server_reply_edit(struct server_session *s, const struct packet *p,
    uint32_t action)
{
	const char *name = packet_reply_name(p->code);

	if (s->stage != TEXT_EOM) {
		server_fail(s, "%s at %s, before the end of message", name,
		    server_stage_name(s));
		return;
	}
	if ((s->option.actions & action) == 0) {
		server_fail(s, "%s was not negotiated", name);
		return;
	}
	if (p->code == SMFIR_REPLBODY) {
		if (s->body_ended && s->cfg->mta == SERVER_POSTFIX) {
			server_fail(s, "%s is not contiguous", name);
			return;
		}
		s->body_begun = true;
	}
	if (server_result_edit(&s->result, p, s->cfg,
	    (s->option.protocol & SMFIP_HDR_LEADSPC) != 0) != 0) {
		server_fail(s, "%s: %s", name, strerror(ENOMEM));
		return;
	}
	server_start_timer(s);
}

/* REJECT, TEMPFAIL and REPLYCODE. */
static void
server_reply_refused(struct server_session *s, enum server_status status)
{
	const struct server_config *cfg = s->cfg;
	int stage = s->stage;

	/* A 421 makes the MTA hang up, whatever was refused. */
	if (stage == TEXT_RCPT && s->result.code != 421) {
		s->result.status = status;
		if (!cfg->rcpt[s->index].rejected)
			server_result_refuse(&s->result,
			    cfg->rcpt[s->index].text);
		server_item_done(s);
		return;
	}
	if (stage == TEXT_UNKNOWN && s->result.code != 421) {
		/* Only this command; the transaction goes on. */
		s->result.code = 0;
		server_item_done(s);
		return;
	}
	if (stage == TEXT_CONNECT || stage == TEXT_HELO) {
		s->result.status = status;
		s->verdict(s, s->arg);
		/* Postfix drops the milter without a word. */
		if (cfg->mta == SERVER_POSTFIX)
			server_leave(s);
		else
			server_quit(s);
		return;
	}
	/* After a refused DATA the client resets. */
	server_end_message(s, status, stage == TEXT_DATA && s->inside);
}

static void
server_reply_accept(struct server_session *s)
{
	if (s->stage == TEXT_CONNECT || s->stage == TEXT_HELO) {
		s->result.status = SERVER_ACCEPT;
		s->verdict(s, s->arg);
		if (s->cfg->mta == SERVER_POSTFIX)
			server_leave(s);
		else
			server_quit(s);
		return;
	}
	if (s->stage == TEXT_RCPT && s->cfg->rcpt[s->index].rejected) {
		server_item_done(s);
		return;
	}
	server_end_message(s, s->result.quarantine != NULL ?
	    SERVER_QUARANTINE : SERVER_ACCEPT, false);
}

static void
server_reply_discard(struct server_session *s)
{
	switch (s->stage) {
	case TEXT_CONNECT:
		if (s->cfg->mta == SERVER_SENDMAIL) {
			s->result.status = SERVER_DISCARD;
			s->verdict(s, s->arg);
			server_quit(s);
			return;
		}
		/* FALLTHROUGH */
	case TEXT_HELO:
		/* Nothing to discard: Postfix warns, Sendmail does nothing. */
		server_item_done(s);
		return;
	default:
		server_end_message(s, SERVER_DISCARD,
		    (s->stage == TEXT_RCPT || s->stage == TEXT_DATA) &&
		    s->inside);
	}
}

static void
server_reply_code(struct server_session *s, const struct packet *p)
{
	const char *text;
	int code;

	if (packet_get_replycode(p, &code) != PACKET_OK)
		return;		/* packet_check_reply() told already */
	text = (const char *)p->data;
	free(s->result.text);
	s->result.text = strdup(text);
	s->result.code = code;
	server_reply_refused(s, code < 500 ? SERVER_TEMPFAIL : SERVER_REJECT);
}

/* A verdict that is no well-known text clears what an earlier one left. */
static void
server_reply_plain(struct server_session *s)
{
	free(s->result.text);
	s->result.text = NULL;
	s->result.code = 0;
}

static void
server_reply_continue(struct server_session *s)
{
	if (s->stage == TEXT_MAIL && s->cfg->mta == SERVER_SENDMAIL)
		s->inside = true;
	if (s->stage == TEXT_RCPT && !s->cfg->rcpt[s->index].rejected)
		s->accepted++;
	server_item_done(s);
}

void
server_reply(struct server_session *s, const struct packet *p)
{
	bool sendmail = s->cfg->mta == SERVER_SENDMAIL;
	const char *name = packet_reply_name(p->code);
	enum packet_error error;
	uint32_t action;

	if (!s->waiting) {
		server_fail(s, "%s at %s, where no reply is due", name,
		    server_stage_name(s));
		return;
	}
	if (s->stage == TEXT_NEGOTIATE) {
		server_reply_negotiation(s, p);
		return;
	}
	error = packet_check_reply(p);
	if (error != PACKET_OK) {
		server_fail(s, "%s at %s: %s", name, server_stage_name(s),
		    packet_strerror(error));
		return;
	}
	/* Postfix closes the new body at the first frame that is not of it. */
	if (s->body_begun && p->code != SMFIR_REPLBODY)
		s->body_ended = true;
	if ((action = server_reply_action(p->code)) != 0) {
		server_reply_edit(s, p, action);
		return;
	}
	if (p->code != SMFIR_PROGRESS && p->code != SMFIR_CONTINUE &&
	    p->code != SMFIR_SKIP)
		server_reply_plain(s);
	switch (p->code) {
	case SMFIR_CONTINUE:
		server_reply_continue(s);
		break;
	case SMFIR_ACCEPT:
		server_reply_accept(s);
		break;
	case SMFIR_REJECT:
		server_reply_refused(s, SERVER_REJECT);
		break;
	case SMFIR_TEMPFAIL:
		server_reply_refused(s, SERVER_TEMPFAIL);
		break;
	case SMFIR_REPLYCODE:
		server_reply_code(s, p);
		break;
	case SMFIR_DISCARD:
		server_reply_discard(s);
		break;
	case SMFIR_PROGRESS:
		if (sendmail && s->stage != TEXT_EOM)
			server_fail(s, "%s at %s, before the end of message",
			    name, server_stage_name(s));
		else
			server_start_timer(s);
		break;
	case SMFIR_SKIP:
		if (s->stage != TEXT_BODY)
			server_fail(s, "%s at %s", name,
			    server_stage_name(s));
		else if (s->cfg->version < 6 ||
		    (s->cfg->protocol & SMFIP_SKIP) == 0)
			server_fail(s, "%s was not offered", name);
		else {
			s->skip_body = true;
			server_item_done(s);
		}
		break;
	case SMFIR_SHUTDOWN:
		if (!sendmail) {
			server_end_message(s, SERVER_SHUTDOWN, false);
			break;
		}
		/* FALLTHROUGH */
	default:
		server_fail(s, "%s at %s is no reply", name,
		    server_stage_name(s));
		break;
	}
}
