/*
 * The interfaces between the files of `flicketctl generate`.
 *
 *   generate.c         the command line; what is done with the tables
 *   generate_tables.c  Flicket's tables, every value a function of its row
 *   generate_vtab.c    these tables for SQLite to read
 *   generate_plan.c    who, when, which: what rows of several tables share
 *   generate_text.c    titles and contents
 *   generate_words.c   the words they are made of
 *
 * The tables are Flicket's, so that they go the way of an import: what is
 * generated is as what was imported, names, counts, search and all. No row is
 * kept: each is made when it is read, from the seed and its number.
 */
#ifndef GENERATE_GENERATE_PARTS_H
#define GENERATE_GENERATE_PARTS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/flicketctl/data/import/import_parts.h"

/* Bounds of what can be asked for. Ids fit 31 bits with room. */
#define USERS_LEAST	10
#define USERS_MOST	1000000
#define TICKETS_MOST	50000000
#define POSTS_MOST	500000000

#define PASSWORD_SIZE	128

/* The plan that all tables follow; not changed once it is made. */
struct plan {
	int64_t		 users;
	int64_t		 tickets;
	int64_t		 posts;
	uint64_t	 seed;
	bool		 shows;		/* progress as rows are read */
	const char	*password;	/* of all users */
	char		 hash[PASSWORD_SIZE];	/* its bcrypt hash */
	uint32_t	*last_post;	/* of ticket i: 0 none; [0] unused */
	uint32_t	*last_change;	/* the reply that was written or edited last */
	uint32_t	*total_posts;	/* of user i, tickets and replies */
	uint32_t	*total_assigned;
};

/* generate_plan.c */
/* Purposes of random numbers: a row draws a different one for each. */
enum draw {
	DRAW_ADDED, DRAW_AUTHOR, DRAW_STATE, DRAW_OPEN, DRAW_ASSIGNEE,
	DRAW_CATEGORY, DRAW_PRIORITY, DRAW_HOURS, DRAW_TITLE, DRAW_CONTENT,
	DRAW_STRIDE, DRAW_POST_ADDED, DRAW_POST_TICKET, DRAW_POST_AUTHOR,
	DRAW_POST_HOURS, DRAW_POST_CONTENT, DRAW_NAME, DRAW_USER_ADDED,
	DRAW_BEFORE, DRAW_QUIET
};

/* A stream of numbers that depends on the seed, a row and what it is for. */
struct rng {
	uint64_t	state;
};

enum { STATUS_OPEN = 1, STATUS_CLOSED, STATUS_IN_WORK, STATUS_AWAITING };

void	 rng_begin(struct rng *, const struct plan *, enum draw, int64_t row);
uint64_t rng_next(struct rng *);
/* From 0 to below 1; from 0 to below n. */
double	 rng_part(struct rng *);
int64_t	 rng_below(struct rng *, int64_t n);

/* Fill the counts over all rows. False if a signal came. */
bool	plan_make(struct plan *, int cost);
void	plan_free(struct plan *);

/* Of tickets and replies; ids begin with 1, times are in microseconds. */
int64_t	ticket_author(const struct plan *, int64_t ticket);
int64_t	ticket_date(const struct plan *, int64_t ticket);
int64_t	ticket_updated(const struct plan *, int64_t ticket);
int64_t	ticket_assignee(const struct plan *, int64_t ticket); /* 0: none */
int	ticket_state(const struct plan *, int64_t ticket);
bool	ticket_edited(int64_t ticket);
int64_t	post_ticket(const struct plan *, int64_t post);
int64_t	post_author(const struct plan *, int64_t post);
int64_t	post_date(const struct plan *, int64_t post);
bool	post_edited(int64_t post);
int64_t	edit_date(int64_t date);
/* How many users answer tickets: the first ones. */
int64_t	plan_staff(const struct plan *);

/* Subscription n: whose, of what. */
int64_t	plan_subscriptions(const struct plan *);
void	plan_subscription(const struct plan *, int64_t n, int64_t *ret_ticket,
	    int64_t *ret_user);

#define EDITED_TICKETS	40	/* one in so many was edited */
#define EDITED_POSTS	50

/* generate_text.c */
#define TITLE_BYTES	128
#define CONTENT_BYTES	5000
#define TEXT_SIZE	8192	/* with room for the last word */

/* Return the length of what they wrote. */
size_t	text_title(struct rng *, char out[TEXT_SIZE]);
/* median: of how many words there are. */
size_t	text_content(struct rng *, int median, char out[TEXT_SIZE]);
size_t	text_name(struct rng *, char out[TEXT_SIZE]);

/* generate_words.c */
struct words {
	const char *const	*list;
	size_t			 count;
	const char		*between;	/* two of them */
	const char		*end;		/* of a sentence */
	int			 share;		/* of texts, in percent */
};
/* The one that is drawn most comes first. Ends with a share of 0. */
extern const struct words	generate_languages[];
extern const struct words	generate_emoji, generate_syllables;
extern const struct words	generate_first_names, generate_last_names;
extern const struct words	generate_departments, generate_categories;

/* generate_tables.c */
struct cell {
	const struct plan	*plan;
	int64_t			 n;	/* the row, from 1 */
	char			 text[TEXT_SIZE];
};

struct generated_column {
	const char	*name;
	const char	*type;
	void		(*value)(struct cell *, sqlite3_context *);
};

struct generated_table {
	const char	*name;
	int64_t		(*count)(const struct plan *);
	const struct generated_column *columns;	/* one without name ends */
	const char	*constraints;	/* in a Flicket database */
	const char	*indexes;
};

/* One without name ends them. */
extern const struct generated_table	generated_tables[];

/* generate_vtab.c */
/* "name type, ..." of a table's columns; to be freed with sqlite3_free(). */
char	*vtab_columns(const struct generated_table *);
/* Make the tables readable in a database, under their names. */
bool	vtab_attach(sqlite3 *, const struct plan *);

#endif
