/*
 * The codec. Peers' bytes are input: reading any bytes ends in FRAME_BAD at
 * worst, and never allocates more than a small multiple of their number.
 */
#include "proto/frame.h"

#include <msgpack.h>
#include <stdlib.h>

#include "base/log.h"

struct frame_reader {
	const char	*base;
	size_t		 len;
	size_t		 at;
	msgpack_zone	 zone;	/* memory of the frame that is being read */
};

static int
append_packed(void *data, const char *p, size_t len)
{
	buf_put(data, p, len);
	return 0;
}

static msgpack_packer
packer_on(struct buf *b)
{
	msgpack_packer	pk;

	msgpack_packer_init(&pk, b, append_packed);
	return pk;
}

static void
pack_text(msgpack_packer *pk, struct text t)
{
	msgpack_pack_str(pk, t.len);
	msgpack_pack_str_body(pk, t.base, t.len);
}

static void
pack_bytes(msgpack_packer *pk, struct text t)
{
	msgpack_pack_bin(pk, t.len);
	msgpack_pack_bin_body(pk, t.base, t.len);
}

static void
pack_args(msgpack_packer *pk, const struct args *a)
{
	keyset	keys = args_keys(a);

	msgpack_pack_map(pk, keyset_count(keys));
	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1)) {
		msgpack_pack_uint16(pk, (uint16_t)k);
		if (key_info(k)->type == KEY_INT)
			msgpack_pack_int64(pk, args_number(a, k, 0));
		else if (key_info(k)->type == KEY_TEXT)
			pack_text(pk, args_text(a, k));
		else
			pack_bytes(pk, args_text(a, k));
	}
}

void
frame_put_args(struct buf *b, const struct args *a)
{
	msgpack_packer	pk = packer_on(b);

	pack_args(&pk, a);
}

void
frame_put_request(struct buf *b, const struct request *r)
{
	msgpack_packer	pk = packer_on(b);

	msgpack_pack_array(&pk, r->trace.len > 0 ? 9 : 8);
	msgpack_pack_uint64(&pk, FRAME_VERSION);
	/* always eight bytes: see frame_readdress() */
	msgpack_pack_fix_uint64(&pk, r->id);
	msgpack_pack_uint64(&pk, r->op);
	msgpack_pack_fix_int64(&pk, r->expires_ms);
	msgpack_pack_int64(&pk, r->actor);
	msgpack_pack_int64(&pk, r->rights);
	pack_text(&pk, r->request_id);
	pack_args(&pk, &r->args);
	if (r->trace.len > 0)
		pack_text(&pk, r->trace);
}

static void
overwrite_number(char *at, uint64_t n)
{
	for (int i = 7; i >= 0; i--, n >>= 8)
		at[i] = (char)(n & 0xff);
}

void
frame_readdress(struct buf *b, uint64_t id, int64_t expires_ms)
{
	enum { ID_AT = 3, OP_AT = ID_AT + 8 };	/* array, version, head of id */
	unsigned char	op = (unsigned char)b->base[OP_AT];
	size_t		op_bytes = op < 0x80 ? 1 : op == 0xcc ? 2 : 3;

	CHECK(op < 0x80 || op == 0xcc || op == 0xcd);
	overwrite_number(b->base + ID_AT, id);
	overwrite_number(b->base + OP_AT + op_bytes + 1, (uint64_t)expires_ms);
}

/*
 * An asker that is older than an error takes its number for INTERNAL. So an
 * answer says another one instead, and names the error in the extra ERROR. That
 * an outcome is not known must not be said as an error after which askers send a
 * write again.
 */
static enum err
older_error(enum err e)
{
	if (e == ERR_BUSY || e == ERR_LOADING)
		return ERR_EXPIRED;
	return e == ERR_OUTCOME_UNKNOWN ? ERR_STORE : e;
}

