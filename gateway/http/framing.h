/*
 * Where a request of HTTP/1 ends (RFC 9112), decided strictly.
 *
 * libh2o 2.2.5 takes heads and chunks for good that others read differently:
 * two lengths, folded lines, lines that end with LF alone, chunk sizes like
 * `1g`. With a proxy in front, what one of both takes for a body is a request
 * for the other. So the gateway takes the place of the library's
 * phr_parse_request() and phr_decode_chunked(): a head is read by the
 * library's own and then judged here; chunks are read here only.
 */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* As in picohttpparser.h, which Debian's headers of libh2o leave out. */
struct phr_header {
	const char	*name;		/* NULL: a folded line */
	size_t		 name_len;
	const char	*value;
	size_t		 value_len;
};

struct phr_chunked_decoder {
	size_t	bytes_left_in_chunk;
	char	consume_trailer;	/* not looked at: it always is */
	char	_hex_count;
	char	_state;
};

int	phr_parse_request(const char *buf, size_t len, const char **method,
	    size_t *method_len, const char **path, size_t *path_len,
	    int *minor_version, struct phr_header *, size_t *num_headers,
	    size_t last_len);

/*
 * Turn what came of a chunked body into its bytes, in place: *size are there
 * at first, *size of the body afterwards. Returns how many bytes are behind
 * the body's end, -2 if it has not come, -1 if this is no chunked body.
 * Trailers are thrown away.
 */
ssize_t	phr_decode_chunked(struct phr_chunked_decoder *, char *buf,
	    size_t *size);

/* Find the library's own; before the first connection. */
void	framing_init(void);

/*
 * The fault of the head that was read last, as a static text; NULL: it has none.
 * To be called by the handler that is given the request: such a head is handed
 * over at once, without a body, and its connection does not go on. The fault is
 * told only once.
 */
const char *framing_fault(void);

/* Whether the last head with a fault says that a body follows. */
bool	framing_has_body(void);

#endif
