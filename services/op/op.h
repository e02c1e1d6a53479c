/*
 * Operations as a service implements them: a row each in its service.c, and
 * a few generic functions that most rows need nothing beyond.
 */
#ifndef OP_OP_H
#define OP_OP_H

#include <stdatomic.h>

#include "proto/frame.h"
#include "services/op/shape.h"
#include "services/store/service.h"
#include "services/store/statement.h"

#define OP_GUARDS	8
#define OP_ALSO		6
#define OP_EMITS	4
#define OP_REFS		8

struct call;
typedef enum err op_run(struct call *);

/* What must hold before an operation runs. */
struct guard {
	int		 sql;		/* statement that finds the row */
	bool		 must;		/* it must be there, or must not */
	enum err	 error;		/* what to answer otherwise */
	const char	*message;
};

/*
 * A column whose numbers an answer names, so that the asker can ask for what
 * they stand for: ids of users, of categories. They become a JSON array in
 * the answer's extra `key`, each once.
 */
struct ref {
	enum key	 key;
	const char	*column;
};

/*
 * One way to do an operation. Of several rows for one operation, the first
 * whose `when` keys are all given serves. Statements are numbers of the
 * service's sql.tbl; row 0 of that is no statement.
 */
struct op {
	enum op_code		 op;
	keyset			 when;
	op_run			*run;
	keyset			 makes;		/* keys that run() itself adds */
	int			 sql;
	const struct shape	*shape;		/* of the rows of `sql` */
	int			 count;		/* op_page: counts all items */
	struct guard		 guards[OP_GUARDS];
	int			 also[OP_ALSO];	/* run after `sql`, with its id */
	enum op_code		 emits[OP_EMITS]; /* events for other stores */
	enum op_code		 tells[OP_EMITS]; /* those run() may op_emit() */

	/*
	 * Finds id and version of what a write is about, for If-Match; run
	 * after the guards. SQL_NONE: the write makes something new, which
	 * no version can be known of.
	 */
	int			 tag;
	struct ref		 refs[OP_REFS];	/* where INCLUDE is asked for,
						 * and in lists by ids */
	bool			 gives_back;	/* what its asker held: it is
						 * not refused because many
						 * wait */
	bool			 lists;		/* READ: it may take long enough
						 * for users to take turns, as
						 * op_page() and bulks may */

	/*
	 * READ: what run() may need first and what may take too long for the
	 * loop. Where run() says so (op_put_aside()) this is run on a thread of
	 * its own, in a transaction, and leaves something in c->made; then
	 * run() is, again, and takes that. op_is_over() is to be looked at.
	 * unmake() is called where run() did not take it, as the answer is
	 * known by then or something else was in the way.
	 */
	op_run			*aside;
	void			(*unmake)(void *made);

	/* READ by op_page() or op_bulk(): what takes the loop too long is all
	 * done there, from the beginning */
	bool			 large;
};

/* A row's shape compiled for its statement, and which columns are what. */
struct row_plan {
	struct shape_plan	*shape;
	int			 id;		/* -1: there is none */
	int			 version;
	int			 refs[OP_REFS];
	bool			 bulk;		/* rows by ids: op_bulk() or
						 * row_cache_bulk() */
};

/* How this process stands among those of its service; the loop's to change. */
struct standing {
	int64_t	instance;	/* random: this run of it */
	bool	writes;		/* it holds the store's lock */
	bool	leaving;	/* it ends soon */
	bool	loading;	/* what some reads need */
	int64_t	began_ms;	/* when it was started, by clock_ms() */
	int64_t	schema;		/* of its store */
	int64_t	queued;		/* calls that are not answered yet */
};

/* A service's tables made ready: checked, compiled, found by number. */
struct op_tables {
	const struct service	 *service;
	const struct standing	 *standing;	/* NULL: alone, and writes */
	const struct op		 *first[OP_END];	/* by operation */
	struct row_plan		 *plans;		/* by row of ops */
	keyset			 *keys;			/* that a statement has
							 * as parameters */
	bool			  caches_rows;	/* by row_cache_bulk() */
	void			 *index;		/* that service->opened()
							 * made; the loop's */
};