static void
pack_extras(msgpack_packer *pk, const struct answer *a)
{
	struct args	extra;

	if (older_error(a->error) == a->error) {
		pack_args(pk, &a->extra);
		return;
	}
	extra = a->extra;
	args_put_number(&extra, KEY_ERROR, a->error);
	/* where older gateways look for it */
	if (a->error == ERR_LOADING)
		args_put_number(&extra, KEY_LOADING, 1);
	pack_args(pk, &extra);
}

/* The error that an answer with these extras means. */
static enum err
meant_error(uint64_t error, const struct args *extra)
{
	int64_t	meant = args_number(extra, KEY_ERROR, OK);

	if (error != OK && meant > OK && meant < ERR_END)
		return (enum err)meant;
	/* of an older service */
	if (error == ERR_EXPIRED && args_number(extra, KEY_LOADING, 0) != 0)
		return ERR_LOADING;
	return error < ERR_END ? (enum err)error : ERR_INTERNAL;
}

void
frame_put_answer(struct buf *b, const struct answer *a)
{
	msgpack_packer	pk = packer_on(b);

	msgpack_pack_array(&pk, a->spent_us > 0 ? 8 : 7);
	msgpack_pack_uint64(&pk, FRAME_VERSION);
	msgpack_pack_uint64(&pk, a->id);
	msgpack_pack_uint64(&pk, older_error(a->error));
	msgpack_pack_int64(&pk, a->total);
	msgpack_pack_int64(&pk, a->tag);
	pack_bytes(&pk, a->fragment);
	pack_extras(&pk, a);
	if (a->spent_us > 0)
		msgpack_pack_int64(&pk, a->spent_us);
}

struct frame_reader *
frame_reader_new(void)
{
	struct frame_reader	*r = must_alloc(sizeof(*r));

	CHECK(msgpack_zone_init(&r->zone, MSGPACK_ZONE_CHUNK_SIZE));
	return r;
}

void
frame_reader_destroy(struct frame_reader **self_p)
{
	if (*self_p == NULL)
		return;
	msgpack_zone_destroy(&(*self_p)->zone);
	free(*self_p);
	*self_p = NULL;
}

void
frame_reader_start(struct frame_reader *r, const void *base, size_t len)
{
	r->base = base;
	r->len = len;
	r->at = 0;
}

size_t
frame_reader_left(const struct frame_reader *r)
{
	return r->len - r->at;
}

static bool
as_unsigned(const msgpack_object *o, uint64_t *ret)
{
	if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
		return false;
	*ret = o->via.u64;
	return true;
}

static bool
as_signed(const msgpack_object *o, int64_t *ret)
{
	if (o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER) {
		*ret = o->via.i64;
		return true;
	}
	if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER ||
	    o->via.u64 > INT64_MAX)
		return false;
	*ret = (int64_t)o->via.u64;
	return true;
}

/* A str or a bin is a text: not every library tells them apart. */
static bool
as_text(const msgpack_object *o, struct text *ret)
{
	if (o->type == MSGPACK_OBJECT_STR)
		*ret = (struct text){ o->via.str.ptr, o->via.str.size };
	else if (o->type == MSGPACK_OBJECT_BIN)
		*ret = (struct text){ o->via.bin.ptr, o->via.bin.size };
	else
		return false;
	return true;
}

static bool
has_argument_room(struct args *a, enum key key)
{
	if (a->count < ARGS_MOST || args_has(a, key))
		return true;
	a->overfull = true;
	return false;
}

static void
take_argument(const msgpack_object_kv *kv, struct args *ret)
{
	const struct key_info	*info;
	uint64_t		 key;
	struct text		 text;
	int64_t			 number;

	if (!as_unsigned(&kv->key, &key))
		return;
	info = key_info(key);
	if (info->name == NULL)
		return;
	if (info->type == KEY_INT) {
		if (as_signed(&kv->val, &number) &&
		    has_argument_room(ret, (enum key)key))
			args_put_number(ret, (enum key)key, number);
	} else if (as_text(&kv->val, &text) &&
	    has_argument_room(ret, (enum key)key))
		args_put_text(ret, (enum key)key, text);
}

