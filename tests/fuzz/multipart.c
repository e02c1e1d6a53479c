/*
 * Forms. A content type is the input's first line, the body is the rest.
 * What points into the body is within it, and a body that ends too early has
 * the parts that come before its end, and no others.
 */
#include "gateway/http/multipart.h"

#include <stdlib.h>

#include "fuzz.h"

struct parts {
	enum multipart_result	result;
	unsigned		count;
	struct part		part[MULTIPART_MOST + 1];
};

static bool
is_within(struct text part, struct text whole)
{
	return part.len == 0 || (part.base >= whole.base &&
	    part.base + part.len <= whole.base + whole.len);
}

static void
read_parts(struct text type, struct text body, struct parts *ret)
{
	struct multipart	m;
	struct part		*p;

	ret->count = 0;
	ret->result = multipart_begin(&m, type, body);
	while (ret->result == MULTIPART_PART) {
		CHECK(ret->count < LEN(ret->part));
		p = &ret->part[ret->count];
		ret->result = multipart_next(&m, p);
		if (ret->result != MULTIPART_PART)
			break;
		CHECK(is_within(p->content, body));
		CHECK(p->name.len <= NAME_MOST_BYTES &&
		    (!p->is_file || p->filename.len <= NAME_MOST_BYTES));
		ret->count++;
	}
	CHECK(ret->count <= MULTIPART_MOST);
	CHECK(ret->result != MULTIPART_BAD || m.wrong != NULL);
}

/* A cut body in memory of its own size, so that reading beyond it is seen. */
static void
check_cut(struct text type, struct text body, size_t at,
    const struct parts *whole, struct parts *cut)
{
	char	*copy = must_alloc(at == 0 ? 1 : at);

	memcpy(copy, body.base, at);
	read_parts(type, (struct text){ copy, at }, cut);
	CHECK(cut->count <= whole->count);
	for (unsigned i = 0; i < cut->count; i++) {
		const struct part	*a = &whole->part[i];
		const struct part	*b = &cut->part[i];

		CHECK(is_same(a->name, b->name) && a->is_file == b->is_file &&
		    is_same(a->content, b->content));
		CHECK(!a->is_file || is_same(a->filename, b->filename));
	}
	/* it is whole only if nothing of it was cut off */
	CHECK(cut->result != MULTIPART_END ||
	    (whole->result == MULTIPART_END && cut->count == whole->count));
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct parts	 whole, cut;
	const uint8_t		*end = len == 0 ? NULL : memchr(data, '\n', len);
	struct text		 type = { (const char *)data, len }, body;
	uint32_t		 sum = 1;

	if (end != NULL)
		type.len = (size_t)(end - data);
	body.base = type.base + type.len + (end != NULL);
	body.len = len - type.len - (end != NULL);
	read_parts(type, body, &whole);
	for (size_t i = 0; i < len; i++)
		sum = sum * 31 + data[i];
	for (int i = 0; i < 6 && body.len > 0; i++) {
		sum = sum * 1664525 + 1013904223;
		check_cut(type, body, (sum >> 8) % body.len, &whole, &cut);
	}
	return 0;
}
