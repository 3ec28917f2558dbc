/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_random_stop.h - the condition that some children of h_random.c have, and
 * what it means to them: it goes by the last digit of the sender, and at a
 * recipient by that one's.
 * Owns:      stop_conditions; random_child's stopped, now, shown, hidden.
 * Called by: h_random.c and h_random_oracle.h.
 * Must not:  know what is answered to the MTA.
 */
#ifndef H_RANDOM_STOP_H
#define H_RANDOM_STOP_H

static const char stop_conditions[] =
    "condition.stop.stop_on_envelope_from = sender.user =~ /[09]\\z/\n"
    "condition.stop.stop_on_envelope_recipient = "
    "recipient.user =~ /[1357]\\z/\n"
    "condition.stop.stop_on_data = sender.user =~ /2\\z/\n"
    "condition.stop.stop_on_end_of_header = sender.user =~ /4\\z/\n"
    "condition.stop.stop_on_end_of_message = sender.user =~ /6\\z/\n";

/* It is out of the message. */
static inline void
stop_out(struct random_child *c)
{
	if (c->state == RANDOM_READY && c->in_message)
		item_new(c, 'A', NULL, 0);
	c->in_message = false;
	c->stopped = true;
}

/* An event of the envelope begins.  Who has seen no recipient is out. */
static inline void
stop_event(int code)
{
	const char *p = (const char *)buf_ptr(&R.event);
	size_t i;

	if (code == 'M')
		R.digit = strchr(p, '@')[-1];
	for (i = 0; i < R.n; i++) {
		struct random_child *c = &R.child[i];

		c->now = false;
		if (code == 'T' && c->hidden && !c->shown)
			stop_out(c);
	}
}

static inline void
stop_message(struct random_child *c)
{
	c->stopped = c->now = c->shown = c->hidden = false;
}

/* Is the event in hand kept from this child? */
static inline bool
stop_asked(struct random_child *c)
{
	int code = R.sent;
	char digit = R.digit;

	if (!c->conditions || c->stopped || strchr("MRT", code) == NULL ||
	    (code == 'R' && R.rejected))
		return (false);
	if (c->state == RANDOM_READY ? code != 'M' && !c->in_message :
	    c->state != RANDOM_FAILED || c->done)
		return (false);
	if (code == 'R')
		digit = strchr((const char *)buf_ptr(&R.event), '@')[-1];
	if (strchr(code == 'M' ? "09" : code == 'R' ? "1357" : "2", digit) ==
	    NULL)
		return (false);
	c->now = true;
	if (code != 'R')
		stop_out(c);
	return (true);
}

/* The recipient in hand is one of the message. */
static inline void
stop_taken(void)
{
	size_t i;

	for (i = 0; i < R.n; i++)
		if (R.child[i].now)
			R.child[i].hidden = true;
		else
			R.child[i].shown = true;
}

/* The same at the end of its header (N) or message (E). */
static inline bool
stop_content(struct random_child *c, int code)
{
	if (!c->conditions || R.digit != (code == 'N' ? '4' : '6'))
		return (false);
	stop_out(c);
	return (true);
}

#endif /* H_RANDOM_STOP_H */
