/*
 * Who may do what, from the tables that decide it: requests are rows of
 * gateway/core/routes.tbl, their operations rows of proto/ops.tbl, which refer
 * to proto/who.tbl. A path of the API is printed without /flicket-api/, any
 * other path with its slash.
 */
#include "tools/flicketctl/keys/permissions.h"

#include "base/buf.h"
#include "proto/tables.h"

static const struct {
	const char	*method;
	enum placeholder	 root;
	const char	*path;
	enum op_code	 op;
} routes[] = {
#define ROUTE(METHOD, ROOT, path, OPERATION, status, asks, page, location, \
    INPUT, REPLY) \
	{ #METHOD, PLACEHOLDER_##ROOT, path, OP_##OPERATION },
#include "gateway/core/routes.tbl"
#undef ROUTE
};

void
permissions_print(FILE *f, bool markdown)
{
	if (markdown)
		fprintf(f, "| request | who |\n| --- | --- |\n");
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		enum placeholder	 root = routes[i].root;
		struct buf	 path = { 0 };
		const char	*who;

		who = who_info(op_info(routes[i].op)->who)->text;
		buf_printf(&path, "%s%s", root == PLACEHOLDER_API ? "" :
		    placeholder_path(root), routes[i].path);
		fprintf(f, markdown ? "| %s `%s` | %s |\n" : "%-6s %-42s %s\n",
		    routes[i].method, path.base, who);
		buf_done(&path);
	}
}
