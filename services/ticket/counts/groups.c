/* Groups of tickets, put together from kinds and assignees. */
#include "services/ticket/counts/groups.h"

#include <stdlib.h>

#include "base/json.h"
#include "services/ticket/list/values.h"
#include "services/ticket/ticket.h"

#define NONE	INT64_MIN	/* an id that stands for NULL in the store */

static const struct {
	const char	*name;
	const char	*ids[2];	/* members, in their order; NULL: one */
} facets[FACET_END] = {
	[FACET_ASSIGNED] = { "assigned", { "id" } },
	[FACET_CATEGORY] = { "category", { "id" } },
	[FACET_DEPARTMENT] = { "department", { "id" } },
	[FACET_DEPARTMENT_STATUS] = { "department_status",
	    { "department_id", "status_id" } },
	[FACET_PRIORITY] = { "priority", { "id" } },
	[FACET_STATUS] = { "status", { "id" } },
};
#define NAMES	"assigned, category, department, department_status, " \
		"priority, status"

struct group {
	int64_t		ids[2];
	uint64_t	count;
};

struct groups {
	struct codes	 codes;		/* of the groups */
	struct group	*groups;	/* by code, from 1 on */
	size_t		 room;
};

/* The departments of categories, by the categories' codes. */
struct departments {
	int64_t	*of_category;
};

/* --- reading the request -------------------------------------------------- */

static unsigned
find_facet(struct text name)
{
	unsigned	i = 0;

	while (i < FACET_END && !text_same(name, text_of(facets[i].name)))
		i++;
	return i;
}

static enum err
refuse_facet(struct call *c, struct text name)
{
	return op_fault(c, FAULT_INVALID, KEY_BY, op_refusef(c,
	    ERR_BAD_REQUEST, "by: there is no \"%.*s\". There are %s, with "
	    "commas between.", name.len > 40 ? 40 : (int)name.len, name.base,
	    NAMES));
}

enum err
groups_read_by(struct call *c, unsigned *ret)
{
	struct text	left = args_text(&c->request.args, KEY_BY), name;
	bool		more = args_has(&c->request.args, KEY_BY);
	unsigned	facet;

	for (*ret = 0; more; *ret |= 1u << facet) {
		more = values_next(&left, &name);
		facet = find_facet(name);
		if (facet == FACET_END)
			return refuse_facet(c, name);
	}
	return OK;
}

/* --- groups --------------------------------------------------------------- */

static int64_t
id_of(const struct codes *codes, uint32_t code)
{
	return code == 0 ? NONE : codes->ids[code];
}

/* Add tickets to the group of two ids, which have this number together. */
static void
add_tickets(struct groups *g, uint64_t number, int64_t id, int64_t other,
    uint64_t count)
{
	uint32_t	code = codes_add(&g->codes, (int64_t)number);

	if (code >= g->room) {
		size_t	room = code * 2 + 64;

		g->groups = must_resize(g->groups, room *
		    sizeof(g->groups[0]));
		memset(g->groups + g->room, 0, (room - g->room) *
		    sizeof(g->groups[0]));
		g->room = room;
	}
	g->groups[code].ids[0] = id;
	g->groups[code].ids[1] = other;
	g->groups[code].count += count;
}

static void
free_groups(struct groups *g)
{
	codes_done(&g->codes);
	free(g->groups);
}

static enum err
read_departments(struct call *c, const struct columns *k,
    struct departments *ret)
{
	const struct codes	*codes = &k->codes[CODE_CATEGORY];
	struct stmt		 st;
	uint32_t		 code;

	ret->of_category = must_alloc((codes->count + 1) *
	    sizeof(ret->of_category[0]));
	for (uint32_t i = 0; i <= codes->count; i++)
		ret->of_category[i] = NONE;
	st = op_stmt(c, SQL_CATEGORY_DEPARTMENTS);
	while (stmt_next(&st)) {
		code = codes_find(codes, stmt_number(&st, 0));
		if (code != 0 && !stmt_is_null(&st, 1))
			ret->of_category[code] = stmt_number(&st, 1);
	}
	return op_end(c, &st, OK);
}

/* Add the tickets of a kind to their group of a facet. */
static void
add_kind(struct groups *g, enum facet facet, const struct columns *k,
    struct codes *departments, const struct departments *d,
    struct facet_kind kind, uint64_t count)
{
	int64_t		department = d->of_category[kind.category];
	int64_t		status = id_of(&k->codes[CODE_STATUS], kind.status);
	uint32_t	code = department == NONE ? 0 :
			    codes_add(departments, department);

