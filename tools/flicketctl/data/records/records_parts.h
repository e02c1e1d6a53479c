/*
 * The interfaces between the files of the reader of records.
 *
 *   records.c        a folder, from its first file to its last row
 *   records_table.c  the files and their columns
 *   records_feed.c   the bytes of a file, and where they are
 *   records_csv.c    records of CSV
 *   records_json.c   records of JSON
 *   records_value.c  what a value has to be
 *   records_fill.c   how a record becomes rows
 *   records_names.c  statuses, categories and groups, by their names
 *   records_ids.c    the ids that rows had, and those that they get
 *   records_fault.c  what is wrong with the files
 *
 * Functions that return bool may fail: false, after a fault or a failure
 * of the database.
 */
#ifndef RECORDS_RECORDS_PARTS_H
#define RECORDS_RECORDS_PARTS_H

#include "base/buf.h"
#include "tools/flicketctl/data/records/records.h"

struct sqlite3_stmt;

#define RECORDS_COLUMNS_MOST	16	/* of a table */
#define RECORDS_CELLS_MOST	64	/* of a line of CSV */
#define RECORDS_BYTES_MOST	((size_t)16 << 20)	/* of a record */
#define RECORDS_KEY_MOST	((size_t)200)	/* bytes of an id or a name */

#define RECORDS_STATEMENTS_MOST	32

/* --- bytes --------------------------------------------------------------------- */

#define FEED_BYTES	((size_t)1 << 16)
#define FEED_OVER	(-1)
#define FEED_BAD	(-2)	/* not UTF-8: see feed.why */

/* The bytes of a file. Where it stands is where the next one is. */
struct feed {
	FILE		*f;
	bool		(*goes_on)(int64_t);
	int64_t		 done;		/* bytes, of this file and of those before */
	unsigned char	*buf;
	size_t		 at, end;
	uint64_t	 line;		/* from 1 on */
	uint64_t	 column;	/* in characters, from 1 on */
	int		 more;		/* bytes that the character has yet */
	unsigned char	 least, most;	/* of the next of them */
	bool		 stopped;	/* goes_on() said so */
	char		 why[160];	/* "": nothing is wrong */
};

/* `done`: the bytes of the files before this one. */
void	feed_open(struct feed *, FILE *, int64_t done, bool (*goes_on)(int64_t));
void	feed_close(struct feed *);
/* The next byte without taking it, or FEED_OVER. It is not looked at. */
int	feed_peek(struct feed *);
/* Likewise the one behind it. */
int	feed_peek_second(struct feed *);
/* Take the next byte. FEED_BAD: it is a NUL, or not one of UTF-8. */
int	feed_next(struct feed *);

/* --- records of a file ----------------------------------------------------------- */

enum records_got { RECORDS_ROW, RECORDS_END, RECORDS_FAULT };

/* A record: the values of its columns, by their places. NULL: not given. */
struct record {
	uint64_t	 line;		/* where it begins */
	struct text	 values[RECORDS_CELLS_MOST];
	size_t		 count;
	struct buf	 bytes;		/* of the values, with a NUL behind each */
	size_t		 ends[RECORDS_CELLS_MOST]; /* while it is read */
	char		 why[300];	/* of RECORDS_FAULT; `line` is of that */
};

void	record_begin(struct record *, uint64_t line);
/* Bytes of the value that is read; its end. False: the record is too large. */
bool	record_put(struct record *, const char *, size_t);
bool	record_end_value(struct record *);
/* Point the values at the bytes, which no longer move. */
void	record_finish(struct record *);
void	record_done(struct record *);
/* RECORDS_FAULT, with a message. */
enum records_got	record_fail(struct record *, uint64_t line,
			    const char *format, ...)
			    __attribute__((format(printf, 3, 4)));

/* records_csv.c */
/* By the first line: a comma, a semicolon or a tab. */
char	csv_find_separator(struct feed *);
/* The cells of the next line that is not empty. */
enum records_got	csv_read(struct feed *, char separator,
			    struct record *);

/* records_json.c */
/* Where a file stands: before its first object, in an array, in lines. */
enum json_form { JSON_BEGIN, JSON_IN_ARRAY, JSON_IN_LINES };
/*
 * The next object of an array or of lines. Its members come to the places of
 * `names`, which NULL ends. A member without a place is a fault without a
 * message: its name is the first value.
 */
enum records_got	json_read(struct feed *, const char *const *names,
			    enum json_form *, struct record *);

/* --- tables ------------------------------------------------------------------------ */

enum records_table { RECORDS_USERS, RECORDS_TICKETS, RECORDS_POSTS,
	RECORDS_UPLOADS, RECORDS_TABLES };

enum records_type {
	RECORDS_KEY,		/* of a row, in the files */
	RECORDS_TEXT,		/* as it is */
	RECORDS_NAME,		/* one line, without blanks around it */
	RECORDS_DATE,
	RECORDS_HOURS,
	RECORDS_FLAG,
	RECORDS_HASH,		/* of a password */
	RECORDS_LIST		/* names; becomes lines */
};

