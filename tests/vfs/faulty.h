/*
 * A disk that fails, for tests: a shared object for LD_PRELOAD.
 *
 *   faulty.c   a SQLite VFS below whatever the program registers
 *   files.c    the same for files that are no stores: uploads, pictures
 *   undo.c     what was not synced, so that a test can drop it
 *   control.c  what is to fail, told by a file that tests map
 *
 * FAULTY_CONTROL names that file; without it nothing fails. FAULTY_UNDO names
 * the folder for what was not synced, FAULTY_ROOT the one whose files are
 * looked after; without them nothing is kept, and syncs are real.
 */
#ifndef FAULTY_H
#define FAULTY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Operations that can fail; tests/system/disk.py has the same order. FOLDER: a
 * sync of a folder, which is a SYNC as well. */
enum kind { READ, WRITE, SYNC, TRUNCATE, OPEN, SIZE, SHM, RENAME, DELETE,
    FOLDER };

#define PATTERN_SIZE	128

/* Instead of an errno: what gives a folder its name is done, then the process
 * is killed. */
#define POWER_FAILS	(-1)

/* The process is killed before the operation. */
#define KILLED		(-2)

/* As it lies in the file; all numbers are in the machine's own order. */
struct control {
	int64_t		 kinds;		/* that count, a bit each */
	int64_t		 first;		/* the one that fails; 0: none */
	int64_t		 lasting;	/* ... and all after it */
	int64_t		 one_in;	/* instead: each by chance; 0: none */
	int64_t		 error;		/* errno, POWER_FAILS or KILLED */
	int64_t		 seed;		/* of chance */
	int64_t		 seen;		/* operations so far */
	int64_t		 failed;	/* of these */
	char		 pattern[PATTERN_SIZE];	/* in the path; "": any */
};

/* Whether this operation is to fail: the errno, or 0. */
int	fault(enum kind, const char *path);

/* The path of an open file; false if it has none. */
bool	path_of(int fd, char *ret, size_t size);

/* Before the change; the file is about to be as long as `size`, or longer. */
void	undo_write(int fd, off_t offset, size_t len);
void	undo_truncate(int fd, off_t size);
void	undo_create(int folder, const char *path);
void	undo_rename(int from_folder, const char *from, int to_folder,
	    const char *to);
void	undo_unlink(int folder, const char *path);

/* After it: two names changed places, or nothing had the new one before. */
void	undo_renamed(int from_folder, const char *from, int to_folder,
	    const char *to, bool exchanged);

/* True if it is done with that: the file or folder counts as synced. */
bool	undo_sync(int fd);

/* Changes and their undo records are made one after the other. */
void	undo_lock(void);
void	undo_unlock(void);

#endif
