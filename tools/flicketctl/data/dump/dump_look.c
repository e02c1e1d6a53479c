/*
 * What a file is, by its first bytes; what can be done with one that cannot
 * be read.
 */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <limits.h>

#include "tools/flicketctl/data/dump/dump.h"

#define MARIADB_DUMP	"mariadb-dump --hex-blob --result-file=flicket.sql DATABASE"
#define PG_DUMP		"pg_dump --no-owner --file=flicket.sql DATABASE"

/* The first lines of a dump. */
static const struct {
	const char		*line;
	enum dump_dialect	 dialect;
} firsts[] = {
	{ "/*M!999999\\- enable the sandbox mode */", DUMP_MYSQL },
	{ "-- MariaDB dump ", DUMP_MYSQL },
	{ "-- MySQL dump ", DUMP_MYSQL },
	{ "-- PostgreSQL database dump", DUMP_POSTGRES },
	{ "-- PostgreSQL database cluster dump", DUMP_POSTGRES }
};

/* Files that a command makes a plain one of. */
static const struct {
	size_t		 at, len;
	const char	*bytes;
	const char	*what;
	const char	*command;	/* the path follows it */
} others[] = {
	{ 0, 2, "\x1f\x8b", "a gzip file", "gunzip -c" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "a zstd file", "zstd -dc" },
	{ 0, 6, "\xfd" "7zXZ", "an xz file", "xz -dc" },
	{ 0, 3, "BZh", "a bzip2 file", "bzip2 -dc" },
	{ 0, 4, "PK\x03\x04", "a zip file", "unzip -p" },
	{ 0, 5, "PGDMP", "of pg_dump's custom format",
	    "pg_restore --no-owner --file=-" },
	{ 0, 7, "toc.dat", "of pg_dump's tar format",
	    "pg_restore --no-owner --file=-" },
	{ 257, 5, "ustar", "a tar file", "tar -xOf" },
	{ 0, 2, "\xff\xfe", "in UTF-16", "iconv -f UTF-16 -t UTF-8" },
	{ 0, 2, "\xfe\xff", "in UTF-16", "iconv -f UTF-16 -t UTF-8" }
};

static bool
has_at(const unsigned char *head, size_t len, size_t at, const char *bytes,
    size_t count)
{
	return len >= at + count && memcmp(head + at, bytes, count) == 0;
}

static bool
begins(const unsigned char *head, size_t len, const char *s)
{
	return has_at(head, len, 0, s, strlen(s));
}

static bool
is_first(const unsigned char *line, size_t len, enum dump_dialect *ret)
{
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		*ret = firsts[i].dialect;
		if (begins(line, len, firsts[i].line))
			return true;
	}
	return false;
}

/*
 * Lines before the first one are what the program said, such as a warning
 * about a password, written to the file too.
 */
static bool
find_first(const unsigned char *head, size_t len, struct dump_head *ret)
{
	size_t			 at = begins(head, len, "\xef\xbb\xbf") ? 3 : 0;
	const unsigned char	*end;

	while (at < len) {
		end = memchr(head + at, '\n', len - at);
		if (is_first(head + at, len - at, &ret->dialect)) {
			ret->begin = at;
			ret->crlf = end != NULL && end > head &&
			    end[-1] == '\r';
			return true;
		}
		if (end == NULL)
			break;
		at = (size_t)(end - head) + 1;
	}
	return false;
}

/* Say how to make a plain file of a packed or binary dump. */
static bool
is_other(const char *path, const unsigned char *head, size_t len,
    char why[DUMP_WHY_SIZE])
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!has_at(head, len, others[i].at, others[i].bytes,
		    others[i].len))
			continue;
		snprintf(why, DUMP_WHY_SIZE, "%.200s is %s. Make a plain file "
		    "and import that: %s %.200s > flicket.sql", path,
		    others[i].what, others[i].command, path);
		return true;
	}
	return false;
}

/* Say what else a text is. */
static void
say_text(const char *path, const unsigned char *head, size_t len,
    char why[DUMP_WHY_SIZE])
{
	if (len == 0)
		snprintf(why, DUMP_WHY_SIZE, "%.200s is not an SQLite "
		    "database: it is empty", path);
	else if (begins(head, len, "PRAGMA foreign_keys") ||
	    begins(head, len, "BEGIN TRANSACTION;"))
		snprintf(why, DUMP_WHY_SIZE, "%.200s is SQL of SQLite. Make a "
		    "database of it and import that: sqlite3 flicket.db < "
		    "%.200s", path, path);
	else if (begins(head, len, "<?xml"))
		snprintf(why, DUMP_WHY_SIZE, "%.200s is XML: make the dump "
		    "without --xml", path);
	else
		snprintf(why, DUMP_WHY_SIZE, "%.200s is not an SQLite database "
		    "and does not begin as a dump does. Make one with "
		    MARIADB_DUMP " or " PG_DUMP, path);
}

bool
dump_look(const char *path, const unsigned char *head, size_t len,
    struct dump_head *ret, char why[DUMP_WHY_SIZE])
{
	*ret = (struct dump_head){ 0 };
	if (is_other(path, head, len, why))
		return false;
	if (find_first(head, len, ret))
		return true;
	say_text(path, head, len, why);
	return false;
}

/* A URL or a folder in the place of a file. */
static const struct {
	const char	*sign;
	const char	*what;
	const char	*command;
} elsewhere[] = {
	{ "mysql", "the URL of a database", MARIADB_DUMP },
	{ "mariadb", "the URL of a database", MARIADB_DUMP },
	{ "postgres", "the URL of a database", PG_DUMP },
	{ "/toc.dat", "a folder of pg_dump",
	    "pg_restore --no-owner --file=flicket.sql FOLDER" },
	{ "/PG_VERSION", "a folder of PostgreSQL", PG_DUMP },
	{ "/ibdata1", "a folder of MariaDB or MySQL", MARIADB_DUMP }
};

static bool
has_file(const char *path, const char *name)
{
	char	inside[PATH_MAX];

	return snprintf(inside, sizeof(inside), "%s%s", path, name) <
	    (int)sizeof(inside) && access(inside, F_OK) == 0;
}

/* A URL may have a password in it: it is not repeated. */
bool
dump_is_elsewhere(const char *path, char why[DUMP_WHY_SIZE])
{
	bool	url = strstr(path, "://") != NULL;

	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		const char	*sign = elsewhere[i].sign;

		if (sign[0] == '/' ? url || !has_file(path, sign) :
		    !url || strncasecmp(path, sign, strlen(sign)) != 0)
			continue;
		snprintf(why, DUMP_WHY_SIZE, "this is %s. Make a dump and "
		    "import that: %s", elsewhere[i].what,
		    elsewhere[i].command);
		return true;
	}
	if (url)
		snprintf(why, DUMP_WHY_SIZE, "this is a URL: give the path of "
		    "an SQLite database or of a dump");
	return url;
}
