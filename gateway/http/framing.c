/* Framing of HTTP/1: heads are judged, chunks decoded. */
#include "gateway/http/framing.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "gateway/http/chars.h"
#include "gateway/http/library.h"
#include "gateway/http/target.h"

#define VERSION_BYTES	8	/* HTTP/1.x */
#define DIGITS_MOST	18	/* of a length: what fits an int64_t */

typedef int parse_request(const char *, size_t, const char **, size_t *,
    const char **, size_t *, int *, struct phr_header *, size_t *, size_t);

static parse_request	*library;

static _Thread_local const char	*fault;
static _Thread_local bool	 has_body;	/* ... the head with it */

void
framing_init(void)
{
	library_find("phr_parse_request", &library);
}

const char *
framing_fault(void)
{
	const char	*said = fault;

	fault = NULL;
	return said;
}

bool
framing_has_body(void)
{
	return has_body;
}

/* --- heads -------------------------------------------------------------------- */

/* The fields of a head that tell of its body and its host. */
struct framing {
	struct phr_header	*length, *coding, *host, *connection;
	struct text		 target_host;	/* of an absolute target */
	bool			 is_absolute;
	bool			 two_hosts;
	bool			 two_lengths;	/* or codings */
};

static bool
is_header(const struct phr_header *h, const char *name, size_t len)
{
	return h->name_len == len && strncasecmp(h->name, name, len) == 0;
}

#define IS_HEADER(h, name)	is_header((h), (name), sizeof(name) - 1)

/* Where a header's place is, if it has one. */
static struct phr_header **
field_place(struct framing *f, const struct phr_header *h)
{
	switch (h->name_len) {
	case sizeof("Host") - 1:
		return IS_HEADER(h, "Host") ? &f->host : NULL;
	case sizeof("Connection") - 1:
		return IS_HEADER(h, "Connection") ? &f->connection : NULL;
	case sizeof("Content-Length") - 1:
		return IS_HEADER(h, "Content-Length") ? &f->length : NULL;
	case sizeof("Transfer-Encoding") - 1:
		return IS_HEADER(h, "Transfer-Encoding") ? &f->coding : NULL;
	default:
		return NULL;
	}
}

/*
 * White space behind a value is not part of it (5.1). Spaces behind a token are
 * known to be, as in Flicket: with them it is another.
 */
static void
trim_value(struct phr_header *h)
{
	if (IS_HEADER(h, "Authorization"))
		return;
	while (h->value_len > 0 && (h->value[h->value_len - 1] == ' ' ||
	    h->value[h->value_len - 1] == '\t'))
		h->value_len--;
}

/* The library let through LF alone, and folded lines; nothing else. */
static const char *
judge_lines(const char *buf, size_t len, const char *version_end,
    struct phr_header *headers, size_t count, struct framing *ret)
{
	struct phr_header	**place;

	if (buf[0] == '\n' || *version_end != '\r' || buf[len - 2] != '\r')
		return "A line of the head does not end with CR and LF.";
	for (size_t i = 0; i < count; i++) {
		if (headers[i].name == NULL)
			return "A header is folded.";
		if (headers[i].value[headers[i].value_len] != '\r')
			return "A line of the head does not end with CR and "
			    "LF.";
		trim_value(&headers[i]);
		place = field_place(ret, &headers[i]);
		if (place == NULL)
			continue;
		if (*place != NULL && place == &ret->host)
			ret->two_hosts = true;
		else if (*place != NULL && place != &ret->connection)
			ret->two_lengths = true;
		*place = &headers[i];
	}
	return NULL;
}

static bool
is_token(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_of_token(p[i]))
			return false;
	return len > 0;
}

static bool
is_length(const struct phr_header *h)
{
	for (size_t i = 0; i < h->value_len; i++)
		if (h->value[i] < '0' || h->value[i] > '9')
			return false;
	return h->value_len > 0 && h->value_len <= DIGITS_MOST;
}

static bool
is_of_name(char c)
{
	return is_of_token(c) ? c != '#' && c != '^' && c != '`' &&
	    c != '|' : c != '\0' && strchr("(),;=", c) != NULL;
}