/* A shape that `fields` asked for, kept for the next that asks the same. */
struct chosen {
	struct buf		 fields;
	struct shape_plan	*plan;
};

/* A connection with the service's statements, used by one thread. */
struct lane {
	struct db		 *db;
	const struct op_tables	 *tables;
	int64_t			  stream;	/* of our own events */
	const atomic_bool	 *stopping;	/* of a lane beside the loop */
	int			  lock;		/* of the store; writer's */

	struct frame_reader	 *frames;

	struct etag_cache	 *etag_cache;
	struct row_cache	 *row_cache;	/* NULL: the service has none */
	int64_t			  until_us;	/* the time for a call is over
						 * then; 0: it has no bound */
	bool			  over;		/* it is, or was for the loop */
	bool			  may_put_aside;

	/* the shape that `fields` asked for last, by row of ops */
	struct chosen		 *chosen;
};

/* One request on its way through the service. */
struct call {
	struct lane	*lane;		/* where it runs */
	const struct op	*op;		/* which row */
	struct request	 request;	/* args get what the service adds */
	struct answer	 answer;
	struct buf	 fragment;	/* becomes answer.fragment */
	struct buf	 text;		/* texts of args and extras live here */
	size_t		 kept_bytes;	/* of those, the args' */
	struct buf	 message;	/* a message that was put together */
	struct buf	 refs[OP_REFS];	/* become extras */
	size_t		 rows;		/* in a list */
	int64_t		 emitted;	/* seq of the last EVENT written, or 0 */
	enum service_id	 consumer;	/* ... and who gets it */
	bool		 tallied;	/* a TALLY was written */
	bool		 store_failed;	/* and it was logged */
	bool		 put_aside;	/* see op.aside */
	bool		 ran_over;	/* ... which had no time left */
	void		*made;		/* ... and made this, the taker's */
	bool		 passing;	/* the answer is of an earlier state of
					 * the store: it is not to be kept */

	/* the loop's own (svc.c) */
	struct text	 peer;		/* ZeroMQ identity of who asked */
	struct buf	 held_bytes;
	int64_t		 hold_until_ms;
	int64_t		 began_us;
	struct call	*next;
};

/*
 * Check and compile a service's tables, with a connection to its store. Dies,
 * naming the row, if an operation is another service's, a statement has a
 * parameter that the operation is never given, a shape does not fit its
 * statement, or an operation has no row.
 */
void	op_tables_init(struct op_tables *, const struct service *, struct db *);

void	op_tables_done(struct op_tables *);

void	lane_open(struct lane *, const struct op_tables *, const char *path,
	    bool read_only);
void	lane_close(struct lane *);

/*
 * Run a call on a lane: find its row, check arguments and guards, run. The
 * outcome, errors too, is in call->answer. A call whose op is not this
 * service's, or whose arguments are not what the operation needs, is
 * answered; it is a peer's fault, not ours.
 */
void	op_call(struct lane *, struct call *);

/* The kind of an operation, if this service has it. */
bool	op_kind_of(const struct op_tables *, uint64_t op, enum op_kind *ret);

/* Whether users take turns at an operation that this service has. */
bool	op_has_turns(const struct op_tables *, uint64_t op);

/*
 * For `seeded`: put an event into the outbox for each row of a statement, whose
 * columns are named as the event's keys. Dies on failure.
 */
void	op_seed_events(struct db *, enum op_code event, int sql);

/* --- for rows ---------------------------------------------------------- */

bool	op_is_event(enum op_kind);	/* EVENT or TALLY */

op_run	op_one;		/* one row: its JSON; no row: NOT_FOUND */
enum err op_one_of(struct call *, int64_t id);	/* op_one() of another id:
						 * of what was just made */
op_run	op_page;	/* a page of rows: a JSON array, and the total */
op_run	op_bulk;	/* the rows for `ids`: a JSON array */
op_run	op_recall;	/* the answer kept for an Idempotency-Key */
op_run	op_exec;	/* a change without an answer */
op_run	op_ping;	/* the answer to a heartbeat: PING */
op_run	op_guards;	/* nothing beyond the guards */
op_run	op_set_aside, op_retry, op_drop;	/* events: aside.c */