static bool
as_args(const msgpack_object *o, struct args *ret)
{
	args_clear(ret);
	if (o->type != MSGPACK_OBJECT_MAP)
		return false;
	for (uint32_t i = 0; i < o->via.map.size; i++)
		take_argument(&o->via.map.ptr[i], ret);
	return true;
}

/* The head of an item tells how many bytes and items follow it. */
struct head {
	size_t		bytes;		/* of the head itself */
	uint64_t	payload;	/* bytes behind it */
	uint64_t	items;		/* items behind it */
};

static uint64_t
read_big_endian(const unsigned char *p, size_t len)
{
	uint64_t	n = 0;

	for (size_t i = 0; i < len; i++)
		n = n << 8 | p[i];
	return n;
}

/* Heads from 0xc0 to 0xdf (msgpack's specification, "Overview"). */
static const struct {
	unsigned char	length;		/* bytes of a length behind the byte */
	unsigned char	fixed;		/* bytes of payload besides that */
	unsigned char	items;		/* items for each of the length */
} heads[32] = {
	/* nil, (none), false, true, bin 8 16 32, ext 8 16 32 */
	{ 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 }, { 1, 0, 0 },
	{ 2, 0, 0 }, { 4, 0, 0 }, { 1, 1, 0 }, { 2, 1, 0 }, { 4, 1, 0 },
	/* float 32 64, uint 8 16 32 64, int 8 16 32 64 */
	{ 0, 4, 0 }, { 0, 8, 0 }, { 0, 1, 0 }, { 0, 2, 0 }, { 0, 4, 0 },
	{ 0, 8, 0 }, { 0, 1, 0 }, { 0, 2, 0 }, { 0, 4, 0 }, { 0, 8, 0 },
	/* fixext 1 2 4 8 16, str 8 16 32, array 16 32, map 16 32 */
	{ 0, 2, 0 }, { 0, 3, 0 }, { 0, 5, 0 }, { 0, 9, 0 }, { 0, 17, 0 },
	{ 1, 0, 0 }, { 2, 0, 0 }, { 4, 0, 0 }, { 2, 0, 1 }, { 4, 0, 1 },
	{ 2, 0, 2 }, { 4, 0, 2 },
};

static bool
read_object_head(const unsigned char *p, size_t left, struct head *ret)
{
	size_t		row = (size_t)(*p - 0xc0) & 31;
	uint64_t	length;

	*ret = (struct head){ .bytes = 1 };
	if (*p < 0x80 || *p >= 0xe0)			/* small numbers */
		return true;
	if (*p < 0x90)					/* small maps */
		ret->items = (uint64_t)(*p & 15) * 2;
	else if (*p < 0xa0)				/* small arrays */
		ret->items = *p & 15;
	else if (*p < 0xc0)				/* short texts */
		ret->payload = *p & 31;
	else {
		ret->bytes += heads[row].length;
		if (left < ret->bytes)
			return false;
		length = read_big_endian(p + 1, heads[row].length);
		ret->items = length * heads[row].items;
		ret->payload = heads[row].fixed +
		    (heads[row].items == 0 ? length : 0);
	}
	return true;
}

/*
 * Whether the next object is whole. msgpack-c reserves memory for as many
 * items as a head claims, many times what an item takes in the message, so
 * the claims are held against the bytes and a bound first.
 */
static bool
is_object_whole(const struct frame_reader *r)
{
	const unsigned char	*p = (const unsigned char *)r->base + r->at;
	size_t			 left = r->len - r->at;
	uint64_t		 items = 1, most = FRAME_ITEMS_MOST;
	struct head		 h;

	for (; items > 0; items += h.items - 1, most--) {
		if (left == 0 || items > most || !read_object_head(p, left, &h) ||
		    h.payload > left - h.bytes ||
		    items - 1 > left - h.bytes - h.payload ||
		    h.items > left - h.bytes - h.payload)
			return false;
		p += h.bytes + h.payload;
		left -= h.bytes + h.payload;
	}
	return true;
}

