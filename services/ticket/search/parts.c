/* Reading the parts of a query. */
#include "services/ticket/search/parts.h"

#define LONE_STAR	"content: a * needs the beginning of a word before " \
			"it, as in print*."
#define INNER_STAR	"content: a * stands for the rest of a word: it can " \
			"only be at its end, as in print* or \"paper j*\"."
#define LONE_OR		"content: OR stands between two words or phrases. " \
			"To look for the word, write \"or\"."
#define EXCLUDED_OR	"content: OR cannot stand beside a word that is " \
			"excluded."

/* --- bytes ------------------------------------------------------------------ */

static void
skip_bytes(struct text *t, size_t count)
{
	t->base += count;
	t->len -= count;
}

/* The bytes of the quotation mark that a text begins with; 0: it does not. */
static size_t
mark_length(struct text t)
{
	static const char *const	marks[] = {
		"\"", "\u201c", "\u201d", "\u201e", "\u201f", "\u00ab",
		"\u00bb", "\uff02"
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (text_begins(t, text_of(marks[i])))
			return strlen(marks[i]);
	return 0;
}

/* A mark of ASCII ends at another one of ASCII, and no other at that. */
static bool
find_partner(struct text t, bool ascii, size_t *ret_at)
{
	size_t	len;

	for (size_t at = 0; at < t.len; at++) {
		len = mark_length((struct text){ t.base + at, t.len - at });
		*ret_at = at;
		if (len > 0 && (len == 1) == ascii)
			return true;
	}
	return false;
}

/* A word ends at a blank, a quotation mark or a star. */
static size_t
word_length(struct text t)
{
	size_t	len = 0;

	while (len < t.len && !part_is_blank(t.base[len]) && t.base[len] != '"' &&
	    t.base[len] != '*')
		len++;
	return len;
}

/* --- words of parts --------------------------------------------------------- */

static word_take	add_word;

static bool
add_word(void *arg, const struct word_cut *w)
{
	struct parts	*p = arg;
	struct query	*q = p->query;
	struct part	*part = &p->list[p->count];

	if (q->count == WORDS_MOST) {
		q->notes |= NOTE_CUT;
		return false;
	}
	q->words[q->count++] = (struct word){ q->tokens.len, w->form.len,
	    .follows = part->count++ > 0, .pair = w->kind == WORD_PAIR };
	buf_put(&q->tokens, w->form.base, w->form.len);
	p->last = w->kind;
	return true;
}

/*
 * A run that is at the end of the part may go on in a text: its pairs are
 * wanted, but not its end. Whether the last word stands for all with it.
 */
static bool
open_end(struct parts *p, struct part *part)
{
	struct query	*q = p->query;

	if (p->last == WORD_LAST) {
		q->tokens.len -= q->words[--q->count].len;
		part->count--;
	}
	return p->last == WORD_LONE;
}

static bool
same_word(const struct query *q, const struct word *a, const struct word *b)
{
	return a->prefix == b->prefix && a->len == b->len &&
	    memcmp(q->tokens.base + a->at, q->tokens.base + b->at, a->len) ==
	    0;
}

/* Whether a part repeats one that is looked for anyway. */
static bool
repeats_part(const struct parts *p, const struct part *part)
{
	const struct query	*q = p->query;
	const struct part	*other;

	if (part->count != 1 || part->excluded || part->alternative)
		return false;
	for (other = p->list; other < part; other++)
		if (other->count == 1 && !other->excluded &&
		    !other->alternative && !other[1].alternative &&
		    same_word(q, &q->words[other->first],
		    &q->words[part->first]))
			return true;
	return false;
}

/* --- reading parts ------------------------------------------------------------ */

static void
skip_blanks(struct parts *p)
{
	while (p->left.len > 0 && part_is_blank(p->left.base[0])) {
		skip_bytes(&p->left, 1);
		p->glued = false;
	}
}

static bool
is_or(const struct parts *p)
{
	return !p->glued && text_begins(p->left, TEXT_OF("OR")) &&
	    (p->left.len == 2 || part_is_blank(p->left.base[2]));
}

static const char *
take_or(struct parts *p)
{
	if (p->count == 0 || p->or_read)
		return LONE_OR;
	if (p->list[p->count - 1].excluded)
		return EXCLUDED_OR;
	skip_bytes(&p->left, 2);
	p->or_read = p->query->has_or = true;
	return NULL;
}

/* A minus before a word or phrase, not one of several, nor one within a word. */
static bool
take_minus(struct parts *p)
{
	struct text	next = p->left;

	if (p->glued || !text_begins(next, TEXT_OF("-")))
		return false;
	skip_bytes(&next, 1);
	if (next.len == 0 || part_is_blank(next.base[0]) || next.base[0] == '-')
		return false;
	p->left = next;
	return true;
}

/* Parentheses before a phrase; others are within a word, and no part of it. */
static void
skip_parentheses(struct parts *p)
{
	size_t		len = 0;
	struct text	after;

	while (len < p->left.len && p->left.base[len] == '(')
		len++;
	after = (struct text){ p->left.base + len, p->left.len - len };
	p->parentheses = p->parentheses || len > 0;
	if (mark_length(after) > 0)
		p->left = after;
}

/*
 * Within quotation marks only the last word can have a star. One that stands
 * alone is no part of a word.
 */
static const char *
take_phrase_star(struct text *phrase, bool *ret)
{
	size_t	last = phrase->len - 1;
	bool	after, before;

	for (size_t i = 0; i < phrase->len; i++) {
		before = i > 0 && !part_is_blank(phrase->base[i - 1]);
		after = i < last && !part_is_blank(phrase->base[i + 1]);
		if (phrase->base[i] != '*' || (!before && !after && i < last))
			continue;
		if (i < last)
			return INNER_STAR;
		if (!before)
			return LONE_STAR;
		*ret = true;
	}
	if (*ret)
		phrase->len--;
	return NULL;
}

static const char *
take_star(struct parts *p, bool *ret)
{
	if (!text_begins(p->left, TEXT_OF("*")))
		return NULL;
	*ret = true;
	skip_bytes(&p->left, 1);
	if (p->left.len == 0 || part_is_blank(p->left.base[0]) ||
	    text_begins(p->left, TEXT_OF(")")))
		return NULL;
	return INNER_STAR;
}

/*
 * Take the next word, or phrase without its quotation marks. A mark without a
 * partner, or after a word (24"), is a character as others are.
 */
static const char *
take_text(struct parts *p, struct part *part)
{
	size_t		 mark = mark_length(p->left), end;
	struct text	 inner = { p->left.base + mark, p->left.len - mark };
	const char	*wrong = NULL;

	if (mark > 0 && !p->glued && find_partner(inner, mark == 1, &end)) {
		part->text = (struct text){ inner.base, end };
		skip_bytes(&inner, end);
		skip_bytes(&inner, mark_length(inner));
		p->left = inner;
		wrong = take_phrase_star(&part->text, &part->prefix);
	} else if (text_begins(p->left, TEXT_OF("\""))) {
		part->text = (struct text){ p->left.base, !p->glued };
		skip_bytes(&p->left, 1);
		p->glued = true;
		return NULL;
	} else {
		part->text = (struct text){ p->left.base,
		    word_length(p->left) };
		skip_bytes(&p->left, part->text.len);
		p->glued = true;
	}
	return wrong != NULL ? wrong : take_star(p, &part->prefix);
}

static bool
is_parentheses(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (t.base[i] != '(' && t.base[i] != ')')
			return false;
	return true;
}

/* A part without words is left out; glued to a word it is that one's end. */
static const char *
leave_out(struct query *q, const struct part *part, bool glued)
{
	if (part->prefix)
		return LONE_STAR;
	if (!glued && !is_parentheses(part->text))
		q->notes |= NOTE_LEFT_OUT;
	return NULL;
}

/* A part is kept, unless one that is looked for anyway is repeated. */
static void
keep_part(struct parts *p, struct part *part)
{
	struct query	*q = p->query;

	skip_blanks(p);
	if (repeats_part(p, part) && !is_or(p)) {
		q->count = part->first;
		return;
	}
	q->has_phrase = q->has_phrase ||
	    (part->count > 1 && !part->excluded);
	p->or_read = false;
	p->count++;
}

static const char *
read_part(struct parts *p)
{
	struct query	*q = p->query;
	struct part	*part = &p->list[p->count];
	bool		 glued = p->glued;
	const char	*wrong;

	*part = (struct part){ .first = q->count, .alternative = p->or_read,
	    .excluded = take_minus(p) };
	if (part->excluded && p->or_read)
		return EXCLUDED_OR;
	skip_parentheses(p);
	wrong = take_text(p, part);
	if (wrong != NULL)
		return wrong;
	words_cut(part->text, add_word, p);
	if (part->count == 0)
		return leave_out(q, part, glued);
	if (q->notes & NOTE_CUT)
		part->prefix = false;
	else
		part->prefix = open_end(p, part) || part->prefix;
	q->words[q->count - 1].prefix = part->prefix;
	keep_part(p, part);
	return NULL;
}

static bool
note_cut(void *arg, const struct word_cut *w)
{
	struct query	*q = arg;

	(void)w;
	q->notes |= NOTE_CUT;
	return false;
}

const char *
parts_read(struct parts *p)
{
	const char	*wrong = NULL;

	for (skip_blanks(p); p->left.len > 0 && wrong == NULL;
	    skip_blanks(p)) {
		if (p->query->count == WORDS_MOST) {
			words_cut(p->left, note_cut, p->query);
			return NULL;
		}
		wrong = is_or(p) ? take_or(p) : read_part(p);
	}
	return wrong == NULL && p->or_read ? LONE_OR : wrong;
}
