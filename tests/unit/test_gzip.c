/* gateway/http/gzip.c, read by zlib, as clients do. */
#include "gateway/http/gzip.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/log.h"
#include "unit.h"

static struct gzip	*gzip;

static int
make(void **state)
{
	(void)state;
	gzip = gzip_new();
	return 0;
}

static int
unmake(void **state)
{
	(void)state;
	gzip_destroy(&gzip);
	check_true("it is gone", gzip == NULL);
	gzip_destroy(&gzip);
	return 0;
}

/* Append what can be read of it; true: it ends as a whole body does. */
static bool
read_gzip(struct text packed, struct buf *ret)
{
	z_stream	z = { 0 };
	int		rc;

	assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)packed.base;
	z.avail_in = (unsigned)packed.len;
	do {
		buf_reserve(ret, 65536);
		z.next_out = (unsigned char *)ret->base + ret->len;
		z.avail_out = (unsigned)(ret->size - ret->len);
		rc = inflate(&z, Z_SYNC_FLUSH);
		ret->len = ret->size - z.avail_out;
	} while (rc == Z_OK && z.avail_out == 0);
	check_true("no byte is wrong", rc == Z_OK || rc == Z_STREAM_END ||
	    rc == Z_BUF_ERROR);
	check_number("no byte is left", z.avail_in, 0);
	(void)inflateEnd(&z);
	return rc == Z_STREAM_END;
}

/* A text that repeats itself here and there; `entropy` 256: hardly. */
static void
put_random(struct buf *b, uint64_t *seed, size_t len, unsigned entropy)
{
	while (len-- > 0)
		buf_put_byte(b, (char)(unit_random(seed) % entropy));
}

static void
whole_bodies_come_back(void **state)
{
	static const size_t	lengths[] = { 0, 1, 2, 1023, 1024, 65536,
				    300000, 1 << 20, 10 };
	struct buf		body = { 0 }, back = { 0 };
	struct text		packed;
	uint64_t		seed = 7;

	(void)state;
	for (unsigned entropy = 1; entropy <= 256; entropy *= 16)
		for (size_t i = 0; i < LEN(lengths); i++) {
			body.len = back.len = 0;
			put_random(&body, &seed, lengths[i], entropy);
			packed = gzip_body(gzip, buf_text(&body));
			check_true("it ends", read_gzip(packed, &back));
			check_text("same", buf_text(&back), buf_text(&body));
		}
	buf_done(&body);
	buf_done(&back);
}

/* What came so far can be read so far, and it is seen that more is to come. */
static void
pieces_can_be_read_as_they_come(void **state)
{
	static const size_t	lengths[] = { 1, 5000, 0, 65536, 3, 200000 };
	struct gzip_stream	stream = { 0 };
	struct buf		body = { 0 }, back = { 0 }, out = { 0 };
	uint64_t		seed = 11;
	size_t			at;
	bool			is_last;

	(void)state;
	for (size_t i = 0; i < LEN(lengths); i++) {
		at = body.len;
		is_last = i + 1 == LEN(lengths);
		put_random(&body, &seed, lengths[i], i % 2 == 0 ? 256 : 3);
		gzip_put_piece(gzip, &stream, &out, (struct text){
		    body.base + at, lengths[i] }, is_last);
		back.len = 0;
		check_number("ends", read_gzip(buf_text(&out), &back),
		    is_last);
		check_text("so far", buf_text(&back), buf_text(&body));
	}
	buf_done(&body);
	buf_done(&back);
	buf_done(&out);
}

/* Streams of several clients at once, on one compressor. */
static void
streams_do_not_mix(void **state)
{
	static const char	*const texts[] = { "one one one ", "two two " };
	struct gzip_stream	 streams[2] = { 0 };
	struct buf		 out[2] = { 0 }, want = { 0 }, back = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++)
		for (int j = 0; j < 2; j++)
			gzip_put_piece(gzip, &streams[j], &out[j],
			    text_of(texts[j]), i == 19);
	for (int j = 0; j < 2; j++) {
		want.len = back.len = 0;
		for (int i = 0; i < 20; i++)
			buf_put_text(&want, texts[j]);
		check_true("ends", read_gzip(buf_text(&out[j]), &back));
		check_text("its own", buf_text(&back), buf_text(&want));
		buf_done(&out[j]);
	}
	buf_done(&want);
	buf_done(&back);
}

/* An end without pieces: an export of nothing. */
static void
nothing_is_a_body_too(void **state)
{
	struct gzip_stream	stream = { 0 };
	struct buf		out = { 0 }, back = { 0 };

	(void)state;
	gzip_put_piece(gzip, &stream, &out, TEXT_OF(""), true);
	check_true("ends", read_gzip(buf_text(&out), &back));
	check_number("empty", (int64_t)back.len, 0);
	buf_done(&out);
	buf_done(&back);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, make, unmake, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("whole bodies come back", whole_bodies_come_back),
		HERE("pieces can be read as they come",
		    pieces_can_be_read_as_they_come),
		HERE("streams do not mix", streams_do_not_mix),
		HERE("nothing is a body, too", nothing_is_a_body_too),
	};

	return cmocka_run_group_tests_name("gzip", tests, NULL, NULL);
}
