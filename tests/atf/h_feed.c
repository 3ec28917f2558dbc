/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_feed.c - asks a table.
 * Owns:      "h_feed [-i ms] [-t type] [-n name] [-h host] [-p port] [-P path]
 *            [-u user] [-w password] [-o NAME=VALUE]... TABLE KEY...".
 * Called by: t_feed_database.sh.
 * Must not:  read a configuration file.
 *
 * Each KEY is looked up in turn; prints "KEY: VALUE", "KEY: none", or "KEY
 * failed: why".  KEY=VALUE waits until that is what is found.
 */
#include "compat.h"

#include <err.h>
#include <stdio.h>
#include <unistd.h>

#include "event/loop.h"
#include "h_feed.h"

#define WAIT_MAX	400	/* times 50 ms */

static struct {
	struct loop	*loop;
	struct loop_timer timer;
	struct feeds	*feeds;
	struct h_conf	 h;
	char		**key;
	struct feed_query query;
	int		 left;
} asker;

static void	ask(void);

static void
on_timer(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	ask();
}

static void
on_found(struct feed_query *q, enum eval_state state, bool found,
    const char *value, void *arg)
{
	char *equals = strchr(*asker.key, '=');

	(void)q;
	(void)arg;
	if (equals != NULL && (state != EVAL_OK || !found ||
	    strcmp(value, equals + 1) != 0)) {
		if (--asker.left == 0)
			errx(1, "%s: it is \"%s\"", *asker.key, value);
		loop_timer_start(asker.loop, &asker.timer, 50, on_timer,
		    NULL);
		return;
	}
	if (state != EVAL_OK)
		printf("%s failed: %s\n", *asker.key, value);
	else if (equals == NULL)
		printf("%s: %s\n", *asker.key, found ? value : "none");
	(void)fflush(stdout);
	if (*++asker.key == NULL)
		loop_stop(asker.loop);
	else
		loop_timer_start(asker.loop, &asker.timer, 0, on_timer, NULL);
}

static void
ask(void)
{
	struct eval_value key;
	enum eval_state state;
	char value[TABLE_VALUE_MAX];
	bool found;

	memset(&key, 0, sizeof(key));
	key.type = EXPR_STRING;
	key.text = *asker.key;
	key.len = strcspn(*asker.key, "=");
	state = feed_find(asker.feeds, asker.h.tables[0], &key, &found, value,
	    &asker.query, on_found, NULL);
	if (state != EVAL_PENDING)
		on_found(&asker.query, state, found, value, NULL);
}

int
main(int argc, char *argv[])
{
	struct h_conf *h = &asker.h;
	char *options[16];
	int c;

	h_conf_begin(h, 100);
	h->conf.database_options.item = options;
	while ((c = getopt(argc, argv, "h:i:n:o:P:p:t:u:w:")) != -1)
		switch (c) {
		case 'h':
			h->conf.database_host = optarg;
			break;
		case 'i':
			h->conf.table_interval = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			h->conf.database_name = optarg;
			break;
		case 'o':
			if (h->conf.database_options.n == 16)
				errx(2, "too many options");
			options[h->conf.database_options.n++] = optarg;
			break;
		case 'P':
			h->conf.database_path = optarg;
			break;
		case 'p':
			h->conf.database_port = (unsigned)strtoul(optarg, NULL,
			    10);
			break;
		case 't':
			h->conf.database_type = optarg;
			break;
		case 'u':
			h->conf.database_user = optarg;
			break;
		case 'w':
			free(h->conf.database_password);
			h->conf.database_password = strdup(optarg);
			/* Only what is started from here is looked at. */
			memset(optarg, 'x', strlen(optarg));
			break;
		default:
			return (2);
		}
	argc -= optind;
	argv += optind;
	if (argc < 2)
		errx(2, "which table, and which keys?");
	asker.loop = loop_new(getenv("MM_TEST_BACKEND"));
	if (asker.loop == NULL)
		err(1, "loop_new");
	(void)h_conf_table(h, argv[0]);
	asker.key = argv + 1;
	asker.left = WAIT_MAX;
	asker.feeds = feeds_new(asker.loop, &h->conf, NULL);
	if (asker.feeds == NULL)
		errx(1, "feeds_new");
	ask();
	if (*asker.key != NULL && loop_run(asker.loop) == -1)
		err(1, "loop_run");
	loop_timer_stop(&asker.timer);
	feeds_free(asker.feeds);
	h_conf_end(h);
	loop_free(asker.loop);
	free(h->conf.database_password);
	return (0);
}
