/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * conf.h - a configuration: an immutable, reference-counted snapshot.
 *
 * conf_load() reads the files into a new one or tells every error; nothing
 * changes a snapshot afterwards.  Sessions hold a reference to the one they
 * began with.
 */
#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/spec.h"

/* Upstream's words (the first four), and ours. */
enum conf_status {
	CONF_UNSET,		/* nil, where a key may be */
	CONF_ACCEPT,
	CONF_TEMPFAIL,
	CONF_REJECT,
	CONF_DISCARD,
	CONF_QUARANTINE,	/* let it pass, and have it held */
	CONF_SHUTDOWN		/* 421 and hang up */
};
const char *conf_status_name(enum conf_status);

/* In what order the addresses of one child are tried. */
enum conf_balance { CONF_FAILOVER, CONF_ROUND_ROBIN, CONF_LEAST_BUSY };

enum conf_mta { CONF_MTA_AUTO, CONF_MTA_POSTFIX, CONF_MTA_SENDMAIL };

/* Where a value came from: file NULL and line 0 is the default. */
struct conf_origin {
	const char	*file;		/* owned by the snapshot */
	unsigned	 line;		/* 0 with a file: the command line */
};

struct conf_list {
	char		**item;
	size_t		  n;
};

/* An entry of a map, and the statement that set it last. */
struct conf_pair {
	char		*name;
	char		*value;
	struct conf_origin origin;
};

struct conf_map {
	struct conf_pair *item;
	size_t		  n;
};

/* What is worth a line in the log, but no error. */
struct conf_note {
	char		*text;		/* one line of printable characters */
	bool		 fault;		/* something is not as it should be */
};

#define CONF_SPECS_MAX	64

/* rules.h */
struct rule;
struct conf_rules {
	struct rule	*item;
	size_t		 n;
};

struct expr;
struct table;

struct conf_specs {
	struct conf_list text;		/* as written; it comes first */
	struct spec	*spec;		/* one each */
};

/* What a condition sets, and when. */
struct conf_setter {
	char		*name;		/* of the macro or note */
	int		 stage;		/* enum conf_stage */
	struct expr	*value;
	struct expr	*only;		/* NULL, or: only if this is true */
	struct conf_origin origin;
};

struct conf_setters {
	struct conf_setter *item;
	size_t		 n;
};

#define CONF_STOPS	9		/* CONF_STAGE_N */

struct conf_condition {
	char		*name;
	size_t		 index;
	char		*description;		/* NULL */
	struct expr	*stop[CONF_STOPS];	/* NULL: never at that stage */
	struct conf_setters macros;
	struct conf_setters notes;
	struct conf_origin *origin;		/* one per key of a condition */
};

/* Where the entries of a table come from. */
enum conf_table_source {
	CONF_TABLE_FILE,	/* where: its path */
	CONF_TABLE_EXEC,	/* where: a command for sh(1) */
	CONF_TABLE_DATABASE,	/* where: a SELECT */
	CONF_TABLE_SOCKETMAP	/* where: the map; spec: its server */
};

struct conf_table {
	char		*name;
	size_t		 index;
	char		*text;			/* "list:/path" */
	enum conf_table_source source;
	int		 kind;			/* enum table_kind: how its
						   entries are written */
	char		*where;
	struct spec	 spec;
	struct table	*data;			/* of a file as it was read */
	struct conf_origin origin;
};

/* A command that is run every so often. */
struct conf_timer {
	char		*name;
	size_t		 index;
	uint64_t	 interval;		/* ms; 1 h */
	struct conf_list command;		/* path, arguments; or empty */
	char		*user_name;		/* NULL: the manager's own */
	struct conf_origin *origin;		/* one per key of a timer */
};

struct conf_milter {
	char		*name;
	size_t		 index;			/* place in the order */
	bool		 enabled;		/* true */
	char		*description;		/* NULL */
	struct conf_specs specs;		/* none */
	enum conf_balance balance;		/* failover */
	char		*socks_text;		/* NULL, or as written */
	struct spec	 socks;
	char		*socks_user;		/* NULL: none */
	char		*socks_password;	/* there when the user is */
	unsigned	 max_failures;		/* 0: never cut off */
	uint64_t	 retry_interval;	/* ms; 30 s */
	enum conf_status fallback_status;	/* accept */
	enum conf_status fallback_status_local;	/* unset: as fallback_status */
	enum conf_status fallback_status_authenticated;	/* unset: the same */
	bool		 evaluation_mode;	/* false */
	bool		 parallel;		/* false */
	struct conf_list applicable_conditions;	/* empty */
	struct conf_origin *given;		/* where each of them is */
	struct conf_condition **conditions;	/* the same, when all is read */
	size_t		 n_conditions;
	struct conf_map	 macros;		/* where the MTA has none */
	char		*command;		/* NULL, or an absolute path */
	struct conf_list command_options;
	char		*user_name;		/* NULL */
	uint64_t	 connection_timeout;	/* all four in ms; 297 s */
	uint64_t	 writing_timeout;	/* 7 s */
	uint64_t	 reading_timeout;	/* 7 s */
	uint64_t	 end_of_message_timeout;/* 297 s */
	struct conf_origin *origin;		/* one per key of a child */
};

