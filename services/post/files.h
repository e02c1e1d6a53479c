/*
 * Attached files: stores/post/files, one file each, under a random name
 * (services/files/).
 *
 * A file comes in by FILE_BEGIN, FILE_CHUNKs in order and FILE_SEAL; then
 * UPLOAD_CREATE writes its row. A file that got no row is removed when its
 * asker is done with it (FILE_DROP) or sends no PINGs any more, or a minute
 * after the last operation on it.
 *
 * The operations run on the slow lane, files_claim(), files_unclaim() and
 * files_delete() on the writer lane, files_heard() on the loop.
 */
#ifndef POST_FILES_H
#define POST_FILES_H

#include "services/files/reaper.h"
#include "services/post/post.h"

/* The most that FILE_READ gives and FILE_CHUNK takes at a time, bytes. */
#define FILE_PIECE_MOST	(256 << 10)

/*
 * Make the directory and start the reaper, unless there is no store of the
 * service. Dies if that is not possible. The settings must outlive the service.
 */
void	files_start(const struct service *, const struct settings *);

/* This process begins to write: remove files that a crash left. */
void	files_became_writer(const struct service *);

/* No thread of this module uses store or directory any more. */
void	files_stop(void);

/* A peer sent a PING. */
void	files_heard(struct text peer);

op_run	file_begin, file_chunk, file_seal, file_drop;
op_run	file_open, file_read;

/*
 * Take a sealed file for a row that is about to be written. False: there is no
 * such file, or it has been taken.
 */
bool	files_claim(struct text filename);

/* The row was not written. */
void	files_unclaim(struct text filename);

/*
 * Run a statement that deletes rows of files and gives their names, and end it.
 * The files are removed when that is committed.
 */
enum err	files_delete(struct call *, struct stmt *);

/* For tests, which run the reaper without its thread. */
struct reaper	*files_reaper(void);

#endif
