/*
 * The shape of a desk that has been in use for ten years: it grew, so that most
 * of its rows are from the last years; few write much and many write
 * little; most tickets are closed, hardly any of the last days' are; a ticket
 * is answered soon or late or never, a few have very long threads.
 */
#include "tools/flicketctl/data/generate/generate_parts.h"

#include <crypt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "tools/flicketctl/cli/stop.h"

#define SECOND		INT64_C(1000000)
#define DAY		(86400 * SECOND)
#define FIRST_DAY	(16801 * DAY)	/* 2016-01-01 */
#define SPAN		(3653 * DAY)	/* to the end of 2025 */

void
rng_begin(struct rng *r, const struct plan *plan, enum draw draw, int64_t row)
{
	r->state = hash_finish(hash_finish(plan->seed + (uint64_t)draw) + (uint64_t)row);
}

uint64_t
rng_next(struct rng *r)
{
	r->state += HASH_GOLDEN;
	return hash_finish(r->state);
}

double
rng_part(struct rng *r)
{
	return (double)(rng_next(r) >> 11) * 0x1p-53;
}

int64_t
rng_below(struct rng *r, int64_t n)
{
	return (int64_t)(rng_next(r) % (uint64_t)n);
}

/* The time at which the desk had this share of its rows. */
static int64_t
clock_at(double part)
{
	return FIRST_DAY + (int64_t)(sqrt(part) * (double)SPAN);
}

/* The first users write most. */
static int64_t
frequent_user(const struct plan *plan, struct rng *r)
{
	double	part = rng_part(r);

	return 1 + (int64_t)(part * part * part * (double)plan->users);
}

int64_t
plan_staff(const struct plan *plan)
{
	return 3 + plan->users / 50;
}

int64_t
ticket_author(const struct plan *plan, int64_t ticket)
{
	struct rng	r;

	rng_begin(&r, plan, DRAW_AUTHOR, ticket);
	return frequent_user(plan, &r);
}

int64_t
ticket_date(const struct plan *plan, int64_t ticket)
{
	struct rng	r;

	rng_begin(&r, plan, DRAW_ADDED, ticket);
	return clock_at(((double)ticket - 1 + rng_part(&r)) /
	    (double)plan->tickets);
}

bool
ticket_edited(int64_t ticket)
{
	return ticket % EDITED_TICKETS == 0;
}

bool
post_edited(int64_t post)
{
	return post % EDITED_POSTS == 0;
}

int64_t
edit_date(int64_t date)
{
	return date + INT64_C(7) * 60 * SECOND;
}

static int64_t
post_updated(const struct plan *plan, int64_t post)
{
	int64_t	date = post_date(plan, post);

	return post_edited(post) ? edit_date(date) : date;
}

int64_t
ticket_updated(const struct plan *plan, int64_t ticket)
{
	int64_t	date = ticket_date(plan, ticket), last;

	if (ticket_edited(ticket))
		date = edit_date(date);
	if (plan->last_change[ticket] == 0)
		return date;
	last = post_updated(plan, plan->last_change[ticket]);
	return last > date ? last : date;
}

/* Of the last hundredth two in three are not closed, of the old one in 50. */
int
ticket_state(const struct plan *plan, int64_t ticket)
{
	double		age = 1 - (double)ticket / (double)plan->tickets, part;
	struct rng	r;

	rng_begin(&r, plan, DRAW_STATE, ticket);
	if (rng_part(&r) > 0.02 + 0.65 * exp(-age / 0.01))
		return STATUS_CLOSED;
	part = rng_part(&r);
	return part < 0.5 ? STATUS_OPEN : part < 0.8 ? STATUS_IN_WORK :
	    STATUS_AWAITING;
}

/* The user who works on it, or did; 0 if it is new. */
int64_t
ticket_assignee(const struct plan *plan, int64_t ticket)
{
	int		status = ticket_state(plan, ticket);
	struct rng	r;

	rng_begin(&r, plan, DRAW_ASSIGNEE, ticket);
	if (rng_part(&r) < (status == STATUS_OPEN ? 0.7 :
	    status == STATUS_CLOSED ? 0.1 : 0.0))
		return 0;
	return 1 + rng_below(&r, plan_staff(plan));
}

/* A third of the tickets are hardly ever answered. */
static bool
is_quiet(const struct plan *plan, int64_t ticket)
{
	struct rng	r;

	rng_begin(&r, plan, DRAW_QUIET, ticket);
	return rng_below(&r, 3) == 0;
}

/* Which part of the desk was there when a reply was written. */
static double
post_part(const struct plan *plan, int64_t post)
{
	struct rng	r;

	rng_begin(&r, plan, DRAW_POST_ADDED, post);
	return ((double)post - 1 + rng_part(&r)) / (double)plan->posts;
}

/* One of the newest tickets mostly, now and then an old one. */
static int64_t
draw_ticket(struct rng *r, int64_t newest)
{
	double	part = rng_part(r);
	int64_t	back;

	if (part < 0.12)
		back = rng_below(r, newest);
	else
		back = (int64_t)(-log(1 - rng_part(r)) * (double)newest / 500);
	part = rng_part(r);
	if (back >= newest)
		back = newest - 1;
	if (part < 0.03 && newest - back > 64)
		return (newest - back) & ~INT64_C(63);
	if (part < 0.035 && newest - back > 4096)
		return (newest - back) & ~INT64_C(4095);
	return newest - back;
}

