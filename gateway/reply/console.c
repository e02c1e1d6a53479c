/* Files by name, and one shell for all pages. */
#include "gateway/reply/console.h"

#include "gateway/http/url.h"
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

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Take what stands for ":id" off a path. */
static bool
take_digits(struct text *path)
{
	size_t	n = 0;

	while (n < path->len && is_digit(path->base[n]))
		n++;
	path->base += n;
	path->len -= n;
	return n > 0;
}

static bool
take_byte(struct text *path, char c)
{
	if (path->len == 0 || path->base[0] != c)
		return false;
	path->base++;
	path->len--;
	return true;
}

/* The end of a form, which a path may be without. */
static bool
is_tail(const char *form)
{
	return strcmp(form, "/") == 0 || strcmp(form, "/*") == 0;
}

bool
console_path_fits(const char *form, struct text path)
{
	if (path.len > 0 && path.base[path.len - 1] == '/')
		path.len--;
	for (; *form != '\0' && !is_tail(form); form++) {
		if (strncmp(form, ":id", 3) == 0) {
			if (!take_digits(&path))
				return false;
			form += 2;
		} else if (!take_byte(&path, *form))
			return false;
	}
	return path.len == 0 || (strcmp(form, "/*") == 0 &&
	    path.base[0] == '/');
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

/* The licences of packages; all others have names that change with the bytes. */
static bool
changes(const struct console_file *f)
{
	return strncmp(f->type, "text/plain", 10) == 0;
}

static enum flow
answer_file(struct exchange *x, const struct console_file *f)
{
	return embedded_answer(x, &f->file, f->type, changes(f) ? "no-cache" :
	    "public, max-age=31536000, immutable");
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

static struct buf	shell;
static char		shell_etag[ETAG_SIZE];

/*
 * The path of the base URL at each ROOT of the file: clients see the desk below
 * it, and a proxy may take it away.
 */
static void
put_shell(struct text file, const char *root)
{
	const char	*mark;

	while ((mark = memmem(file.base, file.len, ROOT, strlen(ROOT))) !=
	    NULL) {
		buf_put(&shell, file.base, (size_t)(mark - file.base));
		buf_put_text(&shell, root);
		buf_put_byte(&shell, '/');
		file.len -= (size_t)(mark - file.base) + strlen(ROOT);
		file.base = mark + strlen(ROOT);
	}
	buf_put(&shell, file.base, file.len);
}

void
console_init(const struct settings *s)
{
	shell.len = 0;
	put_shell(console_files[0].file.bytes, url_path(s->base_url));
	etag_print(buf_text(&shell), shell_etag);
}

static enum flow
answer_shell(struct exchange *x)
{
	h2o_iovec_t	etag = h2o_iovec_init(shell_etag, ETAG_SIZE - 1);
	bool		is_had = etag_client_has(x, &etag);

	put_policy(x);
	respond_header(x, "ETag", etag.base);
	if (is_had)
		return respond_status(x, 304);
	return respond_body(x, 200, "text/html; charset=utf-8",
	    buf_text(&shell));
}

enum flow
console_answer(struct exchange *x, struct text path)
{
	const struct console_file	*f = find_file(path);

	return f != NULL ? answer_file(x, f) : answer_shell(x);
}
