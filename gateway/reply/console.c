/* Files by name, and one shell for all pages. */
#include "gateway/reply/console.h"

#include <sodium.h>

#include "gateway/reply/compress.h"
#include "gateway/reply/etag.h"
#include "gateway/reply/respond.h"

#define FILES	"/console/"
#define ROOT	"@ROOT@"

static const char *const pages[] = {
#define PAGE(path)	path,
#include "gateway/reply/console.tbl"
#undef PAGE
};

/* --- which ---------------------------------------------------------------- */

static size_t
digits_at(struct text path, size_t at)
{
	size_t	n = 0;

	while (at + n < path.len && path.base[at + n] >= '0' &&
	    path.base[at + n] <= '9')
		n++;
	return n;
}

bool
console_path_fits(const char *form, struct text path)
{
	size_t	at = 0, n;

	for (; *form != '\0'; at += n) {
		if (form[0] == '*' && form[1] == '\0')
			return true;
		n = 1;
		if (strncmp(form, ":id", 3) == 0) {
			n = digits_at(path, at);
			form += 3;
		} else if (at == path.len || *form++ != path.base[at])
			n = 0;
		if (n == 0)
			return false;
	}
	return at == path.len;
}

static const struct console_file *
find_file(struct text path)
{
	size_t	below = strlen(FILES);

	if (path.len <= below || memcmp(path.base, FILES, below) != 0)
		return NULL;
	path.base += below;
	path.len -= below;
	for (size_t i = 1; i < console_file_count; i++)
		if (strlen(console_files[i].name) == path.len &&
		    memcmp(console_files[i].name, path.base, path.len) == 0)
			return &console_files[i];
	return NULL;
}

static bool
is_page(struct text path)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (console_path_fits(pages[i], path))
			return true;
	return false;
}

bool
console_find(struct text path)
{
	return is_page(path) || find_file(path) != NULL;
}

/* --- files ---------------------------------------------------------------- */

/* Its name changes with its bytes, so what a browser has of it stays right. */
static enum flow
answer_file(struct exchange *x, const struct console_file *f)
{
	bool	is_gzip;

	respond_header(x, "Cache-Control",
	    "public, max-age=31536000, immutable");
	respond_header(x, "X-Content-Type-Options", "nosniff");
	is_gzip = compress_is_wanted(x, f->type, f->bytes.len);
	return respond_coded(x, 200, f->type, is_gzip ? f->gzip : f->bytes,
	    is_gzip);
}

/* --- the shell ------------------------------------------------------------ */

/*
 * Scripts, styles, pictures and requests of this desk alone. Nothing can be put
 * into a page as HTML: the console has no policy for trusted types.
 */
static void
put_policy(struct exchange *x)
{
	respond_header(x, "Content-Security-Policy", "default-src 'none'; "
	    "script-src 'self'; style-src 'self'; img-src 'self'; "
	    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
	    "form-action 'none'; frame-ancestors 'none'; "
	    "require-trusted-types-for 'script'; trusted-types 'none'");
	respond_header(x, "Referrer-Policy", "no-referrer");
	respond_header(x, "Cross-Origin-Opener-Policy", "same-origin");
	respond_header(x, "X-Content-Type-Options", "nosniff");
	respond_header(x, "Cache-Control", "no-cache");
}

/* The path that clients see the desk below; a proxy may take it away. */
static const char *
path_of_desk(const struct settings *s)
{
	const char	*host = strstr(s->base_url, "://") + 3;
	const char	*slash = strchr(host, '/');

	return slash == NULL ? "" : slash;
}

static void
put_shell(struct buf *b, const char *root)
{
	struct text	 left = console_files[0].bytes;
	const char	*mark;

	while ((mark = memmem(left.base, left.len, ROOT, strlen(ROOT))) !=
	    NULL) {
		buf_put(b, left.base, (size_t)(mark - left.base));
		buf_put_text(b, root);
		buf_put_byte(b, '/');
		left.len -= (size_t)(mark - left.base) + strlen(ROOT);
		left.base = mark + strlen(ROOT);
	}
	buf_put(b, left.base, left.len);
}

static enum flow
answer_shell(struct exchange *x)
{
	struct buf	*b = respond_buffer(x);
	h2o_iovec_t	 etag;

	put_shell(b, path_of_desk(x->worker->gateway->settings));
	etag = etag_of_bytes(&x->req->pool, buf_text(b));
	put_policy(x);
	respond_header(x, "ETag", etag.base);
	if (etag_client_has(x, &etag))
		return respond_status(x, 304);
	return respond_buffered(x, 200, "text/html; charset=utf-8");
}

enum flow
console_answer(struct exchange *x, struct text path)
{
	const struct console_file	*f = find_file(path);

	return f != NULL ? answer_file(x, f) : answer_shell(x);
}
