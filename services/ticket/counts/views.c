/* Reading views. */
#include "services/ticket/counts/views.h"

#include "services/ticket/list/filter.h"

enum err
views_read(struct call *c, struct views *ret)
{
	struct text		 bytes = args_text(&c->request.args, KEY_VIEWS);
	struct frame_reader	*reader = c->session->frames;
	enum frame_result	 result = FRAME_ONE;
	struct args		 args;

	ret->count = 0;
	frame_reader_start(reader, bytes.base, bytes.len);
	while ((result = frame_next_args(reader, &args)) == FRAME_ONE) {
		if (ret->count == VIEWS_MOST)
			return op_fault(c, FAULT_TOO_MANY, KEY_VIEWS,
			    op_refusef(c, ERR_BAD_REQUEST, "views: more than "
			    "%d views.", VIEWS_MOST));
		args_keep(&args, K(FILTER_KEYS, CONTENT, ERROR));
		ret->args[ret->count++] = args;
	}
	return result == FRAME_END ? OK : op_refuse(c, ERR_BAD_REQUEST,
	    "views are not arguments.");
}

struct args
views_enter(struct call *c, const struct args *view)
{
	struct args	had = c->request.args;

	if (view != NULL)
		c->request.args = *view;
	args_put_number(&c->request.args, KEY_ACTOR, c->request.actor);
	args_put_text(&c->request.args, KEY_SORT, TEXT_OF("ticketid"));
	return had;
}
