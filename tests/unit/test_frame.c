/* proto/frame.c: whatever a peer sends, reading ends in BAD at worst. */
#include "unit.h"

#include <msgpack.h>
#include <stdlib.h>

#include "proto/frame.h"

static struct frame_reader	*reader;

static int
make_reader(void **state)
{
	(void)state;
	reader = frame_reader_new();
	return 0;
}

static int
end_reader(void **state)
{
	(void)state;
	frame_reader_destroy(&reader);
	frame_reader_destroy(&reader);	/* NULL now, and harmless */
	return 0;
}

/* A request with as many arguments as there can be, of the keys from one on. */
static void
full_request(struct request *r, unsigned from, struct buf *long_text)
{
	*r = (struct request){
		.id = UINT64_MAX,
		.op = OP_TICKET_CREATE,
		.expires_ms = INT64_MAX,
		.actor = INT64_MIN,
		.rights = -1,
		.request_id = TEXT_OF("0badcafe-1"),
	};
	buf_reserve(long_text, 70000);
	memset(long_text->base, 'x', 70000);
	args_put_text(&r->args, KEY_TITLE, TEXT_OF(""));
	args_put_text(&r->args, KEY_PAYLOAD, TEXT_OF("\0\xff\x80"));
	for (unsigned k = from; k < KEY_END && r->args.count < ARGS_MOST; k++) {
		if (key_info(k)->name == NULL || k == KEY_TITLE ||
		    k == KEY_PAYLOAD)
			continue;
		if (key_info(k)->type == KEY_INT)
			args_put_number(&r->args, (enum key)k,
			    k % 2 == 0 ? INT64_MIN + k : INT64_MAX - k);
		else
			args_put_text(&r->args, (enum key)k, (struct text){
			    long_text->base, (size_t)1 << (k % 17) });
	}
}

static void
check_args(const char *row, const struct args *have, const struct args *want)
{
	check_true(row, keyset_equals(args_keys(have), args_keys(want)));
	for (unsigned k = 0; k < KEY_END; k++) {
		if (!args_has(want, (enum key)k))
			continue;
		if (key_info(k)->type == KEY_INT)
			check_number(key_info(k)->name,
			    args_number(have, (enum key)k, 0),
			    args_number(want, (enum key)k, 1));
		else
			check_text(key_info(k)->name,
			    args_text(have, (enum key)k),
			    args_text(want, (enum key)k));
	}
}

static void
comes_back(unsigned from, keyset *seen)
{
	struct request	want, have = { 0 };
	struct buf	b = { 0 }, text = { 0 };

	full_request(&want, from, &text);
	*seen = keyset_union(*seen, args_keys(&want.args));
	frame_put_request(&b, &want);
	frame_reader_start(reader, b.base, b.len);
	assert_int_equal(frame_next_request(reader, &have), FRAME_ONE);
	check_true("id", have.id == want.id);
	check_number("op", (int64_t)have.op, (int64_t)want.op);
	check_number("expires", have.expires_ms, want.expires_ms);
	check_number("actor", have.actor, want.actor);
	check_number("rights", have.rights, want.rights);
	check_text("request id", have.request_id, want.request_id);
	check_args("args", &have.args, &want.args);
	check_true("there was room", !have.args.overfull);
	assert_int_equal(frame_next_request(reader, &have), FRAME_END);
	assert_int_equal(frame_next_request(reader, &have), FRAME_END);
	buf_done(&b);
	buf_done(&text);
}

static void
requests_come_back(void **state)
{
	keyset	seen = K(NONE);

	(void)state;
	for (unsigned from = 0; from < KEY_END; from += ARGS_MOST / 2)
		comes_back(from, &seen);
	for (unsigned k = 0; k < KEY_END; k++)
		check_true("each key", key_info(k)->name == NULL ||
		    keyset_has(seen, (enum key)k));
}

