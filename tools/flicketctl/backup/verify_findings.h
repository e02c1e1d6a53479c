/* The findings of `flicketctl verify`, and its parts that are files of their own. */
#ifndef BACKUP_VERIFY_FINDINGS_H
#define BACKUP_VERIFY_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/flicketctl/backup/backup_cut.h"
#include "tools/flicketctl/store/select.h"

struct verify {
	struct settings	 settings;
	struct cut	 cut;
	json_t		*findings;
	json_t		*notes;
	bool		 is_backup;
	bool		 is_sound;	/* the stores' schemas are right */
	bool		 quick;
	bool		 taken_over;	/* from Flicket */
	bool		 same_schema;	/* all are this program's */
	unsigned	 under_way[SERVICE_END]; /* to these, bits: from */
	bool		 failed;	/* something could not be read */
};

/* A query whose rows are faults; its only column describes one. */
struct verify_test {
	const char	*name;
	const char	*what;
	const char	*sql;
	unsigned	 from;	/* events of these services ... */
	unsigned	 to;	/* ... to these explain it */
	bool		 ours;	/* Flicket was not so strict */
};

extern const struct verify_test verify_tests[];	/* up to one without a name */

/* Findings of one kind: how many, and some of them. */
struct found {
	int64_t	 count;
	json_t	*examples;
};

/* Count a finding, and keep it as an example if it is among the first. */
void	verify_found(struct found *, const char *example);

/* Add the findings to a list, and clear them. */
void	verify_found_done(json_t *list, const char *test, const char *what,
	    struct found *);

/* Add one finding to those of its kind; for struct judge, arg: the verify. */
void	verify_take_down(void *arg, const char *test, const char *what,
	    const char *example);

/* Add a note: not a fault, but the operator should know. */
void	verify_note(struct verify *, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));

/* Print why something cannot be read. */
void	verify_fail(struct verify *, const char *why);

/* The next row of a query, which is ended after the last. */
bool	verify_next(struct verify *, struct select *);

/* Files that rows name, and rows of files; of a desk. */
void	verify_files(struct verify *);

/* Totals of users, with the events under way. */
void	verify_totals(struct verify *);

/* Search indexes against the texts they are made of. */
void	verify_words(struct verify *);

#endif
