/*
 * Dumps of Flicket's database: plain SQL, as mariadb-dump, mysqldump and pg_dump
 * write it. The reader knows the few statements that define tables and
 * hold rows, and passes over all others: no SQL of a dump is executed.
 */
#ifndef DUMP_DUMP_H
#define DUMP_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct sqlite3;

#define DUMP_WHY_SIZE	700	/* bytes of a message, with its NUL */
#define DUMP_HEAD_BYTES	4096	/* bytes of a file that dump_look() reads */

enum dump_dialect { DUMP_MYSQL, DUMP_POSTGRES };

/* How to read a dump, as its first bytes tell. */
struct dump_head {
	enum dump_dialect	dialect;
	size_t			begin;	/* bytes before the first line */
	bool			crlf;	/* lines end in CR LF */
};

/*
 * Whether a file that begins with these bytes is a dump. If not, `why` gets a
 * message: what the file is, and how to make of it one that can be read.
 */
bool	dump_look(const char *path, const unsigned char *, size_t,
	    struct dump_head *ret, char why[DUMP_WHY_SIZE]);

/*
 * Whether `path` is a folder of a server or of pg_dump, or the URL of a database; then
 * `why` gets a message that names the command to make a dump with.
 */
bool	dump_is_elsewhere(const char *path, char why[DUMP_WHY_SIZE]);

/* Called now and then while a dump is read. False: stop. */
typedef bool dump_goes_on_fn(int64_t done_bytes);

/*
 * Copy Flicket's tables in a dump to an empty database, under their names
 * and with their columns. Uses at most about 64 MB of memory. False: the dump
 * cannot be read, or dump_goes_on_fn said so; `why` gets a message, without
 * the name of the file.
 */
bool	dump_load(FILE *, const struct dump_head *, struct sqlite3 *into,
	    dump_goes_on_fn *, char why[DUMP_WHY_SIZE]);

#endif