static void
answers_come_back(void **state)
{
	struct answer	want = {
		.id = 1,
		.error = ERR_OUT_OF_ORDER,
		.total = INT64_MAX,
		.tag = INT64_MIN,
		.fragment = TEXT_OF("{\"self\":\"\x01ticket/1\"}"),
	}, have = { 0 };
	struct buf	b = { 0 };

	(void)state;
	args_put_number(&want.extra, KEY_RETRY_AFTER, 60);
	args_put_text(&want.extra, KEY_MESSAGE, TEXT_OF("Caf\xc3\xa9"));
	frame_put_answer(&b, &want);
	frame_put_answer(&b, &(struct answer){ .id = 2 });
	frame_reader_start(reader, b.base, b.len);
	assert_int_equal(frame_next_answer(reader, &have), FRAME_ONE);
	check_number("id", (int64_t)have.id, 1);
	check_number("error", have.error, ERR_OUT_OF_ORDER);
	check_number("total", have.total, INT64_MAX);
	check_number("tag", have.tag, INT64_MIN);
	check_text("fragment", have.fragment, want.fragment);
	check_args("extra", &have.extra, &want.extra);
	assert_int_equal(frame_next_answer(reader, &have), FRAME_ONE);
	check_number("second", (int64_t)have.id, 2);
	check_text("no fragment", have.fragment, TEXT_OF(""));
	check_true("no extra", keyset_is_empty(args_keys(&have.extra)));
	assert_int_equal(frame_next_answer(reader, &have), FRAME_END);
	buf_done(&b);
}

/* An answer as bytes, with an error and two extras, those of value 0 left out. */
static enum err
error_of(uint64_t error, int64_t meant, int64_t loading, struct answer *ret)
{
	struct answer	said = { .id = 1, .error = (enum err)error };
	struct buf	b = { 0 };

	if (meant != 0)
		args_put_number(&said.extra, KEY_ERROR, meant);
	if (loading != 0)
		args_put_number(&said.extra, KEY_LOADING, loading);
	frame_put_answer(&b, &said);
	frame_reader_start(reader, b.base, b.len);
	assert_int_equal(frame_next_answer(reader, ret), FRAME_ONE);
	buf_done(&b);
	return ret->error;
}

static void
errors_are_understood_whatever_their_age(void **state)
{
	static const struct {
		uint64_t	error;
		int64_t		meant, loading;
		enum err	want;
	} rows[] = {
		/* as older services say it */
		{ ERR_EXPIRED, 0, 0, ERR_EXPIRED },
		{ ERR_EXPIRED, 0, 1, ERR_LOADING },
		{ OK, 0, 1, OK },		/* an answer to PING */
		{ ERR_UNAVAILABLE, 0, 1, ERR_UNAVAILABLE },
		/* as this version says it */
		{ ERR_EXPIRED, ERR_BUSY, 0, ERR_BUSY },
		{ ERR_EXPIRED, ERR_LOADING, 1, ERR_LOADING },
		{ ERR_STORE, ERR_OUTCOME_UNKNOWN, 0, ERR_OUTCOME_UNKNOWN },
		/* as later ones may */
		{ ERR_EXPIRED, ERR_END, 0, ERR_EXPIRED },
		{ ERR_STORE, INT64_MAX, 0, ERR_STORE },
		{ ERR_END, 0, 0, ERR_INTERNAL },
		{ UINT32_MAX, ERR_BUSY, 0, ERR_BUSY },
		/* a slip */
		{ OK, ERR_BUSY, 0, OK },
		{ ERR_EXPIRED, -1, 0, ERR_EXPIRED },
		{ ERR_EXPIRED, INT64_MIN, 0, ERR_EXPIRED },
	};
	struct answer	a;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number("meant", error_of(rows[i].error, rows[i].meant,
		    rows[i].loading, &a), rows[i].want);
}

