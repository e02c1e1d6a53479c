/*
 * An index consists of segments. A segment has terms in order, each with the
 * list of its rows, written on pages one after the other. For a row of a term,
 * the newest segment that has it counts.
 *
 * A page has: the offset of its first rowid, if its list begins on an earlier
 * page (2 bytes); the offset of its footer (2); terms and lists; the footer,
 * with the offset of each term from the one before. Numbers are SQLite's
 * varints.
 */
#include "services/ticket/search/postings.h"

#include <stdlib.h>

#include "base/log.h"
#include "services/ticket/ticket.h"

#define STRUCTURE_ID	10		/* the block that lists the segments */
#define PAGE_BITS	37		/* of a page's id, below the segment */
#define MAIN_INDEX	'0'		/* the first byte of its terms */
#define SEGMENTS_MOST	2000		/* FTS5_MAX_SEGMENT of fts5_index.c */
#define HEAD		4		/* of a page */
#define NOWHERE		SIZE_MAX

struct segment {
	int64_t		id;
	int64_t		page;		/* the one that is loaded */
	int64_t		last;
	struct buf	bytes;		/* the page */
	size_t		end;		/* of the terms and lists on the page */
	size_t		at;
	size_t		footer;		/* where to read on in the footer */
	size_t		next;		/* term on the page, or NOWHERE */
	bool		first;		/* ... which is its first */
	bool		over;
	struct buf	term;
};

/* Rows of a term that newer segments have. */
struct rows {
	int64_t	*row;
	size_t	 count;
	size_t	 room;
};

struct reader {
	struct call			*call;
	const struct postings_of	*of;
	struct segment			*segments;	/* newest first */
	size_t				 count;
	struct rows			 seen;
	bool				 counts;
	posting				*put;
	void				*arg;
	enum err			 error;
};

/* --- bytes --------------------------------------------------------------- */

/* Beyond the end all bytes are 0, so that every loop over lists ends. */
static inline uint64_t
read_varint(const struct buf *b, size_t *at)
{
	uint64_t	n = 0;
	unsigned char	c;

	if (*at < b->len && (unsigned char)b->base[*at] < 0x80)
		return (unsigned char)b->base[(*at)++];
	for (int i = 0; i < 9; i++) {
		c = *at < b->len ? (unsigned char)b->base[*at] : 0;
		++*at;
		if (i == 8)
			return n << 8 | c;
		n = n << 7 | (c & 0x7f);
		if (c < 0x80)
			break;
	}
	return n;
}

static size_t
read_u16(const struct buf *b, size_t at)
{
	return (size_t)(unsigned char)b->base[at] << 8 |
	    (unsigned char)b->base[at + 1];
}

/* Load a block of the index. False, with an error, if there is none. */
static bool
load_block(struct reader *r, int64_t id, struct buf *ret)
{
	struct text	block;
	struct stmt	st;
	bool		exists;

	ret->len = 0;
	if (op_is_over(r->call)) {
		r->error = ERR_EXPIRED;
		return false;
	}
	st = op_stmt(r->call, r->of->block);
	stmt_bind_number(&st, KEY_ID, id);
	exists = stmt_next(&st);
	if (exists) {
		block = stmt_bytes(&st, 0);
		buf_put(ret, block.base, block.len);
	}
	r->error = op_end(r->call, &st, OK);
	if (r->error == OK && !exists) {
		log_error("search index: there is no block %lld",
		    (long long)id);
		r->error = ERR_INTERNAL;
	}
	return r->error == OK;
}

/* --- segments ------------------------------------------------------------ */

static bool
check_form(struct reader *r, bool is)
{
	if (!is) {
		log_error("search index: its structure is not known");
		r->error = ERR_INTERNAL;
	}
	return is;
}

/*
 * The structure: a cookie (4 bytes), the number of levels, of segments, and of
 * writes; for each level the number of segments that are being merged, the
 * number of its segments, and of each the id, the first and the last page.
 * Newer levels come first; in a level newer segments come last.
 */