static bool
is_of_address(char c)
{
	return is_of_token(c) || c == ':';
}

/* A name, or an address in brackets, and maybe a port (RFC 3986, 3.2.2). */
static bool
is_host(struct text host)
{
	const char	*p = host.base, *end = p + host.len;

	if (p < end && *p == '[') {
		for (p++; p < end && is_of_address(*p); p++)
			continue;
		if (p == end || *p++ != ']')
			return false;
	} else
		while (p < end && is_of_name(*p))
			p++;
	if (p < end && *p == ':')
		for (p++; p < end && *p >= '0' && *p <= '9'; p++)
			continue;
	return p == end;
}

static const char *
judge_framing(const struct framing *f, int minor_version)
{
	if (f->two_lengths || (f->length != NULL && f->coding != NULL))
		return "More than one header says how long the body is.";
	if (f->two_hosts)
		return "More than one header says which host is meant.";
	if (f->length != NULL && !is_length(f->length))
		return "Content-Length is not a number of bytes.";
	if (f->coding != NULL && minor_version == 0)
		return "HTTP/1.0 has no Transfer-Encoding.";
	if (f->coding != NULL && (f->coding->value_len != 7 ||
	    strncasecmp(f->coding->value, "chunked", 7) != 0))
		return "The only Transfer-Encoding known here is chunked.";
	if (f->host == NULL && minor_version != 0)
		return "HTTP/1.1 needs the header Host.";
	if (f->host != NULL && !is_host((struct text){ f->host->value,
	    f->host->value_len }))
		return "Host is not the name or address of a host.";
	if (f->is_absolute && (f->target_host.len == 0 ||
	    f->target_host.base[0] == ':' || !is_host(f->target_host)))
		return "The URL does not name a host.";
	return NULL;
}

static bool
is_of_body(const struct phr_header *h)
{
	return h->name != NULL && (IS_HEADER(h, "Content-Length") ||
	    IS_HEADER(h, "Transfer-Encoding"));
}

/* Fields that h2o acts on by itself are left out, and lines without a name. */
static bool
is_harmless(const struct phr_header *h)
{
	return h->name != NULL && !is_of_body(h) && !IS_HEADER(h, "Host") &&
	    !IS_HEADER(h, "Expect") && !IS_HEADER(h, "Connection") &&
	    !IS_HEADER(h, "Upgrade");
}

/*
 * A head with a fault goes on as one of HTTP/1.0 without a body, so that h2o
 * hands it over at once, and closes when it is answered.
 */
static void
disarm_head(struct phr_header *headers, size_t *count, int *minor_version)
{
	size_t	kept = 0;

	has_body = false;
	for (size_t i = 0; i < *count; i++) {
		has_body = has_body || is_of_body(&headers[i]);
		if (is_harmless(&headers[i]))
			headers[kept++] = headers[i];
	}
	*count = kept;
	*minor_version = 0;
}

/*
 * No client of HTTP/1.0 waits for 100 (RFC 9110, 10.1.1): it would be
 * taken for the answer, and the answer for that to the next request.
 */
static void
drop_expectations(struct phr_header *headers, size_t *count)
{
	size_t	kept = 0;

	for (size_t i = 0; i < *count; i++)
		if (!IS_HEADER(&headers[i], "Expect"))
			headers[kept++] = headers[i];
	*count = kept;
}

/* Take the text before the next comma of a list. */
static struct text
take_member(struct text *list)
{
	const char	*comma = memchr(list->base, ',', list->len);
	struct text	 member = *list;

	if (comma != NULL)
		member.len = (size_t)(comma - list->base);
	list->base += member.len + (comma != NULL);
	list->len -= member.len + (comma != NULL);
	return trim_blanks(member);
}

static bool
lists_word(const struct phr_header *h, const char *word)
{
	struct text	list = { h->value, h->value_len }, member;

	while (list.len > 0) {
		member = take_member(&list);
		if (member.len == strlen(word) &&
		    strncasecmp(member.base, word, member.len) == 0)
			return true;
	}
	return false;
}

