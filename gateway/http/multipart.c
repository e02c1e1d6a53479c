/*
 * Bodies in parts. What is not as the RFCs have it is refused rather than
 * guessed at: two readers that guess differently read different files. Lenient
 * only where browsers are known to be: a quote in a filename comes as %22 from
 * some and as \" from others, a backslash as itself or twice.
 */
#include "gateway/http/multipart.h"

#include <strings.h>

#include "gateway/http/chars.h"

#define HEADERS_MOST		16	/* of a part */
#define HEADER_MOST_BYTES	4096

static struct text
rest_of(struct text t, size_t from)
{
	return (struct text){ t.base + from, t.len - from };
}

static bool
is_word(struct text t, const char *word)
{
	return t.len == strlen(word) && strncasecmp(t.base, word, t.len) == 0;
}

/* --- parameters of a header ("a; b=c; d="e f"") ---------------------------- */

static struct text
take_token(struct text *left)
{
	struct text	token = { left->base, 0 };

	while (token.len < left->len && is_of_token(left->base[token.len]))
		token.len++;
	*left = rest_of(*left, token.len);
	return token;
}

/*
 * A quoted text, from behind its first quote to behind its last; false if it
 * does not end, or is too long.
 */
static bool
take_quoted(struct text *left, char ret[NAME_MOST_BYTES], size_t *ret_len)
{
	size_t	i = 0, len = 0;
	char	c;

	for (;; i++) {
		if (i >= left->len)
			return false;
		c = left->base[i];
		if (c == '"')
			break;
		if (len == NAME_MOST_BYTES)
			return false;
		if (c == '\\' && i + 1 < left->len &&
		    (left->base[i + 1] == '"' || left->base[i + 1] == '\\'))
			c = left->base[++i];
		else if (c == '%' && left->len - i > 2 &&
		    left->base[i + 1] == '2' && left->base[i + 2] == '2') {
			c = '"';
			i += 2;
		}
		ret[len++] = c;
	}
	*left = rest_of(*left, i + 1);
	*ret_len = len;
	return true;
}

struct parameter {
	struct text	name;
	char		bytes[NAME_MOST_BYTES];
	struct text	value;
};

/*
 * The next "; name=value" of a header. 1: one was read, 0: it is at its end,
 * -1: it is malformed.
 */
static int
next_field_parameter(struct text *left, struct parameter *ret)
{
	size_t	len = 0;

	*left = trim_blanks(*left);
	if (left->len == 0)
		return 0;
	if (left->base[0] != ';')
		return -1;
	*left = trim_blanks(rest_of(*left, 1));
	if (left->len == 0)
		return 0;
	ret->name = take_token(left);
	if (ret->name.len == 0 || left->len == 0 || left->base[0] != '=')
		return -1;
	*left = rest_of(*left, 1);
	if (left->len > 0 && left->base[0] == '"') {
		*left = rest_of(*left, 1);
		if (!take_quoted(left, ret->bytes, &len))
			return -1;
		ret->value = (struct text){ ret->bytes, len };
		return 1;
	}
	/* tokens, with more characters than tokens may have: many do that */
	while (len < left->len && strchr("; \t", left->base[len]) == NULL)
		len++;
	ret->value = (struct text){ left->base, len };
	*left = rest_of(*left, len);
	return len > 0 ? 1 : -1;
}

/* --- the boundary ------------------------------------------------------------- */

static enum multipart_result
reject(struct multipart *m, const char *wrong)
{
	m->wrong = wrong;
	return MULTIPART_BAD;
}

/* bchars, RFC 2046, 5.1.1 */
static bool
is_boundary(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (!(t.base[i] >= '0' && t.base[i] <= '9') &&
		    !(t.base[i] >= 'A' && t.base[i] <= 'Z') &&
		    !(t.base[i] >= 'a' && t.base[i] <= 'z') &&
		    (t.base[i] == '\0' ||
		    strchr("'()+_,-./:=? ", t.base[i]) == NULL))
			return false;
	return t.len > 0 && t.len <= BOUNDARY_MOST_BYTES &&
	    t.base[t.len - 1] != ' ';
}

