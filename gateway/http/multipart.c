/*
 * Bodies in parts. A body that the RFCs do not allow is refused: two readers that
 * guess differently read different files. Exceptions are made for known clients:
 * in the parameters of a part's head (parameter.c), and for folded lines of it.
 */
#include "gateway/http/multipart.h"

#include "gateway/http/chars.h"
#include "gateway/http/parameter.h"

#define HEADERS_MOST		16	/* of a part */
#define HEADER_MOST_BYTES	PARAMETER_MOST_BYTES

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
	enum parameter_result	result;

	while ((result = parameter_next(&left, &p)) == PARAMETER_READ) {
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
	if (result != PARAMETER_NONE)
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

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

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

/* Why a parameter of a Content-Disposition cannot be used; NULL: it can. */
static const char *
parameter_fault(enum parameter_result result)
{
	switch (result) {
	case PARAMETER_MALFORMED:
		return "a part's Content-Disposition is malformed";
	case PARAMETER_TWICE:
		return "a part's Content-Disposition says something twice";
	case PARAMETER_TOO_LONG:
		return "a part's name is too long";
	default:
		return NULL;
	}
}

static enum multipart_result
read_disposition(struct multipart *m, struct text value, struct part *ret)
{
	enum parameter_result	named, filed;

	if (ret->name.base != NULL)
		return reject(m, "a part has two Content-Dispositions");
	if (!is_word(parameter_token(&value), "form-data"))
		return reject(m, "a part's Content-Disposition is not form-data");
	named = parameter_find(value, "name", ret->name_bytes, NAME_MOST_BYTES,
	    &ret->name);
	if (parameter_fault(named) != NULL)
		return reject(m, parameter_fault(named));
	if (named == PARAMETER_NONE)
		return reject(m, "a part has no name");
	filed = parameter_find(value, "filename", ret->file_bytes,
	    NAME_MOST_BYTES, &ret->filename);
	if (parameter_fault(filed) != NULL)
		return reject(m, parameter_fault(filed));
	ret->is_file = filed == PARAMETER_READ;
	return MULTIPART_PART;
}

static enum multipart_result
read_header(struct multipart *m, struct text line, struct part *ret)
{
	const char	*colon = memchr(line.base, ':', line.len);
	struct text	 name, value;

	if (is_blank(line.base[0]) || colon == NULL)
		return reject(m, "a part has a header that is not valid");
	name = (struct text){ line.base, (size_t)(colon - line.base) };
	value = trim_blanks(rest_of(line, name.len + 1));
	name = trim_blanks(name);
	if (is_word(name, "content-disposition"))
		return read_disposition(m, value, ret);
	if (is_word(name, "content-transfer-encoding") &&
	    !is_word(value, "7bit") && !is_word(value, "8bit") &&
	    !is_word(value, "binary"))
		return reject(m, "a part has a Content-Transfer-Encoding other "
		    "than 7bit, 8bit and binary");
	return MULTIPART_PART;
}

/*
 * Take a header with the lines that it is folded over, a space for each fold;
 * empty: the head is at its end.
 */
static bool
take_header(struct multipart *m, char bytes[HEADER_MOST_BYTES],
    struct text *ret)
{
	struct text	line;
	size_t		len = 0;

	do {
		if (!take_line(m, &line) ||
		    line.len + 1 > HEADER_MOST_BYTES - len)
			return false;
		if (len > 0)
			bytes[len++] = ' ';
		memcpy(bytes + len, line.base, line.len);
		len += line.len;
	} while (line.len > 0 && m->left.len > 0 && is_blank(m->left.base[0]));
	*ret = (struct text){ bytes, len };
	return true;
}

static enum multipart_result
read_headers(struct multipart *m, struct part *ret)
{
	enum multipart_result	result;
	struct text		line;
	char			bytes[HEADER_MOST_BYTES];

	for (unsigned i = 0; i <= HEADERS_MOST; i++) {
		if (!take_header(m, bytes, &line))
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
