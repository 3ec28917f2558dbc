/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * dns.c - a stub resolver in the event loop: A, AAAA, PTR, TXT.
 * Owns:      who asks what, the answers that are kept, which servers there are.
 * Called by: conditions, resolver.c; dns_try.c with answers.
 * Must not:  open a socket, or call an asker from within dns_ask().
 */
#include "compat.h"

#include <sys/stat.h>

#include <stdio.h>

#include "net/dns_internal.h"

#define DNS_PATH	"/etc/resolv.conf"
#define DNS_CHECK	5000u		/* ms between two looks at it */
#define DNS_TIMEOUT	5000u
#define DNS_FAILURE	5u		/* s */
#define DNS_LEAST	5u
#define DNS_MOST	3600u
#define DNS_ENTRIES	2048u
#define DNS_BYTES	((size_t)512 * 1024)

static const struct dns_answer dns_no_name = { DNS_NONE, 0, NULL, NULL };
static const struct dns_answer dns_no_memory = { DNS_FAILED, 0, NULL,
	"out of memory" };

/* --- lists --------------------------------------------------------------- */

void
dns_list_add(struct dns_list *list, struct dns_question *q)
{
	q->list = list;
	q->next = NULL;
	q->prev = list->last;
	if (list->last != NULL)
		list->last->next = q;
	else
		list->first = q;
	list->last = q;
}

void
dns_list_del(struct dns_question *q)
{
	if (q->list == NULL)
		return;
	if (q->next != NULL)
		q->next->prev = q->prev;
	else
		q->list->last = q->prev;
	if (q->prev != NULL)
		q->prev->next = q->next;
	else
		q->list->first = q->next;
	q->list = NULL;
}

/* --- answers ------------------------------------------------------------- */

static void
dns_kept_unref(struct dns_kept *k)
{
	if (k != NULL && --k->refs == 0)
		free(k);
}

/* A copy that is no larger than it has to be; NULL: out of memory. */
static struct dns_kept *
dns_kept_new(enum dns_status status, const struct dns_packet_answer *a,
    const char *why)
{
	size_t i, len, n = status == DNS_FOUND ? a->n : 0;
	size_t size = sizeof(struct dns_kept) + n * sizeof(struct dns_record);
	struct dns_kept *k;
	char *text;

	for (i = 0; i < n; i++)
		if (a->record[i].text != NULL)
			size += strlen(a->record[i].text) + 1;
	if (why != NULL)
		size += strlen(why) + 1;
	if ((k = calloc(1, size)) == NULL)
		return (NULL);
	k->refs = 1;
	k->size = size;
	k->answer.status = status;
	k->answer.n = n;
	k->answer.record = k->record;
	text = (char *)&k->record[n];
	for (i = 0; i < n; i++) {
		k->record[i] = a->record[i];
		if (a->record[i].text == NULL)
			continue;
		len = strlen(a->record[i].text) + 1;
		k->record[i].text = memcpy(text, a->record[i].text, len);
		text += len;
	}
	if (why != NULL)
		k->answer.why = memcpy(text, why, strlen(why) + 1);
	return (k);
}

/* --- questions ----------------------------------------------------------- */

static struct dns_question **
dns_bucket(struct dns *d, int type, const unsigned char *name, size_t len)
{
	unsigned hash = (unsigned)type;

	while (len-- > 0)
		hash = hash * 33 + *name++;
	return (&d->bucket[(hash ^ hash >> 16) % DNS_BUCKETS]);
}

/* It is not one of those that are only kept any more. */
static void
dns_take_out(struct dns_question *q)
{
	struct dns *d = q->dns;

	if (q->list == &d->old) {
		d->n--;
		d->size -= q->size;
	}
	dns_list_del(q);
}

static void
dns_drop(struct dns_question *q)
{
	struct dns_question **link = dns_bucket(q->dns, q->type, q->name,
	    q->namelen);

	while (*link != q)
		link = &(*link)->chain;
	*link = q->chain;
	dns_take_out(q);
	dns_try_free(q);
	dns_kept_unref(q->kept);
	free(q);
}