/* The error and the extras of an answer, as an older gateway reads them. */
static void
older_askers_see(enum err error, int64_t want, int64_t loading)
{
	struct answer		 a = { .id = 1, .error = error };
	struct buf		 b = { 0 };
	msgpack_unpacked	 u;
	const msgpack_object	*o;
	int64_t			 seen = 0;

	frame_put_answer(&b, &a);
	check_true("nothing is added to it", keyset_is_empty(
	    args_keys(&a.extra)));
	msgpack_unpacked_init(&u);
	assert_int_equal(msgpack_unpack_next(&u, b.base, b.len, NULL),
	    MSGPACK_UNPACK_SUCCESS);
	o = u.data.via.array.ptr;
	check_number(err_info(error)->message, (int64_t)o[2].via.u64, want);
	for (uint32_t i = 0; i < o[6].via.map.size; i++)
		if (o[6].via.map.ptr[i].key.via.u64 == KEY_LOADING)
			seen = (int64_t)o[6].via.map.ptr[i].val.via.u64;
	check_number("loading", seen, loading);
	msgpack_unpacked_destroy(&u);
	buf_done(&b);
}

static void
older_askers_are_told_what_they_know(void **state)
{
	(void)state;
	for (enum err e = OK; e <= ERR_RATE_LIMITED; e++)
		older_askers_see(e, e, 0);
	older_askers_see(ERR_BUSY, ERR_EXPIRED, 0);
	older_askers_see(ERR_LOADING, ERR_EXPIRED, 1);
	older_askers_see(ERR_OUTCOME_UNKNOWN, ERR_STORE, 0);
}

static void
arguments_come_back(void **state)
{
	struct args	want = { 0 }, have;
	struct buf	b = { 0 };

	(void)state;
	frame_put_args(&b, &want);
	args_put_number(&want, KEY_ID, 5);
	args_put_text(&want, KEY_NAME, TEXT_OF("admin"));
	frame_put_args(&b, &want);
	frame_reader_start(reader, b.base, b.len);
	assert_int_equal(frame_next_args(reader, &have), FRAME_ONE);
	check_true("none", keyset_is_empty(args_keys(&have)));
	assert_int_equal(frame_next_args(reader, &have), FRAME_ONE);
	check_args("two", &have, &want);
	assert_int_equal(frame_next_args(reader, &have), FRAME_END);
	buf_done(&b);
}

static void
nothing_is_read_behind_what_is_no_frame(void **state)
{
	struct args	a;

	(void)state;
	frame_reader_start(reader, "\x01\x80", 2);
	assert_int_equal(frame_next_args(reader, &a), FRAME_BAD);
	assert_int_equal(frame_next_args(reader, &a), FRAME_END);
}

/*
 * What a head claims is held against the bytes that are there, before memory
 * is reserved for it: under the sanitizer these would end the process.
 */
static void
claims_beyond_the_message_are_refused(void **state)
{
	static const struct text	rows[] = {
		TEXT_OF("\xdd\x10\x00\x00\x00\x01"),
		TEXT_OF("\xdd\xff\xff\xff\xff"),
		TEXT_OF("\xdf\xff\xff\xff\xff\x01"),
		TEXT_OF("\x92\xdd\x10\x00\x00\x00\xdd\x10\x00\x00\x00\x01"),
		TEXT_OF("\xc6\xff\xff\xff\xff\x01"),
		TEXT_OF("\xdb\xff\xff\xff\xff\x01"),
		TEXT_OF("\xc9\xff\xff\xff\xff\x01"),
		TEXT_OF("\xd9"), TEXT_OF("\xdc\x00"), TEXT_OF("\xcf\x00"),
	};
	struct request			r;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		frame_reader_start(reader, rows[i].base, rows[i].len);
		check_number("result", frame_next_request(reader, &r),
		    FRAME_BAD);
	}
}

