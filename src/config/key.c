/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * key.c - every key: name, type, range, default; document.c has its meaning.
 * Owns:      the defaults.
 * Called by: whatever goes through all keys, or has the name of one.
 * Must not:  read or write a snapshot.
 */
#include "compat.h"

#include "base/log.h"
#include "config/fact.h"
#include "config/key.h"
#include "config/rules.h"

#define KEY_DAY		86400000
#define KEY_TIMEOUT_MAX	(30u * KEY_DAY)
#define KEY_GIB		(1024 * 1024 * 1024)

const struct word key_status_words[] = {
	{ "accept",		CONF_ACCEPT },
	{ "temporary-failure",	CONF_TEMPFAIL },
	{ "reject",		CONF_REJECT },
	{ "discard",		CONF_DISCARD },
	{ "quarantine",		CONF_QUARANTINE },
	{ "shutdown",		CONF_SHUTDOWN },
	{ NULL,			0 }
};

static const struct word key_mta_words[] = {
	{ "auto",	CONF_MTA_AUTO },
	{ "postfix",	CONF_MTA_POSTFIX },
	{ "sendmail",	CONF_MTA_SENDMAIL },
	{ NULL,		0 }
};

static const struct word key_database_words[] = {
	{ "sqlite3",	0 },
	{ "mysql2",	0 },
	{ "mysql",	0 },
	{ "pg",		0 },
	{ NULL,		0 }
};

/* Those of detect/platform.c, and what upstream has besides. */
static const struct word key_platform_words[] = {
	{ "freebsd",	0 },
	{ "pkgsrc",	0 },
	{ "dragonfly",	0 },
	{ "openbsd",	0 },
	{ "debian",	0 },
	{ "redhat",	0 },
	{ "redhat7",	0 },
	{ "redhat8",	0 },
	{ "redhat9",	0 },
	{ "alpine",	0 },
	{ "openwrt",	0 },
	{ NULL,		0 }
};

static const struct word key_balance_words[] = {
	{ "failover",		CONF_FAILOVER },
	{ "round-robin",	CONF_ROUND_ROBIN },
	{ "least-busy",		CONF_LEAST_BUSY },
	{ NULL,			0 }
};

#define MAIN(type, nil, member, min, max, words) \
	type, nil, offsetof(struct conf, member), 0, min, max, words