/* Nobody asks any more: it is kept, if it is of any use. */
static void
dns_settle(struct dns_question *q)
{
	struct dns *d = q->dns;
	struct dns_question *next;

	if (q->kept == NULL || loop_now(d->loop) >= q->expires) {
		dns_drop(q);
		return;
	}
	dns_list_add(&d->old, q);
	d->n++;
	d->size += q->size;
	for (q = d->old.first; q != NULL && (d->n > DNS_ENTRIES ||
	    d->size > DNS_BYTES); q = next) {
		next = q->next;
		dns_drop(q);
	}
}

/* Takes the query off its question; gives what that knows. */
static struct dns_kept *
dns_leave(struct dns_query *query)
{
	struct dns_question *q = query->question;
	struct dns_kept *k = q->kept;

	if (k != NULL)
		k->refs++;
	if (query->next != NULL)
		query->next->prev = query->prev;
	if (query->prev != NULL)
		query->prev->next = query->next;
	else
		q->askers = query->next;
	query->question = NULL;
	query->next = query->prev = NULL;
	if (q->askers == NULL)
		dns_settle(q);
	return (k);
}

/* The last thing: the asker may free the query, and struct dns, too. */
static void
dns_tell(struct dns_query *query, const struct dns_answer *a)
{
	query->dns = NULL;
	query->fn(query, a, query->arg);
}

static void
dns_on_known(struct loop_task *task, void *arg)
{
	struct dns_kept *k = dns_leave(arg);

	(void)task;
	dns_tell(arg, &k->answer);
	dns_kept_unref(k);
}

static void
dns_on_no_name(struct loop_task *task, void *arg)
{
	(void)task;
	dns_tell(arg, &dns_no_name);
}

static void
dns_on_no_memory(struct loop_task *task, void *arg)
{
	(void)task;
	dns_tell(arg, &dns_no_memory);
}

void
dns_answered(struct dns_question *q, enum dns_status status,
    const struct dns_packet_answer *a, const char *why)
{
	struct dns *d = q->dns;
	struct dns_query *query, *next;
	uint32_t ttl = status == DNS_FAILED ? DNS_FAILURE : a->ttl;

	q->kept = dns_kept_new(status, a, why);
	if (ttl > 0 && ttl < DNS_LEAST)
		ttl = DNS_LEAST;
	if (ttl > d->keep_max)
		ttl = d->keep_max;
	q->expires = loop_now(d->loop) + (uint64_t)ttl * 1000;
	dns_try_free(q);
	for (query = q->askers; query != NULL; query = next) {
		next = query->next;
		if (q->kept == NULL)
			query->question = NULL;
		loop_task_start(d->loop, &query->task, q->kept != NULL ?
		    dns_on_known : dns_on_no_memory, query);
	}
	if (q->kept != NULL)
		q->size = sizeof(*q) + q->namelen + q->kept->size;
	else
		dns_drop(q);
}

/* --- the owner's side ---------------------------------------------------- */

const struct dns_conf *
dns_conf_now(struct dns *d)
{
	uint64_t now = loop_now(d->loop);
	long long stamp[4] = { 0, 0, 0, 1 };
	struct stat st;

	if (d->path == NULL || now < d->checked)
		return (&d->conf);
	d->checked = now + DNS_CHECK;
	if (stat(d->path, &st) == 0) {
		stamp[0] = (long long)st.st_dev;
		stamp[1] = (long long)st.st_ino;
		stamp[2] = (long long)st.st_mtime;
		stamp[3] = (long long)st.st_size + 2;
	}
	if (memcmp(stamp, d->stamp, sizeof(stamp)) != 0) {
		memcpy(d->stamp, stamp, sizeof(stamp));
		dns_conf_read(d->path, &d->conf);
		memset(d->plain, 0, sizeof(d->plain));
		d->best = 0;
	}
	return (&d->conf);
}

