/*
 * The interfaces between the files of `flicketctl import`.
 *
 *   import.c         the command line, and the phases in their order
 *   import_source.c  Flicket's database: is it one, is it whole
 *   import_schema.c  which version of Flicket its tables are of
 *   import_dump.c    a dump of it, in the place of a database
 *   import_records.c files of any other desk, likewise
 *   import_target.c  the data folder: may it be filled; putting it in place
 *   import_stores.c  the four new stores, from empty to closed
 *   import_kinds.c   the kinds of rows, and the loop that copies them all
 *   import_row.c     a row on its way
 *   import_meaning.c statuses and groups that mean something to the services
 *   import_user.c    names, addresses and passwords of users
 *   import_derive.c  what follows from the rows: names, counts, search
 *   import_value.c   how a value of Flicket's becomes one of ours
 *   ../data_date.[ch] dates
 *   import_zone.c    the time zone that they are in
 *   import_config.c  Flicket's settings, for the report
 *   import_text.c    text from outside, for a store or for a line
 *   import_files.c   uploads and avatars
 *   import_stop.c    what ends a run early: signals, failures
 *   import_report.c  progress, failures, and the report at the end
 *
 * Functions that return bool may fail: false, after a message on stderr.
 * Failures that cannot be handled (no memory) end the process; import.c's
 * atexit() then removes the unfinished folder.
 */
#ifndef IMPORT_IMPORT_PARTS_H
#define IMPORT_IMPORT_PARTS_H

#include <sys/types.h>

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/services.h"
#include "tools/flicketctl/data/dump/dump.h"
#include "tools/flicketctl/data/data_date.h"
#include "tools/flicketctl/store/replace.h"

struct cli;
struct import;
struct row;
struct sqlite3;
struct sqlite3_stmt;

enum store { STORE_USER, STORE_TICKET, STORE_POST, STORE_LOOKUP, STORE_COUNT };

/* Files that rows name: their folders, and how many were copied. */
enum files_id { FILES_UPLOADS, FILES_AVATARS, FILES_COUNT, FILES_NONE };

#define MISSING_SHOWN	20

struct files {
	const char	*option;	/* folder as given, NULL: none */
	int		 from;		/* that folder, -1: none */
	int		 to;		/* the new store's folder */
	int64_t		 copied;
	int64_t		 missing;	/* named by rows, not in the folder */
	int64_t		 refused;	/* their names are not accepted */
	int64_t		 left;		/* named by rows, no folder given */
	char		*shown[MISSING_SHOWN]; /* the first missing ones */
};

/* Whether a row is kept after one of its values was converted. */
enum keep {
	KEEP,
	DROP,		/* not kept; the converter has reported why */
	DROP_QUIETLY	/* not kept, for the reason in kind->quiet */
};

/*
 * Converts the n-th column of row->from into the n-th parameter of row->to
 * and reports what it had to change.
 */
typedef enum keep value_fn(struct row *, int n);

/*
 * MUST be in Flicket's table, or MAY: it was added by a later version
 * (import_schema.c), and counts as NULL without that.
 */
enum presence { MUST, MAY };

struct column {
	const char	*from;		/* name in Flicket's table */
	const char	*to;		/* name in ours */
	value_fn	*convert;
	enum presence	 presence;
	const char	*before_021;	/* SQL: what Flicket makes of actions
					 * before 0.2.1; NULL: from */
};

struct kind {
	const char	*one;		/* "ticket 7: ..." */
	const char	*many;
	const char	*from;		/* Flicket's table */
	const char	*where;		/* NULL: all rows */
	const char	*label;		/* SQL: a row's name; NULL: id */
	const char	*order;		/* SQL; NULL: id */
	enum store	 store;
	const char	*into;		/* our table */
	const struct column *columns;	/* one without `to` ends them */
	const char	*quiet;		/* why rows are dropped unlisted */
};

/* read = written + dropped + quiet */
struct tally {
	int64_t	read;
	int64_t	written;
	int64_t	dropped;	/* each has a line in the report */
	int64_t	quiet;		/* for the reason in kind->quiet */
};

#define KINDS_MAX	24

/*
 * Two threads copy rows at once: that of the run, and one for the kinds of
 * the post service, which are as many as all others. A store is used
 * by one thread at a time.
 */
enum lane_id { LANE_RUN, LANE_POSTS, LANES };

struct lane {
	struct sqlite3			*source; /* the same moment in each */
	FILE			*lines;	/* the report, already unlinked */
	int64_t			 line_count;

	/* of LANE_POSTS, for the progress that the other one shows */
	const char *_Atomic	 what;
	_Atomic int64_t		 done;
	_Atomic int64_t		 total;
};

/*
 * What a row of Flicket's means to the services, whatever its id. The order of
 * statuses is that of their ids in a new desk.
 */
enum meaning {
	MEANING_OPEN, MEANING_CLOSED, MEANING_IN_WORK,
	MEANING_ADMIN, MEANING_STAFF, MEANINGS
};

