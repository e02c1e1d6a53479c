/*
 * services/runtime/relay/relay.c: the ticket service's relay, with a user
 * service that is a ROUTER in this process and answers as it is told.
 */
#include "desk.h"

#include "services/runtime/relay/relay.h"

#include "base/log.h"
#include "proto/peer/replica.h"

#define PATIENCE_MS	30000	/* far more than anything here may take */
#define EVENTS_MOST	64

struct event {
	uint64_t	op;
	int64_t		actor;
	struct args	args;
};

/* The user service, as far as a relay sees it. */
static struct {
	struct desk		 desk;
	char			 endpoint[32], nobody[32];
	struct relay_args	 args;
	zactor_t		*relay;
	zsock_t			*router;
	struct frame_reader	*frames;
	struct event		 events[EVENTS_MOST];	/* in order */
	int			 count;
	struct relay_news	 news;			/* the last */
	bool			 silent;		/* answers nothing */
	bool			 slow;			/* ... for now */
	struct buf		 late;			/* until then */
	int			 refuse;		/* event by index */
	int64_t			 never;			/* ... by its number,
							 * for good */
	struct relay_news	 refused;		/* that this is so */
} user;

static void
write_tickets(int count)
{
	struct call	c;

	for (int i = 0; i < count; i++) {
		desk_begin(&c, OP_TICKET_CREATE);
		c.request.actor = 100 + i;
		args_put_text(&c.request.args, KEY_TITLE, TEXT_OF("title"));
		args_put_text(&c.request.args, KEY_CONTENT,
		    TEXT_OF("content"));
		args_put_number(&c.request.args, KEY_CATEGORY_ID, 1);
		args_put_number(&c.request.args, KEY_TICKET_PRIORITY_ID, 1);
		assert_int_equal(desk_call(&user.desk, &c), OK);
		desk_end(&c);
	}
}

static int
open_shop(void **state)
{
	static int	number;

	(void)state;
	memset(&user, 0, sizeof(user));
	user.refuse = -1;
	desk_open(&user.desk, &ticket_service);
	/* one that was closed keeps its name for a while */
	snprintf(user.endpoint, sizeof(user.endpoint), "inproc://user-%d",
	    ++number);
	user.desk.settings.user_endpoint = user.endpoint;
	/* tickets are told of to posts as well; nobody is there */
	snprintf(user.nobody, sizeof(user.nobody), "inproc://nobody-%d",
	    number);
	user.desk.settings.post_endpoint = user.nobody;
	user.router = zsock_new(ZMQ_ROUTER);
	assert_true(zsock_bind(user.router, "%s", user.endpoint) != -1);
	user.frames = frame_reader_new();
	write_tickets(3);
	user.args = (struct relay_args){ &user.desk.tables,
	    &user.desk.settings, user.desk.path };
	user.relay = relay_start(&user.args);
	return user.relay == NULL;
}

static int
close_shop(void **state)
{
	(void)state;
	zactor_destroy(&user.relay);
	zsock_destroy(&user.router);
	frame_reader_destroy(&user.frames);
	desk_close(&user.desk);
	return 0;
}

static void
answer_request(const struct request *r, struct buf *out)
{
	struct answer	a = { .id = r->id };

	if (r->op == OP_PING) {
		args_put_number(&a.extra, KEY_CLOCK, clock_ms());
		args_put_number(&a.extra, KEY_WRITES, 1);
		frame_put_answer(out, &a);
		return;
	}
	assert_true(user.count < EVENTS_MOST);
	check_number("id", (int64_t)(r->id - REPLICA_FIRST_ID),
	    args_number(&r->args, KEY_SEQ, 0));
	if (user.count == user.refuse)
		a.error = ERR_STORE;
	if (user.never != 0) {
		/* behind it nothing can be taken */
		if (args_number(&r->args, KEY_SEQ, 0) >= user.never)
			a.error = args_number(&r->args, KEY_SEQ, 0) ==
			    user.never ? ERR_NOT_FOUND : ERR_OUT_OF_ORDER;
		frame_put_answer(out, &a);
		return;
	}
	user.events[user.count++] = (struct event){ r->op, r->actor, r->args };
	frame_put_answer(user.slow ? &user.late : out, &a);
}

