/* Cursors of lists: what is read would be written so, and the reverse. */
#include "fuzz.h"

#include "services/ticket/list/cursor.h"

static void
check_same(const struct cursor *a, const struct cursor *b)
{
	CHECK(a->sort == b->sort && a->id == b->id && a->number == b->number);
	CHECK(is_same(a->texts[0], b->texts[0]));
	CHECK(is_same(a->texts[1], b->texts[1]));
}

/* A cursor has one way to be written, or clients could make up others. */
static void
check_read(struct text t)
{
	struct buf	bytes = { 0 }, again = { 0 };
	struct cursor	c;

	if (cursor_read(t, &bytes, &c) &&
	    c.texts[0].len <= CURSOR_TEXT_MOST &&
	    c.texts[1].len <= CURSOR_TEXT_MOST) {
		cursor_put(&again, &c);
		CHECK(is_same((struct text){ again.base, again.len }, t));
	}
	buf_done(&bytes);
	buf_done(&again);
}

static void
check_written(struct input in, bool spoil)
{
	struct buf	out = { 0 }, bytes = { 0 };
	struct cursor	c, back;
	size_t		at = input_byte(&in);

	c.sort = input_byte(&in);
	c.id = input_number(&in);
	c.number = (uint64_t)input_number(&in);
	c.texts[0] = input_text(&in, (size_t)input_byte(&in) * 2);
	c.texts[1] = input_text(&in, CURSOR_TEXT_MOST);
	cursor_put(&out, &c);
	CHECK(cursor_read((struct text){ out.base, out.len }, &bytes, &back));
	check_same(&c, &back);
	if (spoil) {
		/* no cursor is one character from another */
		at %= out.len;
		out.base[at] = out.base[at] == 'A' ? 'B' : 'A';
		CHECK(!cursor_read((struct text){ out.base, out.len }, &bytes,
		    &back));
	}
	buf_done(&out);
	buf_done(&bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input	in = { data, len };

	check_read((struct text){ (const char *)data, len });
	check_written(in, false);
	check_written(in, true);
	return 0;
}
