/* URLs that answers carry: pages of lists, and where a new thing is. */
#include "exchange.h"
#include "proto/json.h"

void
links_put_path(struct buf *b, const struct exchange *x, const char *path,
    const struct args *args, int64_t page)
{
	struct text	root = x->worker->gateway->roots[MARK_API];
	char		name[64];
	size_t		len;
	enum key	key;

	buf_put(b, root.base, root.len);
	for (; *path != '\0'; path++) {
		if (*path != ':') {
			buf_put_byte(b, *path);
			continue;
		}
		len = strcspn(path + 1, "/");
		memcpy(name, path + 1, len);	/* routes_init() checked it */
		name[len] = '\0';
		key = key_find(name, UINT64_MAX);
		json_put_number(b, key == KEY_PAGE ? page :
		    args_number(args, key, 0));
		path += len;
	}
}

/* A text in a query (WHATWG's application/x-www-form-urlencoded). */
static void
put_query_text(struct buf *b, struct text t)
{
	static const char	hex[] = "0123456789ABCDEF";
	unsigned char		c;

	for (size_t i = 0; i < t.len; i++) {
		c = (unsigned char)t.base[i];
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
		    c == '.' || c == '~')
			buf_put_byte(b, (char)c);
		else if (c == ' ')
			buf_put_byte(b, '+');
		else {
			buf_put_byte(b, '%');
			buf_put_byte(b, hex[c >> 4]);
			buf_put_byte(b, hex[c & 15]);
		}
	}
}

static void
put_page_link(struct buf *b, const struct exchange *x, int64_t page,
    bool exists)
{
	const char	*path = x->route->page;

	if (!exists) {
		buf_put_text(b, "null");
		return;
	}
	buf_put_byte(b, '"');
	links_put_path(b, x, path, &x->args, page);
	if (strstr(path, ":page") == NULL) {
		buf_put_text(b, "?page=");
		json_put_number(b, page);
		buf_put_text(b, "&per_page=");
	} else
		buf_put_text(b, "?per_page=");
	json_put_number(b, x->args.value[KEY_PER_PAGE].number);
	for (unsigned i = 0; i < x->filter_count; i++) {
		buf_put_byte(b, '&');
		buf_put_text(b, key_info(x->filters[i].key)->name);
		buf_put_byte(b, '=');
		put_query_text(b, x->filters[i].value);
	}
	buf_put_byte(b, '"');
}

static void
put_member(struct buf *b, const char *name, int64_t value)
{
	buf_put_text(b, name);
	json_put_number(b, value);
}

void
links_put_list_head(struct buf *b, const struct exchange *x, int64_t total)
{
	int64_t	page = x->args.value[KEY_PAGE].number;
	int64_t	per_page = x->args.value[KEY_PER_PAGE].number;
	int64_t	pages = total / per_page + (total % per_page != 0);

	buf_put_text(b, "{\"_links\":{\"next\":");
	put_page_link(b, x, page + 1, page < pages);
	buf_put_text(b, ",\"prev\":");
	put_page_link(b, x, page - 1, page > 1);
	buf_put_text(b, ",\"self\":");
	put_page_link(b, x, page, true);
	put_member(b, "},\"_meta\":{\"page\":", page);
	put_member(b, ",\"per_page\":", per_page);
	put_member(b, ",\"total_items\":", total);
	put_member(b, ",\"total_pages\":", pages);
	buf_put_text(b, "},\"items\":");
}