/* One run of the command. */
struct import {
	const char	*path;		/* Flicket's database, as given */
	bool		 dump;		/* it is a dump of one */
	bool		 records;	/* it is a folder of other files */
	const char	*ids;		/* --ids, or NULL */
	char		*ids_made;	/* that file, if this run made it */
	const char	*data;		/* the data folder, as given */
	const char	*zone;		/* --timezone, or NULL */
	size_t		 lacks;		/* changes of Flicket's tables that
					 * came later (import_schema.c) */
	bool		 before_021;	/* actions are in older columns */
	bool		 before_022;	/* there is no last_updated */
	bool		 made;		/* rows that Flicket did not have */
	bool		 is_trial;	/* --dry-run: nothing is put in place */
	char		 work[REPLACE_WORK_SIZE]; /* built here, in data;
						   * "": not yet */
	struct replace	 replace;
	bool		 in_place;	/* im->replace does it */
	bool		 exchanges;	/* data has stores, of defaults */
	int		 data_fd;
	int		 lock[STORE_COUNT];	/* -1: no such store yet */
	int64_t		 now;		/* when the run began, microseconds */
	struct lane	 lane[LANES];
	pthread_t	 thread;	/* of LANE_POSTS */
	bool		 threaded;	/* it was started and not yet joined */
	bool		 thread_ok;	/* what came of it, once joined */
	struct sqlite3		*store[STORE_COUNT];
	char		*later[STORE_COUNT];	/* SQL of what is to be made
						 * when all rows are there */
	const struct kind *kinds;	/* one without `one` ends them */
	struct tally	 tally[KINDS_MAX];	/* by kind */
	struct files	 files[FILES_COUNT];
	const char	*named[MEANINGS];	/* by the command line, or NULL */
	int64_t		 meant[MEANINGS];	/* ids; 0: not there */
	struct buf	 notes;		/* for the end of the report */
};

/* A row on its way. */
struct row {
	struct import		*im;
	struct lane		*lane;
	const struct kind	*kind;
	struct tally		*tally;
	struct sqlite3_stmt		*from;	/* column 0 is its label */
	struct sqlite3_stmt		*to;
	enum files_id		 files;	/* the file it names, if any */
	const char		*file_from;	/* its name there and here, */
	const char		*file_to;	/* valid until the next row */
};

/* import.c */
#define IMPORT_PREFIX	".import-"	/* and the process id: im->work */
/*
 * Run phases, of which the last is NULL, on a data folder. `source` is what messages
 * call the tables that are read. Returns the exit status.
 */
int	import_fill(bool (*const todo[])(struct import *), const char *data,
	    const char *source);

/* import_stop.c */
/* Whether to go on. False, after a message: a signal or a failure came. */
bool	import_goes_on(void);
/* The same as a progress handler of SQLite: not 0 ends the statement. */
int	import_interrupts(void *unused);

/* import_source.c */
/* Open im->path for reading, in each lane, and see that it is whole. */
bool	source_open(struct import *);
/* Whether there is such a table, a column of a table. */
bool	source_has_table(struct import *, const char *table);
bool	source_has_column(struct import *, const char *table,
	    const char *column);
/* The number that a query is for. */
bool	source_count(struct import *, const char *sql, int64_t *ret);
/* Prepare "SELECT label, columns ... " of a kind, and count its rows. */
bool	source_select(struct import *, struct lane *, const struct kind *,
	    struct sqlite3_stmt **ret_select, int64_t *ret_count);
/* The run's failure to read the database, in words. Returns false. */
bool	source_fail(struct import *, struct sqlite3 *);

/* import_schema.c */
/*
 * Find the version, and see that its tables and columns are there; one message
 * names all that are missing.
 */
bool	schema_check(struct import *);
/* Report what is converted. */
bool	schema_report(struct import *);

/* import_dump.c */
/* Make an empty temporary database, `path`, that the caller closes. */
bool	dump_make(const struct import *, char path[PATH_MAX],
	    struct sqlite3 **ret);
/* Take its name from it. Who has opened it before goes on with it. */
void	dump_hide(const char path[PATH_MAX]);
/* Copy the tables of the dump, a file of `size` bytes, to the database. */
bool	dump_fill(const struct import *, const struct dump_head *, off_t size,
	    const char path[PATH_MAX], struct sqlite3 *);

/* import_records.c */
/* Copy the files of im->path to the database, and write im->ids. */
bool	records_fill(struct import *, const char path[PATH_MAX],
	    struct sqlite3 *);
/* Remove the file of ids of a run that failed. */
void	records_undo(const struct import *);

/* import_target.c */
/* The service of a store. */
enum service_id	import_service(enum store);
/* Make the data folder, work in it, be the only import there. */
bool	target_enter(struct import *);
/* See that no service runs and nothing but defaults would be replaced. */
bool	target_check(struct import *);
/* Say why the replacement in place failed. Returns false. */
bool	target_fail_replacing(struct import *);
/* Put im->work in the place of stores. Before: nothing; after: everything. */
bool	target_switch(struct import *);

