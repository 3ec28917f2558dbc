/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * record.h - sessions written down frame by frame, for milter-manager-replay.
 *
 * Nothing here fails for the caller: what cannot be written is not recorded,
 * one line in the log says so, and the mail goes on.  Without
 * manager.record_directory session->record is NULL and nothing is done.
 */
#ifndef MANAGER_RECORD_H
#define MANAGER_RECORD_H

#include "config/conf.h"
#include "milter/packet.h"

struct session;
struct child;
struct record;

/*
 * The folder of the records: which of ours are there, and how many may be.
 * record_folder_get() looks for those of earlier runs and removes the oldest
 * beyond manager.record_max_files.  old is the one used so far or NULL; if it
 * is of the same folder, it is returned with one more reference and the new
 * limit.  NULL: out of memory.
 */
struct record_folder;
struct record_folder *record_folder_get(const struct conf *,
	    struct record_folder *old);
void	record_folder_unref(struct record_folder *);	/* NULL: no effect */

/*
 * Begins to record a new session, if its configuration says so; its file is
 * made when something has come.  What is written to the session's stream is
 * recorded by itself from now on.
 */
void	record_begin(struct session *);
/* The child's stream is open: the same for that. */
void	record_child(struct child *);
/* A whole frame has come, from a child or (NULL) from the MTA. */
void	record_frame(struct session *, const struct child *,
	    const struct packet *);
/* What happened to the child, as text. */
void	record_note(struct session *, const struct child *, const char *);
/* The session is over: writes what is left, closes the file. */
void	record_end(struct session *, const char *reason);

#endif /* MANAGER_RECORD_H */
