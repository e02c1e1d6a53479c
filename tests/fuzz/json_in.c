/* Bodies of requests. The first byte says of which route. */
#include "decode.h"
#include "gateway/core/route.h"

static bool
has_json(const struct route *r)
{
	return r->input == INPUT_JSON && r->method != METHOD_GET &&
	    r->method != METHOD_DELETE;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	decode_start(has_json);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input	in = { data, len };

	decode_input(&in, false);
	return 0;
}