static bool
parse_structure(struct reader *r, const struct buf *b)
{
	size_t		at = 4, level;
	uint64_t	levels = read_varint(b, &at), left;

	left = read_varint(b, &at);
	read_varint(b, &at);
	if (!check_form(r, levels <= SEGMENTS_MOST && left <=
	    SEGMENTS_MOST))
		return false;
	r->segments = must_alloc((size_t)(left + 1) *
	    sizeof(r->segments[0]));
	for (; levels > 0; levels--) {
		read_varint(b, &at);
		level = (size_t)read_varint(b, &at);
		if (!check_form(r, level <= left))
			return false;
		for (size_t i = level; i-- > 0; ) {
			struct segment	*s = &r->segments[r->count + i];

			s->id = (int64_t)read_varint(b, &at);
			s->page = (int64_t)read_varint(b, &at);
			s->last = (int64_t)read_varint(b, &at);
		}
		r->count += level;
		left -= level;
	}
	return check_form(r, left == 0 && at <= b->len);
}

static bool
load_segments(struct reader *r)
{
	struct buf	block = { 0 };
	bool		loaded = load_block(r, STRUCTURE_ID, &block) &&
			    parse_structure(r, &block);

	buf_done(&block);
	return loaded;
}

/* --- pages and terms ----------------------------------------------------- */

static bool
load_page(struct reader *r, struct segment *s, int64_t page)
{
	s->page = page;
	s->over = true;
	if (!load_block(r, (s->id << PAGE_BITS) + page, &s->bytes))
		return false;
	if (!check_form(r, s->bytes.len >= HEAD &&
	    read_u16(&s->bytes, 2) <= s->bytes.len))
		return false;
	s->over = false;
	s->end = s->footer = read_u16(&s->bytes, 2);
	s->at = HEAD;
	s->first = true;
	s->next = NOWHERE;
	if (s->footer < s->bytes.len)
		s->next = (size_t)read_varint(&s->bytes, &s->footer);
	return true;
}

static bool
load_next_page(struct reader *r, struct segment *s)
{
	s->over = s->page >= s->last;
	return !s->over && load_page(r, s, s->page + 1);
}

/* Go on to the next term; false at the end of the segment. */
static bool
next_term(struct reader *r, struct segment *s)
{
	size_t	keep, more;

	while (s->next == NOWHERE)
		if (!load_next_page(r, s))
			return false;
	s->at = s->next;
	keep = s->first ? 0 : (size_t)read_varint(&s->bytes, &s->at);
	more = (size_t)read_varint(&s->bytes, &s->at);
	s->over = !check_form(r, keep <= s->term.len && s->at <= s->end &&
	    more <= s->end - s->at);
	if (s->over)
		return false;
	s->term.len = keep;
	buf_put(&s->term, s->bytes.base + s->at, more);
	s->at += more;
	s->first = false;
	if (s->footer < s->bytes.len)
		s->next += (size_t)read_varint(&s->bytes, &s->footer);
	else
		s->next = NOWHERE;
	return true;
}

static int
compare_term(const struct buf *term, struct text with)
{
	size_t	shorter = term->len < with.len ? term->len : with.len;
	int	order = shorter == 0 ? 0 :
		    memcmp(term->base, with.base, shorter);

	return order != 0 ? order : (term->len > with.len) -
	    (term->len < with.len);
}

/* The page where a term is, if the segment has it. */
static int64_t
find_page(struct reader *r, const struct segment *s, struct text term)
{
	struct stmt	st = op_stmt(r->call, r->of->page);
	int64_t		page = 0;

	stmt_bind_number(&st, KEY_ID, s->id);
	stmt_bind_text(&st, KEY_MATCH, term);
	if (stmt_next(&st))
		page = stmt_number(&st, 0) >> 1;
	r->error = op_end(r->call, &st, r->error);
	return page > s->page ? page : s->page;
}

/* Move to the first term that is not before the given one. */
static void
seek_term(struct reader *r, struct segment *s, struct text term)
{
	int64_t	page;

	s->over = s->page == 0;		/* all of it is merged into others */
	if (s->over)
		return;
	page = find_page(r, s, term);
	if (r->error != OK || !load_page(r, s, page))
		return;
	while (next_term(r, s) && compare_term(&s->term, term) < 0)
		continue;
}

/* --- lists --------------------------------------------------------------- */

static void
add_row(struct rows *rows, int64_t row)
{
	if (rows->count == rows->room) {
		rows->room = rows->room * 2 + 64;
		rows->row = realloc(rows->row,
		    rows->room * sizeof(rows->row[0]));
		CHECK(rows->row != NULL);
	}
	rows->row[rows->count++] = row;
}

