/* gateway/http/agent.c */
#include "exchange.h"

#include "gateway/http/agent.h"

static void
browsers_are_told_apart(void **state)
{
	static const struct { const char *agent, *want; } rows[] = {
		{ "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 "
		    "Firefox/128.0", "console, Firefox on Linux" },
		{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
		    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
		    "Safari/537.36", "console, Chrome on Windows" },
		{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
		    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
		    "Safari/537.36 Edg/126.0.0.0", "console, Edge on Windows" },
		{ "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, "
		    "like Gecko) Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0",
		    "console, Opera on Linux" },
		{ "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) "
		    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
		    "Safari/605.1.15", "console, Safari on macOS" },
		{ "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
		    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
		    "Mobile/15E148 Safari/604.1", "console, Safari on iOS" },
		{ "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) "
		    "AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 "
		    "Mobile/15E148 Safari/604.1", "console, Chrome on iPadOS" },
		{ "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 "
		    "Firefox/127.0", "console, Firefox on Android" },
		{ "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 "
		    "(KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
		    "Safari/537.36", "console, Chrome on Android" },
		{ "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) "
		    "AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
		    "console, Chrome on ChromeOS" },
		/* half of it, or nothing */
		{ "Firefox/1", "console, Firefox" },
		{ "Something (Windows)", "console" },
		{ "curl/7.88.1", "console" },
		{ "", "console" },
		{ NULL, "console" },
	};
	char		name[AGENT_SIZE];
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, "POST", "/flicket-api/session");
		if (rows[i].agent != NULL)
			visit_header(&v, H2O_TOKEN_USER_AGENT, rows[i].agent);
		agent_print(&v.req, name);
		check_string(rows[i].want, name, rows[i].want);
		visit_end(&v);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("browsers are told apart", browsers_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
