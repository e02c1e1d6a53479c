/*
 * Operations as a service implements them: a row each in its service.c. Most
 * rows need only the generic functions declared here.
 */
#ifndef OP_OP_H
#define OP_OP_H

#include <stdatomic.h>

#include "proto/frame.h"
#include "services/op/shape.h"
#include "services/store/service.h"
#include "services/store/statement.h"

#define OP_GUARDS	10
#define OP_ALSO		6
#define OP_EMITS	4
#define OP_REFS		8

struct call;
typedef enum err op_run(struct call *);

/* A condition that is checked before an operation runs. */
struct guard {
	int		 sql;		/* statement that finds the row */
	bool		 must;		/* it must be there, or must not */
	enum err	 error;		/* the answer otherwise */
	const char	*message;
	enum fault_code code; /* NONE: that of the error */
	enum key field; /* what it is about; 0: nothing */
};

/*
 * A column with ids of other things (users, categories). The ids of all rows,
 * each once, become a JSON array in the answer's extra `key`; with it the
 * gateway asks the owner for those things.
 */
struct ref {
	enum key	 key;
	const char	*column;
};

/*
 * One way to do an operation. An operation can have several rows: the first
 * one whose `when` keys are all given is used. Statements are numbers of the
 * service's sql.tbl; 0 (SQL_NONE) stands for no statement.
 */
struct op {
	enum op_code		 op;
	keyset			 when;
	op_run			*run;
	keyset			 makes;		/* keys that run() gives to
						 * statements itself */
	int			 sql;
	const struct shape	*shape;		/* of the rows of `sql` */
	int			 count;		/* op_page: counts all items */
	struct guard		 guards[OP_GUARDS];
	int			 also[OP_ALSO];	/* run after `sql` */
	enum op_code		 emits[OP_EMITS]; /* events for other stores */
	enum op_code		 tells[OP_EMITS]; /* for run() to op_emit() */

	/*
	 * For If-Match: a statement that gives the id and the version of the
	 * thing that is written; run after the guards. SQL_NONE: the write
	 * makes a new thing, which has no version yet.
	 */
	int			 tag;

	/*
	 * Of an edit: a statement that gives the texts that it may replace, in
	 * columns that are called as their keys. A text that is out of bounds
	 * may be stored again: an import may have brought it.
	 */
	int			 kept;
	struct ref		 refs[OP_REFS];	/* used with INCLUDE, and in
						 * lists by ids */
	const char *const	*sorts;		/* values of SORT; NULL ends
						 * them */
	bool			 gives_back;	/* it frees something that a
						 * peer holds: a full queue does
						 * not refuse it */
	bool			 lists;		/* READ: users take turns at it
						 * (turns.h), as at op_page() */

	/*
	 * READ: work that run() may need first and that may take too long for
	 * the loop. When run() calls op_put_aside(), this runs on a thread of
	 * its own, in a transaction, and leaves its result in c->made; it calls
	 * op_is_over() now and then. Then run() is called again and takes the
	 * result. unmake() frees a result that run() did not take.
	 */
	op_run			*aside;
	void			(*unmake)(void *made);

	/* READ without `aside`: when run() calls op_put_aside(), as op_page()
	 * and op_bulk() do when they take too long for the loop, all of it is
	 * done on that thread, from the beginning */
	bool			 large;
};

/* A row's shape, compiled for its statement, and the places of columns. */
struct row_plan {
	struct shape_plan	*shape;
	int			 id;		/* -1: it has no such column */
	int			 version;
	int			 refs[OP_REFS];
	bool			 bulk;		/* rows by ids: op_bulk() or
						 * row_cache_bulk() */
};

/* The state of this process among those of its service; set by the loop. */
struct standing {
	int64_t	instance;	/* a random number for this run */
	bool	writes;		/* it holds the store's lock */
	bool	leaving;	/* it ends soon */
	bool	loading;	/* the index that some reads need */
	int64_t	began_ms;	/* when it was started, by clock_ms() */
	int64_t	schema;		/* of the store */
	int64_t	queued;		/* calls without an answer yet */
	int64_t	entry;		/* the last of an engine's log, as its writer;
				 * else 0 */
};

/* A service's tables made ready: checked, compiled, found by number. */
struct op_tables {
	const struct service	 *service;
	const struct standing	 *standing;	/* NULL: alone, and writes */
	const struct op		 *first[OP_END];	/* by operation */
	struct row_plan		 *plans;		/* by row of ops */
	keyset			 *keys;			/* the parameters of a
							 * statement */
	bool			  caches_rows;	/* by row_cache_bulk() */
	void			 *index;	/* made by service->opened(), for
						 * the loop */
};

/* The shape for the `fields` that were asked for last. */
struct chosen {
	struct buf		 fields;
	struct shape_plan	*plan;
};

/* A connection with the service's statements and caches, for one thread. */
struct session {
	struct db		 *db;
	const struct op_tables	 *tables;
	int64_t			  stream;	/* of the store's events */
	const atomic_bool	 *stopping;	/* NULL: on the loop */
	int			  lock;		/* of the store, the writer's */

	struct frame_reader	 *frames;

	struct etag_cache	 *etag_cache;
	struct row_cache	 *row_cache;	/* NULL: the service has none */
	int64_t			  until_us;	/* the end of the time for a
						 * call; 0: it has no end */
	bool			  over;		/* that time has passed */
	bool			  may_put_aside;

	/* by row of ops */
	struct chosen		 *chosen;
};

