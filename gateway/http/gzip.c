/*
 * Whole bodies are compressed by libdeflate, which takes two thirds of zlib's
 * time. It cannot compress in pieces, so zlib does that. docs/performance.md
 * has the measurements.
 */
#include "gateway/http/gzip.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/log.h"

/* The lowest: higher ones take up to three times as long for a tenth less. */
#define LEVEL		1
#define KEPT_BYTES	((size_t)512 << 10)	/* of the buffer */

struct gzip {
	struct libdeflate_compressor	*whole;
	z_stream			 pieces;
	struct buf			 out;		/* of gzip_body() */
};

struct gzip *
gzip_new(void)
{
	struct gzip	*g = must_alloc(sizeof(*g));

	g->whole = libdeflate_alloc_compressor(LEVEL);
	CHECK(g->whole != NULL);
	/* negative: without zlib's own head and end */
	CHECK(deflateInit2(&g->pieces, LEVEL, Z_DEFLATED, -MAX_WBITS,
	    MAX_MEM_LEVEL - 1, Z_DEFAULT_STRATEGY) == Z_OK);
	return g;
}

void
gzip_destroy(struct gzip **self_p)
{
	struct gzip	*g = *self_p;

	if (g == NULL)
		return;
	libdeflate_free_compressor(g->whole);
	(void)deflateEnd(&g->pieces);
	buf_done(&g->out);
	free(g);
	*self_p = NULL;
}

struct text
gzip_body(struct gzip *g, struct text body)
{
	if (g->out.size > KEPT_BYTES)
		buf_done(&g->out);
	g->out.len = 0;
	buf_reserve(&g->out, libdeflate_gzip_compress_bound(g->whole,
	    body.len));
	g->out.len = libdeflate_gzip_compress(g->whole, body.base, body.len,
	    g->out.base, g->out.size);
	CHECK(g->out.len > 0);
	return buf_text(&g->out);
}

/* --- pieces ------------------------------------------------------------------ */

/* Without a name and a time; which system it is of is not said. */
static void
put_gzip_head(struct buf *b)
{
	static const unsigned char	head[] = { 0x1f, 0x8b, Z_DEFLATED, 0, 0,
					    0, 0, 0, 0, 0xff };

	buf_put(b, head, sizeof(head));
}

/* Blocks that end at a byte; the last block of a body is not among them. */
static void
put_blocks(z_stream *z, struct buf *b, struct text piece)
{
	CHECK(deflateReset(z) == Z_OK);
	z->next_in = (unsigned char *)(uintptr_t)piece.base;
	z->avail_in = (unsigned)piece.len;
	do {
		/* the end of a block needs 6 bytes at least */
		buf_reserve(b, deflateBound(z, z->avail_in) + 16);
		z->next_out = (unsigned char *)b->base + b->len;
		z->avail_out = (unsigned)(b->size - b->len);
		CHECK(deflate(z, Z_SYNC_FLUSH) == Z_OK);
		b->len = b->size - z->avail_out;
	} while (z->avail_out == 0);
}

static void
put_little_endian(struct buf *b, uint32_t n)
{
	for (int shift = 0; shift < 32; shift += 8)
		buf_put_byte(b, (char)(n >> shift & 0xff));
}

/* A last block without bytes, then the sums. */
static void
put_gzip_end(struct buf *b, const struct gzip_stream *s)
{
	buf_put(b, "\x03\x00", 2);
	put_little_endian(b, s->crc);
	put_little_endian(b, s->size);
}

void
gzip_put_piece(struct gzip *g, struct gzip_stream *s, struct buf *b,
    struct text piece, bool is_last)
{
	CHECK(piece.len <= UINT32_MAX);
	if (!s->is_begun)
		put_gzip_head(b);
	s->is_begun = true;
	if (piece.len > 0) {
		put_blocks(&g->pieces, b, piece);
		s->crc = libdeflate_crc32(s->crc, piece.base, piece.len);
		s->size += (uint32_t)piece.len;
	}
	if (is_last)
		put_gzip_end(b, s);
}