static int
compare_rows(const void *a, const void *b)
{
	const int64_t	*one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

/*
 * Count the word's positions in the first column and in the others. Those in
 * other columns are preceded by a 1 and the column. Positions on the next page
 * are not counted.
 */
static void
put_posting(struct reader *r, const struct segment *s, int64_t row,
    size_t from, size_t to)
{
	unsigned	first = 0, others = 0, *count = &first;

	if (to > s->end)
		to = s->end;
	for (size_t at = from; r->counts && at < to; ) {
		if (s->bytes.base[at] == 1) {
			at++;
			read_varint(&s->bytes, &at);
			count = &others;
			continue;
		}
		while (at < to && (unsigned char)s->bytes.base[at] >= 0x80)
			at++;
		at++;
		++*count;
	}
	r->put(r->arg, row, first, others);
}

/* Go on to the next row of the segment's list; false at its end. */
static bool
next_row(struct reader *r, struct segment *s, int64_t *row)
{
	size_t	at;

	if (s->at < s->end) {
		if (s->at >= s->next)
			return false;
		*row += (int64_t)read_varint(&s->bytes, &s->at);
		return true;
	}
	do
		if (!load_next_page(r, s))
			return false;
	while ((at = read_u16(&s->bytes, 0)) == 0 && s->next == NOWHERE);
	if (at == 0 || at >= s->end)
		return false;
	s->at = at;
	*row = (int64_t)read_varint(&s->bytes, &s->at);
	return true;
}

/*
 * Read the list of the segment's term. A row whose size is odd replaces the row
 * of older segments.
 */
static void
read_list(struct reader *r, struct segment *s, bool oldest)
{
	size_t		known = r->seen.count, look = 0, from;
	uint64_t	size;
	int64_t		row = 0;

	if (s->at >= s->end && !load_next_page(r, s))
		return;
	row = (int64_t)read_varint(&s->bytes, &s->at);
	do {
		size = read_varint(&s->bytes, &s->at);
		from = s->at;
		s->at += (size_t)(size >> 1);
		while (look < known && r->seen.row[look] < row)
			look++;
		if (look < known && r->seen.row[look] == row)
			continue;
		if ((size & 1) != 0 && !oldest)
			add_row(&r->seen, row);
		if (size > 1)
			put_posting(r, s, row, from, s->at);
	} while (next_row(r, s, &row));
	if (known > 0 && r->seen.count > known)
		qsort(r->seen.row, r->seen.count,
		    sizeof(r->seen.row[0]), compare_rows);
}

/* Read the lists of one term in all segments that are at it. */
static void
read_term(struct reader *r, struct text term)
{
	struct segment	*s = r->segments;

	r->seen.count = 0;
	for (size_t i = 0; i < r->count && r->error == OK; i++, s++)
		if (!s->over && compare_term(&s->term, term) == 0) {
			read_list(r, s, i == r->count - 1);
			if (!s->over)
				next_term(r, s);
		}
}

/* The first of the segments' terms; NULL if all segments are over. */
static const struct buf *
first_term(const struct reader *r)
{
	const struct buf	*first = NULL;

	for (size_t i = 0; i < r->count; i++)
		if (!r->segments[i].over && (first == NULL ||
		    compare_term(&r->segments[i].term, buf_text(first)) < 0))
			first = &r->segments[i].term;
	return first;
}

static void
read_terms(struct reader *r, struct text word, bool prefix)
{
	struct buf		 term = { 0 };
	const struct buf	*first;

	for (size_t i = 0; i < r->count && r->error == OK; i++)
		seek_term(r, &r->segments[i], word);
	while (r->error == OK && (first = first_term(r)) != NULL) {
		if (first->len < word.len || memcmp(first->base, word.base,
		    word.len) != 0 || (!prefix && first->len != word.len))
			break;
		/* a copy, as the segments move on */
		term.len = 0;
		buf_put(&term, first->base, first->len);
		read_term(r, (struct text){ term.base, term.len });
	}
	buf_done(&term);
}

enum err
postings_read(struct call *c, const struct postings_of *of, struct text word,
    bool prefix, bool count, posting *put, void *arg)
{
	struct reader	r = { .call = c, .of = of, .counts = count,
			    .put = put, .arg = arg };
	struct buf	term = { 0 };

	buf_put_byte(&term, MAIN_INDEX);
	buf_put(&term, word.base, word.len);
	if (load_segments(&r))
		read_terms(&r, (struct text){ term.base, term.len }, prefix);
	for (size_t i = 0; i < r.count; i++) {
		buf_done(&r.segments[i].bytes);
		buf_done(&r.segments[i].term);
	}
	free(r.segments);
	free(r.seen.row);
	buf_done(&term);
	return r.error;
}
