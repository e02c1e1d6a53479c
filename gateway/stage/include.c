/* Kinds, each with an operation that gives many at once. */
#include "gateway/stage/include.h"

#include "base/hash.h"
#include "base/json.h"
#include "gateway/reply/fault.h"
#include "gateway/reply/fragment.h"

/* The kinds, in the order of the answer; users come last. */
static const struct {
	const char	*name;
	enum op_code	 op;
	enum key	 ids;	/* extra of the answer whose numbers it takes */
} kinds[] = {
#define INCLUDE(name, operation, key) { name, OP_##operation, KEY_##key },
#include "gateway/core/includes.tbl"
#undef INCLUDE
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))
#define USERS	(KINDS - 1)

_Static_assert(KINDS <= IDENTITY_PART, "a part for each kind");

struct included {
	unsigned		 wanted;	/* bits of kinds */
	unsigned		 waiting;	/* questions under way */
	bool			 starting;	/* they are being asked */
	bool			 asked_users;	/* the last of them */
	size_t			 bytes;		/* of the answers */
	const struct answer	*answers[KINDS];
	const struct answer	*failed;	/* the first that is an error */
	struct answer		 refusal;	/* ... if that is ours */
};

/* Of all kinds together; a service gives no more of one. */
#define INCLUDED_BYTES	((size_t)8 << 20)
#define TOO_LARGE	"include: what belongs to these tickets is larger " \
			"than 8 MB. Ask for fewer tickets (per_page), or for " \
			"fewer kinds."

/* --- decode -------------------------------------------------------------------- */

static bool
want_kind(struct included *in, struct text name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strlen(kinds[i].name) == name.len &&
		    memcmp(kinds[i].name, name.base, name.len) == 0) {
			in->wanted |= 1U << i;
			return true;
		}
	return false;
}

static enum flow
refuse_name(struct exchange *x, struct text name)
{
	struct buf	*b = respond_buffer(x);
	h2o_iovec_t	 message;

	buf_printf(b, "include: there is no \"%.*s\"; there are ",
	    name.len > 60 ? 60 : (int)name.len, name.base);
	for (size_t i = 0; i < KINDS; i++)
		buf_printf(b, "%s%s", i > 0 ? ", " : "", kinds[i].name);
	buf_put(b, ".", 2);
	message = h2o_strdup(&x->req->pool, b->base, b->len);
	return fault_refuse(x, FAULT_INVALID, TEXT_OF("include"), "%s",
	    message.base);
}

enum flow
include_decode(struct exchange *x)
{
	struct text	 left = args_text(&x->args, KEY_INCLUDE), name;
	const char	*comma;

	x->included = h2o_mem_alloc_pool(&x->req->pool, sizeof(*x->included));
	memset(x->included, 0, sizeof(*x->included));
	do {
		comma = memchr(left.base, ',', left.len);
		name = (struct text){ left.base, comma == NULL ? left.len :
		    (size_t)(comma - left.base) };
		if (!want_kind(x->included, name))
			return refuse_name(x, name);
		left.base += name.len + 1;
		left.len -= comma == NULL ? name.len : name.len + 1;
	} while (comma != NULL);
	return FLOW_NEXT;
}

/* --- ask ------------------------------------------------------------------------ */

static void
refuse_included(struct included *in, enum err e, const char *message)
{
	in->refusal = (struct answer){ .error = e };
	if (message != NULL)
		args_put_text(&in->refusal.extra, KEY_MESSAGE,
		    (struct text){ message, strlen(message) });
	if (e == ERR_BAD_REQUEST) {
		args_put_number(&in->refusal.extra, KEY_CODE, FAULT_TOO_LARGE);
		args_put_text(&in->refusal.extra, KEY_FIELD,
		    TEXT_OF("include"));
	}
	in->failed = &in->refusal;
}

/* If there is no memory for one answer, the whole request is refused. */
static void
keep_included(struct exchange *x, unsigned part, const struct answer *a)
{
	struct included	*in = x->included;

	if (in->failed != NULL)
		return;
	if (a->error == OK && in->bytes + a->fragment.len > INCLUDED_BYTES) {
		refuse_included(in, ERR_BAD_REQUEST, TOO_LARGE);
		return;
	}
	in->answers[part] = exchange_keep_large(x, a);
	if (in->answers[part] == NULL) {
		refuse_included(in, ERR_BUSY, NULL);
		return;
	}
	in->bytes += a->fragment.len;
	if (a->error != OK)
		in->failed = in->answers[part];
}