static void
answer_message(void)
{
	struct request	r;
	struct buf	out = { 0 };
	zmq_msg_t	from, body;
	void		*router = zsock_resolve(user.router);

	zmq_msg_init(&from);
	zmq_msg_init(&body);
	assert_true(zmq_msg_recv(&from, router, 0) != -1);
	assert_true(zmq_msg_recv(&body, router, 0) != -1);
	frame_reader_start(user.frames, zmq_msg_data(&body),
	    zmq_msg_size(&body));
	while (!user.silent && frame_next_request(user.frames, &r) == FRAME_ONE)
		answer_request(&r, &out);
	if (!user.slow) {
		buf_put(&out, user.late.base, user.late.len);
		user.late.len = 0;
	}
	if (out.len > 0) {
		assert_true(zmq_msg_send(&from, router, ZMQ_SNDMORE) != -1);
		assert_true(zmq_send(router, out.base, out.len, 0) != -1);
	}
	buf_done(&out);
	zmq_msg_close(&from);
	zmq_msg_close(&body);
}

/* Answer, and hear the relay, until something is so. */
static void
serve_until(bool (*is_so)(void), const char *what)
{
	zmq_pollitem_t	items[] = {
		{ zsock_resolve(user.router), 0, ZMQ_POLLIN, 0 },
		{ zsock_resolve(user.relay), 0, ZMQ_POLLIN, 0 },
	};
	int64_t			until_ms = clock_ms() + PATIENCE_MS;
	struct relay_news	news;

	while (!is_so()) {
		if (clock_ms() > until_ms)
			fail_msg("never happened: %s", what);
		zmq_poll(items, 2, 100);
		if (items[0].revents != 0)
			answer_message();
		/* the other consumer is not there */
		while (relay_receive(user.relay, &news))
			if (news.consumer == SERVICE_USER) {
				user.news = news;
				if (news.refused != 0)
					user.refused = news;
			} else
				check_true("down", !news.up);
	}
}

static bool
three_are_acknowledged(void)
{
	return user.news.seq == 3;
}

static bool
five_are_acknowledged(void)
{
	return user.news.seq == 5;
}

static bool
it_is_up(void)
{
	return user.news.up;
}

static bool
it_is_down(void)
{
	return !user.news.up;
}

/* One event after the other, each saying which one it follows. */
static void
check_events(int first, int count, int64_t seq, int64_t after)
{
	const struct event	*e;

	for (int i = first; i < first + count; i++, after = seq++) {
		e = &user.events[i];
		check_number("operation", (int64_t)e->op,
		    OP_USER_WROTE_TICKET);
		check_number("actor", e->actor, 100 + (seq - 1) % 3);
		check_number("source", args_number(&e->args, KEY_SOURCE, 0),
		    SERVICE_TICKET);
		check_number("stream", args_number(&e->args, KEY_STREAM, 0),
		    user.desk.session.stream);
		check_number("seq", args_number(&e->args, KEY_SEQ, 0), seq);
		check_number("after", args_number(&e->args, KEY_AFTER, 0),
		    after);
	}
}

static void
events_are_delivered_in_order(void **state)
{
	(void)state;
	serve_until(it_is_up, "the consumer is up");
	serve_until(three_are_acknowledged, "three are acknowledged");
	check_number("three", user.count, 3);
	check_events(0, 3, 1, 0);
	/* what comes later is told by a wake-up */
	write_tickets(2);
	relay_wake(user.relay, true);
	serve_until(five_are_acknowledged, "five are acknowledged");
	check_number("five", user.count, 5);
	check_events(3, 2, 4, 0);
	check_number("it deletes nothing itself", desk_number(&user.desk,
	    "SELECT count(*) FROM outbox"), 5);
}

static void
tallies_are_delivered_too(void **state)
{
	(void)state;
	serve_until(three_are_acknowledged, "three are acknowledged");
	write_tickets(2);
	relay_wake(user.relay, false);
	serve_until(five_are_acknowledged, "five are acknowledged");
	check_events(3, 2, 4, 0);
}