/* The first so many bytes, in memory of just that size. */
static enum frame_result
read_part(const struct buf *b, size_t len, bool answers)
{
	char			*part = malloc(len == 0 ? 1 : len);
	struct request		 r;
	struct answer		 a;
	enum frame_result	 result;

	assert_non_null(part);
	memcpy(part, b->base, len);
	frame_reader_start(reader, part, len);
	result = answers ? frame_next_answer(reader, &a) :
	    frame_next_request(reader, &r);
	if (result == FRAME_BAD) {	/* and then there is nothing more */
		assert_int_equal(answers ? frame_next_answer(reader, &a) :
		    frame_next_request(reader, &r), FRAME_END);
	}
	free(part);
	return result;
}

static void
part_of_a_frame_is_bad(void **state)
{
	struct request	r = { .id = 70000, .op = 32, .request_id =
			    TEXT_OF("id") };
	struct answer	a = { .id = 300, .fragment = TEXT_OF("{}") };
	struct buf	b = { 0 };

	(void)state;
	args_put_text(&r.args, KEY_CONTENT, TEXT_OF("a text that is longer "
	    "than thirty-one bytes, so that it has a head of its own"));
	args_put_number(&r.args, KEY_CATEGORY_ID, 1 << 20);
	args_put_text(&r.args, KEY_TOKEN_HASH, TEXT_OF("bytes"));
	frame_put_request(&b, &r);
	for (size_t len = 0; len < b.len; len++)
		check_number("request", read_part(&b, len, false),
		    len == 0 ? FRAME_END : FRAME_BAD);
	check_number("whole", read_part(&b, b.len, false), FRAME_ONE);
	b.len = 0;
	a.extra = r.args;
	frame_put_answer(&b, &a);
	for (size_t len = 0; len < b.len; len++)
		check_number("answer", read_part(&b, len, true),
		    len == 0 ? FRAME_END : FRAME_BAD);
	check_number("whole", read_part(&b, b.len, true), FRAME_ONE);
	buf_done(&b);
}

/* Read all there is, whatever it is; reading must come to an end. */
static void
read_all(struct text t, enum frame_result (*next)(void))
{
	enum frame_result	result;
	size_t			count = 0;

	frame_reader_start(reader, t.base, t.len);
	do {
		result = next();
		assert_true(result >= FRAME_ONE && result <= FRAME_BAD);
		assert_true(count++ <= t.len);
	} while (result == FRAME_ONE);
}

static void
touch(struct text t)
{
	static volatile char	sink;

	for (size_t i = 0; i < t.len; i++)
		sink = t.base[i];
	(void)sink;
}

static void
touch_args(const struct args *a)
{
	for (unsigned k = 0; k < KEY_END; k++) {
		if (!args_has(a, (enum key)k))
			continue;
		assert_non_null(key_info(k)->name);
		if (key_info(k)->type != KEY_INT)
			touch(args_text(a, (enum key)k));
	}
}

static enum frame_result
next_request(void)
{
	struct request		r;
	enum frame_result	result = frame_next_request(reader, &r);

	if (result == FRAME_ONE) {
		touch(r.request_id);
		touch_args(&r.args);
	}
	return result;
}

static enum frame_result
next_answer(void)
{
	struct answer		a;
	enum frame_result	result = frame_next_answer(reader, &a);

	if (result == FRAME_ONE) {
		assert_true(a.error < ERR_END);
		touch(a.fragment);
		touch_args(&a.extra);
	}
	return result;
}

static enum frame_result
next_args(void)
{
	struct args		a;
	enum frame_result	result = frame_next_args(reader, &a);

	if (result == FRAME_ONE)
		touch_args(&a);
	return result;
}

static void
read_every_way(struct text t)
{
	read_all(t, next_request);
	read_all(t, next_answer);
	read_all(t, next_args);
}