static enum multipart_result
read_boundary(struct multipart *m, struct text left)
{
	struct parameter	p;
	int			found;

	while ((found = next_field_parameter(&left, &p)) == 1) {
		if (!is_word(p.name, "boundary"))
			continue;
		if (m->delimiter_len != 0)
			return reject(m, "the Content-Type has two boundaries");
		if (!is_boundary(p.value))
			return reject(m, "the Content-Type's boundary is not "
			    "valid");
		memcpy(m->delimiter, "\r\n--", 4);
		memcpy(m->delimiter + 4, p.value.base, p.value.len);
		m->delimiter_len = p.value.len + 4;
	}
	if (found == -1)
		return reject(m, "the Content-Type's parameters are malformed");
	if (m->delimiter_len == 0)
		return reject(m, "the Content-Type has no boundary");
	return MULTIPART_PART;
}

/* Where the delimiter is next, NULL if nowhere. */
static const char *
find_delimiter(const struct multipart *m)
{
	return memmem(m->left.base, m->left.len, m->delimiter,
	    m->delimiter_len);
}

/*
 * What follows a delimiter: the end of its line, or the two hyphens of the
 * last one. Behind that there may be anything.
 */
static enum multipart_result
end_delimiter(struct multipart *m)
{
	if (m->left.len >= 2 && memcmp(m->left.base, "--", 2) == 0) {
		m->ended = true;
		return MULTIPART_END;
	}
	while (m->left.len > 0 &&
	    (m->left.base[0] == ' ' || m->left.base[0] == '\t'))
		m->left = rest_of(m->left, 1);
	if (m->left.len < 2 || memcmp(m->left.base, "\r\n", 2) != 0)
		return reject(m, "a boundary's line goes on behind it");
	m->left = rest_of(m->left, 2);
	return MULTIPART_PART;
}

enum multipart_result
multipart_begin(struct multipart *m, struct text type, struct text body)
{
	const char		*semicolon = memchr(type.base, ';', type.len);
	size_t			 len = semicolon == NULL ? type.len :
				    (size_t)(semicolon - type.base);
	enum multipart_result	 result;
	const char		*at;

	memset(m, 0, sizeof(*m));
	m->left = body;
	if (!is_word(trim_blanks((struct text){ type.base, len }),
	    "multipart/form-data"))
		return MULTIPART_OTHER;
	result = read_boundary(m, rest_of(type, len));
	if (result != MULTIPART_PART)
		return result;
	/* the first one needs no line before it */
	if (body.len >= m->delimiter_len - 2 &&
	    memcmp(body.base, m->delimiter + 2, m->delimiter_len - 2) == 0)
		m->left = rest_of(body, m->delimiter_len - 2);
	else if ((at = find_delimiter(m)) != NULL)
		m->left = rest_of(body, (size_t)(at - body.base) +
		    m->delimiter_len);
	else
		return reject(m, "its boundary is nowhere in it");
	return end_delimiter(m);
}

/* --- a part ------------------------------------------------------------------- */

/* Take a line of a part's head, without its end. */
static bool
take_line(struct multipart *m, struct text *ret)
{
	size_t		 most = m->left.len < HEADER_MOST_BYTES ? m->left.len :
			    HEADER_MOST_BYTES;
	const char	*end = memmem(m->left.base, most, "\r\n", 2);

	if (end == NULL)
		return false;
	*ret = (struct text){ m->left.base, (size_t)(end - m->left.base) };
	m->left = rest_of(m->left, ret->len + 2);
	return true;
}

static struct text
copy_value(char to[NAME_MOST_BYTES], struct text value)
{
	if (value.len > 0)
		memcpy(to, value.base, value.len);
	return (struct text){ to, value.len };
}

