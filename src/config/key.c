/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * key.c - every key: name, type, range, default, meaning.
 * Owns:      the defaults.
 * Called by: parse.c, field.c, show.c.
 * Must not:  read or write a snapshot.
 */
#include "compat.h"

#include "base/log.h"
#include "config/key.h"

#define KEY_DAY		86400000
#define KEY_TIMEOUT_MAX	((uint64_t)30 * KEY_DAY)
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
	    log_level_names), "\"default\"",
	    "What is logged: words joined by a vertical bar. "
	    "Each word stands for its own lines, not for a threshold; "
	    "\"default\" is all but info, debug, trace and profile. "
	    "A + or - in front adds to or takes from what was set before." },
	{ "log.path", MAIN(KEY_STRING, true, log_path, 0, 0, NULL), "nil",
	    "The log file. "
	    "The value nil, or \"-\", is standard output, and in the "
	    "background no file at all." },
	{ "log.use_syslog", MAIN(KEY_BOOL, false, log_use_syslog, 0, 0, NULL),
	    "true",
	    "Send what is logged to syslog as well." },
	{ "log.syslog_facility", MAIN(KEY_WORD, false, log_facility, 0, 0,
	    log_facility_names), "\"mail\"",
	    "The syslog facility." },

	{ "manager.connection_spec", KEY_SPEC, true,
	    offsetof(struct conf, spec_text), offsetof(struct conf, spec),
	    0, 65535, NULL, "\"inet:10025@[127.0.0.1]\"",
	    "Where the MTA connects. "
	    "Without a host: on all addresses." },
	{ "manager.unix_socket_mode", MAIN(KEY_MODE, false, socket_mode,
	    0, 0777, NULL), "0660",
	    "The permissions of a unix socket. "
	    "0 stands for 0660." },
	{ "manager.unix_socket_group", MAIN(KEY_STRING, true, socket_group,
	    0, 0, NULL), "nil",
	    "The group of a unix socket. "
	    "The value nil leaves it as it is." },
	{ "manager.remove_unix_socket_on_create", MAIN(KEY_BOOL, false,
	    socket_remove_on_create, 0, 0, NULL), "true",
	    "Remove a socket that an earlier run has left behind." },
	{ "manager.remove_unix_socket_on_close", MAIN(KEY_BOOL, false,
	    socket_remove_on_close, 0, 0, NULL), "true",
	    "Remove the unix socket at the end." },
	{ "manager.daemon", MAIN(KEY_BOOL, false, daemon, 0, 0, NULL), "false",
	    "Run in the background. "
	    "Every path has to begin with a slash then." },
	{ "manager.pid_file", MAIN(KEY_STRING, true, pid_file, 0, 0, NULL),
	    "nil",
	    "The file that holds the process number. "
	    "It is locked while that process runs, and goes with it." },
	{ "manager.event_loop_backend", MAIN(KEY_BACKEND, false,
	    event_loop_backend, 0, 0, NULL), "\"auto\"",
	    "How to wait for events: \"auto\" takes the best that there is, "
	    "others are \"kqueue\", \"epoll\" and \"poll\". "
	    "\"libev\" is read as \"auto\", \"glib\" as \"poll\"." },
	{ "manager.fallback_status", MAIN(KEY_WORD, false, fallback_status,
	    0, 0, key_status_words), "\"accept\"",
	    "The answer to the MTA when the manager itself cannot go on, or "
	    "all milters have failed and their own fallbacks accept." },
	{ "manager.mta", MAIN(KEY_WORD, false, mta, 0, 0, key_mta_words),
	    "\"auto\"",
	    "Whose habits to follow towards the milters where MTAs differ. "
	    "\"auto\" goes by what the MTA says of itself." },
	{ "manager.missing_macros", MAIN(KEY_BOOL, false, missing_macros, 0, 0,
	    NULL), "true",
	    "Make up macros that the MTA does not send: {mail_addr}, "
	    "{mail_host}, {rcpt_addr} and {rcpt_host} from the envelope, "
	    "{client_addr} from the client's address." },
	{ "manager.max_connections", MAIN(KEY_NUMBER, false, max_connections,
	    0, 1000000, NULL), "0",
	    "How many sessions there may be at once. "
	    "0 is no limit." },
	{ "manager.max_file_descriptors", MAIN(KEY_NUMBER, false,
	    max_file_descriptors, 0, KEY_GIB, NULL), "0",
	    "The limit of open files to ask the system for. "
	    "0 takes the hard limit, the most that an ordinary user may have. "
	    "A session needs one for the MTA and one for each milter." },
	{ "manager.suspend_time_on_unacceptable", MAIN(KEY_TIME, false,
	    suspend_time_on_unacceptable, 1, KEY_DAY, NULL), "5s",
	    "How long no connection is accepted after descriptors ran out "
	    "or max_connections was reached, unless a session ends before." },
	{ "manager.idle_timeout", MAIN(KEY_TIME, false, idle_timeout, 1,
	    KEY_TIMEOUT_MAX, NULL), "7210s",
	    "How long the MTA may be silent." },
	{ "manager.command_deadline", MAIN(KEY_TIME, false, command_deadline,
	    0, KEY_DAY, NULL), "25s",
	    "How long the MTA is made to wait for all milters together at a "
	    "command, before their fallback_status answers for those that have "
	    "not. Less than the MTA's own patience, which is 30 s in Postfix. "
	    "0 is for ever." },
	{ "manager.end_of_message_deadline", MAIN(KEY_TIME, false,
	    end_of_message_deadline, 0, KEY_DAY, NULL), "280s",
	    "The same for the content and the end of a message, where Postfix "
	    "waits for 300 s. 0 is for ever." },
	{ "manager.progress_interval", MAIN(KEY_TIME, false, progress_interval,
	    0, KEY_DAY, NULL), "5s",
	    "How often the MTA is told at the end of a message that work goes "
	    "on, while the milters keep silent. "
	    "0 is never." },
	{ "manager.shutdown_timeout", MAIN(KEY_TIME, false, shutdown_timeout,
	    0, KEY_DAY, NULL), "30s",
	    "How long running sessions may take to end when the manager is "
	    "told to." },
	{ "manager.chunk_size", MAIN(KEY_SIZE, false, chunk_size, 1, 65535,
	    NULL), "65535",
	    "The largest piece of a body that is handed on." },
	{ "manager.max_packet_size", MAIN(KEY_SIZE, false, max_packet_size,
	    65535, KEY_GIB, NULL), "1m",
	    "The largest packet that is taken from the MTA or a milter." },
	{ "manager.max_header_size", MAIN(KEY_SIZE, false, max_header_size,
	    1024, KEY_GIB, NULL), "4m",
	    "The largest header, all fields of a message taken together." },
	{ "manager.body_memory_limit", MAIN(KEY_SIZE, false, body_memory_limit,
	    0, KEY_GIB, NULL), "256k",
	    "How much of a message's body is held in memory. "
	    "What is beyond waits in a file of spool_directory." },
	{ "manager.spool_directory", MAIN(KEY_FILE, false, spool_directory,
	    0, 0, NULL), "\"/tmp\"",
	    "The folder of such files. "
	    "They have no name and vanish with the process." },
	{ "manager.record_directory", MAIN(KEY_FILE, true, record_directory,
	    0, 0, NULL), "nil",
	    "The folder in which each session is recorded, with all of its "
	    "mail, in a file of its own for milter-manager-replay(1). "
	    "The value nil records nothing." },
	{ "manager.record_max_files", MAIN(KEY_NUMBER, false, record_max_files,
	    1, 10000, NULL), "100",
	    "How many of these files there may be. "
	    "The oldest makes room for a new one, unless its session still "
	    "runs." },
	{ "manager.record_max_size", MAIN(KEY_SIZE, false, record_max_size,
	    4096, 256 * 1024 * 1024, NULL), "1m",
	    "The largest such file. "
	    "Bodies may take half of it and are shortened from there on; what "
	    "does not fit even so is cut." },
	{ NULL, MAIN(KEY_BOOL, false, daemon, 0, 0, NULL), NULL, NULL }
};