/* import_stores.c */
/* Make im->work and in it the four empty stores, each in a transaction. */
bool	stores_make(struct import *);
/* Make the indexes and triggers that a store has gone without so far. */
bool	stores_complete(struct import *, enum store);
/*
 * Complete, commit and close the four stores: each is one file, with nothing
 * in a log.
 */
bool	stores_close(struct import *);
/* The failure of a new store, by a disk or a signal. Returns false. */
bool	stores_fail(struct import *, enum store);

/* import_kinds.c */
/* One without `one` ends them. */
extern const struct kind import_kinds[];
/*
 * Copy them; those of the post service are under way when this returns, and
 * done, with the store complete, after kinds_wait(). That may be called more
 * than once, and must be before the process ends.
 */
bool	kinds_copy(struct import *);
bool	kinds_wait(struct import *);

/* import_row.c */
/* The label of a row, for messages; valid until the next row. */
struct text	row_label(const struct row *);

/* import_meaning.c */
/*
 * Read the options that name rows. False, after a message, with the exit
 * status: they cannot be understood.
 */
bool	meanings_read(struct import *, const struct cli *, int *ret_status);
/* Find the ids in Flicket's database, or say which row has to be named. */
bool	meanings_find(struct import *);
/* Whether a group is the one of a meaning. */
bool	meanings_is_group(const struct import *, enum meaning, int64_t id,
	    const char *name);
/* Tell the stores, when they have the rows; make what a desk needs. */
bool	meanings_write(struct import *);

/* import_derive.c */
/* Fill what a store has of the rows of others, and the search. */
bool	derive_all(struct import *);

/*
 * Bounds of values that are imported. Those of clients' values
 * (proto/keys.tbl) are narrower, but Flicket accepts more, and that is kept.
 * Values beyond these would be refused by later operations.
 */
#define IMPORT_ID_MOST	((int64_t)1 << 30)	/* as many are left to be given;
						 * reply_text needs 2^31 */
#define IMPORT_COUNT_MOST ((int64_t)1 << 30)	/* sums of it do not overflow */
#define IMPORT_TEXT_MOST ((size_t)50000)	/* bytes: 100 of them fit into
						 * an answer */

/* import_value.c */
value_fn value_id, value_reference, value_count, value_flag, value_text;
value_fn value_date, value_hours, value_json;
value_fn value_rights, value_department, value_user, value_group;
value_fn value_token, value_expiry, value_now, value_upload, value_avatar;
/*
 * Bind a text as the n-th parameter. Returns it, valid until the next row or
 * until something else is bound; NULL: it is NULL.
 */
const char *value_bind_text(struct row *, int n);

/* import_user.c */
value_fn value_username, value_email, value_password;
/* Report usernames, and addresses, that read the same (base/fold.h). */
bool	users_compare(struct import *);

/* import_zone.c */
#define ZONE_FOLDER	"/usr/share/zoneinfo"
/*
 * Take local times as those of a zone; NULL: of UTC. False: this machine does
 * not have the zone.
 */
bool	zone_use(const char *name);
/* A local time as one in UTC, both in microseconds since 1970. */
int64_t	zone_to_utc(int64_t local);

/* import_config.c */
/* Note Flicket's settings for the report. */
bool	config_read(struct import *);

/* import_text.c */
/*
 * Copy a text to `out`, which has three times its size, without NUL bytes and
 * with U+FFFD in place of bytes that are not UTF-8; `out` NULL: only count.
 * Returns the length.
 */
size_t	text_clean(const char *, size_t len, char *out, size_t *ret_bad,
	    size_t *ret_nul);

#define QUOTE_SIZE	520
/*
 * Text as part of a line: escaped, and cut if it is long. What is written to
 * out fits QUOTE_SIZE with two bytes to spare. Returns its length.
 */
size_t	text_escape(char *out, const char *, size_t len);
/* The same between quotes. Returns out. */
const char *text_quote(char out[QUOTE_SIZE], const char *, size_t len);

/* import_files.c */
/* Open the folders that were given, before the run leaves its own. */
bool	files_open(struct import *);
/* Make the folders they go to. */
bool	files_make(struct import *);
/* Copy the file that a row names. A missing file is not a failure. */
bool	files_copy(struct row *);
/* Give all in a folder to its owner and to the disk. */
bool	files_finish(const char *path, uid_t, gid_t);

/* import_report.c */
/* End the line that shows the progress. */
void	report_clear(void);
/* Say on stderr why the run fails, if it has not been said. Returns false. */
bool	report_fail(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));
/* True once report_fail() was called, by any thread. */
bool	report_failed(void);
/* Add a line about a row; n is the column it is about, 0 the whole row. */
void	report_row(struct row *, int n, const char *format, ...)
	    __attribute__((format(printf, 3, 4)));
/* Add a line that is not about one row. */
void	report_line(struct lane *, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));
/* Add lines to the end of the report. */
void	report_note(struct import *, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));
/*
 * Show how far the rows of a kind (`many`) are, on a terminal; when done
 * reaches total, no more.
 */
void	report_progress(const char *many, int64_t done, int64_t total);
/* Print the report. */
bool	report_print(struct import *);

#endif
