/*
 * Attached files: stores/post/files, one file each, under a random name.
 *
 * A file comes in by FILE_BEGIN, FILE_CHUNKs in order and FILE_SEAL, and is
 * then waited for by UPLOAD_CREATE, which writes its row. What got no row is
 * removed when who brought it has done with it (FILE_DROP), or sends no PINGs
 * any more, or a minute after its last sign of life. A row is never there
 * without its file: the file is on disk before the row is written, and goes
 * after the COMMIT that took the row away. What a crash leaves behind between
 * the two is removed at the next start.
 *
 * The operations run on the slow lane, files_claim(), files_unclaim() and
 * files_remove_later() on the writer lane, files_heard() on the loop; a thread
 * of this module's own removes what is to be removed.
 */
#ifndef POST_FILES_H
#define POST_FILES_H

#include "services/post/post.h"

/* The most that FILE_READ gives and FILE_CHUNK takes at a time, bytes. */
#define FILE_PIECE_MOST	(256 << 10)

/*
 * Make the folder if need be, remove files without a row, start the thread.
 * Dies if the folder cannot be used, or a setting is none.
 */
void	files_start(const struct service *, const struct settings *);

/* This process writes from now on: remove files that a crash left. */
void	files_became_writer(const struct service *);

/* After this no thread of files.c uses the store or the folder. */
void	files_stop(void);

/* A peer sent a PING. */
void	files_heard(struct text peer);

op_run	file_begin, file_chunk, file_seal, file_drop;
op_run	file_open, file_read;

/*
 * Take a file that was sealed for a row that is about to be written. False if
 * there is no such file, or it was taken before.
 */
bool	files_claim(struct text filename);

/* The row was not written after all. */
void	files_unclaim(struct text filename);

/* Remove a file once no row names it any more. */
void	files_remove_later(struct text filename);

#endif
