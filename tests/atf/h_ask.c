/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_ask.c - asks the DNS with the program's own resolver.
 * Owns:      "h_ask RESOLV_CONF TYPE NAME ...": a line of output a question,
 *            which is asked when the one before is answered.
 * Called by: t_dns_real.sh.
 * Must not:  ask another server than those of RESOLV_CONF.
 *
 * TYPE is A, AAAA, PTR, TXT; with a "+" before it the line comes later, and all
 * of these are asked at once.  Lines read "NAME: found VALUE, VALUE", "NAME:
 * none", "NAME: failed WHY".  A NAME of PTR may be an address.
 */
#include "compat.h"

#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>

#include "event/loop.h"
#include "net/dns.h"

struct ask {
	struct dns_query query;
	int		 type;
	const char	*name;
};

static struct loop	*ask_loop;
static unsigned		 ask_pending;

static void
ask_on_answer(struct dns_query *query, const struct dns_answer *a, void *arg)
{
	struct ask *k = arg;
	char text[INET6_ADDRSTRLEN];
	size_t i;

	(void)query;
	printf("%s: ", k->name);
	if (a->status == DNS_NONE)
		printf("none");
	else if (a->status == DNS_FAILED)
		printf("failed %s", a->why);
	for (i = 0; i < a->n; i++)
		printf("%s%s", i == 0 ? "found " : ", ",
		    a->record[i].text != NULL ? a->record[i].text :
		    inet_ntop(k->type == DNS_A ? AF_INET : AF_INET6,
		    a->record[i].address, text, sizeof(text)));
	printf("\n");
	if (--ask_pending == 0)
		loop_stop(ask_loop);
}

static void
ask_start(struct ask *k, struct dns *d)
{
	char name[DNS_NAME_MAX];
	unsigned char address[16];

	if (k->type == DNS_PTR && inet_pton(AF_INET, k->name, address) == 1)
		(void)dns_reverse(address, false, "in-addr.arpa", name);
	else if (k->type == DNS_PTR &&
	    inet_pton(AF_INET6, k->name, address) == 1)
		(void)dns_reverse(address, true, "ip6.arpa", name);
	else
		(void)strlcpy(name, k->name, sizeof(name));
	ask_pending++;
	dns_ask(d, &k->query, k->type, name, ask_on_answer, k);
}

static int
ask_type(const char *word)
{
	static const struct {
		const char	*word;
		int		 type;
	} types[] = {
		{ "A", DNS_A }, { "AAAA", DNS_AAAA }, { "PTR", DNS_PTR },
		{ "TXT", DNS_TXT },
	};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(word, types[i].word) == 0)
			return (types[i].type);
	errx(2, "%s: no such type", word);
}

int
main(int argc, char *argv[])
{
	struct dns_options opt;
	struct ask *all;
	struct dns *d;
	bool wait;
	int i;

	if (argc < 4 || argc % 2 != 0)
		errx(2, "usage: h_ask RESOLV_CONF TYPE NAME ...");
	memset(&opt, 0, sizeof(opt));
	opt.resolv_conf = argv[1];
	opt.timeout_ms = 10000;
	ask_loop = loop_new(getenv("MM_TEST_BACKEND"));
	all = calloc((size_t)argc, sizeof(*all));
	if (ask_loop == NULL || all == NULL ||
	    (d = dns_new(ask_loop, &opt)) == NULL)
		err(1, NULL);
	for (i = 2; i < argc; i += 2) {
		wait = argv[i][0] != '+';
		all[i].type = ask_type(argv[i] + !wait);
		all[i].name = argv[i + 1];
		ask_start(&all[i], d);
		if ((wait || i + 2 >= argc) && loop_run(ask_loop) == -1)
			err(1, NULL);
	}
	dns_free(d);
	loop_free(ask_loop);
	free(all);
	return (0);
}
