/*
 * The users, tickets, replies and uploads of any desk, as files of CSV or JSON
 * in a folder (docs/import.md). They become the tables of a Flicket database.
 */
#ifndef RECORDS_RECORDS_H
#define RECORDS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct sqlite3;

#define RECORDS_FAULTS_MOST	20	/* that are listed */

/* What is wrong with the files: lines without an end, and how many there are. */
struct records_faults {
	char	*line[RECORDS_FAULTS_MOST];
	size_t	 count;
	bool	 is_cut;	/* the reading stopped before the end */
};

enum records_kind { RECORDS_USER, RECORDS_USERNAME, RECORDS_TICKET,
	RECORDS_POST };

/* Statuses that a desk needs; those that are named elsewhere are not made. */
enum { RECORDS_OPEN, RECORDS_CLOSED, RECORDS_IN_WORK, RECORDS_STATUSES };

struct records_options {
	bool	is_named[RECORDS_STATUSES];
	/* Called now and then with the bytes that were read. False: stop. */
	bool	(*goes_on)(int64_t done_bytes);
};

/* The bytes of all files of a folder; -1: it cannot be read. */
int64_t	records_size(const char *folder);

/*
 * Read the files of a folder into an empty database: Flicket's tables, and
 * record_ids (kind, key, id), the ids that rows had and have, of which kind is
 * an enum records_kind. Uses at most about 64 MB of memory. False: `faults` has
 * lines, which the caller frees with records_faults_done(), or
 * options->goes_on() said so, or the database failed, as sqlite3_errmsg() says.
 */
bool	records_load(const char *folder, struct sqlite3 *into,
	    const struct records_options *, struct records_faults *);
void	records_faults_done(struct records_faults *);

#endif