const struct key key_main[] = {
	{ "log.level", MAIN(KEY_LEVELS, false, log_levels, 0, 0,
	    log_level_names), "\"default\"" },
	{ "log.path", MAIN(KEY_STRING, true, log_path, 0, 0, NULL), "nil" },
	{ "log.use_syslog", MAIN(KEY_BOOL, false, log_use_syslog, 0, 0, NULL),
	    "true" },
	{ "log.syslog_facility", MAIN(KEY_WORD, false, log_facility, 0, 0,
	    log_facility_names), "\"mail\"" },

	{ "security.privilege_mode", MAIN(KEY_BOOL, false, privilege_mode,
	    0, 0, NULL), "false" },
	{ "security.effective_user", MAIN(KEY_STRING, true, effective_user,
	    0, 0, NULL), "nil" },
	{ "security.effective_group", MAIN(KEY_STRING, true, effective_group,
	    0, 0, NULL), "nil" },
	{ "security.chroot", MAIN(KEY_FILE, true, chroot, 0, 0, NULL), "nil" },

	{ "security.sandbox", MAIN(KEY_BOOL, false, sandbox, 0, 0, NULL),
	    "true" },
	{ "manager.connection_spec", KEY_SPEC, true,
	    offsetof(struct conf, spec_text), offsetof(struct conf, spec),
	    0, 65535, NULL, "\"inet:10025@[127.0.0.1]\"" },
	{ "manager.unix_socket_mode", MAIN(KEY_MODE, false, socket_mode,
	    0, 0777, NULL), "0660" },
	{ "manager.unix_socket_group", MAIN(KEY_STRING, true, socket_group,
	    0, 0, NULL), "nil" },
	{ "manager.remove_unix_socket_on_create", MAIN(KEY_BOOL, false,
	    socket_remove_on_create, 0, 0, NULL), "true" },
	{ "manager.remove_unix_socket_on_close", MAIN(KEY_BOOL, false,
	    socket_remove_on_close, 0, 0, NULL), "true" },
	{ "manager.daemon", MAIN(KEY_BOOL, false, daemon, 0, 0, NULL),
	    "false" },
	{ "manager.pid_file", MAIN(KEY_STRING, true, pid_file, 0, 0, NULL),
	    "nil" },
	{ "manager.event_loop_backend", MAIN(KEY_BACKEND, false,
	    event_loop_backend, 0, 0, NULL), "\"auto\"" },
	{ "manager.fallback_status", MAIN(KEY_WORD, false, fallback_status,
	    0, 0, key_status_words), "\"accept\"" },
	{ "manager.mta", MAIN(KEY_WORD, false, mta, 0, 0, key_mta_words),
	    "\"auto\"" },
	{ "manager.missing_macros", MAIN(KEY_BOOL, false, missing_macros, 0, 0,
	    NULL), "true" },
	{ "manager.n_workers", MAIN(KEY_NUMBER, false, n_workers, 0, 1000,
	    NULL), "0" },
	{ "manager.max_connections", MAIN(KEY_NUMBER, false, max_connections,
	    0, 1000000, NULL), "0" },
	{ "manager.max_connections_per_client", MAIN(KEY_NUMBER, false,
	    max_connections_per_client, 0, 1000000, NULL), "0" },
	{ "manager.max_file_descriptors", MAIN(KEY_NUMBER, false,
	    max_file_descriptors, 0, KEY_GIB, NULL), "0" },
	{ "manager.suspend_time_on_unacceptable", MAIN(KEY_TIME, false,
	    suspend_time_on_unacceptable, 1, KEY_DAY, NULL), "5s" },
	{ "manager.idle_timeout", MAIN(KEY_TIME, false, idle_timeout, 1,
	    KEY_TIMEOUT_MAX, NULL), "7210s" },
	{ "manager.command_deadline", MAIN(KEY_TIME, false, command_deadline,
	    0, KEY_DAY, NULL), "25s" },
	{ "manager.end_of_message_deadline", MAIN(KEY_TIME, false,
	    end_of_message_deadline, 0, KEY_DAY, NULL), "280s" },
	{ "manager.progress_interval", MAIN(KEY_TIME, false, progress_interval,
	    0, KEY_DAY, NULL), "5s" },
	{ "manager.shutdown_timeout", MAIN(KEY_TIME, false, shutdown_timeout,
	    0, KEY_DAY, NULL), "30s" },
	{ "manager.chunk_size", MAIN(KEY_SIZE, false, chunk_size, 1, 65535,
	    NULL), "65535" },
	{ "manager.max_packet_size", MAIN(KEY_SIZE, false, max_packet_size,
	    65535, KEY_GIB, NULL), "1m" },
	{ "manager.max_header_size", MAIN(KEY_SIZE, false, max_header_size,
	    1024, KEY_GIB, NULL), "4m" },
	{ "manager.body_memory_limit", MAIN(KEY_SIZE, false, body_memory_limit,
	    0, KEY_GIB, NULL), "256k" },
	{ "manager.spool_directory", MAIN(KEY_FILE, false, spool_directory,
	    0, 0, NULL), "\"/tmp\"" },
	{ "manager.record_directory", MAIN(KEY_FILE, true, record_directory,
	    0, 0, NULL), "nil" },
	{ "manager.record_max_files", MAIN(KEY_NUMBER, false, record_max_files,
	    1, 10000, NULL), "100" },
	{ "manager.record_max_size", MAIN(KEY_SIZE, false, record_max_size,
	    4096, 256 * 1024 * 1024, NULL), "1m" },
	{ "manager.maintenance_interval", MAIN(KEY_NUMBER, true,
	    maintenance_interval, 0, KEY_GIB, NULL), "10" },
	{ "manager.maintenance_command", MAIN(KEY_LIST, true,
	    maintenance_command, 1, 0, NULL), "[]" },
	{ "manager.table_interval", MAIN(KEY_TIME, false, table_interval,
	    100, KEY_DAY, NULL), "60s" },
	{ "table.NAME", MAIN(KEY_TABLES, true, tables, 0, 0, NULL), "nil" },

	{ "s25r.whitelist", MAIN(KEY_RULES, true, s25r_whitelist,
	    RULES_STRINGS, 0, NULL), "[/\\.google\\.com\\z/, "
	    "/\\.obsmtp\\.com\\z/, /\\.smtp-out\\.amazonses\\.com\\z/, "
	    "/\\.slack\\.com\\z/, /\\.mg\\.gitlab\\.com\\z/, "
	    "/\\.sendgrid\\.net\\z/]" },
	{ "s25r.blacklist", MAIN(KEY_RULES, true, s25r_blacklist,
	    RULES_STRINGS, 0, NULL), "[\"unknown\", /\\A\\[.+\\]\\z/, "
	    "/\\A[^.]*\\d[^\\d.]+\\d.*\\./, /\\A[^.]*\\d{5}/, "
	    "/\\A(?:[^.]+\\.)?\\d[^.]*\\.[^.]+\\..+\\.[a-z]/i, "
	    "/\\A[^.]*\\d\\.[^.]*\\d-\\d/, "
	    "/\\A[^.]*\\d\\.[^.]*\\d\\.[^.]+\\..+\\./, "
	    "/\\A(?:dhcp|dialup|ppp|[achrsvx]?dsl)[^.]*\\d/i]" },
	{ "s25r.check_only_ipv4", MAIN(KEY_BOOL, false, s25r_check_only_ipv4,
	    0, 0, NULL), "true" },
	{ "remote_network.local_addresses", MAIN(KEY_RULES, true,
	    local_addresses, RULES_NETWORKS, 0, NULL), "[]" },
	{ "remote_network.remote_addresses", MAIN(KEY_RULES, true,
	    remote_addresses, RULES_NETWORKS, 0, NULL), "[]" },
	{ "stress.threshold_n_connections", MAIN(KEY_NUMBER, true,
	    stress_threshold, 0, 1000000, NULL), "nil" },
	{ "trust.envelope_from_domains", MAIN(KEY_RULES, true, trust_domains,
	    RULES_STRINGS, 0, NULL), "[\"gmail.com\", \"hotmail.com\", "
	    "\"msn.com\", \"yahoo.co.jp\", \"softbank.ne.jp\", "
	    "\"ezweb.ne.jp\", \"docomo.ne.jp\", \"clear-code.com\"]" },
	{ "dnsbl.services", MAIN(KEY_RULES, true, dnsbl_services,
	    RULES_SERVICES, 0, NULL), "[\"zen.spamhaus.org=127.0.0.10/31\", "
	    "\"dnsbl.sorbs.net=127.0.0.10\", \"bl.spamcop.net=127.0.0.2\", "
	    "\"b.barracudacentral.org=127.0.0.2\"]" },
	{ "dnsbl.check_only_ipv4", MAIN(KEY_BOOL, false,
	    dnsbl_check_only_ipv4, 0, 0, NULL), "true" },
	{ "dnsbl.name_servers", MAIN(KEY_LIST, true, dnsbl_servers, 0, 0,
	    NULL), "[]" },
	{ "dnsbl.timeout", MAIN(KEY_TIME, false, dnsbl_timeout, 1,
	    KEY_DAY, NULL), "5s" },
	{ "restrict_accounts.accounts", MAIN(KEY_RULES, true,
	    restricted_accounts, RULES_STRINGS, 0, NULL), "[]" },
	{ "database.type", MAIN(KEY_STRING, true, database_type, 0, 0,
	    key_database_words), "nil" },
	{ "database.name", MAIN(KEY_STRING, true, database_name, 0, 1024,
	    NULL), "nil" },
	{ "database.host", MAIN(KEY_STRING, true, database_host, 0, 255,
	    NULL), "nil" },
	{ "database.port", MAIN(KEY_NUMBER, false, database_port, 0, 65535,
	    NULL), "0" },
	{ "database.path", MAIN(KEY_STRING, true, database_path, 0, 1024,
	    NULL), "nil" },
	{ "database.user", MAIN(KEY_STRING, true, database_user, 0, 255,
	    NULL), "nil" },
	{ "database.password", MAIN(KEY_SECRET, true, database_password, 0,
	    255, NULL), "nil" },
	{ "database.extra_options", MAIN(KEY_LIST, true, database_options, 0,
	    0, NULL), "[]" },
	{ "package.platform", MAIN(KEY_STRING, true, package_platform, 0, 0,
	    key_platform_words), "nil" },
	{ "package.options", MAIN(KEY_STRING, true, package_options, 0, 1024,
	    NULL), "nil" },
	{ "detect.root", MAIN(KEY_FILE, true, detect_root, 0, 0, NULL),
	    "nil" },
	{ "detect.rspamadm", MAIN(KEY_FILE, true, detect_rspamadm, 0, 0, NULL),
	    "nil" },
	{ NULL, MAIN(KEY_BOOL, false, daemon, 0, 0, NULL), NULL }
};

