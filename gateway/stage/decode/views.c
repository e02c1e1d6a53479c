/* Reading the queries of views. */
#include "gateway/stage/decode/views.h"

#include "gateway/http/url.h"
#include "gateway/reply/fault.h"

/* What lists take and what does not change which tickets they have. */
#define NOT_COUNTED	PAGE, PER_PAGE, SORT, CURSOR, FIELDS, INCLUDE

static enum key
list_key(struct text name)
{
	const struct op_info	*list = op_info(OP_TICKET_LIST);
	keyset			 among = keyset_difference(keyset_union(
				    list->needs, list->may), K(IF_NONE_MATCH));

	return key_find_text(name, among);
}

/* False: the list would refuse it. */
static bool
take_parameter(struct args *view, struct text name, struct text value)
{
	enum key	key = list_key(name);

	if (key != KEY_END && keyset_has(K(NOT_COUNTED), key))
		return true;
	if (key == KEY_END || args_has(view, key) || value.len == 0 ||
	    text_characters(value) == -1)
		return false;
	args_put_text(view, key, value);
	return true;
}

static void
read_view(struct exchange *x, struct text query, struct args *ret)
{
	struct text	name, value;

	args_clear(ret);
	while (url_next_parameter(&x->req->pool, &query, &name, &value)) {
		if (name.len == 0 && value.len == 0)
			continue;
		if (take_parameter(ret, name, value))
			continue;
		args_clear(ret);
		args_put_number(ret, KEY_ERROR, ERR_BAD_REQUEST);
		return;
	}
}

void
views_take(struct exchange *x, enum key key, struct text query)
{
	const char	*name = key_info(key)->name;
	struct text	have = args_text(&x->args, key);
	struct args	view;
	struct buf	b = { 0 };
	h2o_iovec_t	copy;

	if (x->view_count++ == VIEWS_MOST)
		fault_note(x, FAULT_TOO_MANY, text_of(name), "%s: more than %d "
		    "views.", name, VIEWS_MOST);
	if (x->view_count > VIEWS_MOST)
		return;
	read_view(x, query, &view);
	buf_put(&b, have.base, have.len);
	frame_put_args(&b, &view);
	copy = h2o_strdup(&x->req->pool, b.base, b.len);
	args_put_text(&x->args, key, (struct text){ copy.base, copy.len });
	buf_done(&b);
}