static void
random_bytes_do_no_harm(void **state)
{
	uint64_t	seed = 4711;
	char		bytes[64];
	size_t		len;

	(void)state;
	for (int i = 0; i < 30000; i++) {
		len = unit_random(&seed) % sizeof(bytes);
		for (size_t j = 0; j < len; j++)
			bytes[j] = (char)unit_random(&seed);
		/* most begin as a frame does, or they end too soon */
		if (i % 4 != 0 && len > 1) {
			bytes[0] = (char)(0x90 | (7 + i % 3));
			bytes[1] = 1;
		}
		read_every_way((struct text){ bytes, len });
	}
}

static void
frames_with_wrong_bytes_do_no_harm(void **state)
{
	struct request	r;
	struct buf	b = { 0 }, text = { 0 };
	uint64_t	seed = 99;
	size_t		at;
	char		was;

	(void)state;
	full_request(&r, 0, &text);
	args_keep(&r.args, K(ID, TITLE, NOW, PAYLOAD, SOURCE));
	frame_put_request(&b, &r);
	frame_put_answer(&b, &(struct answer){ .id = 4, .extra = r.args });
	for (int i = 0; i < 30000; i++) {
		at = unit_random(&seed) % b.len;
		was = b.base[at];
		b.base[at] = (char)unit_random(&seed);
		read_every_way(buf_text(&b));
		b.base[at] = was;
	}
	buf_done(&b);
	buf_done(&text);
}

/* --- frames by hand ---------------------------------------------------- */

static int
put(void *data, const char *p, size_t len)
{
	buf_put(data, p, len);
	return 0;
}

static void
put_str(msgpack_packer *pk, const char *s)
{
	msgpack_pack_str(pk, strlen(s));
	msgpack_pack_str_body(pk, s, strlen(s));
}

/* The head of a request of so many elements, up to its arguments. */
static void
put_head(msgpack_packer *pk, size_t elements)
{
	msgpack_pack_array(pk, elements);
	msgpack_pack_int(pk, 1);
	msgpack_pack_int(pk, 77);
	msgpack_pack_int(pk, 30);
	for (int i = 0; i < 3; i++)
		msgpack_pack_int(pk, 0);
	put_str(pk, "r");
}

static void
what_we_do_not_know_is_left_out(void **state)
{
	struct buf	b = { 0 };
	msgpack_packer	pk;
	struct request	r;

	(void)state;
	msgpack_packer_init(&pk, &b, put);
	put_head(&pk, 10);
	msgpack_pack_map(&pk, 9);
	msgpack_pack_int(&pk, 63);		/* no key yet */
	msgpack_pack_int(&pk, 1);
	msgpack_pack_uint64(&pk, UINT64_MAX);	/* never a key */
	msgpack_pack_int(&pk, 1);
	msgpack_pack_int(&pk, -1);
	msgpack_pack_int(&pk, 1);
	put_str(&pk, "id");
	msgpack_pack_int(&pk, 1);
	msgpack_pack_int(&pk, KEY_PAGE);	/* of another type */
	put_str(&pk, "1");
	msgpack_pack_int(&pk, KEY_TITLE);
	msgpack_pack_int(&pk, 5);
	msgpack_pack_int(&pk, KEY_CATEGORY_ID);	/* too large */
	msgpack_pack_uint64(&pk, (uint64_t)INT64_MAX + 1);
	msgpack_pack_int(&pk, KEY_PER_PAGE);
	msgpack_pack_double(&pk, 1.5);
	msgpack_pack_int(&pk, KEY_ID);
	msgpack_pack_int(&pk, 5);
	put_str(&pk, "more");			/* elements of tomorrow */
	msgpack_pack_nil(&pk);
	frame_put_request(&b, &(struct request){ .id = 78 });

	frame_reader_start(reader, b.base, b.len);
	assert_int_equal(frame_next_request(reader, &r), FRAME_ONE);
	check_number("id", (int64_t)r.id, 77);
	check_true("one argument is left", keyset_equals(args_keys(&r.args), K(ID)));
	check_number("which is", args_number(&r.args, KEY_ID, 0), 5);
	assert_int_equal(frame_next_request(reader, &r), FRAME_ONE);
	check_number("the next frame", (int64_t)r.id, 78);
	buf_done(&b);
}

