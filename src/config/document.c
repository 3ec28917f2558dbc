/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * document.c - the table of keys as documents, and what each key means.
 * Owns:      the layout of the sample file and of the manual's list.
 * Called by: the makers of the documents.  The program has no use for all this
 *            text: it is a file of its own so that a linker leaves it out.
 * Must not:  be called by the program.
 */
#include "compat.h"

#include <stdio.h>

#include "config/conf.h"
#include "config/field.h"
#include "config/key.h"

#define DOCUMENT_WIDTH	76

/* Whole sentences, by the name in key.c and in its order. */
static const struct document_help {
	const char	*name;
	const char	*help;
} document_helps[] = {
	{ "log.level",
	    "What is logged: words joined by a vertical bar. "
	    "Each word stands for its own lines, not for a threshold; "
	    "\"default\" is all but info, debug, trace and profile. "
	    "A + or - in front adds to or takes from what was set before." },
	{ "log.path",
	    "The log file. "
	    "The value nil, or \"-\", is standard output, and in the "
	    "background no file at all." },
	{ "log.use_syslog",
	    "Send what is logged to syslog as well." },
	{ "log.syslog_facility",
	    "The syslog facility." },
	{ "log.format",
	    "\"text\" writes lines for people, \"json\" one JSON object a "
	    "line; the same goes to syslog. "
	    "Upstream's log analyzer reads the first." },
	{ "security.privilege_mode",
	    "Start a milter with its command when it cannot be reached. The "
	    "launcher does, see milter-manager(8). "
	    "What upstream ships has it true." },
	{ "security.effective_user",
	    "Who it becomes, a name or number, after it listens and before "
	    "it accepts anything. Only root can become another one. "
	    "The value nil leaves it as it was started." },
	{ "security.effective_group",
	    "Its group, a name or number, beside the supplementary groups of "
	    "that user. "
	    "The value nil is the user's own." },
	{ "security.chroot",
	    "The folder that becomes its root before it changes its user. "
	    "Only root can do that, and not to stay root; milter-manager(8) "
	    "says what has to be there." },
	{ "security.sandbox",
	    "Give away for good, before anything is read from a socket, what "
	    "the system lets a process give away and what is not needed. "
	    "See SECURITY in milter-manager(8)." },
	{ "manager.connection_spec",
	    "Where the MTA connects. "
	    "Without a host: on all addresses." },
	{ "manager.unix_socket_mode",
	    "The permissions of a unix socket. "
	    "0 stands for 0660." },
	{ "manager.unix_socket_group",
	    "The group of a unix socket. "
	    "The value nil leaves it as it is." },
	{ "manager.remove_unix_socket_on_create",
	    "Remove a socket that an earlier run has left behind." },
	{ "manager.remove_unix_socket_on_close",
	    "Remove the unix socket at the end." },
	{ "manager.daemon",
	    "Run in the background. "
	    "Every path has to begin with a slash then." },
	{ "manager.pid_file",
	    "The file that holds the process number. "
	    "It is locked while that process runs, and goes with it." },
	{ "manager.event_loop_backend",
	    "How to wait for events: \"auto\" takes the best that there is, "
	    "others are \"kqueue\", \"epoll\" and \"poll\". "
	    "\"libev\" is read as \"auto\", \"glib\" as \"poll\"." },
	{ "manager.fallback_status",
	    "The answer to the MTA when the manager itself cannot go on, or "
	    "all milters have failed and their own fallbacks accept." },
	{ "manager.fallback_status_at_disconnect",
	    "The answer to the MTA, for the rest of the session, when its SMTP "
	    "client has left while a milter was waited for. "
	    "See CONNECTION CHECK." },
	{ "manager.connection_check_interval",
	    "How often it is looked up whether the SMTP clients of sessions "
	    "that wait for a milter are still there. 0 is never." },
	{ "manager.connection_checker",
	    "Says whether a client is still there. "
	    "The value nil takes the word of the system: all but client_state "
	    "\"half-closed\" and \"gone\" are." },
	{ "manager.mta",
	    "Whose habits to follow towards the milters where MTAs differ. "
	    "\"auto\" goes by what the MTA says of itself." },
	{ "manager.missing_macros",
	    "Make up macros that the MTA does not send: {mail_addr}, "
	    "{mail_host}, {rcpt_addr} and {rcpt_host} from the envelope, "
	    "{client_addr} from the client's address." },
	{ "manager.n_workers",
	    "How many processes have the sessions. 0 is the daemon itself, "
	    "which is enough for one processor; a change between 0 and others "
	    "takes effect at the next start." },
	{ "manager.max_connections",
	    "How many sessions there may be at once, in all processes. "
	    "0 is no limit." },
	{ "manager.max_connections_per_client",
	    "How many of them one SMTP client may have; more are told 421, to "
	    "come later. A client is an IPv4 address, or of IPv6 a network of "
	    "64 bits; those of this machine are not counted. "
	    "0 is no limit." },
	{ "manager.max_file_descriptors",
	    "The limit of open files to ask the system for. "
	    "0 takes the hard limit, the most that an ordinary user may have. "
	    "A session needs up to three, and one for each milter." },
	{ "manager.suspend_time_on_unacceptable",
	    "How long no connection is accepted after descriptors ran out "
	    "or max_connections was reached, unless a session ends before." },
	{ "manager.idle_timeout",
	    "How long the MTA may be silent." },
	{ "manager.command_deadline",
	    "How long the MTA is made to wait for all milters together at a "
	    "command, before their fallback_status answers for those that have "
	    "not. Less than the MTA's own patience, which is 30 s in Postfix. "
	    "0 is for ever." },
	{ "manager.end_of_message_deadline",
	    "The same for the content and the end of a message, where Postfix "
	    "waits for 300 s. 0 is for ever." },
	{ "manager.progress_interval",
	    "How often the MTA is told at the end of a message that work goes "
	    "on, while the milters keep silent. "
	    "0 is never." },
	{ "manager.shutdown_timeout",
	    "How long running sessions may take to end when the manager is "
	    "told to." },
	{ "manager.chunk_size",
	    "The largest piece of a body that is handed on." },
	{ "manager.max_packet_size",
	    "The largest packet that is taken from the MTA or a milter." },
	{ "manager.max_header_size",
	    "The largest header, all fields of a message taken together." },
	{ "manager.body_memory_limit",
	    "How much of a message's body is held in memory. "
	    "What is beyond waits in a file of spool_directory." },
	{ "manager.spool_directory",
	    "The folder of such files. "
	    "They have no name and vanish with the process." },
	{ "manager.record_directory",
	    "The folder in which each session is recorded, with all of its "
	    "mail, in a file of its own for milter-manager-replay(1). "
	    "The value nil records nothing." },
	{ "manager.record_max_files",
	    "How many of these files there may be. "
	    "The oldest makes room for a new one, unless its session still "
	    "runs." },
	{ "manager.record_max_size",
	    "The largest such file. "
	    "Bodies may take half of it and are shortened from there on; what "
	    "does not fit even so is cut." },
	{ "manager.custom_configuration_directory",
	    "Where a configuration that is sent to the control socket is kept, "
	    "as milter-manager.custom.conf. It is read behind the main file, "
	    "and may have less in it. The user that the daemon becomes has to "
	    "be able to write there, nobody else should. See CUSTOM "
	    "CONFIGURATION." },
	{ "manager.report_memory_statistics",
	    "Behind each line of the statistics that tells of ended sessions "
	    "another one says how much memory the process has." },
	{ "manager.maintenance_interval",
	    "After how many sessions that have ended maintenance_command is "
	    "run, and the statistics of memory are told. "
	    "0 and nil: never." },
	{ "manager.maintenance_command",
	    "What is run then, as the manager's own user; see TIMERS AND "
	    "MAINTENANCE. The first string is the program's path, the others "
	    "are its arguments." },
	{ "manager.table_interval",
	    "How often a program or a database is asked again for the "
	    "entries of a table. Files are looked at as often, and every 5 "
	    "seconds at least. See TABLES." },
	{ "table.NAME",
	    "What expressions and lists call table.NAME: entries that are "
	    "looked up. See TABLES." },
	{ "controller.connection_spec",
	    "Where the control socket is: a unix socket, or a port of a "
	    "loopback address, which is given by its number. "
	    "The value nil is nowhere. See CONTROL in milter-manager(8)." },
	{ "controller.unix_socket_mode",
	    "The permissions of that unix socket. "
	    "Who may write to it may do all that can be done there. "
	    "0 stands for 0660." },
	{ "controller.unix_socket_group",
	    "The group of that unix socket. "
	    "The value nil leaves it as it is." },
	{ "controller.remove_unix_socket_on_create",
	    "Remove a control socket that an earlier run has left behind." },
	{ "controller.remove_unix_socket_on_close",
	    "Remove the control socket at the end." },
	{ "controller.token_file",
	    "The file whose first line is the token that clients of a port "
	    "have to show, of at least 16 characters. Nobody but its owner and "
	    "group may be able to read it." },
	{ "controller.hosts",
	    "The names, and addresses, that a client of a port may call us by, "
	    "without the port: a browser that was led here by another name is "
	    "refused." },
	{ "s25r.whitelist",
	    "Hosts that the condition \"S25R\" does not suspect, whatever "
	    "they look like." },
	{ "s25r.blacklist",
	    "Hosts that it suspects." },
	{ "s25r.check_only_ipv4",
	    "Suspect only clients with an IPv4 address." },
	{ "remote_network.local_addresses",
	    "Networks that the condition \"Remote Network\" takes for own "
	    "ones, besides the private ones." },
	{ "remote_network.remote_addresses",
	    "Networks that it takes for remote ones, whatever else says "
	    "that they are own." },
	{ "stress.threshold_n_connections",
	    "From how many sessions on there is stress: see \"No Stress\" "
	    "and \"Stress Notify\". 0 is never. The value nil is three "
	    "quarters of what the MTA's own configuration allows, or "
	    "never where none is found." },
	{ "trust.envelope_from_domains",
	    "Domains of senders that the condition \"Trust\" trusts. The "
	    "statement trust.load_envelope_from_domains = \"FILE\" adds "
	    "those of a file: one a line, /PATTERN/ (letters of either "
	    "case), or a # comment." },
	{ "dnsbl.services",
	    "The block lists that \"DNSBL Listed\" and \"Not DNSBL "
	    "Listed\" ask. Behind = the answers that count: 127.0.0.2, or "
	    "a network of them. Without it any of 127.0.0.0/8 does, but "
	    "127.255.255.0/24, with which lists refuse to answer." },
	{ "dnsbl.check_only_ipv4",
	    "Ask these lists about clients with an IPv4 address only. "
	    "The others are in no list then." },
	{ "dnsbl.name_servers",
	    "The name servers that conditions ask: \"ADDRESS\", "
	    "\"ADDRESS:PORT\" or \"[ADDRESS]:PORT\". None are those of "
	    "the system." },
	{ "dnsbl.timeout",
	    "How long a look-up in the DNS may take in all. Then it has "
	    "failed; a block list has nobody listed then." },
	{ "restrict_accounts.accounts",
	    "The recipients for whom the condition \"Restrict Accounts\" "
	    "lets a milter run." },
	{ "database.type",
	    "The kind of the database of tables: which client program is "
	    "run to ask it." },
	{ "database.name",
	    "Its name; of sqlite3 its file." },
	{ "database.host",
	    "The host of its server." },
	{ "database.port",
	    "The port of its server. 0 is the usual one." },
	{ "database.path",
	    "The socket of its server; of sqlite3 its file, when there is "
	    "no name." },
	{ "database.user",
	    "The user who asks." },
	{ "database.password",
	    "The user's password. It is on no command line and never logged, "
	    "but --show-config shows it." },
	{ "database.extra_options",
	    "More options of the client program: \"NAME=VALUE\"." },
	{ "package.platform",
	    "Whose packages load_default looks for. "
	    "The value nil finds it out by files such as /etc/os-release, or "
	    "takes the system that this program was built for. "
	    "\"pkgsrc\" is for every system on which packages come from "
	    "there. "
	    "It must stand before load_default. See DETECTION." },
	{ "package.options",
	    "Where these packages are, if they are elsewhere: "
	    "\"prefix=/usr/pkg,rcddir=/etc/rc.d\", one of them or both. "
	    "It must stand before load_default." },
	{ "detect.root",
	    "A folder that is taken as / where installed milters and the "
	    "configuration of the MTA are looked for. "
	    "It must stand before load_default." },
	{ "detect.rspamadm",
	    "A program that is run as \"PROGRAM configdump --json\" when "
	    "rspamd's own files do not say where it listens. "
	    "The value nil runs nothing. "
	    "It must stand before load_default." },
	{ "connection_spec",
	    "Where the milter listens. "
	    "An enabled one must have it. "
	    "With several addresses, in a list or by a name that has several, "
	    "the next one is tried when one does not accept, all within "
	    "connection_timeout. "
	    "A list has at most 64." },
	{ "description",
	    "A note for people." },
	{ "enabled",
	    "Whether it takes part at all." },
	{ "fallback_status",
	    "What counts as its answer when it cannot be reached, is late or "
	    "breaks the protocol. "
	    "\"quarantine\" lets the message pass and has the MTA hold it; "
	    "an MTA that cannot do so is told \"temporary-failure\". "
	    "\"shutdown\" is 421, at which the MTA hangs up." },
	{ "fallback_status_local",
	    "The same for a client with a loopback, private, link-local or "
	    "unique local address, or with none at all. "
	    "The value nil makes no difference between clients." },
	{ "fallback_status_authenticated",
	    "The same for a message of a client that has logged in, whatever "
	    "its address. "
	    "That is known at the sender, so where it differs no fallback of "
	    "this milter answers before. "
	    "The value nil makes no difference between clients." },
	{ "evaluation_mode",
	    "Ask it and log what it says, but do not act on it." },
	{ "parallel",
	    "Ask it at the same time as the milters before it, not after "
	    "them. "
	    "It is shown the original message, without their edits, and may "
	    "be asked about what one of them refuses; its answer counts where "
	    "its place in the order is." },
	{ "applicable_conditions",
	    "The conditions that decide whether it runs, in the order in which "
	    "they are asked. See CONDITIONS." },
	{ "macro.\"{name}\"",
	    "The value of a macro for this milter where the MTA sends none. "
	    "One letter is written without braces, a longer name with them and "
	    "in quotes. "
	    "A milter that asks for its own list of macros gets it only if it "
	    "is on that list." },
	{ "command",
	    "The program that starts it when it cannot be reached; see "
	    "security.privilege_mode." },
	{ "command_options",
	    "The arguments of command, one a string." },
	{ "user_name",
	    "The user who runs command. "
	    "The value nil is the one who starts the manager." },
	{ "balance",
	    "Which of several addresses a session tries first: \"failover\" "
	    "takes them as written, \"round-robin\" begins with the next "
	    "one at each session, \"least-busy\" with the one that has the "
	    "fewest connections of ours. "
	    "One that has just failed comes last for 5 seconds, and twice as "
	    "long with each further failure in a row, up to a minute." },
	{ "socks",
	    "The SOCKS5 proxy through which the milter is reached. "
	    "The milter must not be on a unix socket then. "
	    "A host name in connection_spec is looked up by the proxy." },
	{ "socks_user",
	    "The name to give to the proxy when it asks for one; "
	    "socks_password must be there, too." },
	{ "socks_password",
	    "The password that goes with socks_user. "
	    "It is never logged, but --show-config shows it: let nobody "
	    "else read the configuration." },
	{ "max_failures",
	    "After so many failures in a row it is left alone for "
	    "retry_interval: what fallback_status says holds at once. "
	    "Then one session tries it again. "
	    "0 is never." },
	{ "retry_interval",
	    "How long it is left alone after max_failures, and after each "
	    "try that failed." },
	{ "connection_timeout",
	    "How long connecting to it may take." },
	{ "writing_timeout",
	    "How long it may refuse to take what is sent to it." },
	{ "reading_timeout",
	    "How long it may take for an answer." },
	{ "end_of_message_timeout",
	    "The same, at the end of a message." },
};

