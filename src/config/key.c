/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * key.c - every key: name, type, range, default; document.c has its meaning.
 * Owns:      the defaults.
 * Called by: parse.c, field.c, show.c, document.c.
 * Must not:  read or write a snapshot.
 */
#include "compat.h"

#include "base/log.h"
#include "config/key.h"

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
	{ "manager.max_connections", MAIN(KEY_NUMBER, false, max_connections,
	    0, 1000000, NULL), "0" },
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

const struct key *
key_find(const struct key *table, const char *name)
{
	for (; table->name != NULL; table++) {
		if (table->type != KEY_MACROS && strcmp(table->name, name) == 0)
			return (table);
	}
	return (NULL);
}

const struct key *
key_find_map(const struct key *table, const char *part)
{
	size_t len = strlen(part);

	for (; table->name != NULL; table++) {
		if (table->type == KEY_MACROS &&
		    strncmp(table->name, part, len) == 0 &&
		    table->name[len] == '.')
			return (table);
	}
	return (NULL);
}