struct conf {
	/* security.* */
	bool		 privilege_mode;	/* false */
	char		*effective_user;	/* NULL: as it was started */
	char		*effective_group;	/* NULL: the user's */
	char		*chroot;		/* NULL: none */
	bool		 sandbox;		/* true */

	/* log.* */
	unsigned	 log_levels;		/* LOGL_* bits */
	char		*log_path;		/* NULL: standard output */
	bool		 log_use_syslog;	/* true */
	int		 log_facility;		/* LOG_MAIL */
	int		 log_format;		/* LOG_TEXT */

	/* manager.* */
	char		*spec_text;
	struct spec	 spec;			/* inet:10025@[127.0.0.1] */
	unsigned	 socket_mode;		/* 0660 */
	char		*socket_group;		/* NULL */
	bool		 socket_remove_on_create; /* true */
	bool		 socket_remove_on_close;  /* true */
	bool		 daemon;		/* false */
	char		*pid_file;		/* NULL */
	char		*event_loop_backend;	/* "auto" */
	enum conf_status fallback_status;	/* accept */
	enum conf_status fallback_status_at_disconnect;	/* tempfail */
	uint64_t	 connection_check_interval;	/* ms; 0: never */
	struct expr	*connection_checker;	/* NULL: the table's word */
	enum conf_mta	 mta;			/* auto */
	unsigned	 n_workers;		/* 0: sessions in the daemon */
	unsigned	 max_connections;	/* 0: no limit */
	unsigned	 max_connections_per_client;	/* 0: no limit */
	unsigned	 max_file_descriptors;	/* 0: the hard limit */
	uint64_t	 suspend_time_on_unacceptable;	/* ms; 5 s */
	bool		 missing_macros;	/* true: make them up */
	uint64_t	 idle_timeout;		/* ms; 7210 s */
	uint64_t	 progress_interval; /* ms; 5 s, 0: none of our own */
	uint64_t	 command_deadline; /* ms; 25 s, 0: none */
	uint64_t	 end_of_message_deadline; /* ms; 280 s, 0: none */
	uint64_t	 shutdown_timeout;	/* ms; 30 s */
	size_t		 chunk_size;		/* 65535; 1..65535 */
	size_t		 max_packet_size;	/* 1 MiB; 65535..1 GiB */
	size_t		 max_header_size;	/* 4 MiB, all of a message's */
	size_t		 body_memory_limit;	/* 256 KiB, then a file */
	char		*spool_directory;	/* "/tmp" */
	char		*record_directory;	/* NULL: nothing is recorded */
	bool		 report_memory_statistics;	/* false */
	unsigned	 record_max_files;	/* 100 */
	size_t		 record_max_size;	/* 1 MiB, each */
	char		*custom_directory;	/* NULL: no custom file */
	unsigned	 maintenance_interval;	/* 10; UINT_MAX or 0: never */
	struct conf_list maintenance_command;	/* none */
	struct conf_origin *origin;		/* one per key */

	/* controller.* */
	char		*control_spec_text;	/* NULL: no control socket */
	struct spec	 control_spec;
	unsigned	 control_socket_mode;	/* 0660 */
	char		*control_socket_group;	/* NULL */
	bool		 control_socket_remove_on_create; /* true */
	bool		 control_socket_remove_on_close;  /* true */
	char		*control_token_file;	/* there with a TCP port */
	struct conf_list control_hosts;		/* "localhost" ... */

	/* what conditions and tables go by */
	bool		 s25r_check_only_ipv4;	/* true */
	struct conf_rules s25r_whitelist;
	struct conf_rules s25r_blacklist;
	struct conf_rules local_addresses;	/* networks; none */
	struct conf_rules remote_addresses;
	unsigned	 stress_threshold;	/* UINT_MAX: as of the MTA */
	struct conf_rules trust_domains;
	struct conf_rules dnsbl_services;	/* "ZONE" or "ZONE=NETWORK" */
	bool		 dnsbl_check_only_ipv4;	/* true */
	struct conf_list dnsbl_servers;		/* addresses; empty: system's */
	uint64_t	 dnsbl_timeout;		/* ms; 5 s */
	struct conf_rules restricted_accounts;
	uint64_t	 table_interval;	/* ms; 60 s */
	char		*package_platform;	/* NULL: found out */
	char		*package_options;	/* NULL: none */
	char		*detect_root;		/* NULL: "/" */
	char		*detect_rspamadm;	/* NULL: no program is run */
	char		*database_type;		/* NULL, "sqlite3", "mysql2",
						   "mysql", "pg" */
	char		*database_name;		/* NULL, all of them */
	char		*database_host;
	unsigned	 database_port;		/* 0: the type's own */
	char		*database_path;
	char		*database_user;
	char		*database_password;
	struct conf_list database_options;	/* "NAME=VALUE" */

