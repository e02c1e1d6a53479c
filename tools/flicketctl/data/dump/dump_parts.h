/*
 * The interfaces between the files of the dump reader.
 *
 *   dump_look.c      what a file is, by its first bytes
 *   dump_input.c     the bytes of a dump, in pieces
 *   dump_lex.c       its words, names, strings and numbers
 *   dump_string.c    strings and their escapes
 *   dump_copy.c      rows of COPY
 *   dump_statement.c the statements that are known; the others are passed over
 *   dump_table.c     tables: their columns, their rows
 *   dump_value.c     how a value of a dump becomes one of SQLite
 *   dump_charset.c   characters that are not UTF-8
 *   dump_fail.c      why a dump cannot be read
 *   dump.c           from the beginning of a dump to its end
 *
 * Functions that return bool may fail: false, after dump_fail().
 */
#ifndef DUMP_DUMP_PARTS_H
#define DUMP_DUMP_PARTS_H

#include <iconv.h>

#include "base/buf.h"
#include "tools/flicketctl/data/dump/dump.h"

struct sqlite3_stmt;

#define DUMP_ROW_MOST	((size_t)16 << 20) /* bytes of a row: what MySQL and
					    * MariaDB pass on by default */
#define DUMP_NAME_MOST	256	/* bytes; servers allow 64 characters */
#define DUMP_COLUMNS_MOST 128	/* Flicket's widest table has 23 */
#define DUMP_TABLES_MOST 64	/* Flicket has 15 */

/* The bytes of a dump. */
struct dump_input {
	FILE		*f;
	dump_goes_on_fn	*goes_on;
	unsigned char	*buf;
	size_t		 at, end;
	uint64_t	 line;		/* from 1 on */
	int64_t		 read;		/* bytes, from the beginning */
	bool		 crlf;
	bool		 held_cr;	/* read, not yet in buf */
	bool		 over;		/* nothing is left to read */
	bool		 stopped;	/* goes_on() said so */
};

enum dump_token {
	TOKEN_OVER,	/* the file is */
	TOKEN_END,	/* of a statement */
	TOKEN_WORD,
	TOKEN_NAME,	/* in quotes */
	TOKEN_STRING,
	TOKEN_BYTES,	/* written in hexadecimal digits */
	TOKEN_BITS,	/* b'01': the digits */
	TOKEN_NUMBER,
	TOKEN_SYMBOL,	/* any other character: dump->text has it */
	TOKEN_BAD	/* dump_fail() was called */
};

enum dump_type {
	TYPE_TEXT, TYPE_INTEGER, TYPE_NUMBER, TYPE_BYTES, TYPE_BOOLEAN,
	TYPE_BITS
};

struct dump_column {
	char		*name;
	enum dump_type	 type;
};

struct dump_table {
	char			*name;
	struct dump_column	 columns[DUMP_COLUMNS_MOST];
	size_t			 count;
	struct sqlite3_stmt	*insert;	/* NULL before the first row */
};

enum dump_kind { VALUE_NULL, VALUE_NUMBER, VALUE_STRING, VALUE_BYTES,
	VALUE_BITS, VALUE_TRUE, VALUE_FALSE };

/* A value of a row: bytes of dump->row. */
struct dump_value {
	enum dump_kind	kind;
	size_t		at, len;
};

enum dump_charset {
	CHARSET_UTF8,		/* bytes stay as they are */
	CHARSET_UNSAID,		/* refused if it is not UTF-8 */
	CHARSET_CONVERTED,
	CHARSET_REFUSED
};

struct dump {
	struct dump_input	 in;
	enum dump_dialect	 dialect;
	struct sqlite3		*db;
	char			*why;		/* DUMP_WHY_SIZE bytes */

	/* the last token */
	enum dump_token		 token;
	struct buf		 text;
	bool			 keeps;		/* texts of strings */
	uint64_t		 line;		/* where it began */

	char			 delimiter[16];	/* ends a statement */
	int			 executable;	/* open comments of MySQL that
						 * hold statements */
	bool			 backslashes;	/* escape in '...' */

	bool			 complete;	/* the end line was the last */
	bool			 cluster;	/* of pg_dumpall */

	enum dump_charset	 charset;
	char			 charset_name[DUMP_NAME_MOST];
	iconv_t			 converter;	/* unless UTF8 or REFUSED */

	char			 database[DUMP_NAME_MOST]; /* "": not said */
	char			 schema[DUMP_NAME_MOST];
	char			*place;		/* where Flicket's tables are;
						 * NULL: not yet seen */
	struct dump_table	*tables[DUMP_TABLES_MOST];
	size_t			 table_count;