static enum multipart_result
take_field_parameter(struct multipart *m, struct part *ret,
    const struct parameter *p)
{
	bool	is_name = is_word(p->name, "name");

	if (!is_name && !is_word(p->name, "filename"))
		return MULTIPART_PART;	/* filename* too: RFC 7578, 4.2 */
	if (p->value.len > NAME_MOST_BYTES)
		return reject(m, "a part's name is too long");
	if (is_name ? ret->name.base != NULL : ret->is_file)
		return reject(m, "a part's Content-Disposition says something "
		    "twice");
	if (is_name)
		ret->name = copy_value(ret->name_bytes, p->value);
	else {
		ret->filename = copy_value(ret->file_bytes, p->value);
		ret->is_file = true;
	}
	return MULTIPART_PART;
}

static enum multipart_result
read_disposition(struct multipart *m, struct text value, struct part *ret)
{
	struct parameter	p;
	enum multipart_result	result;
	int			found;

	if (ret->name.base != NULL)
		return reject(m, "a part has two Content-Dispositions");
	if (!is_word(take_token(&value), "form-data"))
		return reject(m, "a part's Content-Disposition is not form-data");
	while ((found = next_field_parameter(&value, &p)) == 1) {
		result = take_field_parameter(m, ret, &p);
		if (result != MULTIPART_PART)
			return result;
	}
	if (found == -1)
		return reject(m, "a part's Content-Disposition is malformed");
	if (ret->name.base == NULL)
		return reject(m, "a part has no name");
	return MULTIPART_PART;
}

static enum multipart_result
read_header(struct multipart *m, struct text line, struct part *ret)
{
	const char	*colon = memchr(line.base, ':', line.len);
	struct text	 name, value;

	if (line.base[0] == ' ' || line.base[0] == '\t' || colon == NULL)
		return reject(m, "a part has a header that is not valid");
	name = (struct text){ line.base, (size_t)(colon - line.base) };
	value = trim_blanks(rest_of(line, name.len + 1));
	if (is_word(name, "content-disposition"))
		return read_disposition(m, value, ret);
	if (is_word(name, "content-transfer-encoding") &&
	    !is_word(value, "7bit") && !is_word(value, "8bit") &&
	    !is_word(value, "binary"))
		return reject(m, "a part has a Content-Transfer-Encoding other "
		    "than 7bit, 8bit and binary");
	return MULTIPART_PART;
}

static enum multipart_result
read_headers(struct multipart *m, struct part *ret)
{
	enum multipart_result	result;
	struct text		line;

	for (unsigned i = 0; i <= HEADERS_MOST; i++) {
		if (!take_line(m, &line))
			return reject(m, "a part's head does not end, or is too "
			    "long");
		if (line.len == 0 && ret->name.base == NULL)
			return reject(m, "a part has no Content-Disposition");
		if (line.len == 0)
			return MULTIPART_PART;
		result = read_header(m, line, ret);
		if (result != MULTIPART_PART)
			return result;
	}
	return reject(m, "a part has too many headers");
}

enum multipart_result
multipart_next(struct multipart *m, struct part *ret)
{
	enum multipart_result	 result;
	const char		*at;

	if (m->ended)
		return MULTIPART_END;
	if (m->parts++ == MULTIPART_MOST)
		return reject(m, "it has too many parts");
	ret->name = ret->filename = (struct text){ NULL, 0 };
	ret->is_file = false;
	result = read_headers(m, ret);
	if (result != MULTIPART_PART)
		return result;
	/* nothing at all: the head's last line is also the delimiter's */
	m->left.base -= 2;
	m->left.len += 2;
	at = find_delimiter(m);
	if (at == NULL)
		return reject(m, "its last boundary is missing: it was cut off");
	ret->content = at == m->left.base ? (struct text){ "", 0 } :
	    (struct text){ m->left.base + 2,
	    (size_t)(at - m->left.base) - 2 };
	m->left = rest_of(m->left, (size_t)(at - m->left.base) +
	    m->delimiter_len);
	result = end_delimiter(m);
	return result == MULTIPART_BAD ? result : MULTIPART_PART;
}