int64_t
post_ticket(const struct plan *plan, int64_t post)
{
	int64_t		newest, ticket;
	struct rng	r;

	newest = (int64_t)(post_part(plan, post) * (double)plan->tickets);
	if (newest < 1)
		newest = 1;
	rng_begin(&r, plan, DRAW_POST_TICKET, post);
	ticket = draw_ticket(&r, newest);
	for (int i = 0; i < 3 && is_quiet(plan, ticket); i++)
		ticket = draw_ticket(&r, newest);
	return ticket;
}

/* Those who answer, those who asked, and others who have it too. */
int64_t
post_author(const struct plan *plan, int64_t post)
{
	int64_t		ticket = post_ticket(plan, post), assignee;
	double		part;
	struct rng	r;

	rng_begin(&r, plan, DRAW_POST_AUTHOR, post);
	part = rng_part(&r);
	assignee = ticket_assignee(plan, ticket);
	if (part < 0.45 && assignee != 0)
		return assignee;
	return part < 0.85 ? ticket_author(plan, ticket) :
	    frequent_user(plan, &r);
}

int64_t
post_date(const struct plan *plan, int64_t post)
{
	int64_t	date = clock_at(post_part(plan, post));
	int64_t	asked = ticket_date(plan, post_ticket(plan, post));

	return date > asked ? date : asked;
}

/*
 * Eight tickets in a row have 1, 1, 1, 2, 2, 3, 4 and 6 subscribers, the
 * author the first of each.
 */
#define BLOCK_TICKETS	8
static const int	block_ends[BLOCK_TICKETS + 1] = { 0, 1, 2, 3, 5, 7, 10,
			    14, 20 };

int64_t
plan_subscriptions(const struct plan *plan)
{
	return plan->tickets / BLOCK_TICKETS * block_ends[BLOCK_TICKETS] +
	    block_ends[plan->tickets % BLOCK_TICKETS];
}

/* Users are a stride apart that takes six of them less than once round. */
void
plan_subscription(const struct plan *plan, int64_t n, int64_t *ret_ticket,
    int64_t *ret_user)
{
	int64_t		at = (n - 1) % block_ends[BLOCK_TICKETS], stride;
	int		i = 0;
	struct rng	r;

	while (block_ends[i + 1] <= at)
		i++;
	*ret_ticket = (n - 1) / block_ends[BLOCK_TICKETS] * BLOCK_TICKETS +
	    i + 1;
	rng_begin(&r, plan, DRAW_STRIDE, *ret_ticket);
	stride = 1 + rng_below(&r, (plan->users - 1) / 6);
	*ret_user = 1 + (ticket_author(plan, *ret_ticket) - 1 +
	    stride * (at - block_ends[i])) % plan->users;
}

static uint32_t *
numbers(int64_t count)
{
	uint32_t	*array = calloc((size_t)count + 1, sizeof(*array));

	CHECK(array != NULL);
	return array;
}

/* The salt comes from the seed, for the same bytes on every run. */
static void
make_password_hash(struct plan *plan, int cost)
{
	char			 random[16], salt[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data	*data = calloc(1, sizeof(*data));
	const char		*hash;
	uint64_t		 halves[2] = { hash_finish(plan->seed + 1),
				    hash_finish(plan->seed + 2) };

	CHECK(data != NULL);
	memcpy(random, halves, sizeof(random));
	CHECK(crypt_gensalt_rn("$2b$", (unsigned long)cost, random,
	    sizeof(random), salt, sizeof(salt)) != NULL);
	hash = crypt_r(plan->password, salt, data);
	CHECK(hash != NULL && hash[0] != '*' && strlen(hash) < PASSWORD_SIZE);
	memcpy(plan->hash, hash, strlen(hash) + 1);
	free(data);
}

static bool
count_ticket_totals(struct plan *plan)
{
	for (int64_t i = 1; i <= plan->tickets; i++) {
		int64_t	assignee = ticket_assignee(plan, i);

		plan->total_posts[ticket_author(plan, i)]++;
		if (assignee != 0)
			plan->total_assigned[assignee]++;
		report_progress("plan: tickets", i, plan->tickets);
		if (stop_asked())
			return report_fail("stopped");
	}
	return true;
}

static void
keep_last(struct plan *plan, int64_t post)
{
	int64_t		 ticket = post_ticket(plan, post);
	uint32_t	*change = &plan->last_change[ticket];

	plan->last_post[ticket] = (uint32_t)post;
	if (*change == 0 ||
	    post_updated(plan, post) >= post_updated(plan, *change))
		*change = (uint32_t)post;
}

static bool
count_post_totals(struct plan *plan)
{
	for (int64_t i = 1; i <= plan->posts; i++) {
		keep_last(plan, i);
		plan->total_posts[post_author(plan, i)]++;
		report_progress("plan: posts", i, plan->posts);
		if (stop_asked())
			return report_fail("stopped");
	}
	return true;
}

bool
plan_make(struct plan *plan, int cost)
{
	plan->last_post = numbers(plan->tickets);
	plan->last_change = numbers(plan->tickets);
	plan->total_posts = numbers(plan->users);
	plan->total_assigned = numbers(plan->users);
	make_password_hash(plan, cost);
	return count_ticket_totals(plan) && count_post_totals(plan);
}

void
plan_free(struct plan *plan)
{
	free(plan->last_post);
	free(plan->last_change);
	free(plan->total_posts);
	free(plan->total_assigned);
}