#undef MAIN
#define CHILD(type, nil, member, min, max, words) \
	type, nil, offsetof(struct conf_milter, member), 0, min, max, words

const struct key key_child[] = {
	{ "connection_spec", CHILD(KEY_SPECS, true, specs, 1, 65535, NULL),
	    "nil" },
	{ "description", CHILD(KEY_STRING, true, description, 0, 0, NULL),
	    "nil" },
	{ "enabled", CHILD(KEY_BOOL, false, enabled, 0, 0, NULL), "true" },
	{ "fallback_status", CHILD(KEY_WORD, false, fallback_status, 0, 0,
	    key_status_words), "\"accept\"" },
	{ "fallback_status_local", CHILD(KEY_WORD, true, fallback_status_local,
	    0, 0, key_status_words), "nil" },
	{ "fallback_status_authenticated", CHILD(KEY_WORD, true,
	    fallback_status_authenticated, 0, 0, key_status_words), "nil" },
	{ "evaluation_mode", CHILD(KEY_BOOL, false, evaluation_mode, 0, 0,
	    NULL), "false" },
	{ "parallel", CHILD(KEY_BOOL, false, parallel, 0, 0, NULL), "false" },
	{ "applicable_conditions", CHILD(KEY_CONDITIONS, true,
	    applicable_conditions, 0, 0, NULL), "[]" },
	{ "macro.\"{name}\"", CHILD(KEY_MACROS, true, macros, 0, 0, NULL),
	    "nil" },
	{ "command", CHILD(KEY_FILE, true, command, 0, 0, NULL), "nil" },
	{ "command_options", CHILD(KEY_LIST, true, command_options, 0, 0,
	    NULL), "[]" },
	{ "user_name", CHILD(KEY_STRING, true, user_name, 0, 0, NULL), "nil" },
	{ "balance", CHILD(KEY_WORD, false, balance, 0, 0, key_balance_words),
	    "\"failover\"" },
	{ "socks", KEY_SPEC, true, offsetof(struct conf_milter, socks_text),
	    offsetof(struct conf_milter, socks), 1, 65535, NULL, "nil" },
	{ "socks_user", CHILD(KEY_STRING, true, socks_user, 0, 255, NULL),
	    "nil" },
	{ "socks_password", CHILD(KEY_SECRET, true, socks_password, 0, 255,
	    NULL), "nil" },
	{ "max_failures", CHILD(KEY_NUMBER, false, max_failures, 0, 1000000,
	    NULL), "0" },
	{ "retry_interval", CHILD(KEY_TIME, false, retry_interval, 1,
	    KEY_DAY, NULL), "30s" },
	{ "connection_timeout", CHILD(KEY_TIME, false, connection_timeout, 1,
	    KEY_TIMEOUT_MAX, NULL), "297s" },
	{ "writing_timeout", CHILD(KEY_TIME, false, writing_timeout, 1,
	    KEY_TIMEOUT_MAX, NULL), "7s" },
	{ "reading_timeout", CHILD(KEY_TIME, false, reading_timeout, 1,
	    KEY_TIMEOUT_MAX, NULL), "7s" },
	{ "end_of_message_timeout", CHILD(KEY_TIME, false,
	    end_of_message_timeout, 1, KEY_TIMEOUT_MAX, NULL), "297s" },
	{ NULL, CHILD(KEY_BOOL, false, enabled, 0, 0, NULL), NULL }
};