	/* a row: the columns of its values, its values, their bytes */
	size_t			 order[DUMP_COLUMNS_MOST];
	size_t			 order_count;
	struct dump_value	 values[DUMP_COLUMNS_MOST];
	size_t			 value_count;
	struct buf		 row;
};

/* dump_fail.c */
/* Say why the dump cannot be read, and in which line. Returns false. */
bool	dump_fail(struct dump *, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));

/* dump_input.c */
void	input_open(struct dump_input *, FILE *, const struct dump_head *,
	    dump_goes_on_fn *);
void	input_close(struct dump_input *);
/* Read on until so many bytes are there; false if there are fewer. */
bool	input_fill(struct dump_input *, size_t);
void	input_skip(struct dump_input *, size_t);
/*
 * Take the bytes before the next one in `stops`, as far as they are in memory: none
 * before a stop and at the end. Valid until the next call.
 */
struct text input_run(struct dump_input *, const bool stops[256]);

/* A byte ahead, or -1 after the last. */
static inline int
input_peek(struct dump_input *in, size_t ahead)
{
	if (in->end - in->at <= ahead && !input_fill(in, ahead + 1))
		return -1;
	return in->buf[in->at + ahead];
}

/* dump_lex.c */
/* Read the next token into dump->token and dump->text. */
enum dump_token	dump_next(struct dump *);
/* Pass over blanks and comments. */
void	dump_skip_blank(struct dump *);
/* Whether the last token is this word or this symbol. */
bool	dump_is_word(const struct dump *, const char *);
bool	dump_is_symbol(const struct dump *, char);
/* Read a line, cut at `size` - 1 bytes. */
void	dump_read_line(struct dump *, char *line, size_t size);

/* dump_string.c */
/* Add bytes to dump->text, if they are kept. */
bool	dump_keep(struct dump *, const void *, size_t);
/* A string from its opening quote on. */
bool	dump_read_string(struct dump *, bool escapes);
/* $tag$ ... $tag$; false if the next bytes are no such tag. */
bool	dump_read_dollar(struct dump *);
/* Hexadecimal digits in dump->text to bytes. */
bool	dump_decode_hex(struct dump *);
/* The character that a backslash and `c` mean in PostgreSQL; 0: c itself. */
char	dump_postgres_escape(int c);
/* Octal or hexadecimal digits at `at`, at most `most`; how many there are. */
size_t	dump_read_digits(struct dump *, size_t at, int base, size_t most,
	    uint32_t *ret);

/* dump_copy.c */
/* The lines behind COPY up to "\."; without a table they are passed over. */
bool	dump_read_copy(struct dump *, struct dump_table *);

/* dump_statement.c */
/* Read a statement. */
bool	dump_read_statement(struct dump *);

/* dump_table.c */
/* Whether tables of this name are copied. */
bool	table_is_known(const char *name);
/* A table by its name; NULL: not defined. */
struct dump_table *table_find(struct dump *, const char *name);
struct dump_table *table_new(struct dump *, const char *name);
bool	table_add_column(struct dump *, struct dump_table *, const char *name,
	    enum dump_type);
/* Make it in the database. */
bool	table_create(struct dump *, struct dump_table *);
/* Values come in the order of the table's columns. */
void	table_order_all(struct dump *, const struct dump_table *);
/* The next value is of this column. */
bool	table_order_add(struct dump *, const struct dump_table *,
	    const char *column);
/* Begin a row; add dump->text to it as its next value; write it. */
void	row_begin(struct dump *);
bool	row_add(struct dump *, const struct dump_table *, enum dump_kind);
bool	row_write(struct dump *, struct dump_table *);
/* When all rows are there: what selects in the order of ids needs. */
bool	tables_finish(struct dump *);
void	tables_free(struct dump *);

/* dump_value.c */
/* A type by the word that names it. */
enum dump_type	type_named(const char *);
/* The name of a type in SQLite. */
const char	*type_declared(enum dump_type);
/* Bind the value `n` of the row to its column's parameter. */
bool	dump_value_bind(struct dump *, struct dump_table *, size_t n);

/* dump_charset.c */
/* Before a dump says what its texts are in. */
void	charset_open(struct dump *);
/* Texts are in this character set from here on. */
void	charset_set(struct dump *, const char *name);
/* Append a text as UTF-8. */
bool	charset_convert(struct dump *, struct text, struct buf *);
void	charset_close(struct dump *);

#endif
