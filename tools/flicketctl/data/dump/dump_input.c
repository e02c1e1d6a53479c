/*
 * The bytes of a dump, in pieces. Where lines end in CR LF, a program has made
 * them so of LF: CR LF becomes LF again, in strings too.
 */
#include "tools/flicketctl/data/dump/dump_parts.h"

#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES	((size_t)1 << 16)

void
input_open(struct dump_input *in, FILE *f, const struct dump_head *head,
    dump_goes_on_fn *goes_on)
{
	*in = (struct dump_input){ .f = f, .goes_on = goes_on,
	    .crlf = head->crlf, .line = 1 };
	in->buf = must_alloc(INPUT_BYTES);
	input_fill(in, head->begin);
	input_skip(in, head->begin < in->end ? head->begin : in->end);
}

void
input_close(struct dump_input *in)
{
	free(in->buf);
}

static size_t
drop_crs(unsigned char *p, size_t len)
{
	size_t	out = 0;

	for (size_t i = 0; i < len; i++)
		if (p[i] != '\r' || i + 1 == len || p[i + 1] != '\n')
			p[out++] = p[i];
	return out;
}

/* A CR at the end is held back: the next piece tells what it is. */
static void
join_lines(struct dump_input *in, size_t from)
{
	in->end = from + drop_crs(in->buf + from, in->end - from);
	in->held_cr = !in->over && in->end > from &&
	    in->buf[in->end - 1] == '\r';
	in->end -= in->held_cr;
}

/* One more piece, behind what is there. */
static void
read_piece(struct dump_input *in)
{
	size_t	from = in->end, got;

	if (in->held_cr)
		in->buf[in->end++] = '\r';
	got = fread(in->buf + in->end, 1, INPUT_BYTES - in->end, in->f);
	in->read += (int64_t)got;
	in->over = got == 0;
	in->end += got;
	if (in->crlf)
		join_lines(in, from);
	if (!in->goes_on(in->read))
		in->over = in->stopped = true;
}

bool
input_fill(struct dump_input *in, size_t need)
{
	memmove(in->buf, in->buf + in->at, in->end - in->at);
	in->end -= in->at;
	in->at = 0;
	while (in->end < need && !in->over)
		read_piece(in);
	return in->end >= need;
}

static void
count_lines(struct dump_input *in, size_t len)
{
	const unsigned char	*p = in->buf + in->at, *end = p + len;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		in->line++;
		p++;
	}
}

void
input_skip(struct dump_input *in, size_t len)
{
	count_lines(in, len);
	in->at += len;
}

struct text
input_run(struct dump_input *in, const bool stops[256])
{
	struct text	run;
	size_t		end;

	input_peek(in, 0);
	for (end = in->at; end < in->end && !stops[in->buf[end]]; end++)
		continue;
	run = (struct text){ (const char *)in->buf + in->at, end - in->at };
	input_skip(in, run.len);
	return run;
}