#undef CHILD
#define STOP(stage) \
	KEY_STOP, true, offsetof(struct conf_condition, stop[stage]), 0, \
	stage, 0, NULL, "nil"
#define SETTERS(type, member) \
	type, true, offsetof(struct conf_condition, member), 0, 0, 0, NULL, \
	"nil"

const struct key key_condition[] = {
	{ "description", KEY_STRING, true,
	    offsetof(struct conf_condition, description), 0, 0, 0, NULL,
	    "nil" },
	{ "stop_on_connect", STOP(CONF_CONNECT) },
	{ "stop_on_helo", STOP(CONF_HELO) },
	{ "stop_on_envelope_from", STOP(CONF_ENVELOPE_FROM) },
	{ "stop_on_envelope_recipient", STOP(CONF_ENVELOPE_RECIPIENT) },
	{ "stop_on_data", STOP(CONF_DATA) },
	{ "stop_on_header", STOP(CONF_HEADER) },
	{ "stop_on_end_of_header", STOP(CONF_END_OF_HEADER) },
	{ "stop_on_body", STOP(CONF_BODY) },
	{ "stop_on_end_of_message", STOP(CONF_END_OF_MESSAGE) },
	{ "set_macro.\"{name}\"", SETTERS(KEY_SET_MACRO, macros) },
	{ "set_note.\"name\"", SETTERS(KEY_SET_NOTE, notes) },
	{ NULL, STOP(CONF_CONNECT) }
};

