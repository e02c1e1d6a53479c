/* Rights: proto/who.tbl says which are enough. */
#include "gateway/stage/permit.h"

#include "gateway/reply/respond.h"

enum flow
permit_begin(struct exchange *x)
{
	enum who	who = op_info(x->route->op)->who;

	if ((x->rights & RIGHT_READ_ONLY) != 0 &&
	    x->route->method != METHOD_GET && !who_info(who)->by_reader)
		return respond_code(x, ERR_FORBIDDEN, FAULT_READ_ONLY_TOKEN,
		    WHO_READS_ONLY);
	x->identity.permitted = x->rights;
	if (!who_may(who, x->rights))
		return respond_error(x, ERR_FORBIDDEN, who_info(who)->refusal);
	return FLOW_NEXT;
}

enum flow
permit_again(struct exchange *x)
{
	return x->rights == x->identity.permitted ? FLOW_NEXT :
	    permit_begin(x);
}