/* A map with a number for each of the INT keys, the first ones twice. */
static void
put_many(msgpack_packer *pk, size_t count)
{
	size_t	put = 0;

	msgpack_pack_map(pk, count + 2);
	for (unsigned k = 0; put < count + 2; k = (k + 1) % KEY_END) {
		if (key_info(k)->name == NULL || key_info(k)->type != KEY_INT)
			continue;
		msgpack_pack_uint32(pk, put++ < 2 ? KEY_ID : k);
		msgpack_pack_int(pk, (int)put);
	}
}

/* A value of the wrong type counts as absent, also behind a full list. */
static void
a_wrong_type_needs_no_room(void **state)
{
	struct buf	b = { 0 };
	msgpack_packer	pk;
	struct request	r;

	(void)state;
	msgpack_packer_init(&pk, &b, put);
	put_head(&pk, 8);
	put_many(&pk, ARGS_MOST + 1);
	/* the last value, a small number, becomes a bool */
	b.base[b.len - 1] = (char)0xc3;
	frame_reader_start(reader, b.base, b.len);
	assert_int_equal(frame_next_request(reader, &r), FRAME_ONE);
	check_number("the others", r.args.count, ARGS_MOST);
	check_true("there was room", !r.args.overfull);
	buf_done(&b);
}

/* A peer cannot send more than there is room for. */
static void
more_arguments_than_there_are_do_no_harm(void **state)
{
	struct buf	b = { 0 };
	msgpack_packer	pk;
	struct request	r;
	struct answer	a;
	struct args	args;

	(void)state;
	msgpack_packer_init(&pk, &b, put);
	for (size_t i = 0; i < 2; i++) {
		put_head(&pk, 8);
		put_many(&pk, ARGS_MOST + i);
	}
	frame_reader_start(reader, b.base, b.len);
	assert_int_equal(frame_next_request(reader, &r), FRAME_ONE);
	check_number("all of them", r.args.count, ARGS_MOST);
	check_true("fit", !r.args.overfull);
	assert_int_equal(frame_next_request(reader, &r), FRAME_ONE);
	check_number("no more of them", r.args.count, ARGS_MOST);
	check_true("and that is said", r.args.overfull);

	b.len = 0;
	for (size_t i = 0; i < 2; i++) {
		msgpack_pack_array(&pk, 7);
		for (int j = 1; j < 6; j++)
			msgpack_pack_int(&pk, j == 3 ? OK : j);
		put_str(&pk, "[]");
		put_many(&pk, ARGS_MOST + i);
	}
	frame_reader_start(reader, b.base, b.len);
	assert_int_equal(frame_next_answer(reader, &a), FRAME_ONE);
	check_number("good", a.error, OK);
	assert_int_equal(frame_next_answer(reader, &a), FRAME_ONE);
	check_number("not to be relied on", a.error, ERR_INTERNAL);
	check_number("no extras", a.extra.count, 0);
	check_text("no fragment", a.fragment, TEXT_OF(""));

	b.len = 0;
	put_many(&pk, ARGS_MOST + 1);
	frame_reader_start(reader, b.base, b.len);
	assert_int_equal(frame_next_args(reader, &args), FRAME_BAD);
	buf_done(&b);
}

static void
str_and_bin_are_both_text(void **state)
{
	struct buf	b = { 0 };
	msgpack_packer	pk;
	struct args	a;

	(void)state;
	msgpack_packer_init(&pk, &b, put);
	msgpack_pack_map(&pk, 2);
	msgpack_pack_int(&pk, KEY_TITLE);
	msgpack_pack_bin(&pk, 3);
	msgpack_pack_bin_body(&pk, "abc", 3);
	msgpack_pack_int(&pk, KEY_TOKEN_HASH);
	put_str(&pk, "def");
	frame_reader_start(reader, b.base, b.len);
	assert_int_equal(frame_next_args(reader, &a), FRAME_ONE);
	check_text("bin", args_text(&a, KEY_TITLE), TEXT_OF("abc"));
	check_text("str", args_text(&a, KEY_TOKEN_HASH), TEXT_OF("def"));
	buf_done(&b);
}