/* One request on its way through the service. */
struct call {
	struct session	*session;	/* it runs on */
	const struct op	*op;		/* which row */
	struct request	 request;	/* the service adds ACTOR, NOW … to
					 * its args */
	struct answer	 answer;
	struct buf	 fragment;	/* becomes answer.fragment */
	struct buf	 text;		/* the texts of args and extras */
	size_t		 kept_bytes;	/* … of args */
	struct buf	 message;	/* the text of op_refusef() */
	struct buf	 refs[OP_REFS];	/* become extras */
	size_t		 rows;		/* in the fragment, of a list */
	int64_t		 emitted;	/* seq of the EVENT written last, 0 */
	int64_t		 entry;		/* of the engine's log, with its batch;
					 * 0: none */
	enum service_id	 consumer;	/* of that event */
	bool		 tallied;	/* a TALLY was written */
	bool		 store_failed;	/* and that was logged */
	bool		 put_aside;	/* op_put_aside() was called */
	bool		 ran_over;	/* op.aside had no time left */
	void		*made;		/* result of op.aside */
	bool		 passing;	/* the answer is of an earlier state of
					 * the store: no cache holds it */

	/* the loop's own (services/runtime) */
	struct text	 peer;		/* ZeroMQ identity of the peer */
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

void	session_open(struct session *, const struct op_tables *,
	    const char *path, bool read_only);
void	session_close(struct session *);

/*
 * Run a call on a session: find its row, check arguments and guards, run. The
 * outcome, an error too, is in call->answer. An operation of another service
 * and wrong arguments are the peer's fault: they are answered with an error.
 */
void	op_call(struct session *, struct call *);

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
enum err op_one_of(struct call *, int64_t id);	/* op_one() of a row that
						 * run() has just made */
op_run	op_page;	/* a page of rows: a JSON array, and the total */
op_run	op_bulk;	/* the rows for `ids`: a JSON array */
op_run	op_recall;	/* the answer kept for an Idempotency-Key */
op_run	op_exec;	/* a change without an answer */
op_run	op_ping;	/* the answer to a heartbeat: PING */
op_run	op_guards;	/* only the guards */
op_run	op_set_aside, op_retry, op_drop;	/* events: aside.c */

/*
 * The thing that an event is about, as the outbox names it ("post 5"). False:
 * the event only counts something, and may come before or after any other.
 */
#define SUBJECT_SIZE	40
bool	subject_of(enum op_code event, const struct args *,
	    char ret[SUBJECT_SIZE]);

/*
 * After an event was put into the outbox under this number: set it aside, too,
 * if an earlier one for that consumer about that subject is set aside.
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
 * End a run. Returns the error of the store, and logs it, if the run failed;
 * else the given one.
 */
enum err op_end(struct call *, struct stmt *, enum err);

/* op_one() with a run that was begun, and given values; it is ended. */
enum err op_put_one(struct call *, struct stmt *);

/* The rows of a run that was begun, and given values, as a list; it is ended.
 * With op.large it calls op_put_aside() when it takes too long. */
enum err op_put_rows(struct call *, struct stmt *);

/* Run to the end, for its effect, and end it; ret_changed may be NULL. */
enum err op_run_out(struct call *, struct stmt *, int *ret_changed);

/* The same from the beginning, with the call's args. */
enum err op_change(struct call *, int sql, int *ret_changed);

/* Whether a statement finds a row. */
enum err op_finds(struct call *, int sql, bool *ret_found);

/* Whether the thing that is edited has the text of this key already. */
enum err op_keeps(struct call *, enum key, bool *ret);

/* Answer with this error and this message (a literal, or as long-lived). */
enum err op_refuse(struct call *, enum err, const char *message);

/* The same, with a message that is put together. */
enum err op_refusef(struct call *, enum err, const char *format, ...)
	    __attribute__((format(printf, 3, 4)));

/*
 * Say of a refusal which code it has and which field it is about (0: none);
 * returns the error: op_fault(c, FAULT_TAKEN, KEY_NAME, op_refuse(...)).
 */
enum err op_fault(struct call *, enum fault_code, enum key field, enum err);

/*
 * For run(): have op.aside run first. Only if the session may_put_aside; else
 * its result has to be made at once.
 */
enum err op_put_aside(struct call *);

/* Whether the time for the call has passed; its answer then is EXPIRED. */
bool	op_is_over(const struct call *);

/*
 * Write an event into the outbox. Each of its keys is taken from `own`, which
 * may be NULL, or else from the call's args. The row must have the event in its
 * emits or tells.
 */
enum err op_emit(struct call *, enum op_code, const struct args *own);

/* The version of the store (db_version()). */
enum err op_version(struct call *, int64_t *ret);

/*
 * For events: the rest of the call acts for the user who did what the event
 * tells, at the time (in microseconds) when it was done. WALL is then the time
 * that NOW was before.
 */
void	op_act_as(struct call *, int64_t user, int64_t date);

/*
 * Append the row that a run stands at to the fragment, as the shape of the
 * call's row (or what `fields` leaves of it), and count it in the answer's tag
 * and refs.
 */
enum err op_put_row(struct call *, const struct stmt *);

/* One tag made of two. */
int64_t	op_mix_tags(int64_t, int64_t);

/* The tag of a thing with this id and version, in this store. */
int64_t	op_tag(const struct session *, int64_t id, int64_t version);

/* op_bulk() gives at most so many rows. */
#define BULK_MOST	5000

/* Log lines of this thread name this request, until log_done(). */
void	op_log_begin(const struct request *);

#endif
