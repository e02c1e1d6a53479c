/*
 * A directory of files that rows of a store name. A file is on disk before the
 * row that names it is committed, and is removed after the COMMIT that deleted
 * the row. Readers never see a part of a file: it gets its name when it is
 * whole, and does not change under that name.
 *
 * Paths are relative to FLICKET_DATA, the process's working directory. All
 * functions may be called from any thread.
 */
#ifndef FILES_DIR_H
#define FILES_DIR_H

#include <limits.h>

#include "base/buf.h"
#include "services/store/statement.h"

#define DIR_NAME_SIZE		(NAME_MAX + 1)	/* of any file's name */
#define DIR_MADE_SIZE		64	/* ... that dir_make_name() made */
#define DIR_EXTENSION_SIZE	24	/* of an extension without its dot */

/* A service's description of its directory; constant. */
struct dir {
	const char	*home;		/* the store's own directory */
	const char	*store;		/* the database */
	const char	*path;		/* this directory, below `home` */
	int		 sql_row;	/* finds a row that names FILENAME */
	const char	*alphabet;	/* of random names: 16 or 32 characters */
	size_t		 digits;	/* random characters in a name; at most
					 * 32 */
	bool		 has_others;	/* dir_sweep() keeps files whose names
					 * do not have this form */
	int64_t		 piece_most;	/* bytes that are read or appended at a
					 * time, at most */
};

/* Whether a text is the name of a plain file, not hidden, and not a path. */
bool	dir_is_name(struct text);

/* A random name between two texts, which together are below 32 bytes. */
void	dir_make_name(const struct dir *, const char *before,
	    const char *after, char ret[DIR_MADE_SIZE]);

/* Make the directory unless it exists, durably. False: errno says why. */
bool	dir_make(const struct dir *);

/* Descriptors of a new file for writing, and of an existing one. -1: errno. */
int	dir_create(const struct dir *, const char *name);
int	dir_open(const struct dir *, const char *name, int flags);

/*
 * Sync an open file and rename it, durably. NULL: a crash does not undo it.
 * Else a phrase for dir_error(), and errno; there is no file `to`.
 */
const char	*dir_settle(const struct dir *, int fd, const char *from,
		    const char *to);

/*
 * Write a whole file, durably; the directory is made if need be. False: errno
 * says why, and nothing is left of the file.
 */
bool	dir_write(const struct dir *, const char *name, struct text bytes);

/* Remove a file if it exists. A failure is logged. */
void	dir_remove(const struct dir *, const char *name);

/*
 * Whether a row names a file, as the connection sees the store. True also
 * where the store cannot be read: then no file is removed.
 */
bool	dir_has_row(const struct dir *, struct db *, const char *name);

/* Remove files that no row names. Failures are logged, and such files stay. */
void	dir_sweep(const struct dir *, struct db *);

/* Log errno and a phrase like "cannot be read". Returns the error to answer. */
enum err dir_error(const char *what);

#endif