static void
an_unknown_error_is_internal(void **state)
{
	static const uint64_t	codes[] = { ERR_END, 255, UINT64_MAX };
	struct buf		b = { 0 };
	msgpack_packer		pk;
	struct answer		a;

	(void)state;
	msgpack_packer_init(&pk, &b, put);
	for (size_t i = 0; i < LEN(codes); i++) {
		b.len = 0;
		msgpack_pack_array(&pk, 7);
		msgpack_pack_int(&pk, 1);
		msgpack_pack_int(&pk, 1);
		msgpack_pack_uint64(&pk, codes[i]);
		msgpack_pack_int(&pk, 0);
		msgpack_pack_int(&pk, 0);
		put_str(&pk, "");
		msgpack_pack_map(&pk, 0);
		frame_reader_start(reader, b.base, b.len);
		assert_int_equal(frame_next_answer(reader, &a), FRAME_ONE);
		check_number("error", a.error, ERR_INTERNAL);
	}
	buf_done(&b);
}

/* Bytes that are msgpack, or begin as such, and no request. */
static void
other_things_are_bad(void **state)
{
#define ROW(name, literal) { name, TEXT_OF(literal) }
	static const struct { const char *name; struct text in; } rows[] = {
		ROW("nil", "\xc0"),
		ROW("a number", "\x01"),
		ROW("a map", "\x80"),
		ROW("an empty array", "\x90"),
		ROW("too few elements", "\x97\x01\x02\x03\x04\x05\x06\xa0"),
		ROW("version 0", "\x98\x00\x02\x03\x04\x05\x06\xa0\x80"),
		ROW("a negative version",
		    "\x98\xff\x02\x03\x04\x05\x06\xa0\x80"),
		ROW("a text for a version",
		    "\x98\xa0\x02\x03\x04\x05\x06\xa0\x80"),
		ROW("a negative id", "\x98\x01\xff\x03\x04\x05\x06\xa0\x80"),
		ROW("a text for an operation",
		    "\x98\x01\x02\xa0\x04\x05\x06\xa0\x80"),
		ROW("nil for a time", "\x98\x01\x02\x03\xc0\x05\x06\xa0\x80"),
		ROW("an actor beyond 63 bits", "\x98\x01\x02\x03\x04"
		    "\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x06\xa0\x80"),
		ROW("a float for rights", "\x98\x01\x02\x03\x04\x05"
		    "\xca\x00\x00\x00\x00\xa0\x80"),
		ROW("a number for a request id",
		    "\x98\x01\x02\x03\x04\x05\x06\x07\x80"),
		ROW("an array for arguments",
		    "\x98\x01\x02\x03\x04\x05\x06\xa0\x90"),
		ROW("a byte that is never used", "\xc1"),
		ROW("a text of 4 GiB", "\xdb\xff\xff\xff\xff" "abc"),
		ROW("bytes of 4 GiB", "\xc6\xff\xff\xff\xff" "abc"),
		ROW("an array of 4 Gi elements", "\xdd\xff\xff\xff\xff\x01"),
		ROW("an array of 256 Mi elements", "\xdd\x10\x00\x00\x00\x01"),
		ROW("a map of 4 Gi pairs", "\xdf\xff\xff\xff\xff\x01"),
		ROW("an extension of 4 GiB", "\xc9\xff\xff\xff\xff\x01"),
		ROW("a request id of 4 GiB",
		    "\x98\x01\x02\x03\x04\x05\x06\xdb\xff\xff\xff\xff"),
		ROW("4 Gi arguments",
		    "\x98\x01\x02\x03\x04\x05\x06\xa0\xdf\xff\xff\xff\xff\x01"),
	};
#undef ROW
	struct request	r;
	char		*copy;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		copy = malloc(rows[i].in.len);
		assert_non_null(copy);
		memcpy(copy, rows[i].in.base, rows[i].in.len);
		frame_reader_start(reader, copy, rows[i].in.len);
		check_number(rows[i].name, frame_next_request(reader, &r),
		    FRAME_BAD);
		check_number(rows[i].name, frame_next_request(reader, &r),
		    FRAME_END);
		free(copy);
	}
}