static void
on_included(struct exchange *x, unsigned part, const struct answer *a)
{
	struct included	*in = x->included;

	keep_included(x, part, a);
	if (--in->waiting == 0 && !in->starting)
		exchange_continue(x);
}

/* Without numbers there is nothing to ask for: it stays an empty list. */
static void
ask_kind(struct exchange *x, unsigned kind, struct text ids)
{
	struct args	args = { 0 };

	if ((x->included->wanted & (1U << kind)) == 0 || ids.len == 0)
		return;
	args_put_text(&args, KEY_IDS, ids);
	x->included->waiting++;
	exchange_ask_part(x, kind, kinds[kind].op, &args, 0);
}

/* Append the numbers of a JSON array to one that is not closed yet. */
static void
add_refs(struct buf *b, const struct answer *a)
{
	struct text	refs;

	if (a == NULL)
		return;
	refs = args_text(&a->extra, KEY_USER_REFS);
	if (refs.len < 3 || refs.base[0] != '[')
		return;
	buf_put_byte(b, b->len == 0 ? '[' : ',');
	buf_put(b, refs.base + 1, refs.len - 2);
}

/* Their ids are known when all else has been answered. */
static enum flow
ask_users(struct exchange *x)
{
	struct included	*in = x->included;
	struct buf	*b = respond_buffer(x);

	in->asked_users = true;
	if (in->failed != NULL)
		return FLOW_NEXT;
	add_refs(b, x->answer);
	for (size_t i = 0; i < USERS; i++)
		add_refs(b, in->answers[i]);
	if (b->len > 0)
		buf_put_byte(b, ']');
	in->starting = true;
	ask_kind(x, USERS, (struct text){ b->base, b->len });
	in->starting = false;
	return in->waiting > 0 ? FLOW_WAIT : FLOW_NEXT;
}

enum flow
include_begin(struct exchange *x)
{
	struct included		*in = x->included;
	const struct answer	*kept;

	if (in == NULL || x->answer->error != OK)
		return FLOW_NEXT;
	/* it may be the second time, with other rights (confirm.c) */
	*in = (struct included){ .wanted = in->wanted };
	kept = exchange_keep_large(x, x->answer);
	if (kept == NULL) {
		refuse_included(in, ERR_BUSY, NULL);
		return FLOW_NEXT;
	}
	x->answer = kept;
	/* a search must not use up the time of what belongs to it */
	exchange_renew_deadline(x);
	x->on_part = on_included;
	in->starting = true;
	for (unsigned i = 0; i < USERS; i++)
		ask_kind(x, i, args_text(&x->answer->extra, kinds[i].ids));
	in->starting = false;
	return in->waiting > 0 ? FLOW_WAIT : ask_users(x);
}

enum flow
include_done(struct exchange *x, const struct answer *a)
{
	(void)a;	/* on_included() has seen all of them */
	return x->included->asked_users ? FLOW_NEXT : ask_users(x);
}

/* --- answer --------------------------------------------------------------------- */

void
include_put(struct buf *b, const struct exchange *x)
{
	const struct included	*in = x->included;
	bool			 first = true;

	if (in == NULL)
		return;
	buf_put_text(b, ",\"included\":{");
	for (size_t i = 0; i < KINDS; i++) {
		if ((in->wanted & (1U << i)) == 0)
			continue;
		buf_printf(b, "%s\"%s\":", first ? "" : ",", kinds[i].name);
		first = false;
		if (in->answers[i] == NULL)
			buf_put_text(b, "[]");
		else
			fragment_put(b, x, in->answers[i]->fragment);
	}
	buf_put_byte(b, '}');
}

const struct answer *
include_failure(const struct exchange *x)
{
	return x->included == NULL ? NULL : x->included->failed;
}

uint64_t
include_tag(const struct exchange *x)
{
	uint64_t	tag = 0;

	if (x->included == NULL)
		return 0;
	tag = x->included->wanted;
	for (size_t i = 0; i < KINDS; i++) {
		if (x->included->answers[i] == NULL)
			continue;
		tag = hash_step(tag, (uint64_t)x->included->answers[i]->tag);
	}
	return tag;
}