/* The keys of a condition; one has the name of a milter's. */
static const struct document_help document_condition[] = {
	{ "description",
	    "What it is for." },
	{ "stop_on_connect",
	    "Whether the milter is stopped at connect: the milter is not "
	    "used for the rest of the session." },
	{ "stop_on_helo",
	    "Whether the milter is stopped at HELO: the milter is not "
	    "used for the rest of the session." },
	{ "stop_on_envelope_from",
	    "Whether the milter is stopped at MAIL: the milter is not "
	    "used for this message." },
	{ "stop_on_envelope_recipient",
	    "Whether the milter is stopped at RCPT: this recipient is not "
	    "shown to the milter." },
	{ "stop_on_data",
	    "Whether the milter is stopped at DATA: the milter is not "
	    "used for the rest of this message." },
	{ "stop_on_header",
	    "Whether the milter is stopped at a header field that it "
	    "would be given: it is out of this message." },
	{ "stop_on_end_of_header",
	    "Whether the milter is stopped at the end of the header: it "
	    "is out of this message." },
	{ "stop_on_body",
	    "Whether the milter is stopped at a piece of the body: it is "
	    "out of this message." },
	{ "stop_on_end_of_message",
	    "Whether the milter is stopped at the end of the message: it "
	    "is out of this message." },
	{ "set_macro.\"{name}\"",
	    "A macro that the milter is given at that stage as if the MTA "
	    "had sent it; one of the MTA's with that name is replaced. A "
	    "value that is empty sets nothing." },
	{ "set_note.\"name\"",
	    "A note that the conditions of all milters can read with "
	    "note(\"name\") for the rest of this message." },
};

