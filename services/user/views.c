/* The name of a view has other bounds than that of a user: it is another key. */
#include "services/user/views.h"

enum err
views_put(struct call *c)
{
	struct args	*args = &c->request.args;

	if (args_has(args, KEY_VIEW_NAME))
		args_put_text(args, KEY_NAME, args_text(args, KEY_VIEW_NAME));
	return op_one(c);
}