	/* condition.*: those built in come first */
	struct conf_condition **conditions;
	size_t		 n_conditions;
	/* table.* in the order in which they were first named */
	struct conf_table **tables;
	size_t		 n_tables;

	/* timer.* in the order in which they were first named */
	struct conf_timer **timers;
	size_t		 n_timers;

	/* milter.* in the order in which they were first named */
	struct conf_milter **milters;
	size_t		 n_milters;

	/* what load_default found, and why it did not */
	struct conf_note *notes;
	size_t		 n_notes;

	/* private */
	unsigned	 refs;
	void		*strings;		/* file names of the origins */
};

/*
 * What "load_default = true" asks for, and what is to be done with the answer.
 * The strings are those of the snapshot so far.
 */
struct conf_detect {
	const char	*root;		/* detect.root, or NULL */
	const char	*platform;	/* package.platform, or NULL */
	const char	*options;	/* package.options, or NULL */
	const char	*rspamadm;	/* detect.rspamadm, or NULL */
	/*
	 * A statement, as if it stood at that place.  What the administrator
	 * has set already stays; a list that he has only added to begins with
	 * this one.  Its faults are notes.
	 */
	void		(*statement)(void *arg, const char *file,
			    unsigned line, const char *text);
	/* A line for the log: what was found, or why not. */
	void		(*note)(void *arg, bool fault, const char *text);
	void		*arg;
};

enum conf_known {
	CONF_KNOWN_NOT,
	CONF_KNOWN_MAYBE,	/* by any script of such a name */
	CONF_KNOWN		/* packages have it */
};

/*
 * In the custom file only what gives its writer no right that the daemon does
 * not have: no program, no path that is read or written, no user.
 */
#define CONF_CUSTOM_NAME	"milter-manager.custom.conf"

/* What to read. */
struct conf_source {
	const char	*file;		/* NULL: milter-manager.conf in dir */
	const char	*dir;		/* NULL: the compiled-in folder */
	/* NULL, or what is in the file: that is only named, not opened. */
	const char	*text;
	size_t		 text_len;
	/*
	 * What was kept through the control socket is read behind the file, and
	 * only with one: CONF_CUSTOM_NAME in manager.custom_configuration_-
	 * directory, or this text in its stead (NULL: none).  no_custom: not
	 * at all, for who trusts the administrator's files alone.
	 */
	const char	*custom;
	size_t		 custom_len;
	bool		 no_custom;
	/* A snapshot in spite of faults, of which single keys are looked at. */
	bool		 faulty;
	/* "key = value" lines that come last (the command line's), or NULL. */
	const char	*const *overrides;
	size_t		 n_overrides;
	/*
	 * What carries out load_default (detect_load() of detect.h): 0, or -1
	 * with why.  NULL: load_default has no effect.
	 */
	int		(*detect)(const struct conf_detect *, char *why,
			    size_t whysize);
	/*
	 * Whether a milter of that name could be detected, if it were installed
	 * (detect_known()).  After load_default such a one that is nowhere is
	 * off, and no error.  NULL: every one could.
	 */
	enum conf_known	(*known)(const char *name);
};

/*
 * Reads file, and what it loads.  Every error (and warning) is one
 * line "FILE:LINE: KEY: what is wrong, what would be right" and is handed to
 * report, in file order; all of them, up to 100.  Returns a snapshot with one
 * reference, or NULL when there was an error.
 */
struct conf *conf_load(const struct conf_source *,
	    void (*report)(const char *line, void *arg), void *arg);

struct conf *conf_ref(struct conf *);
void	conf_unref(struct conf *);	/* NULL: no effect */

/* The child, table of that name or NULL. */
const struct conf_milter *conf_milter(const struct conf *, const char *name);
const struct conf_table *conf_table(const struct conf *, const char *name);

/*
 * Writes it in the configuration language, each value behind a comment with its
 * origin; reading that back gives the same snapshot.
 */
void	conf_show(const struct conf *, FILE *);
/* The same without what is secret: such a key is but a comment. */
void	conf_show_masked(const struct conf *, FILE *);
/*
 * The table of keys as documents: a commented sample file ("etc/...sample"), or
 * the mdoc list of the manual page.  From the same table as the parser.
 */
void	conf_show_sample(FILE *);
void	conf_show_mdoc(FILE *);

#endif /* CONFIG_CONF_H */