static void
deep_nesting_is_bad(void **state)
{
	struct buf	b = { 0 };
	struct request	r;

	(void)state;
	for (int i = 0; i < 1000000; i++)
		buf_put_byte(&b, (char)0x91);
	frame_reader_start(reader, b.base, b.len);
	check_number("a million arrays", frame_next_request(reader, &r),
	    FRAME_BAD);
	buf_done(&b);
}

/* An answer with so many extras that nobody knows. */
static enum frame_result
read_extras(uint32_t count)
{
	static const char	head[] = "\x97\x01\x05\x00\x00\x00\xc4\x00";
	const char		map[] = { (char)0xdf, 0, 0, (char)(count >> 8),
				    (char)count };
	struct buf		b = { 0 };
	struct answer		a;
	enum frame_result	result;

	buf_put(&b, head, sizeof(head) - 1);
	buf_put(&b, map, sizeof(map));
	for (uint32_t i = 0; i < count; i++)
		buf_put(&b, "\xcd\x7f\xff\xc0", 4);
	frame_reader_start(reader, b.base, b.len);
	result = frame_next_answer(reader, &a);
	buf_done(&b);
	return result;
}

/* The frame, its seven elements, and two for each extra. */
static void
items_are_bounded(void **state)
{
	(void)state;
	check_number("none", read_extras(0), FRAME_ONE);
	check_number("most", read_extras((65536 - 8) / 2), FRAME_ONE);
	check_number("more", read_extras((65536 - 8) / 2 + 1), FRAME_BAD);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a request comes back as it was, every key in it",
		    requests_come_back),
		TEST("answers come back, one after the other",
		    answers_come_back),
		TEST("arguments alone come back", arguments_come_back),
		TEST("nothing is read behind what is no frame",
		    nothing_is_read_behind_what_is_no_frame),
		TEST("claims beyond the message are refused",
		    claims_beyond_the_message_are_refused),
		TEST("part of a frame is bad, nothing at all is the end",
		    part_of_a_frame_is_bad),
		TEST("random bytes do no harm", random_bytes_do_no_harm),
		TEST("frames with a wrong byte do no harm",
		    frames_with_wrong_bytes_do_no_harm),
		TEST("unknown keys, wrong types, further elements are left "
		    "out", what_we_do_not_know_is_left_out),
		TEST("errors are understood, whatever their age",
		    errors_are_understood_whatever_their_age),
		TEST("older askers are told errors that they know",
		    older_askers_are_told_what_they_know),
		TEST("a value of the wrong type needs no room",
		    a_wrong_type_needs_no_room),
		TEST("more arguments than there is room for are refused",
		    more_arguments_than_there_are_do_no_harm),
		TEST("str and bin are both text", str_and_bin_are_both_text),
		TEST("an error that we do not know is INTERNAL",
		    an_unknown_error_is_internal),
		TEST("what is no request is bad, however long it claims to be",
		    other_things_are_bad),
		TEST("a frame has so many items at most", items_are_bounded),
		TEST("deep nesting is bad, and no danger to the stack",
		    deep_nesting_is_bad),
	};

	return cmocka_run_group_tests_name("frame", tests, make_reader,
	    end_reader);
}