#undef MAIN
#define CHILD(type, nil, member, min, max, words) \
	type, nil, offsetof(struct conf_milter, member), 0, min, max, words

const struct key key_child[] = {
	{ "connection_spec", CHILD(KEY_SPECS, true, specs, 1, 65535, NULL),
	    "nil",
	    "Where the milter listens. "
	    "An enabled one must have it. "
	    "With several addresses, in a list or by a name that has several, "
	    "the next one is tried when one does not accept, all within "
	    "connection_timeout. "
	    "A list has at most 64." },
	{ "description", CHILD(KEY_STRING, true, description, 0, 0, NULL),
	    "nil",
	    "A note for people." },
	{ "enabled", CHILD(KEY_BOOL, false, enabled, 0, 0, NULL), "true",
	    "Whether it takes part at all." },
	{ "fallback_status", CHILD(KEY_WORD, false, fallback_status, 0, 0,
	    key_status_words), "\"accept\"",
	    "What counts as its answer when it cannot be reached, is late or "
	    "breaks the protocol. "
	    "\"quarantine\" lets the message pass and has the MTA hold it; "
	    "an MTA that cannot do so is told \"temporary-failure\". "
	    "\"shutdown\" is 421, at which the MTA hangs up." },
	{ "fallback_status_local", CHILD(KEY_WORD, true, fallback_status_local,
	    0, 0, key_status_words), "nil",
	    "The same for a client with a loopback, private, link-local or "
	    "unique local address, or with none at all. "
	    "The value nil makes no difference between clients." },
	{ "fallback_status_authenticated", CHILD(KEY_WORD, true,
	    fallback_status_authenticated, 0, 0, key_status_words), "nil",
	    "The same for a message of a client that has logged in, whatever "
	    "its address. "
	    "That is known at the sender, so where it differs no fallback of "
	    "this milter answers before. "
	    "The value nil makes no difference between clients." },
	{ "evaluation_mode", CHILD(KEY_BOOL, false, evaluation_mode, 0, 0,
	    NULL), "false",
	    "Ask it and log what it says, but do not act on it." },
	{ "parallel", CHILD(KEY_BOOL, false, parallel, 0, 0, NULL), "false",
	    "Ask it at the same time as the milters before it, not after "
	    "them. "
	    "It is shown the original message, without their edits, and may "
	    "be asked about what one of them refuses; its answer counts where "
	    "its place in the order is." },
	{ "applicable_conditions", CHILD(KEY_CONDITIONS, true,
	    applicable_conditions, 0, 0, NULL), "[]",
	    "The conditions that decide whether it runs." },
	{ "macro.\"{name}\"", CHILD(KEY_MACROS, true, macros, 0, 0, NULL),
	    "nil",
	    "The value of a macro for this milter where the MTA sends none. "
	    "One letter is written without braces, a longer name with them and "
	    "in quotes. "
	    "A milter that asks for its own list of macros gets it only if it "
	    "is on that list." },
	{ "command", CHILD(KEY_FILE, true, command, 0, 0, NULL), "nil",
	    "The program that starts it when it cannot be reached." },
	{ "command_options", CHILD(KEY_LIST, true, command_options, 0, 0,
	    NULL), "[]",
	    "The arguments of command, one a string." },
	{ "user_name", CHILD(KEY_STRING, true, user_name, 0, 0, NULL), "nil",
	    "The user who runs command. "
	    "The value nil is the one who starts the manager." },
	{ "balance", CHILD(KEY_WORD, false, balance, 0, 0, key_balance_words),
	    "\"failover\"",
	    "Which of several addresses a session tries first: \"failover\" "
	    "takes them as written, \"round-robin\" begins with the next "
	    "one at each session, \"least-busy\" with the one that has the "
	    "fewest connections of ours. "
	    "One that has just failed comes last for 5 seconds, and twice as "
	    "long with each further failure in a row, up to a minute." },
	{ "socks", KEY_SPEC, true, offsetof(struct conf_milter, socks_text),
	    offsetof(struct conf_milter, socks), 1, 65535, NULL, "nil",
	    "The SOCKS5 proxy through which the milter is reached. "
	    "The milter must not be on a unix socket then. "
	    "A host name in connection_spec is looked up by the proxy." },
	{ "socks_user", CHILD(KEY_STRING, true, socks_user, 0, 255, NULL),
	    "nil",
	    "The name to give to the proxy when it asks for one; "
	    "socks_password must be there, too." },
	{ "socks_password", CHILD(KEY_SECRET, true, socks_password, 0, 255,
	    NULL), "nil",
	    "The password that goes with socks_user. "
	    "It is never logged, but --show-config shows it: let nobody "
	    "else read the configuration." },
	{ "max_failures", CHILD(KEY_NUMBER, false, max_failures, 0, 1000000,
	    NULL), "0",
	    "After so many failures in a row it is left alone for "
	    "retry_interval: what fallback_status says holds at once. "
	    "Then one session tries it again. "
	    "0 is never." },
	{ "retry_interval", CHILD(KEY_TIME, false, retry_interval, 1,
	    KEY_DAY, NULL), "30s",
	    "How long it is left alone after max_failures, and after each "
	    "try that failed." },
	{ "connection_timeout", CHILD(KEY_TIME, false, connection_timeout, 1,
	    KEY_TIMEOUT_MAX, NULL), "297s",
	    "How long connecting to it may take." },
	{ "writing_timeout", CHILD(KEY_TIME, false, writing_timeout, 1,
	    KEY_TIMEOUT_MAX, NULL), "7s",
	    "How long it may refuse to take what is sent to it." },
	{ "reading_timeout", CHILD(KEY_TIME, false, reading_timeout, 1,
	    KEY_TIMEOUT_MAX, NULL), "7s",
	    "How long it may take for an answer." },
	{ "end_of_message_timeout", CHILD(KEY_TIME, false,
	    end_of_message_timeout, 1, KEY_TIMEOUT_MAX, NULL), "297s",
	    "The same, at the end of a message." },
	{ NULL, CHILD(KEY_BOOL, false, enabled, 0, 0, NULL), NULL, NULL }
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
