/*
 * The table of files on their way in: uploads that have no row yet.
 *
 * There is room for INCOMING_MOST files. When the table is full, the user with
 * most files loses the oldest one to a user with fewer. The asker says when it
 * is done with a file (incoming_drop()), with or without a row. A file is also
 * given up when its asker stops sending PINGs, or when it was not touched for
 * INCOMING_LIFE_MS.
 *
 * The functions may be called from any thread. A file that is WRITING or
 * LEAVING belongs to the thread that made it so; all other members of the
 * table are guarded by `lock`, which is not held while files are written or
 * removed.
 */
#ifndef FILES_INCOMING_H
#define FILES_INCOMING_H

#include <pthread.h>

#include "services/files/dir.h"

#define INCOMING_MOST		512
#define INCOMING_LIFE_MS	60000
#define INCOMING_SILENT_MS	5000	/* without PINGs from the asker */
#define INCOMING_PEER_BYTES	255	/* longest identity of ZeroMQ */

enum incoming_state {
	INCOMING_FREE,
	INCOMING_FILLING,	/* waits for bytes; has a temporary name */
	INCOMING_WRITING,	/* a thread writes or checks it */
	INCOMING_SEALED,	/* whole, under its final name */
	INCOMING_CLAIMED,	/* its row is being written */
	INCOMING_LEAVING	/* a thread removes it */
};

struct incoming_file {
	enum incoming_state	state;
	bool			dropped;	/* the asker is done with it */
	int64_t			handle;
	int64_t			user;		/* on whose behalf it comes */
	size_t			peer_len;
	char			peer[INCOMING_PEER_BYTES]; /* ZeroMQ identity of
							    * the last sender */
	int64_t			pinged_ms;	/* last PING of that peer, by
						 * clock_ms(); 0: it does not
						 * have to send any */
	int64_t			size;		/* bytes that were announced */
	int64_t			have;		/* bytes that came */
	int64_t			touched_ms;	/* by clock_ms() */
	char			extension[DIR_EXTENSION_SIZE];
	char			name[DIR_MADE_SIZE];	/* "": no file yet */
};

struct incoming {
	const struct dir	*dir;		/* where the files are */
	pthread_mutex_t		 lock;
	unsigned		 taken;		/* files that are not FREE */
	struct incoming_file	 files[INCOMING_MOST];
};

/* A file that an asker wants to bring. */
struct incoming_offer {
	int64_t		 handle;	/* that the asker would like; 0: any */
	int64_t		 user;
	struct text	 peer;
	const char	*extension;
	int64_t		 size;		/* bytes */
};

void	incoming_init(struct incoming *, const struct dir *);

/*
 * Take a place for a file, WRITING. It gets the handle of the offer if that is
 * free, and its asker has to send PINGs then; else a random handle. NULL:
 * there is no room. ret_victim: the name of the file that made room and is to
 * be removed, "" if none did.
 */
struct incoming_file	*incoming_take(struct incoming *,
			    const struct incoming_offer *,
			    char ret_victim[DIR_MADE_SIZE]);

/* FILLING to WRITING. NULL: there is no such file, or it is not FILLING. */
struct incoming_file	*incoming_hold(struct incoming *, int64_t handle,
			    struct text peer);

/* WRITING to FILLING or SEALED. */
void	incoming_release(struct incoming *, struct incoming_file *,
	    enum incoming_state);

/* Free the place of a WRITING or LEAVING file; ret_name is to be removed. */
void	incoming_free(struct incoming *, struct incoming_file *,
	    char ret_name[DIR_MADE_SIZE]);

/*
 * The asker is done with a file. Returns it, LEAVING, if it can be removed at
 * once; else, as it may have its row or is being written, NULL.
 */
struct incoming_file	*incoming_drop(struct incoming *, int64_t handle);

/* SEALED to CLAIMED. False: there is no such file, or it was dropped. */
bool	incoming_claim(struct incoming *, struct text name);

/* The row was not written: CLAIMED to SEALED. */
void	incoming_unclaim(struct incoming *, struct text name);

/* A peer sent a PING. */
void	incoming_heard(struct incoming *, struct text peer, int64_t now_ms);

/* Whether a file was given up by now; it is LEAVING then. */
bool	incoming_give_up(struct incoming *, struct incoming_file *,
	    int64_t now_ms);

/*
 * Whether a file is CLAIMED; its name, and whether it is so for too long or
 * was dropped meanwhile.
 */
bool	incoming_is_claimed(struct incoming *, struct incoming_file *,
	    int64_t now_ms, char ret_name[DIR_MADE_SIZE], bool *ret_late);

/*
 * Free the place of a CLAIMED file of that name. False: it is not CLAIMED any
 * more.
 */
bool	incoming_end_claim(struct incoming *, struct incoming_file *,
	    const char *name);

/* How many files there are, and how many of a user. */
unsigned	incoming_count(struct incoming *);
unsigned	incoming_count_of(struct incoming *, int64_t user);

#endif