struct records_column {
	const char		*name;
	enum records_type	 type;
	bool			 needed;	/* in each row */
};

/* The places of columns. */
enum { USER_ID, USER_USERNAME, USER_NAME, USER_EMAIL, USER_PASSWORD,
	USER_JOB_TITLE, USER_LOCALE, USER_DISABLED, USER_DATE_ADDED,
	USER_GROUPS };
enum { TICKET_ID, TICKET_TITLE, TICKET_CONTENT, TICKET_AUTHOR,
	TICKET_ASSIGNED, TICKET_STATUS, TICKET_PRIORITY, TICKET_DEPARTMENT,
	TICKET_CATEGORY, TICKET_DATE_ADDED, TICKET_DATE_MODIFIED,
	TICKET_HOURS, TICKET_SUBSCRIBERS };
enum { POST_ID, POST_TICKET, POST_AUTHOR, POST_CONTENT, POST_DATE_ADDED,
	POST_DATE_MODIFIED, POST_HOURS };
enum { UPLOAD_TICKET, UPLOAD_POST, UPLOAD_FILE, UPLOAD_NAME };

/* "users" */
const char	*records_name(enum records_table);
/* One without a name ends them. */
const struct records_column	*records_columns(enum records_table);
/* The place of a column; -1, and the name of the nearest one or NULL. */
int	records_find_column(enum records_table, const char *name,
	    const char **ret_nearest);
/* The table of a file "NAME.csv", ".json" or ".jsonl"; -1 if it is no such. */
int	records_table_of(const char *file, const char **ret_nearest,
	    bool *ret_json);

/* --- a run --------------------------------------------------------------------------- */

struct records {
	const char			*folder;
	const struct records_options	*options;
	struct records_faults		*faults;
	struct sqlite3			*db;
	char				*file[RECORDS_TABLES];	/* NULL: none */
	bool				 is_json[RECORDS_TABLES];
	int64_t				 done;	/* bytes, of files before */

	/* the record that is being taken */
	enum records_table		 table;
	bool				 has[RECORDS_COLUMNS_MOST]; /* columns of
							* the file */
	uint64_t			 line;
	struct text			 value[RECORDS_COLUMNS_MOST]; /* base
							* NULL: not given */
	bool				 is_good;	/* no fault so far */
	int64_t				 rows[RECORDS_TABLES];	/* so far */
	struct {
		const char		*sql;
		struct sqlite3_stmt	*st;
	} statements[RECORDS_STATEMENTS_MOST];
};

/* records_fault.c */
/* Add a fault of the record; `column` -1: of the whole. Returns false. */
bool	records_fault(struct records *, int column, const char *format, ...)
	    __attribute__((format(printf, 3, 4)));
/* A fault of a file, or with NULL of the folder. Returns false. */
bool	records_fault_of(struct records *, const char *file, const char *format,
	    ...) __attribute__((format(printf, 3, 4)));
/* Whether there is room for one more. */
bool	records_listens(const struct records *);

/* records_value.c */
/* See that a value is of its column's type; take the blanks around it away. */
bool	records_check(struct records *, int column);

/* records_ids.c */
/* The statement of a text that stays where it is; NULL: it cannot be made. */
struct sqlite3_stmt	*records_statement(struct records *, const char *sql);
void	records_bind(struct sqlite3_stmt *, int n, struct text);
/* Run to the end. */
bool	records_step(struct sqlite3_stmt *);
bool	records_run(struct records *, const char *sql);
/* The first value of the first row of a statement, 0 without one. */
int64_t	records_ask(struct sqlite3_stmt *);
void	records_statements_done(struct records *);
/* The id that a key spells; 0: it is not a number that can be an id. */
int64_t	ids_number(struct text key);
/*
 * Note the key in a column as that of a row, with the id that it is or 0. A
 * fault if another row has it.
 */
bool	ids_note(struct records *, enum records_kind, int column, int64_t row,
	    int64_t id);
/* Give the rows of `table`, whose keys are of these kinds, ids that have none. */
bool	ids_give(struct records *, enum records_kind first,
	    enum records_kind last, const char *table);
/*
 * The id that a key in a column has got; 0 if no key is given, or after a fault,
 * as no row has it.
 */
int64_t	ids_find(struct records *, int column, enum records_kind,
	    enum records_table);
/* Likewise of a user, by id or by username. */
int64_t	ids_find_user(struct records *, int column, struct text key);

/* records_names.c */
/* The id of a row of this name, which is made if there is none; 0: failed. */
int64_t	names_status(struct records *, struct text);
int64_t	names_priority(struct records *, struct text);
int64_t	names_group(struct records *, struct text);
int64_t	names_category(struct records *, struct text department,
	    struct text category);

/* records_fill.c */
/* Make the tables. */
bool	fill_begin(struct records *);
/* Write the record that was taken; with faults only its key. */
bool	fill_row(struct records *);
/* A table was read to its end. */
bool	fill_end_table(struct records *, enum records_table);
/* All were. */
bool	fill_end(struct records *);

#endif
