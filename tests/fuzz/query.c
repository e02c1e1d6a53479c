/* Query strings. The first byte says of which route. */
#include "decode.h"
#include "gateway/core/route.h"

static bool
is_read(const struct route *r)
{
	return r->method == METHOD_GET;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	decode_start(is_read);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input	in = { data, len };

	decode_input(&in, true);
	return 0;
}