	switch (facet) {
	case FACET_CATEGORY:
		add_tickets(g, kind.category, id_of(&k->codes[CODE_CATEGORY],
		    kind.category), 0, count);
		break;
	case FACET_DEPARTMENT:
		add_tickets(g, code, department, 0, count);
		break;
	case FACET_DEPARTMENT_STATUS:
		add_tickets(g, (uint64_t)code << 32 | kind.status, department,
		    status, count);
		break;
	case FACET_PRIORITY:
		add_tickets(g, kind.priority, id_of(&k->codes[CODE_PRIORITY],
		    kind.priority), 0, count);
		break;
	default:
		add_tickets(g, kind.status, status, 0, count);
	}
}

static void
group_kinds(struct groups *g, enum facet facet, const struct columns *k,
    const struct facet_counts *counts, const struct departments *d)
{
	const struct facets	*f = &k->facets;
	struct codes		 departments = { 0 };

	for (uint32_t kind = 1; kind < f->kinds.count; kind++)
		if (counts->kinds[kind] > 0)
			add_kind(g, facet, k, &departments, d,
			    facet_kind_of(f, kind), counts->kinds[kind]);
	codes_done(&departments);
}

static void
group_assigned(struct groups *g, const struct columns *k,
    const struct facet_counts *counts)
{
	const struct codes	*users = &k->codes[CODE_USER];

	/* users that have a code only, and no count, have no tickets */
	for (uint32_t code = 0; code < counts->assigned_room; code++)
		if (counts->assigned[code] > 0)
			add_tickets(g, code, id_of(users, code), 0,
			    counts->assigned[code]);
}

/* Large groups come first, equal ones by their ids. */
static int
compare_groups(const void *a, const void *b)
{
	const struct group	*one = a, *other = b;

	if (one->count != other->count)
		return one->count > other->count ? -1 : 1;
	for (int i = 0; i < 2; i++)
		if (one->ids[i] != other->ids[i])
			return one->ids[i] < other->ids[i] ? -1 : 1;
	return 0;
}

/* --- JSON ----------------------------------------------------------------- */

static void
put_id(struct buf *b, const char *name, int64_t id)
{
	buf_printf(b, ",\"%s\":", name);
	if (id == NONE)
		buf_put_text(b, "null");
	else
		json_put_number(b, id);
}

static void
put_group(struct buf *b, enum facet facet, const struct group *g)
{
	buf_put_text(b, "{\"count\":");
	json_put_number(b, (int64_t)g->count);
	for (int i = 0; i < 2 && facets[facet].ids[i] != NULL; i++)
		put_id(b, facets[facet].ids[i], g->ids[i]);
	buf_put_byte(b, '}');
}

/* Put the largest groups; returns how many tickets are in the others. */
static uint64_t
put_groups(struct buf *b, enum facet facet, struct groups *g)
{
	size_t		many = g->codes.count > 0 ? g->codes.count - 1 : 0;
	uint64_t	others = 0;

	if (many > 0)
		qsort(g->groups + 1, many, sizeof(g->groups[0]),
		    compare_groups);
	buf_printf(b, "\"%s\":[", facets[facet].name);
	for (size_t i = 1; i <= many; i++) {
		if (i > GROUPS_MOST) {
			others += g->groups[i].count;
			continue;
		}
		if (i > 1)
			buf_put_byte(b, ',');
		put_group(b, facet, &g->groups[i]);
	}
	buf_put_text(b, "],");
	return others;
}

static void
put_others(struct buf *b, unsigned wanted, const uint64_t *others)
{
	bool	first = true;

	buf_put_text(b, "\"others\":{");
	for (unsigned i = 0; i < FACET_END; i++) {
		if ((wanted & 1u << i) == 0)
			continue;
		buf_printf(b, "%s\"%s\":%llu", first ? "" : ",",
		    facets[i].name, (unsigned long long)others[i]);
		first = false;
	}
	buf_put_text(b, "},");
}

/* `others` is known when all facets are; its place is before `priority`. */
enum err
groups_put(struct call *c, const struct columns *k,
    const struct facet_counts *counts, unsigned wanted)
{
	struct departments	d = { NULL };
	struct buf		behind = { 0 }, *b = &c->fragment;
	uint64_t		others[FACET_END] = { 0 };
	enum err		e = read_departments(c, k, &d);

	for (unsigned i = 0; i < FACET_END && e == OK; i++) {
		struct groups	g = { .room = 0 };

		if ((wanted & 1u << i) == 0)
			continue;
		if (i == FACET_ASSIGNED)
			group_assigned(&g, k, counts);
		else
			group_kinds(&g, (enum facet)i, k, counts, &d);
		others[i] = put_groups(i < FACET_PRIORITY ? b : &behind,
		    (enum facet)i, &g);
		free_groups(&g);
	}
	put_others(b, wanted, others);
	buf_put(b, behind.base, behind.len);
	buf_done(&behind);
	free(d.of_category);
	return e;
}
