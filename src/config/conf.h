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

/* Upstream's words: accept, temporary-failure, reject, discard. */
enum conf_status {
	CONF_ACCEPT,
	CONF_TEMPFAIL,
	CONF_REJECT,
	CONF_DISCARD
};
const char *conf_status_name(enum conf_status);

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

struct conf_milter {
	char		*name;
	size_t		 index;			/* place in the order */
	bool		 enabled;		/* true */
	char		*description;		/* NULL */
	char		*spec_text;		/* as written */
	struct spec	 spec;
	enum conf_status fallback_status;	/* accept */
	bool		 evaluation_mode;	/* false */
	bool		 parallel;		/* false */
	struct conf_list applicable_conditions;	/* empty */
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
	/* log.* */
	unsigned	 log_levels;		/* LOGL_* bits */
	char		*log_path;		/* NULL: standard output */
	bool		 log_use_syslog;	/* true */
	int		 log_facility;		/* LOG_MAIL */

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
	enum conf_mta	 mta;			/* auto */
	unsigned	 max_connections;	/* 0: no limit */
	unsigned	 max_file_descriptors;	/* 0: the hard limit */
	uint64_t	 suspend_time_on_unacceptable;	/* ms; 5 s */
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
	unsigned	 record_max_files;	/* 100 */
	size_t		 record_max_size;	/* 1 MiB, each */
	struct conf_origin *origin;		/* one per key */

	/* milter.* in the order in which they were first named */
	struct conf_milter **milters;
	size_t		 n_milters;

	/* private */
	unsigned	 refs;
	void		*strings;		/* file names of the origins */
};

/* What to read. */
struct conf_source {
	const char	*file;		/* NULL: milter-manager.conf in dir */
	const char	*dir;		/* NULL: the compiled-in folder */
	/* NULL, or what is in the file: that is only named, not opened. */
	const char	*text;
	size_t		 text_len;
	/* "key = value" lines that come last (the command line's), or NULL. */
	const char	*const *overrides;
	size_t		 n_overrides;
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

/* The child of that name or NULL. */
const struct conf_milter *conf_milter(const struct conf *, const char *name);

/*
 * Writes it in the configuration language, each value behind a comment with its
 * origin; reading that back gives the same snapshot.
 */
void	conf_show(const struct conf *, FILE *);
/*
 * The table of keys as documents: a commented sample file ("etc/...sample"), or
 * the mdoc list of the manual page.  From the same table as the parser.
 */
void	conf_show_sample(FILE *);
void	conf_show_mdoc(FILE *);

#endif /* CONFIG_CONF_H */