static enum frame_result
next_object(struct frame_reader *r, msgpack_object *ret)
{
	msgpack_unpack_return	result;

	if (r->at == r->len)
		return FRAME_END;
	if (!is_object_whole(r)) {
		r->at = r->len;
		return FRAME_BAD;
	}
	msgpack_zone_clear(&r->zone);
	result = msgpack_unpack(r->base, r->len, &r->at, &r->zone, ret);
	if (result == MSGPACK_UNPACK_SUCCESS ||
	    result == MSGPACK_UNPACK_EXTRA_BYTES)
		return FRAME_ONE;
	r->at = r->len;
	return FRAME_BAD;
}

/* Read the next array, which must have at least so many elements. */
static enum frame_result
next_array(struct frame_reader *r, uint32_t least, const msgpack_object **ret,
    uint32_t *ret_count)
{
	msgpack_object		o;
	enum frame_result	result = next_object(r, &o);
	uint64_t		version;

	if (result != FRAME_ONE)
		return result;
	if (o.type != MSGPACK_OBJECT_ARRAY || o.via.array.size < least ||
	    !as_unsigned(&o.via.array.ptr[0], &version) || version == 0) {
		r->at = r->len;
		return FRAME_BAD;
	}
	*ret = o.via.array.ptr;
	*ret_count = o.via.array.size;
	return FRAME_ONE;
}

enum frame_result
frame_next_request(struct frame_reader *r, struct request *ret)
{
	const msgpack_object	*o;
	uint32_t		 count;
	enum frame_result	 result = next_array(r, 8, &o, &count);

	if (result != FRAME_ONE)
		return result;
	ret->trace = (struct text){ "", 0 };
	if (count > 8)
		(void)as_text(&o[8], &ret->trace);
	if (as_unsigned(&o[1], &ret->id) && as_unsigned(&o[2], &ret->op) &&
	    as_signed(&o[3], &ret->expires_ms) &&
	    as_signed(&o[4], &ret->actor) && as_signed(&o[5], &ret->rights) &&
	    as_text(&o[6], &ret->request_id) && as_args(&o[7], &ret->args))
		return FRAME_ONE;
	r->at = r->len;
	return FRAME_BAD;
}

/* No operation has so many: nothing in the answer can be relied on. */
static void
refuse_extras(struct answer *a)
{
	a->error = ERR_INTERNAL;
	a->fragment = (struct text){ "", 0 };
	args_clear(&a->extra);
}

enum frame_result
frame_next_answer(struct frame_reader *r, struct answer *ret)
{
	const msgpack_object	*o;
	uint32_t		 count;
	enum frame_result	 result = next_array(r, 7, &o, &count);
	uint64_t		 error;

	if (result != FRAME_ONE)
		return result;
	ret->spent_us = 0;	/* also where it is not a time */
	if (count > 7)
		(void)as_signed(&o[7], &ret->spent_us);
	if (ret->spent_us < 0 || ret->spent_us > SPENT_MOST_US)
		ret->spent_us = 0;
	if (as_unsigned(&o[1], &ret->id) && as_unsigned(&o[2], &error) &&
	    as_signed(&o[3], &ret->total) && as_signed(&o[4], &ret->tag) &&
	    as_text(&o[5], &ret->fragment) && as_args(&o[6], &ret->extra)) {
		ret->error = meant_error(error, &ret->extra);
		if (ret->extra.overfull)
			refuse_extras(ret);
		return FRAME_ONE;
	}
	r->at = r->len;
	return FRAME_BAD;
}

enum frame_result
frame_next_args(struct frame_reader *r, struct args *ret)
{
	msgpack_object		o;
	enum frame_result	result = next_object(r, &o);

	if (result != FRAME_ONE)
		return result;
	if (as_args(&o, ret) && !ret->overfull)
		return FRAME_ONE;
	r->at = r->len;
	return FRAME_BAD;
}