static void
a_refused_event_is_sent_again(void **state)
{
	(void)state;
	user.refuse = 1;	/* the second */
	serve_until(three_are_acknowledged, "three are acknowledged");
	check_number("two of them again", user.count, 5);
	check_events(0, 3, 1, 0);
	check_events(3, 2, 2, 0);
}

static bool
one_is_refused(void)
{
	return user.refused.refused != 0;
}

/* Not at once: somebody may stand between and lie for a moment. */
static void
what_is_refused_for_good_is_told(void **state)
{
	int64_t	began_ms = clock_ms();

	(void)state;
	user.never = 2;
	serve_until(one_is_refused, "one is refused");
	check_true("after a while", clock_ms() - began_ms >= 5000);
	check_number("which", user.refused.refused, 2);
	check_number("why", user.refused.error, ERR_NOT_FOUND);
	check_number("what is before it is taken", user.refused.seq, 1);
	user.never = 0;
	serve_until(three_are_acknowledged, "three are acknowledged");
	/* it was taken after all and left no gap: the next one is not believed
	 * at once */
	user.refused = (struct relay_news){ 0 };
	user.never = 4;
	began_ms = clock_ms();
	write_tickets(2);
	relay_wake(user.relay, true);
	serve_until(one_is_refused, "another one is refused");
	check_number("which", user.refused.refused, 4);
	check_true("after a while again", clock_ms() - began_ms >= 5000);
}

static bool
five_are_there(void)
{
	return user.count == 5;
}

/* A consumer that commits gets what it is to commit next meanwhile. */
static void
events_do_not_wait_for_each_other(void **state)
{
	(void)state;
	user.slow = true;
	serve_until(it_is_up, "the consumer is up");
	write_tickets(2);
	relay_wake(user.relay, true);
	serve_until(five_are_there, "five are there");
	check_number("none is acknowledged", user.news.seq, 0);
	for (int i = 0; i < 5; i++)
		check_number("in order", args_number(&user.events[i].args,
		    KEY_SEQ, 0), i + 1);
	check_number("after the third", args_number(&user.events[3].args,
	    KEY_AFTER, 0), 3);
	user.slow = false;
	serve_until(five_are_acknowledged, "five are acknowledged");
	check_number("none came twice", user.count, 5);
	buf_done(&user.late);
}

static void
silence_is_told_and_all_is_sent_again(void **state)
{
	(void)state;
	serve_until(three_are_acknowledged, "three are acknowledged");
	user.silent = true;
	write_tickets(2);
	relay_wake(user.relay, true);
	serve_until(it_is_down, "the consumer is down");
	check_number("none is acknowledged", user.news.seq, 3);
	user.silent = false;
	serve_until(five_are_acknowledged, "five are acknowledged");
	check_events(3, 2, 4, 0);
}

/* A service of which nobody has to hear has no relay. */
static void
no_events_no_relay(void **state)
{
	struct service		service = ticket_service;
	static const struct op	ops[] = { COMMON_OPS(TICKET), { 0 } };
	struct op_tables	tables = { .service = &service };
	struct relay_args	args = { .tables = &tables };

	(void)state;
	service.ops = ops;
	assert_null(relay_start(&args));
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, open_shop, close_shop, NULL }
	const struct CMUnitTest	tests[] = {
		TEST("a service without events has no relay",
		    no_events_no_relay),
		HERE("events are delivered in order, each after the other",
		    events_are_delivered_in_order),
		HERE("tallies are delivered within a while",
		    tallies_are_delivered_too),
		HERE("a refused event is sent again, and those behind it",
		    a_refused_event_is_sent_again),
		HERE("what is refused for good is told after a while",
		    what_is_refused_for_good_is_told),
		HERE("events do not wait for each other",
		    events_do_not_wait_for_each_other),
		HERE("silence is told; then all is sent again",
		    silence_is_told_and_all_is_sent_again),
	};

	zsys_handler_set(NULL);
	zsys_set_pipehwm(0);
	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
