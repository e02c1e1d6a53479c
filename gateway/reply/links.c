/* Links between pages, and along a cursor. */
#include "gateway/reply/links.h"

#include "base/json.h"
#include "base/percent.h"
#include "gateway/reply/respond.h"

static void
put_root(struct buf *b, const struct exchange *x)
{
	struct text	api = x->worker->gateway->url_prefixes[
			    PLACEHOLDER_API];

	buf_put(b, api.base, api.len);
}

void
links_put_path(struct buf *b, const struct exchange *x, const struct piece *p,
    const struct args *args, int64_t page)
{
	put_root(b, x);
	for (;; p++) {
		buf_put(b, p->before.base, p->before.len);
		if (p->key == KEY_END)
			return;
		json_put_number(b, p->key == KEY_PAGE ? page :
		    args_number(args, p->key, 0));
	}
}

/* The filters that a list was asked with. */
static void
put_filters(struct buf *b, const struct exchange *x)
{
	for (unsigned i = 0; i < x->filter_count; i++) {
		buf_put_byte(b, '&');
		buf_put_text(b, key_info(x->filters[i].key)->name);
		buf_put_byte(b, '=');
		percent_encode(b, x->filters[i].value, PERCENT_FORM);
	}
}

static void
put_page_url(struct buf *b, const struct exchange *x, int64_t page)
{
	links_put_path(b, x, x->route->page_pieces, &x->args, page);
	if (x->route->page_in_path)
		buf_put_text(b, "?per_page=");
	else {
		buf_put_text(b, "?page=");
		json_put_number(b, page);
		buf_put_text(b, "&per_page=");
	}
	json_put_number(b, args_number(&x->args, KEY_PER_PAGE, 1));
	put_filters(b, x);
}

/* The address of what comes after a cursor: without a page number. */
static void
put_cursor_url(struct buf *b, const struct exchange *x, struct text cursor)
{
	const struct piece	*p = x->route->page_pieces;

	put_root(b, x);
	for (;; p++) {
		buf_put(b, p->before.base, p->before.len);
		if (p->key == KEY_PAGE || p->key == KEY_END)
			break;
		json_put_number(b, args_number(&x->args, p->key, 0));
	}
	buf_put_text(b, "?per_page=");
	json_put_number(b, args_number(&x->args, KEY_PER_PAGE, 1));
	put_filters(b, x);
	buf_put_text(b, "&cursor=");
	percent_encode(b, cursor, PERCENT_FORM);
}

/* The pages of a list around the one that is asked for; 0: no such page. */
struct neighbours {
	int64_t		next;
	int64_t		prev;
	int64_t		last;
};

static struct neighbours
neighbours_of(const struct exchange *x, int64_t total)
{
	int64_t	page = args_number(&x->args, KEY_PAGE, 1);
	int64_t	per_page = args_number(&x->args, KEY_PER_PAGE, 1);
	int64_t	last = total / per_page + (total % per_page != 0);

	return (struct neighbours){ page < last ? page + 1 : 0, page - 1,
	    last };
}

static bool
has_cursor(const struct exchange *x)
{
	return args_has(&x->args, KEY_CURSOR);
}

static struct text
next_cursor(const struct exchange *x)
{
	return args_text(&x->answer->extra, KEY_CURSOR);
}

static void
put_page_link(struct buf *b, const struct exchange *x, int64_t page)
{
	if (page == 0) {
		buf_put_text(b, "null");
		return;
	}
	buf_put_byte(b, '"');
	put_page_url(b, x, page);
	buf_put_byte(b, '"');
}

static void
put_cursor_link(struct buf *b, const struct exchange *x, struct text cursor,
    bool exists)
{
	if (!exists) {
		buf_put_text(b, "null");
		return;
	}
	buf_put_byte(b, '"');
	put_cursor_url(b, x, cursor);
	buf_put_byte(b, '"');
}

static void
put_meta_member(struct buf *b, const char *name, int64_t value)
{
	buf_put_text(b, name);
	json_put_number(b, value);
}

/* A walk along a cursor has no page numbers, and no way back. */
static void
put_links(struct buf *b, const struct exchange *x, struct neighbours n)
{
	buf_put_text(b, "{\"_links\":{\"next\":");
	if (has_cursor(x)) {
		put_cursor_link(b, x, next_cursor(x), next_cursor(x).len > 0);
		buf_put_text(b, ",\"prev\":null,\"self\":");
		put_cursor_link(b, x, args_text(&x->args, KEY_CURSOR), true);
		return;
	}
	put_page_link(b, x, n.next);
	buf_put_text(b, ",\"prev\":");
	put_page_link(b, x, n.prev);
	buf_put_text(b, ",\"self\":");
	put_page_link(b, x, args_number(&x->args, KEY_PAGE, 1));
}

void
links_put_list_head(struct buf *b, const struct exchange *x, int64_t total)
{
	struct neighbours	n = neighbours_of(x, total);

	put_links(b, x, n);
	if (has_cursor(x))
		buf_put_text(b, "},\"_meta\":{\"page\":null");
	else
		put_meta_member(b, "},\"_meta\":{\"page\":",
		    args_number(&x->args, KEY_PAGE, 1));
	put_meta_member(b, ",\"per_page\":", args_number(&x->args,
	    KEY_PER_PAGE, 1));
	put_meta_member(b, ",\"total_items\":", total);
	put_meta_member(b, ",\"total_pages\":", n.last);
	buf_put_text(b, "},\"items\":");
}

/*
 * Many clients and proxies refuse an answer with a longer header. The filters of
 * the client make links long.
 */
#define LINK_MOST_BYTES	8192

/* Take back what was appended from `before` on, if it does not fit. */
static bool
fits_field(struct buf *b, size_t before)
{
	if (b->len <= LINK_MOST_BYTES)
		return true;
	b->len = before;
	return false;
}

/* False if it does not fit; it is left out then. Page 0 is left out, too. */
static bool
put_relation(struct buf *b, const struct exchange *x, const char *name,
    int64_t page)
{
	size_t	before = b->len;

	if (page == 0)
		return true;
	buf_put_text(b, before > 0 ? ", <" : "<");
	put_page_url(b, x, page);
	buf_put_text(b, ">; rel=\"");
	buf_put_text(b, name);
	buf_put_byte(b, '"');
	return fits_field(b, before);
}

static void
put_cursor_relation(struct buf *b, const struct exchange *x)
{
	if (next_cursor(x).len == 0)
		return;
	buf_put_byte(b, '<');
	put_cursor_url(b, x, next_cursor(x));
	buf_put_text(b, ">; rel=\"next\"");
	(void)fits_field(b, 0);
}

/*
 * All that follow one that does not fit are left out with it. As `next` comes
 * first, a header without it is that of the last page.
 */
void
links_put_header(struct exchange *x, int64_t total)
{
	struct buf		b = { 0 };
	struct neighbours	n = neighbours_of(x, total);

	if (has_cursor(x))
		put_cursor_relation(&b, x);
	else
		(void)(put_relation(&b, x, "next", n.next) &&
		    put_relation(&b, x, "prev", n.prev) &&
		    put_relation(&b, x, "first", 1) &&
		    put_relation(&b, x, "last", n.last));
	buf_put_byte(&b, '\0');
	if (b.len > 1)
		respond_header(x, "Link", b.base);
	buf_done(&b);
}
