/* Queries: what FTS5 is asked, and what the client is told. */
#include "services/ticket/search/query.h"

#include "services/ticket/search/parts.h"
#include "services/ticket/search/signs.h"

#define NOTHING		"content: there is nothing to search for. Give words, " \
			"\"words in a row\" or the beginning of a word*."

/* --- what FTS5 is asked --------------------------------------------------------- */

static void
put_quoted(struct buf *b, struct text phrase, bool prefix)
{
	buf_put_byte(b, '"');
	for (size_t i = 0; i < phrase.len; i++)
		buf_put_byte(b, phrase.base[i] == '\0' ||
		    phrase.base[i] == '"' ? ' ' : phrase.base[i]);
	buf_put_text(b, prefix ? "\"*" : "\"");
}

/* The words of a part in the form of the index. */
static void
put_form(struct buf *b, const struct query *q, const struct part *part)
{
	const struct word	*w = &q->words[part->first];
	struct buf		 words = { 0 };

	for (size_t i = 0; i < part->count; i++) {
		if (i > 0)
			buf_put_byte(&words, ' ');
		buf_put(&words, q->tokens.base + w[i].at, w[i].len);
	}
	put_quoted(b, buf_text(&words), part->prefix);
	buf_done(&words);
}

/* Put something into both: what the client wrote, and what the index has. */
static void
put_both(struct expression *m, const char *s)
{
	buf_put_text(&m->written, s);
	buf_put_text(&m->form, s);
}

static void
compose_part(struct parts *p, size_t at)
{
	struct query		*q = p->query;
	const struct part	*part = &p->list[at];
	struct expression	*m = part->excluded ? &q->excluded :
				    &q->match;
	bool			 goes_on = at + 1 < p->count &&
				    p->list[at + 1].alternative;

	if (m->form.len > 0 && (part->excluded || part->alternative))
		put_both(m, " OR ");
	else if (m->form.len > 0)
		put_both(m, q->has_or ? " AND " : " ");
	if (goes_on && !part->alternative)
		put_both(m, "(");
	put_quoted(&m->written, part->text, part->prefix);
	put_form(&m->form, q, part);
	if (part->alternative && !goes_on)
		put_both(m, ")");
}

/* Keep the words that are looked for, and tell their groups. */
static void
keep_words(struct parts *p)
{
	struct query		*q = p->query;
	const struct part	*part;
	size_t			 kept = 0;
	unsigned		 group = 0;

	for (part = p->list; part < p->list + p->count; part++) {
		if (part->excluded)
			continue;
		if (kept > 0 && !part->alternative)
			group++;
		for (size_t i = 0; i < part->count; i++) {
			q->words[kept] = q->words[part->first + i];
			q->words[kept++].group = group;
		}
	}
	q->count = kept;
}

/* --- queries -------------------------------------------------------------------- */

static void
query_clear(struct query *q)
{
	q->match.written.len = q->match.form.len = 0;
	q->excluded.written.len = q->excluded.form.len = 0;
	q->tokens.len = q->count = 0;
	q->has_phrase = q->has_or = false;
	q->content.len = q->notes = 0;
}

const char *
query_parse(struct text content, struct query *q)
{
	struct parts	 p = { .query = q };
	const char	*wrong;

	query_clear(q);
	signs_put(&q->content, content);
	p.left = buf_text(&q->content);
	q->ticket = query_ticket(content);
	wrong = parts_read(&p);
	if (wrong != NULL)
		return wrong;
	if (p.count == 0)
		return NOTHING;
	if (p.parentheses && q->has_or)
		q->notes |= NOTE_PARENTHESES;
	for (size_t i = 0; i < p.count; i++)
		compose_part(&p, i);
	keep_words(&p);
	return NULL;
}

void
query_done(struct query *q)
{
	buf_done(&q->content);
	buf_done(&q->match.written);
	buf_done(&q->match.form);
	buf_done(&q->excluded.written);
	buf_done(&q->excluded.form);
	buf_done(&q->tokens);
}

#define CUT		"only the first 32 words are looked for"
#define LEFT_OUT	"parts without a letter or digit are left out"
#define PARENTHESES	"parentheses do not group: OR joins the two beside it"

const char *
query_notes(const struct query *q)
{
	static const char *const	notes[] = {
		NULL,
		CUT,
		LEFT_OUT,
		CUT "; " LEFT_OUT,
		PARENTHESES,
		CUT "; " PARENTHESES,
		LEFT_OUT "; " PARENTHESES,
		CUT "; " LEFT_OUT "; " PARENTHESES,
	};

	return notes[q->notes];
}

int64_t
query_ticket(struct text content)
{
	struct buf	b = { 0 };
	struct text	t;
	int64_t		id;

	if (content.len == 0)
		return 0;
	signs_put(&b, content);
	t = buf_text(&b);
	while (t.len > 0 && part_is_blank(t.base[t.len - 1]))
		t.len--;
	for (; t.len > 0 && part_is_blank(t.base[0]); t.len--)
		t.base++;
	if (t.len > 0 && t.base[0] == '#') {
		t.base++;
		t.len--;
	}
	if (!signs_number(t, &id))
		id = 0;
	buf_done(&b);
	return id;
}