#undef STOP
#undef SETTERS
#define TIMER(type, nil, member, min, max) \
	type, nil, offsetof(struct conf_timer, member), 0, min, max, NULL

const struct key key_timer[] = {
	{ "interval", TIMER(KEY_TIME, false, interval, 1000,
	    KEY_TIMEOUT_MAX), "1h" },
	{ "command", TIMER(KEY_LIST, true, command, 1, 0), "[]" },
	{ "user_name", TIMER(KEY_STRING, true, user_name, 0, 0), "nil" },
	{ NULL, TIMER(KEY_BOOL, false, name, 0, 0), NULL }
};

#undef TIMER
#undef KEY_DAY
#undef KEY_TIMEOUT_MAX
#undef KEY_GIB

size_t
key_count(const struct key *table)
{
	size_t n = 0;

	while (table[n].name != NULL)
		n++;
	return (n);
}

bool
key_has_entries(const struct key *key)
{
	return (key->type == KEY_MACROS || key->type == KEY_SET_MACRO ||
	    key->type == KEY_SET_NOTE || key->type == KEY_TABLES);
}

bool
key_is_raw(const struct key *key)
{
	return (key->type == KEY_STOP || key->type == KEY_SET_MACRO ||
	    key->type == KEY_SET_NOTE || key->type == KEY_RULES);
}

const struct key *
key_find(const struct key *table, const char *name)
{
	/* What upstream's code or manual calls it, too. */
	static const char *const alias[][2] = {
		{ "s25r.only_check_ipv4", "s25r.check_only_ipv4" },
		{ "dnsbl.name_server", "dnsbl.name_servers" },
	};
	size_t i;

	for (i = 0; i < sizeof(alias) / sizeof(alias[0]); i++)
		if (strcmp(name, alias[i][0]) == 0)
			name = alias[i][1];
	for (; table->name != NULL; table++) {
		if (!key_has_entries(table) && strcmp(table->name, name) == 0)
			return (table);
	}
	return (NULL);
}

const struct key *
key_find_map(const struct key *table, const char *part)
{
	size_t len = strlen(part);

	for (; table->name != NULL; table++) {
		if (key_has_entries(table) &&
		    strncmp(table->name, part, len) == 0 &&
		    table->name[len] == '.')
			return (table);
	}
	return (NULL);
}
