/* Tags of things, and the comparison with If-Match. */
#include "services/op/stages.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

/* Never 0, which stands for no tag. */
int64_t
op_mix_tags(int64_t a, int64_t b)
{
	return (int64_t)(hash_mix((uint64_t)a, (uint64_t)b) >> 1) | 1;
}

int64_t
op_tag(const struct session *session, int64_t id, int64_t version)
{
	return op_mix_tags(op_mix_tags(session->stream, id), version);
}

/* How much of a list is its first member: a comma in quotes is the tag's. */
static size_t
member_len(struct text list)
{
	bool	quoted = false;
	size_t	len = 0;

	for (; len < list.len && (quoted || list.base[len] != ','); len++)
		quoted = quoted != (list.base[len] == '"');
	return len;
}

/* One of the tags in an If-Match, quotes and all, or "" at the end. */
static struct text
next_etag(struct text *left)
{
	struct text	one;

	while (left->len > 0 && strchr(" \t,", left->base[0]) != NULL) {
		left->base++;
		left->len--;
	}
	one = (struct text){ left->base, member_len(*left) };
	left->base += one.len;
	left->len -= one.len;
	while (one.len > 0 && strchr(" \t", one.base[one.len - 1]) != NULL)
		one.len--;
	return one;
}

/* Whether one of them is a quote and 16 digits, and ends there or at a dot. */
static bool
is_tag(struct text one, const char *want)
{
	return one.len > 17 && memcmp(one.base, want, 17) == 0 &&
	    one.base[one.len - 1] == '"' &&
	    (one.len == 18 || one.base[17] == '.');
}

/*
 * Whether an If-Match names this tag. A client's tag is strong and begins with
 * 16 digits; digits behind a dot are of things that were included in the answer
 * (gateway/stage/answer.c). Tag 0 stands for no thing: only `*` matches.
 */
static bool
names_tag(struct text if_match, int64_t tag)
{
	struct text	one;
	char		want[24];

	snprintf(want, sizeof(want), "\"%016llx", (unsigned long long)tag);
	while ((one = next_etag(&if_match)).len > 0)
		if ((one.len == 1 && one.base[0] == '*') ||
		    (tag != 0 && is_tag(one, want)))
			return true;
	return false;
}

enum err
etag_check(struct call *c)
{
	const struct args	*args = &c->request.args;
	struct stmt		 st;
	enum err		 e;
	int64_t			 tag = 0;

	if (!args_has(args, KEY_IF_MATCH))
		return OK;
	if (c->op->tag != SQL_NONE) {
		st = op_stmt(c, c->op->tag);
		if (stmt_next(&st))
			tag = op_tag(c->session, stmt_number(&st, 0),
			    stmt_number(&st, 1));
		e = op_end(c, &st, OK);
		if (e != OK)
			return e;
	}
	return names_tag(args_text(args, KEY_IF_MATCH), tag) ? OK :
	    ERR_PRECONDITION;
}
