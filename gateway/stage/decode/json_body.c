/*
 * jansson refuses a whole document for one number that is beyond its types.
 * Such a document is read once more, without these numbers.
 */
#include "gateway/stage/decode/json_body.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/log.h"
#include "gateway/reply/fault.h"

#define NUMBER_CHARS	"+-.0123456789Ee"
#define WHOLE_MOST	0x1p53	/* below it a double has all whole numbers */

static struct text
without_byte_order_mark(struct text body)
{
	if (body.len >= 3 && memcmp(body.base, "\xef\xbb\xbf", 3) == 0)
		return (struct text){ body.base + 3, body.len - 3 };
	return body;
}

/* How long the digits are that a text begins with, and where they end. */
static size_t
take_digits(const char **p)
{
	size_t	len = strspn(*p, "0123456789");

	*p += len;
	return len;
}

/* The end of a number (RFC 8259, 6), NULL if it is malformed. */
static const char *
number_end(const char *p, bool *ret_is_real)
{
	const char	*digits = p + (*p == '-');
	size_t		 len;

	p = digits;
	len = take_digits(&p);
	if (len == 0 || (len > 1 && *digits == '0'))
		return NULL;
	*ret_is_real = *p == '.' || *p == 'e' || *p == 'E';
	if (*p == '.') {
		p++;
		if (take_digits(&p) == 0)
			return NULL;
	}
	if (*p == 'e' || *p == 'E') {
		p += p[1] == '+' || p[1] == '-' ? 2 : 1;
		if (take_digits(&p) == 0)
			return NULL;
	}
	return p;
}

/* Whether jansson has no type for the number of so many bytes. */
static bool
is_beyond(const char *number, size_t len)
{
	double	real;
	bool	is_real;

	if (number_end(number, &is_real) != number + len)
		return false;
	errno = 0;
	if (!is_real) {
		(void)strtoll(number, NULL, 10);
		return errno == ERANGE;
	}
	real = strtod(number, NULL);
	return errno == ERANGE && fabs(real) == HUGE_VAL;
}

/* The end of a string, from behind its first quote. */
static char *
skip_string(char *p)
{
	for (; *p != '\0' && *p != '"'; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return p + (*p == '"');
}

/* Put `[]` in the place of each number that is beyond; a NUL ends the text. */
static void
blank_numbers(char *p)
{
	size_t	len;

	while (*p != '\0') {
		len = strspn(p, NUMBER_CHARS);
		if (len > 1 && is_beyond(p, len)) {
			memset(p, ' ', len);
			memcpy(p, "[]", 2);
		}
		if (len > 0)
			p += len;
		else
			p = *p == '"' ? skip_string(p + 1) : p + 1;
	}
}

static json_t *
read_without_numbers(struct text body, size_t flags, json_error_t *error)
{
	char	*copy = must_alloc(body.len + 1);
	json_t	*root;

	memcpy(copy, body.base, body.len);
	copy[body.len] = '\0';
	blank_numbers(copy);
	root = json_loadb(copy, body.len, flags, error);
	free(copy);
	return root;
}

json_t *
json_body_read(struct text body, size_t flags, json_error_t *error,
    bool *ret_beyond)
{
	json_error_t	 other;
	json_t		*root;

	body = without_byte_order_mark(body);
	*ret_beyond = false;
	if (body.len == 0)
		return json_object();
	root = json_loadb(body.base, body.len, flags, error);
	if (root != NULL ||
	    json_error_code(error) != json_error_numeric_overflow)
		return root;
	*ret_beyond = true;
	root = read_without_numbers(body, flags, &other);
	if (root == NULL)
		*error = other;
	return root;
}

/* --- one form ---------------------------------------------------------------------- */

/* A number that is one without a fraction, or the value itself. */
static json_t *
unify_value(json_t *value)
{
	double	real = json_real_value(value);

	json_body_unify(value);
	return json_is_real(value) && floor(real) == real &&
	    fabs(real) < WHOLE_MOST ? json_integer((json_int_t)real) :
	    json_incref(value);
}

void
json_body_unify(json_t *body)
{
	const char	*name;
	json_t		*value;
	size_t		 i;

	json_object_foreach(body, name, value) {
		json_object_set_new(body, name, unify_value(value));
	}
	json_array_foreach(body, i, value) {
		json_array_set_new(body, i, unify_value(value));
	}
}

/* --- what is no JSON ------------------------------------------------------------- */

/* "application/json", "application/problem+json; charset=utf-8", ... */
bool
json_body_is_typed(const h2o_req_t *req)
{
	ssize_t		 at = h2o_find_header(&req->headers,
			    H2O_TOKEN_CONTENT_TYPE, -1);
	h2o_iovec_t	 type;
	size_t		 len;
	const char	*end;

	if (at == -1)
		return true;
	type = req->headers.entries[at].value;
	end = memchr(type.base, ';', type.len);
	len = end == NULL ? type.len : (size_t)(end - type.base);
	while (len > 0 && (type.base[len - 1] == ' ' ||
	    type.base[len - 1] == '\t'))
		len--;
	if (len == 0 || h2o_lcstris(type.base, len,
	    H2O_STRLIT("application/json")))
		return true;
	return len > 17 &&
	    h2o_lcstris(type.base, 12, H2O_STRLIT("application/")) &&
	    h2o_lcstris(type.base + len - 5, 5, H2O_STRLIT("+json"));
}

/* A body that is compressed cannot be read here (RFC 9110, 8.4). */
enum flow
json_body_check_coding(struct exchange *x)
{
	const h2o_headers_t	*headers = &x->req->headers;
	ssize_t			 at = -1;
	h2o_iovec_t		 coding;

	while ((at = h2o_find_header(headers, H2O_TOKEN_CONTENT_ENCODING,
	    at)) != -1) {
		coding = headers->entries[at].value;
		if (coding.len == 0 || h2o_lcstris(coding.base, coding.len,
		    H2O_STRLIT("identity")))
			continue;
		respond_header(x, "Accept-Encoding", "identity");
		return respond_error(x, ERR_BAD_MEDIA_TYPE, "Send the body "
		    "as it is, without Content-Encoding.");
	}
	return FLOW_NEXT;
}

enum flow
json_body_refuse(struct exchange *x, json_error_t *error)
{
	char	*near = strstr(error->text, " near '");

	/* the position, not the text there, which may be a password */
	if (near != NULL)
		*near = '\0';
	return fault_refuse(x, FAULT_INVALID_JSON, TEXT_OF(""), "The body is "
	    "not JSON: line %d, column %d: %s.", error->line, error->column,
	    error->text);
}