/*
 * What an event is about, as the outbox says it ("post 5"). False: it is only
 * counted, and may come before or after any other.
 */
#define SUBJECT_SIZE	40
bool	subject_of(enum op_code event, const struct args *,
	    char ret[SUBJECT_SIZE]);

/*
 * Set the event of this number, just put into the outbox for that consumer and
 * about that subject, aside as well, if an earlier one about that is.
 */
enum err op_follow(struct call *, int64_t seq, enum service_id consumer,
    struct text subject);

/* Rows that every service has besides PING's. */
#define COMMON_OPS(NAME) \
	{ .op = OP_OUTBOX_DONE, .run = op_exec, .sql = SQL_OUTBOX_DONE }, \
	{ .op = OP_EVENT_LEFT_OUT, .run = op_exec, .sql = SQL_LEFT_OUT_PUT }, \
	{ .op = OP_EVENT_SET_ASIDE, .run = op_set_aside }, \
	{ .op = OP_EVENT_RETRY, .run = op_retry }, \
	{ .op = OP_EVENT_DROP, .run = op_drop }, \
	{ .op = OP_WRITES_HOLD, .run = op_guards }, \
	{ .op = OP_WRITES_RELEASE, .run = op_guards }, \
	{ .op = OP_##NAME##_RECALL, .run = op_recall }

/* --- for functions of services ------------------------------------------ */

/* Begin a run of a statement on the call's connection, with the call's args. */
struct stmt op_stmt(struct call *, int sql);

/*
 * End a run: the error of the store, which is logged, if it failed; else the
 * one that is given.
 */
enum err op_end(struct call *, struct stmt *, enum err);

/* The error of the store that has just failed; it is logged. */
enum err op_fail(struct call *);

/* Run to the end, for its effect, and end it; ret_changed may be NULL. */
enum err op_run_out(struct call *, struct stmt *, int *ret_changed);

/* The same from the beginning, with the call's args. */
enum err op_change(struct call *, int sql, int *ret_changed);

/* Whether a statement finds a row. */
enum err op_finds(struct call *, int sql, bool *ret_found);

/* Answer with this error and this message (a literal, or as long-lived). */
enum err op_refuse(struct call *, enum err, const char *message);

/* The same, with a message that is put together. */
enum err op_refusef(struct call *, enum err, const char *format, ...)
	    __attribute__((format(printf, 3, 4)));

/*
 * For run(): what op.aside makes is needed first. Only where the lane may do
 * that; elsewhere it has to be made at once.
 */
enum err op_put_aside(struct call *);

/* Whether the time that the lane gives a call is over; EXPIRED is the answer. */
bool	op_is_over(const struct call *);

/*
 * Write an event into the outbox, with what `own` (NULL: nothing) has of its
 * keys, and the call's args of the others. It must be among the row's emits or
 * tells.
 */
enum err op_emit(struct call *, enum op_code, const struct args *own);

/* The version of the store (db_version()). */
enum err op_version(struct call *, int64_t *ret);

/*
 * Have what follows in the call done in the name of that user, at that time,
 * in microseconds: what an event tells of was done by somebody, then.
 */
void	op_act_as(struct call *, int64_t user, int64_t date);

/*
 * Append the row that a run stands at to the fragment, as the shape of the
 * call's row (or what `fields` leaves of it), and count it in the answer's tag
 * and refs.
 */
enum err op_put_row(struct call *, const struct stmt *);

/* The tag of two things that have one each. */
int64_t	op_mix_tags(int64_t, int64_t);

/* The tag of one thing: of its id and version, in this store. */
int64_t	op_tag(const struct lane *, int64_t id, int64_t version);

/* The most rows that op_bulk() gives. */
#define BULK_MOST	5000

/* Lines of this thread are about this request, until log_done(). */
void	op_log_begin(const struct request *);

#endif
