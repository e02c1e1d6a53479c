/* Totals of users, compared with what they wrote and have. */
#include "tools/flicketctl/backup/verify_findings.h"

#include "proto/frame.h"
#include "tools/flicketctl/backup/backup_cut.h"

/* Record what an event adds to a user's totals. */
static void
add_event(const struct select *event, struct frame_reader *frames,
    struct select *put)
{
	struct text	frame = select_bytes(event, 2);
	struct args	args;
	int64_t		op = select_number(event, 0);

	frame_reader_start(frames, frame.base, frame.len);
	if (frame_next_args(frames, &args) != FRAME_ONE)
		return;
	select_bind_number(put, 1, op == OP_USER_WROTE_TICKET ?
	    select_number(event, 1) : args_number(&args, KEY_USER_ID, 0));
	select_bind_number(put, 2, op == OP_USER_WROTE_TICKET ? 1 :
	    args_number(&args, KEY_POSTS, 0));
	select_bind_number(put, 3, op == OP_USER_WROTE_TICKET ? 0 :
	    args_number(&args, KEY_ASSIGNED, 0));
	(void)select_next(put);
	select_again(put);
}

/*
 * Events that the user service has applied stay in outboxes until they are
 * acknowledged; its inbox tells which these are.
 */
static void
collect_tallies(struct verify *v)
{
	struct frame_reader	*frames = frame_reader_new();
	struct select		 put, r;

	put = select_begin(v->cut.db, "INSERT INTO temp.tallies VALUES "
	    "(?1, ?2, ?3)");
	for (unsigned id = 1; !put.failed && id < SERVICE_END; id++) {
		const char	*name = service_name((enum service_id)id);

		r = select_begin_with(v->cut.db, "SELECT op, actor, args FROM "
		    "\"%s\".outbox WHERE op IN (%d, %d) AND seq > ifnull("
		    "(SELECT seq FROM user.inbox WHERE source = %u AND stream "
		    "= (SELECT stream FROM \"%s\".identity)), 0)", name,
		    OP_USER_WROTE_TICKET, OP_USER_COUNTED, id, name);
		while (verify_next(v, &r))
			add_event(&r, frames, &put);
	}
	if (!select_end(&put))
		verify_fail(v, select_error(v->cut.db));
	frame_reader_destroy(&frames);
}

/*
 * Record by how much totals differed when the desk was taken over from Flicket;
 * false if that is not known.
 */
static bool
collect_taken_over(struct verify *v)
{
	int64_t	known = 0;

	if (!v->taken_over)
		return true;
	if (!cut_number(&v->cut, &known, "SELECT count(*) FROM "
	    "user.sqlite_schema WHERE name = 'taken_over'") || known == 0)
		return false;
	if (!select_execute(v->cut.db, "INSERT INTO temp.tallies SELECT user_id, "
	    "-posts, -assigned FROM user.taken_over"))
		v->failed = true;
	return true;
}

void
verify_totals(struct verify *v)
{
	static const char	sql[] =
	    "SELECT 'user ' || id || ': total_posts ' || total_posts || "
	    "', not ' || posts || ', total_assigned ' || total_assigned || "
	    "', not ' || assigned FROM (SELECT id, total_posts, "
	    "total_assigned, (SELECT count(*) FROM ticket.tickets "
	    "WHERE started_id = u.id) + (SELECT count(*) FROM post.posts "
	    "WHERE user_id = u.id) - (SELECT ifnull(sum(posts), 0) "
	    "FROM temp.tallies WHERE user_id = u.id) AS posts, "
	    "(SELECT count(*) FROM ticket.tickets WHERE assigned_id = u.id) "
	    "- (SELECT ifnull(sum(assigned), 0) FROM temp.tallies "
	    "WHERE user_id = u.id) AS assigned FROM user.users u) "
	    "WHERE total_posts <> posts OR total_assigned <> assigned";
	struct found		f = { 0 };
	struct select		r;

	if (!select_execute(v->cut.db, "CREATE TEMP TABLE tallies (user_id, posts, "
	    "assigned)"))
		v->failed = true;
	if (!collect_taken_over(v)) {
		verify_note(v, "totals of users are not compared: those of a desk "
		    "that was taken over from Flicket began as Flicket had "
		    "them, and the import did not note how they differed");
		return;
	}
	collect_tallies(v);
	r = select_begin(v->cut.db, sql);
	while (verify_next(v, &r))
		verify_found(&f, select_text(&r, 0));
	verify_found_done(v->findings, "totals", "users whose totals are not what "
	    "they wrote and have", &f);
}
