/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_conf_random.c - configuration files that nobody would write: an error
 * message or a working configuration, whatever is in them.
 *
 * CONF_ROUNDS (10000) and CONF_SEED may be set in the environment.
 */
#include "d_conf.h"

static const char *const lines[] = {
	"milter.a.connection_spec = \"inet:9\"\n",
	"milter.a.applicable_conditions = [\"S25R\", \"Own\"]\n",
	"milter.a.applicable_conditions += \"DNSBL Listed\"\n",
	"milter.*.applicable_conditions += \"Trust\"\n",
	"condition.Own.description = \"x # y\" # z\n",
	"condition.Own.stop_on_connect = hour in 8..19 and (host =~ "
	    "/\\A(?:a|b)+\\d{2,3}\\z/i or\n  address in [\"10.0.0.0/8\", # c\n"
	    "  \"2001:db8::/32\"]) # d\n",
	"condition.Own.stop_on_helo = not helo in table.hosts\n",
	"condition.Own.stop_on_envelope_from = sender.param(\"SIZE\") != \"\" "
	    "&& size >= 64k || child(\"a\").stopped\n",
	"condition.Own.stop_on_header = header_name == \"Subject\" and "
	    "header_value !~ /[^[:alpha:]]\\x41\\//\n",
	"condition.Own.set_macro.\"{tag}\" = envelope_from: sender.domain if "
	    "authenticated\n",
	"condition.Own.set_note.\"n\" = connect: ptr(\"192.0.2.1\")\n",
	"condition.Own.stop_on_data = note(\"n\") == lookup(table.hosts, "
	    "macro(\"{j}\"))\n",
	"s25r.whitelist += [/\\.example\\z/, \"b\", table.hosts]\n",
	"remote_network.local_addresses = [\"192.0.2.0/24\"]\n",
	"dnsbl.services = [\"bl.example=127.0.0.2/31\"]\n",
	"dnsbl.name_servers = [\"127.0.0.1:53\", \"[::1]:53\"]\n",
	"table.hosts = \"list:/etc/passwd\"\n",
	"table.users = \"socketmap:unix:/run/x:map\"\n",
	"table.more = \"exec:true\"\n",
	"database.type = \"pg\"\n",
	"table.db = \"database:SELECT a FROM b\"\n",
	"stress.threshold_n_connections = 12\n",
};

static uint64_t random_state;

static unsigned
random_below(unsigned n)
{
	random_state = random_state * 6364136223846793005ull +
	    1442695040888963407ull;
	return ((unsigned)(random_state >> 33) % n);
}

static size_t
random_text(char *text, size_t size)
{
	static const char odd[] = "()[]{}\"/\\#=!~<>.,:|&+*?^$-_ \n\t\r\x01\xff"
	    "0129azAZ";
	size_t n = 0, len, at, i, cuts = random_below(6);

	for (i = 1 + random_below(12); i > 0; i--) {
		const char *line = lines[random_below((unsigned)COUNT(lines))];

		len = strlen(line);
		if (n + len < size - 64) {
			memcpy(text + n, line, len);
			n += len;
		}
	}
	for (i = 0; i < cuts && n > 0; i++) {
		at = random_below((unsigned)n);
		switch (random_below(4)) {
		case 0:
			text[at] = odd[random_below(sizeof(odd) - 1)];
			break;
		case 1:		/* something goes */
			len = 1 + random_below(8);
			if (at + len > n)
				len = n - at;
			memmove(text + at, text + at + len, n - at - len);
			n -= len;
			break;
		case 2:		/* something comes */
			len = 1 + random_below(8);
			memmove(text + at + len, text + at, n - at);
			while (len-- > 0) {
				text[at++] = odd[random_below(sizeof(odd) -
				    1)];
				n++;
			}
			break;
		default:	/* something is there twice */
			len = 1 + random_below(40);
			if (at + len > n)
				len = n - at;
			if (n + len < size - 64) {
				memmove(text + at + len, text + at, n - at);
				n += len;
			}
			break;
		}
	}
	if (random_below(50) == 0)
		n = random_below((unsigned)n + 1);
	return (n);
}


static struct conf *
load(const char *text, size_t len)
{
	struct conf_source source;

	memset(&source, 0, sizeof(source));
	source.file = "c";
	source.text = text;
	source.text_len = len;
	conf_said[0] = '\0';
	return (conf_load(&source, conf_report, NULL));
}

H_CASE(random, "10,000 damaged files: an error message or a configuration")
{
	const char *rounds = getenv("CONF_ROUNDS"), *seed = getenv("CONF_SEED");
	unsigned long i, n = rounds != NULL ? strtoul(rounds, NULL, 10) :
	    case_times(10000);
	unsigned long good = 0;
	struct conf *conf, *again;
	char text[8192], *shown;
	size_t len;

	random_state = seed != NULL ? strtoul(seed, NULL, 10) : 4711;
	for (i = 0; i < n; i++) {
		len = random_text(text, sizeof(text));
		conf = load(text, len);
		/* Either it says what is wrong, or nothing is. */
		if ((conf == NULL) != (conf_said[0] != '\0')) {
			conf_write("failed", text, len);
			atf_tc_fail("round %lu: %s", i, conf_said);
		}
		if (conf == NULL)
			continue;
		good++;
		/* What it shows is read again, and shows the same. */
		if (good % 16 == 0) {
			char *second;

			shown = conf_shown(conf);
			again = load(shown, strlen(shown));
			ATF_REQUIRE_MSG(again != NULL, "round %lu: %s", i,
			    conf_said);
			second = conf_shown(again);
			ATF_CHECK_EQ_MSG(strlen(second) > 0, true, "%lu", i);
			free(second);
			free(shown);
			conf_unref(again);
		}
		conf_unref(conf);
	}
	/* Most are damaged, some are not. */
	ATF_CHECK_MSG(n < 1000 || (good > n / 100 && good < n - n / 100),
	    "%lu of %lu are good", good, n);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, random);
	return (atf_no_error());
}