/*
 * All lines of Connection are one list, in which `close` comes before all else
 * (9.3, 9.6). h2o looks at the last line, and at `keep-alive` first: so it is
 * given one word, and that only where it is not what the version says anyway.
 */
static void
settle_connection(struct phr_header *connection, struct phr_header *headers,
    size_t *count, int minor_version)
{
	struct phr_header	one = *connection;
	bool			close = false, keep = minor_version != 0;
	size_t			kept = 0;

	for (size_t i = 0; i < *count; i++) {
		if (!IS_HEADER(&headers[i], "Connection")) {
			headers[kept++] = headers[i];
			continue;
		}
		close = close || lists_word(&headers[i], "close");
		keep = keep || lists_word(&headers[i], "keep-alive");
	}
	*count = kept;
	keep = keep && !close;
	if (keep == (minor_version != 0))
		return;
	one.value = keep ? "keep-alive" : "close";
	one.value_len = strlen(one.value);
	headers[(*count)++] = one;
}

static void
reduce_target(const char **path, size_t *path_len, bool options,
    struct framing *ret)
{
	struct text	target = target_reduce((struct text){ *path,
			    *path_len }, options, &ret->target_host);

	ret->is_absolute = target.base != *path;
	*path = target.base;
	*path_len = target.len;
}

/* Have h2o see what the RFCs say of a head without a fault. */
static void
settle_head(struct framing *f, struct phr_header *headers, size_t *count,
    int minor_version)
{
	/* the host of an absolute target replaces that of the field (3.2.2) */
	if (f->is_absolute && f->host != NULL) {
		f->host->value = f->target_host.base;
		f->host->value_len = f->target_host.len;
	}
	if (f->connection != NULL)
		settle_connection(f->connection, headers, count,
		    minor_version);
	if (minor_version == 0)
		drop_expectations(headers, count);
}

/* Empty lines before a request are skipped (2.2). */
static size_t
skip_empty_lines(const char *buf, size_t len)
{
	size_t	skipped = 0;

	while (len - skipped >= 2 && memcmp(buf + skipped, "\r\n", 2) == 0)
		skipped += 2;
	return skipped;
}

int
phr_parse_request(const char *buf, size_t len, const char **method,
    size_t *method_len, const char **path, size_t *path_len,
    int *minor_version, struct phr_header *headers, size_t *num_headers,
    size_t last_len)
{
	struct framing	f = { 0 };
	size_t		skipped = skip_empty_lines(buf, len);
	const char	*version_end;
	int		ret;

	ret = library(buf + skipped, len - skipped, method, method_len, path,
	    path_len, minor_version, headers, num_headers,
	    last_len > skipped ? last_len - skipped : 0);
	fault = NULL;
	if (ret <= 0)
		return ret;
	version_end = *path + *path_len + 1 + VERSION_BYTES;
	fault = judge_lines(buf + skipped, (size_t)ret, version_end, headers,
	    *num_headers, &f);
	if (fault == NULL && !is_token(*method, *method_len))
		fault = "The method is not a token.";
	if (fault == NULL && *path_len == 0)
		fault = "The target is empty.";
	if (fault == NULL) {
		reduce_target(path, path_len, *method_len == 7 &&
		    memcmp(*method, "OPTIONS", 7) == 0, &f);
		fault = judge_framing(&f, *minor_version);
	}
	if (fault != NULL)
		disarm_head(headers, num_headers, minor_version);
	else
		settle_head(&f, headers, num_headers, *minor_version);
	return ret + (int)skipped;
}

/* --- chunks ------------------------------------------------------------------- */

#define SIZE_DIGITS_MOST	15	/* hexadecimal */
#define EXTENSION_MOST		100	/* bytes behind a size */
#define TRAILERS_MOST		8192	/* bytes, together */

/* The part that the next byte belongs to. A decoder begins with zeros. */
enum state {
	SIZE,
	BLANK,		/* behind a size; an extension must follow */
	EXTENSION,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	LINE,		/* of a trailer, or the empty one */
	NAME,
	VALUE,
	LINE_LF,
	END_LF,
	DONE,
	BROKEN
};

