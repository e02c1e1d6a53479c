/* Tags of things, and the comparison with If-Match and If-None-Match. */
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

/* One of the tags in a list, quotes and all, or "" at the end. */
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

/* A weak tag without the mark that it is weak. */
static struct text
without_weakness(struct text one)
{
	if (one.len > 2 && memcmp(one.base, "W/", 2) == 0)
		return (struct text){ one.base + 2, one.len - 2 };
	return one;
}

/*
 * Whether a list names this tag. A client's tag begins with 16 digits; digits
 * behind a dot are of things that were included in the answer
 * (gateway/stage/answer.c). Tag 0 stands for no thing: only `*` matches. Weak
 * tags are compared in If-None-Match only (RFC 9110, 8.8.3.2).
 */
static bool
names_tag(struct text list, int64_t tag, bool weakly)
{
	struct text	one;
	char		want[24];

	snprintf(want, sizeof(want), "\"%016llx", (unsigned long long)tag);
	while ((one = next_etag(&list)).len > 0) {
		if (one.len == 1 && one.base[0] == '*')
			return true;
		if (weakly)
			one = without_weakness(one);
		if (tag != 0 && is_tag(one, want))
			return true;
	}
	return false;
}

/* The tag of what is to be changed, 0 for what is not there yet. */
static enum err
find_tag(struct call *c, int64_t *ret)
{
	struct stmt	st;

	*ret = 0;
	if (c->op->tag == SQL_NONE)
		return OK;
	st = op_stmt(c, c->op->tag);
	if (stmt_next(&st))
		*ret = op_tag(c->session, stmt_number(&st, 0),
		    stmt_number(&st, 1));
	return op_end(c, &st, OK);
}

enum err
etag_check(struct call *c)
{
	const struct args	*args = &c->request.args;
	bool			 not_these = op_info(c->op->op)->kind ==
				    OP_WRITE && args_has(args,
				    KEY_IF_NONE_MATCH);
	enum err		 e;
	int64_t			 tag;

	if (!args_has(args, KEY_IF_MATCH) && !not_these)
		return OK;
	e = find_tag(c, &tag);
	if (e != OK)
		return e;
	if (args_has(args, KEY_IF_MATCH) &&
	    !names_tag(args_text(args, KEY_IF_MATCH), tag, false))
		return ERR_PRECONDITION;
	if (not_these &&
	    names_tag(args_text(args, KEY_IF_NONE_MATCH), tag, true))
		return op_refuse(c, ERR_PRECONDITION, "If-None-Match matches "
		    "its version.");
	return OK;
}