struct dns *
dns_new(struct loop *loop, const struct dns_options *opt)
{
	struct dns *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return (NULL);
	d->loop = loop;
	d->timeout_ms = opt->timeout_ms > 0 ? opt->timeout_ms : DNS_TIMEOUT;
	d->keep_max = opt->keep_max > 0 ? opt->keep_max : DNS_MOST;
	d->conf.n = opt->n_servers < DNS_SERVERS_MAX ? opt->n_servers :
	    DNS_SERVERS_MAX;
	if (d->conf.n > 0)
		memcpy(d->conf.server, opt->server, d->conf.n *
		    sizeof(d->conf.server[0]));
	else if ((d->path = strdup(opt->resolv_conf != NULL ?
	    opt->resolv_conf : DNS_PATH)) == NULL) {
		free(d);
		return (NULL);
	}
	return (d);
}

void
dns_free(struct dns *d)
{
	if (d == NULL)
		return;
	while (d->old.first != NULL)
		dns_drop(d->old.first);
	loop_task_stop(&d->task);
	free(d->path);
	free(d);
}

/* The question, old or new; NULL: out of memory. */
static struct dns_question *
dns_question(struct dns *d, int type, const unsigned char *name, size_t len)
{
	struct dns_question **bucket = dns_bucket(d, type, name, len);
	struct dns_question *q;

	for (q = *bucket; q != NULL; q = q->chain)
		if (q->type == type && q->namelen == len &&
		    memcmp(q->name, name, len) == 0)
			break;
	if (q != NULL && q->list == &d->old) {
		if (loop_now(d->loop) < q->expires) {
			dns_take_out(q);
			return (q);
		}
		dns_drop(q);
		q = NULL;
	}
	if (q == NULL && (q = calloc(1, sizeof(*q) + len)) != NULL) {
		q->dns = d;
		q->type = type;
		q->namelen = len;
		memcpy(q->name, name, len);
		q->chain = *bucket;
		*bucket = q;
	}
	return (q);
}

void
dns_ask(struct dns *d, struct dns_query *query, int type, const char *text,
    dns_fn *fn, void *arg)
{
	unsigned char name[DNS_PACKET_NAME];
	size_t len = dns_packet_name(text, name);
	struct dns_question *q;
	loop_task_fn *then = dns_on_no_name;

	query->dns = d;
	query->fn = fn;
	query->arg = arg;
	query->next = query->prev = NULL;
	query->question = q = NULL;
	if (len > 0) {
		then = dns_on_no_memory;
		q = dns_question(d, type, name, len);
	}
	if (q != NULL) {
		then = dns_on_known;
		query->question = q;
		query->next = q->askers;
		if (q->askers != NULL)
			q->askers->prev = query;
		q->askers = query;
		if (q->kept == NULL) {
			/* Also when it fails at once, this gets its task. */
			if (q->try == NULL)
				dns_try_new(q);
			return;
		}
	}
	loop_task_start(d->loop, &query->task, then, query);
}

void
dns_cancel(struct dns_query *query)
{
	if (query->dns == NULL)
		return;
	query->dns = NULL;
	loop_task_stop(&query->task);
	if (query->question != NULL)
		dns_kept_unref(dns_leave(query));
}

/* --- names of addresses -------------------------------------------------- */

char *
dns_reverse(const unsigned char *address, bool v6, const char *suffix,
    char dst[DNS_NAME_MAX])
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;
	int i;

	if (v6)
		for (i = 15; i >= 0; i--) {
			dst[n++] = digits[address[i] & 15];
			dst[n++] = '.';
			dst[n++] = digits[address[i] >> 4];
			dst[n++] = '.';
		}
	else
		n = (size_t)snprintf(dst, DNS_NAME_MAX, "%u.%u.%u.%u.",
		    address[3], address[2], address[1], address[0]);
	return (strlcpy(dst + n, suffix, DNS_NAME_MAX - n) <
	    DNS_NAME_MAX - n ? dst : NULL);
}

#undef DNS_PATH
#undef DNS_CHECK
#undef DNS_TIMEOUT
#undef DNS_FAILURE
#undef DNS_LEAST
#undef DNS_MOST
#undef DNS_ENTRIES
#undef DNS_BYTES