static bool
is_text_char(char c)
{
	return ((unsigned char)c >= ' ' && c != 0x7f) || c == '\t';
}

static enum state
take_size(struct phr_chunked_decoder *d, char c)
{
	int	digit = hex_value(c);

	if (digit >= 0 && d->_hex_count < SIZE_DIGITS_MOST) {
		d->_hex_count++;
		d->bytes_left_in_chunk = d->bytes_left_in_chunk << 4 |
		    (size_t)digit;
		return SIZE;
	}
	if (digit >= 0 || d->_hex_count == 0)
		return BROKEN;
	d->_hex_count = 0;	/* counts the bytes behind it from here on */
	switch (c) {
	case '\r': return SIZE_LF;
	case ';': return EXTENSION;
	case ' ':
	case '\t': return BLANK;
	default: return BROKEN;
	}
}

static enum state
take_extension(struct phr_chunked_decoder *d, char c)
{
	if (c == '\r' && d->_state == EXTENSION)
		return SIZE_LF;
	if (++d->_hex_count > EXTENSION_MOST || !is_text_char(c))
		return BROKEN;
	if (d->_state == EXTENSION || c == ';')
		return EXTENSION;
	return c == ' ' || c == '\t' ? BLANK : BROKEN;
}

/* After the last chunk the number of bytes left is that of the trailers. */
static enum state
take_trailer(struct phr_chunked_decoder *d, char c)
{
	if (++d->bytes_left_in_chunk > TRAILERS_MOST)
		return BROKEN;
	switch (d->_state) {
	case LINE:
		if (c == '\r')
			return END_LF;
		return is_of_token(c) ? NAME : BROKEN;
	case NAME:
		if (c == ':')
			return VALUE;
		return is_of_token(c) ? NAME : BROKEN;
	default:
		if (c == '\r')
			return LINE_LF;
		return is_text_char(c) ? VALUE : BROKEN;
	}
}

/* The state behind one byte that is not of the body. */
static enum state
take_chunk_byte(struct phr_chunked_decoder *d, char c)
{
	switch (d->_state) {
	case SIZE:
		return take_size(d, c);
	case BLANK:
	case EXTENSION:
		return take_extension(d, c);
	case SIZE_LF:
		d->_hex_count = 0;
		if (c != '\n')
			return BROKEN;
		return d->bytes_left_in_chunk == 0 ? LINE : DATA;
	case DATA_CR:
		return c == '\r' ? DATA_LF : BROKEN;
	case DATA_LF:
		return c == '\n' ? SIZE : BROKEN;
	case LINE_LF:
		return c == '\n' ? LINE : BROKEN;
	case END_LF:
		return c == '\n' ? DONE : BROKEN;
	default:
		return take_trailer(d, c);
	}
}

/* Move the part of a chunk that has come to its place in the body. */
static size_t
take_data(struct phr_chunked_decoder *d, char *to, const char *from, size_t len)
{
	if (len > d->bytes_left_in_chunk)
		len = d->bytes_left_in_chunk;
	memmove(to, from, len);
	d->bytes_left_in_chunk -= len;
	if (d->bytes_left_in_chunk == 0)
		d->_state = DATA_CR;
	return len;
}

ssize_t
phr_decode_chunked(struct phr_chunked_decoder *d, char *buf, size_t *size)
{
	size_t	at = 0, len = 0, moved;

	while (at < *size && d->_state != DONE && d->_state != BROKEN) {
		if (d->_state != DATA) {
			d->_state = (char)take_chunk_byte(d, buf[at++]);
			continue;
		}
		moved = take_data(d, buf + len, buf + at, *size - at);
		len += moved;
		at += moved;
	}
	memmove(buf + len, buf + at, *size - at);
	at = *size - at;
	*size = len;
	if (d->_state == BROKEN)
		return -1;
	return d->_state == DONE ? (ssize_t)at : -2;
}
