/* gateway/reply/console.c. The files are those of the build. */
#include "exchange.h"
#include "fakes.h"

#include "gateway/reply/console.h"

static void
paths_fit_their_forms(void **state)
{
	static const struct { const char *form, *path; bool fits; } rows[] = {
		{ "/", "/", true },
		{ "/", "//", false },
		{ "/", "/x", false },
		{ "/new", "/new", true },
		{ "/new", "/new/", true },
		{ "/new", "/new//", false },
		{ "/new", "/ne", false },
		{ "/new", "/newer", false },
		{ "/new", "/New", false },
		{ "/tickets/", "/tickets/", true },
		{ "/tickets/", "/tickets", true },
		{ "/tickets/", "/tickets//", false },
		{ "/tickets/", "/tickets/x", false },
		{ "/ticket/:id", "/ticket/7", true },
		{ "/ticket/:id", "/ticket/7/", true },
		{ "/ticket/:id", "/ticket/00000000000000000000000000007", true },
		{ "/ticket/:id", "/ticket/", false },
		{ "/ticket/:id", "/ticket", false },
		{ "/ticket/:id", "/ticket/7x", false },
		{ "/ticket/:id", "/ticket/-7", false },
		{ "/ticket/:id", "/ticket/7/x", false },
		{ "/view/:id/*", "/view/7", true },
		{ "/view/:id/*", "/view/7/", true },
		{ "/view/:id/*", "/view/7/a/b//", true },
		{ "/view/:id/*", "/view/7a", false },
		{ "/mine/*", "/mine", true },
		{ "/mine/*", "/mine/created/", true },
		{ "/mine/*", "/minecraft", false },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].path, console_path_fits(rows[i].form,
		    text_of(rows[i].path)), rows[i].fits);
}

static void
what_is_no_page_is_not_found(void **state)
{
	static const struct { const char *path; bool is; } rows[] = {
		{ "/", true }, { "/tickets/", true }, { "/ticket/1", true },
		{ "/ticket_view/1/2/", true }, { "/console/", false },
		{ "/console", false }, { "/console/index.html", false },
		{ "/console/../", false }, { "/index.html", false },
		{ "/favicon.ico", false }, { "x", false },
	};
	char	path[200];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].path, console_find(text_of(rows[i].path)),
		    rows[i].is);
	for (size_t i = 1; i < console_file_count; i++) {
		snprintf(path, sizeof(path), "/console/%s",
		    console_files[i].name);
		check_true(path, console_find(text_of(path)));
		path[strlen(path) - 1] = '\0';
		check_true(path, !console_find(text_of(path)));
	}
}

static void
show(struct visit *v, const char *base_url, const char *path,
    const char *if_none_match)
{
	responded_clear();
	visit_begin(v, "GET", path);
	v->settings.base_url = base_url;
	if (if_none_match != NULL)
		visit_header(v, H2O_TOKEN_IF_NONE_MATCH, if_none_match);
	console_init(&v->settings);
	check_number(path, console_answer(&v->x, text_of(path)), FLOW_DONE);
}

static void
the_shell_has_the_path_of_the_desk(void **state)
{
	static const struct { const char *base_url, *icon; } rows[] = {
		{ "http://localhost:5000", "href=\"/console/icon-" },
		{ "https://desk.example", "href=\"/console/icon-" },
		{ "https://desk.example/below/it",
		    "href=\"/below/it/console/icon-" },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		show(&v, rows[i].base_url, "/ticket/7", NULL);
		check_number(rows[i].base_url, responded.status, 200);
		check_string("type", responded.type,
		    "text/html; charset=utf-8");
		check_part(rows[i].base_url, responded.body, rows[i].icon);
		check_true("no mark is left", strstr(responded.body, "@") ==
		    NULL);
		check_text("asked anew", responded_header(&v.x,
		    "cache-control"), TEXT_OF("no-cache"));
		visit_end(&v);
	}
}

static void
files_have_tags_and_last(void **state)
{
	const struct console_file	*f;
	struct visit			 v;
	char				 path[200];

	(void)state;
	for (size_t i = 1; i < console_file_count; i++) {
		f = &console_files[i];
		snprintf(path, sizeof(path), "/console/%s", f->name);
		show(&v, "http://localhost:5000", path, NULL);
		check_number(path, responded.status, 200);
		check_number(path, (int64_t)responded.body_len,
		    (int64_t)f->file.bytes.len);
		check_text(path, responded_header(&v.x, "etag"),
		    text_of(f->file.etag));
		check_text(path, responded_header(&v.x, "cache-control"),
		    text_of(strcmp(f->name, "licenses.txt") == 0 ?
		    "no-cache" : "public, max-age=31536000, immutable"));
		visit_end(&v);
		show(&v, "http://localhost:5000", path, f->file.etag);
		check_number(path, responded.status, 304);
		check_text(path, responded_header(&v.x, "etag"),
		    text_of(f->file.etag));
		visit_end(&v);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("paths fit their forms", paths_fit_their_forms),
		TEST("what is no page is not found",
		    what_is_no_page_is_not_found),
		TEST("the shell has the path of the desk",
		    the_shell_has_the_path_of_the_desk),
		TEST("files have tags and last", files_have_tags_and_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