static const struct document_help document_timer[] = {
	{ "interval",
	    "How often the command is run; for the first time so long after "
	    "the start." },
	{ "command",
	    "What is run. The first string is the program's path, the others "
	    "are its arguments; there is no shell." },
	{ "user_name",
	    "The user who runs it. "
	    "The value nil is the manager's own." },
};

/* A key without a text makes no document: the tests see its name there. */
static const char *
document_help(const struct key *table, const char *name)
{
	const struct document_help *h = document_helps;
	size_t i, n = sizeof(document_helps) / sizeof(document_helps[0]);

	if (table == key_condition) {
		h = document_condition;
		n = sizeof(document_condition) / sizeof(document_condition[0]);
	}
	if (table == key_timer) {
		h = document_timer;
		n = sizeof(document_timer) / sizeof(document_timer[0]);
	}
	for (i = 0; i < n; i++)
		if (strcmp(h[i].name, name) == 0)
			return (h[i].help);
	return ("(document.c says nothing)");
}

/*
 * Prints text in lines that fit, each behind start; in a manual every sentence
 * begins a line.
 */
static void
document_fill(const char *text, const char *start, bool manual, FILE *fp)
{
	size_t column = 0, n;

	while (*text != '\0') {
		n = strcspn(text, " ");
		if (column > 0 && column + n + 1 > DOCUMENT_WIDTH) {
			fputc('\n', fp);
			column = 0;
		}
		column += (size_t)fprintf(fp, "%s%.*s",
		    column == 0 ? start : " ", (int)n, text);
		if (manual && n > 0 && text[n - 1] == '.')
			column = DOCUMENT_WIDTH;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', fp);
}

static void
document_sample_table(const struct key *table, const char *prefix, FILE *fp)
{
	const struct key *key;
	char value[320] = "Value: ";

	for (key = table; key->name != NULL; key++) {
		fputc('\n', fp);
		document_fill(document_help(table, key->name), "# ", false, fp);
		field_expected(key, value + 7, sizeof(value) - 8);
		strlcat(value, ".", sizeof(value));
		document_fill(value, "# ", false, fp);
		fprintf(fp, "#%s%s = %s\n", prefix, key->name, key->def);
	}
}

void
conf_show_sample(FILE *fp)
{
	fputs("# Every key of milter-manager.conf(5), its default commented "
	    "out.\n", fp);
	document_sample_table(key_main, "", fp);
	fputs("\n# Each milter has a NAME; they run in the order in which "
	    "they are first named.\n", fp);
	document_sample_table(key_child, "milter.NAME.", fp);
	fputs("\n# Each condition has a NAME, too: the reason why a milter "
	    "does not run.\n", fp);
	document_sample_table(key_condition, "condition.NAME.", fp);
	fputs("\n# Each timer has a NAME: a command that is run every so "
	    "often.\n", fp);
	document_sample_table(key_timer, "timer.NAME.", fp);
	fputs("\n# The milters that this system's packages have installed, "
	    "see DETECTION in\n# milter-manager.conf(5).\n"
	    "load_default = true\n"
	    "\n# Settings of this machine.\n"
	    "load_if_exist = \"milter-manager.local.conf\"\n", fp);
}

/* A quote begins an argument in mdoc, a backslash an escape. */
static void
document_mdoc_text(const char *p, FILE *fp)
{
	for (; *p != '\0'; p++) {
		if (*p == '"')
			fputs("\\(dq", fp);
		else if (*p == '\\')
			fputs("\\e", fp);
		else
			fputc(*p, fp);
	}
}

static void
document_mdoc_table(const struct key *table, const char *prefix, FILE *fp)
{
	const struct key *key;
	char value[320] = "Value: ";

	for (key = table; key->name != NULL; key++) {
		fprintf(fp, ".It Ic %s", prefix);
		document_mdoc_text(key->name, fp);
		fputc('\n', fp);
		document_fill(document_help(table, key->name), "", true, fp);
		fputs(".Pp\n", fp);
		field_expected(key, value + 7, sizeof(value) - 8);
		strlcat(value, ".", sizeof(value));
		document_fill(value, "", true, fp);
		fputs("Default:\n.Li ", fp);
		document_mdoc_text(key->def, fp);
		fputc('\n', fp);
	}
}

void
conf_show_mdoc(FILE *fp)
{
	fputs(".Bl -tag -width Ds\n", fp);
	document_mdoc_table(key_main, "", fp);
	document_mdoc_table(key_child, "milter.NAME.", fp);
	document_mdoc_table(key_condition, "condition.NAME.", fp);
	document_mdoc_table(key_timer, "timer.NAME.", fp);
	fputs(".El\n", fp);
}

#undef DOCUMENT_WIDTH
