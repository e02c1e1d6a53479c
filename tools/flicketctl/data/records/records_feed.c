/*
 * The bytes of a file, each with its place, so that what is not UTF-8 can be
 * named by its line and column. A byte order mark is passed over.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/flicketctl/data/records/records_parts.h"

/* Read on, behind the bytes that are left. */
static void
fill(struct feed *f)
{
	size_t	left = f->end - f->at, len;

	memmove(f->buf, f->buf + f->at, left);
	len = fread(f->buf + left, 1, FEED_BYTES - left, f->f);
	f->at = 0;
	f->end = left + len;
	f->done += (int64_t)len;
	if (!f->goes_on(f->done)) {
		f->stopped = true;
		f->end = 0;
	}
}

int
feed_peek(struct feed *f)
{
	if (f->at == f->end && !f->stopped)
		fill(f);
	return f->at < f->end ? f->buf[f->at] : FEED_OVER;
}

int
feed_peek_second(struct feed *f)
{
	if (f->end - f->at < 2 && !f->stopped)
		fill(f);
	return f->end - f->at < 2 ? FEED_OVER : f->buf[f->at + 1];
}

void
feed_open(struct feed *f, FILE *file, int64_t done, bool (*goes_on)(int64_t))
{
	*f = (struct feed){ .f = file, .goes_on = goes_on, .done = done,
	    .line = 1, .column = 1, .buf = must_alloc(FEED_BYTES) };
	if (feed_peek(f) == 0xef && f->end >= 3 && f->buf[1] == 0xbb &&
	    f->buf[2] == 0xbf)
		f->at = 3;
	else if (f->end >= 2 && ((f->buf[0] == 0xff && f->buf[1] == 0xfe) ||
	    (f->buf[0] == 0xfe && f->buf[1] == 0xff)))
		snprintf(f->why, sizeof(f->why), "it is in UTF-16; convert it: "
		    "iconv -f UTF-16 -t UTF-8");
}

void
feed_close(struct feed *f)
{
	free(f->buf);
}

static int
fail(struct feed *f, int c)
{
	if (f->why[0] != '\0')
		return FEED_BAD;
	if (c == 0)
		snprintf(f->why, sizeof(f->why), "column %llu: a NUL byte",
		    (unsigned long long)f->column);
	else
		snprintf(f->why, sizeof(f->why), "column %llu: the byte 0x%02x "
		    "is not UTF-8 there; convert the file, as with "
		    "iconv -f WINDOWS-1252 -t UTF-8",
		    (unsigned long long)f->column, (unsigned)c);
	return FEED_BAD;
}

/* Take the first byte of a character. False: no character begins with it. */
static bool
begin_character(struct feed *f, int c)
{
	if (c == 0 || (c >= 0x80 && c < 0xc2) || c > 0xf4)
		return false;
	f->more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2;
	f->least = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	f->most = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	return true;
}

static bool
go_on_with_character(struct feed *f, int c)
{
	if (c < f->least || c > f->most)
		return false;
	f->least = 0x80;
	f->most = 0xbf;
	f->more--;
	return true;
}

int
feed_next(struct feed *f)
{
	int	c;

	if (f->why[0] != '\0')
		return FEED_BAD;
	c = feed_peek(f);
	if (c == FEED_OVER)
		return f->more > 0 ? fail(f, f->most) : FEED_OVER;
	if (f->more > 0 ? !go_on_with_character(f, c) :
	    !begin_character(f, c))
		return fail(f, c);
	f->at++;
	if (c == '\n') {
		f->line++;
		f->column = 1;
	} else if (f->more == 0)
		f->column++;
	return c;
}
