/*
 * Messages of peers: reading them ends, and what was read is what would be
 * written. The first byte says which kind of frame is expected.
 */
#include "proto/frame.h"

#include "fuzz.h"

static struct frame_reader	*reader, *second;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	reader = frame_reader_new();
	second = frame_reader_new();
	return 0;
}

static void
check_args(const struct args *a, const struct args *b)
{
	keyset	keys = args_keys(a);

	CHECK(keyset_equals(keys, args_keys(b)));
	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1)) {
		CHECK(key_info(k)->name != NULL);
		if (key_info(k)->type == KEY_INT)
			CHECK(args_number(a, k, 0) == args_number(b, k, 0));
		else
			CHECK(is_same(args_text(a, k), args_text(b, k)));
		(void)args_in_bounds(k, args_value(a, k));
	}
}

static void
check_request(const struct request *r)
{
	struct buf	out = { 0 };
	struct request	back;

	frame_put_request(&out, r);
	frame_reader_start(second, out.base, out.len);
	CHECK(frame_next_request(second, &back) == FRAME_ONE);
	CHECK(back.id == r->id && back.op == r->op &&
	    back.expires_ms == r->expires_ms && back.actor == r->actor &&
	    back.rights == r->rights && is_same(back.trace, r->trace) &&
	    is_same(back.request_id, r->request_id));
	check_args(&r->args, &back.args);
	CHECK(frame_next_request(second, &back) == FRAME_END);
	/* only operations that there are are ever sent */
	if (op_info(r->op)->name != NULL) {
		frame_readdress(&out, r->id + 1, 77);
		frame_reader_start(second, out.base, out.len);
		CHECK(frame_next_request(second, &back) == FRAME_ONE &&
		    back.id == r->id + 1 && back.op == r->op &&
		    back.expires_ms == 77 && back.actor == r->actor);
	}
	buf_done(&out);
}

static void
check_answer(const struct answer *a)
{
	struct args	extra = a->extra;
	struct buf	out = { 0 };
	struct answer	back;

	CHECK(a->error < ERR_END && a->spent_us >= 0 &&
	    a->spent_us <= SPENT_MOST_US);
	frame_put_answer(&out, a);
	frame_reader_start(second, out.base, out.len);
	CHECK(frame_next_answer(second, &back) == FRAME_ONE);
	CHECK(back.id == a->id && back.error == a->error &&
	    back.total == a->total && back.tag == a->tag &&
	    back.spent_us == a->spent_us &&
	    is_same(back.fragment, a->fragment));
	/* an error that older gateways do not know is told in these */
	if (a->error != OK) {
		args_remove(&extra, KEY_ERROR);
		args_remove(&extra, KEY_LOADING);
		args_remove(&back.extra, KEY_ERROR);
		args_remove(&back.extra, KEY_LOADING);
	}
	check_args(&extra, &back.extra);
	buf_done(&out);
}

static void
check_outbox(const struct args *a)
{
	struct buf	out = { 0 };
	struct args	back;

	frame_put_args(&out, a);
	frame_reader_start(second, out.base, out.len);
	CHECK(frame_next_args(second, &back) == FRAME_ONE);
	check_args(a, &back);
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input	in = { data, len };
	uint8_t		kind = input_byte(&in) % 3;
	struct request	r;
	struct answer	a;
	size_t		frames = 0;

	frame_reader_start(reader, in.base, in.len);
	if (kind == 0)
		for (; frame_next_request(reader, &r) == FRAME_ONE; frames++)
			check_request(&r);
	else if (kind == 1)
		for (; frame_next_answer(reader, &a) == FRAME_ONE; frames++)
			check_answer(&a);
	else
		for (; frame_next_args(reader, &r.args) == FRAME_ONE; frames++)
			check_outbox(&r.args);
	CHECK(frames <= in.len);
	return 0;
}
