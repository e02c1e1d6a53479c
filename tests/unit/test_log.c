/* base/log.c: a line stays a line, whatever is in it. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

/* What a call writes on stderr. */
static void
said(char *ret, size_t size, void (*call)(void))
{
	int	pipes[2], saved = dup(STDERR_FILENO);
	ssize_t	len;

	assert_int_equal(pipe(pipes), 0);
	dup2(pipes[1], STDERR_FILENO);
	call();
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipes[1]);
	len = read(pipes[0], ret, size - 1);
	close(pipes[0]);
	ret[len < 0 ? 0 : len] = '\0';
}

static const char	*message;

static void
say(void)
{
	log_error("%s", message);
}

static void
bytes_are_escaped(void **state)
{
	static const struct { const char *in, *text, *json; } rows[] = {
		{ "plain", "plain", "plain" },
		{ "a \"b\" \\c", "a \"b\" \\c", "a \\\"b\\\" \\\\c" },
		{ "two\nlines\r", "two\\x0alines\\x0d",
		    "two\\u000alines\\u000d" },
		{ "\x1b[31m\x7f", "\\x1b[31m\\x7f", "\\u001b[31m\\u007f" },
		{ "\xe4\xb8\xad\xe6\x96\x87", "\xe4\xb8\xad\xe6\x96\x87",
		    "\xe4\xb8\xad\xe6\x96\x87" },
		{ "\xff|\xc0\x80|\xed\xa0\x80|\xf0\x9f\x98",
		    "\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd|"
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|"
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
		    "\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd|"
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|"
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};
	char	line[512], want[256];

	(void)state;
	log_set_name("me");
	for (size_t i = 0; i < LEN(rows); i++) {
		message = rows[i].in;
		log_set_json(false);
		said(line, sizeof(line), say);
		snprintf(want, sizeof(want), "Z error me %s\n", rows[i].text);
		check_part(rows[i].in, line, want);
		log_set_json(true);
		said(line, sizeof(line), say);
		snprintf(want, sizeof(want), "Z\",\"level\":\"error\","
		    "\"service\":\"me\",\"msg\":\"%s\"}\n", rows[i].json);
		check_part(rows[i].in, line, want);
	}
	log_set_json(false);
}

static void
lines_on_a_terminal_have_columns(void **state)
{
	char	line[512];

	(void)state;
	log_set_name("me");
	message = "here\n";
	check_true("a start in a file", log_routine() == LEVEL_INFO);
	log_set_terminal(false);
	said(line, sizeof(line), say);
	check_part("plain", line, "Z error me         here\\x0a\n");
	check_number("time of day", (int64_t)strcspn(line, "Z"), 12);
	check_true("no colours", strchr(line, '\033') == NULL);
	check_true("a start", log_routine() == LEVEL_DEBUG);
	log_set_terminal(true);
	said(line, sizeof(line), say);
	check_part("coloured", line,
	    "Z\033[0m \033[31merror\033[0m me         here\\x0a\n");
	log_set_json(true);
	said(line, sizeof(line), say);
	check_part("JSON", line, "Z\",\"level\":\"error\"");
	check_true("JSON is as in a file", log_routine() == LEVEL_INFO);
	log_set_json(false);
}

static void
lines_tell_their_request(void **state)
{
	static const char	trace[] = "00-0af7651916cd43dd8448eb211c80319c-"
				    "b7ad6b7169203331-01";
	char			line[512];

	(void)state;
	message = "here";
	log_begin("id\"1", 4, trace, sizeof(trace) - 1);
	said(line, sizeof(line), say);
	check_part("text", line, "here request=id\"1 "
	    "trace=0af7651916cd43dd8448eb211c80319c\n");
	log_set_json(true);
	said(line, sizeof(line), say);
	check_part("JSON", line, "\"msg\":\"here\",\"request_id\":\"id\\\"1\","
	    "\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\","
	    "\"span_id\":\"b7ad6b7169203331\"}\n");
	log_begin("id", 2, "", 0);
	said(line, sizeof(line), say);
	check_part("no trace", line, "\"request_id\":\"id\"}\n");
	log_done();
	said(line, sizeof(line), say);
	check_part("no request", line, "\"msg\":\"here\"}\n");
	log_set_json(false);
}

/* A new span in each process, the same for all lines about a request. */
static void
spans_have_spans_below(void **state)
{
	static const char	trace[] = "00-0af7651916cd43dd8448eb211c80319c-"
				    "b7ad6b7169203331-01";
	static const uint64_t	numbers[] = { 1, 1, 2, UINT64_MAX };
	char			line[512], *at;
	char			spans[LEN(numbers)][17];

	(void)state;
	message = "here";
	log_set_json(true);
	for (size_t i = 0; i < LEN(numbers); i++) {
		log_begin("id", 2, trace, sizeof(trace) - 1);
		log_below(numbers[i]);
		log_below(numbers[i] + 1);	/* only once */
		said(line, sizeof(line), say);
		check_part("the one above", line,
		    "\"parent_id\":\"b7ad6b7169203331\"}\n");
		at = strstr(line, "\"span_id\":\"");
		assert_non_null(at);
		snprintf(spans[i], sizeof(spans[i]), "%s", at + 11);
		check_number("its digits", (int64_t)strspn(spans[i],
		    "0123456789abcdef"), 16);
	}
	check_true("the same", strcmp(spans[0], spans[1]) == 0);
	check_true("another", strcmp(spans[0], spans[2]) != 0);
	check_true("another one", strcmp(spans[2], spans[3]) != 0);
	log_begin("id", 2, "", 0);
	log_below(7);
	said(line, sizeof(line), say);
	check_part("no trace", line, "\"request_id\":\"id\"}\n");
	log_done();
	log_set_json(false);
}

static void
say_facts(void)
{
	const struct log_fact	facts[] = {
		{ "status", NULL, -404 },
		{ "client", "a\"b\n\xff", 0 },
		{ "long", message, 0 },
	};

	log_facts(LEVEL_ERROR, "answered", facts, LEN(facts));
}

static void
facts_are_members(void **state)
{
	static char	text[201];
	char		line[2048];

	(void)state;
	message = memset(text, 'x', sizeof(text) - 1);
	log_begin("id", 2, "", 0);
	said(line, sizeof(line), say_facts);
	check_part("text", line, " answered status=-404 client=a\"b\\x0a"
	    "\xef\xbf\xbd long=xxx");
	check_part("text's end", line, "xxx request=id\n");
	log_set_json(true);
	said(line, sizeof(line), say_facts);
	check_part("JSON", line, "\"msg\":\"answered\",\"request_id\":\"id\","
	    "\"status\":-404,\"client\":\"a\\\"b\\u000a\xef\xbf\xbd\","
	    "\"long\":\"xxx");
	check_part("JSON's end", line, "xxx\"}\n");
	check_number("cut", (int64_t)strspn(strstr(line, "xxx"), "x"), 128);
	log_set_json(false);
	log_done();
}

/* Peers say what a request's id is. */
static void
long_ids_are_cut(void **state)
{
	static char	id[100000];
	char		line[2048];
	int64_t		bytes = 0;

	(void)state;
	memset(id, '\1', sizeof(id));
	message = "here";
	log_set_json(true);
	log_begin(id, sizeof(id), id, sizeof(id));
	log_below(1);
	said(line, sizeof(line), say);
	log_done();
	log_set_json(false);
	check_part("its end", line, "\\u0001\"}\n");
	for (const char *p = line; (p = strstr(p, "\\u0001")) != NULL; p++)
		bytes++;
	/* of id, trace and the span above; the one here is made */
	check_number("its bytes", bytes, 64 + 32 + 16);
}

static void
long_ones_are_cut(void **state)
{
	static char	text[20000];
	char		line[sizeof(text) * 6];

	(void)state;
	memset(text, '\1', sizeof(text) - 1);
	message = text;
	log_set_json(true);
	said(line, sizeof(line), say);
	log_set_json(false);
	check_part("its end", line, "\\u0001\"}\n");
	check_true("its length", strlen(line) < 4000 * 6 + 512);
}

static void
levels_are_kept_and_counted(void **state)
{
	int64_t	before = log_count(LEVEL_INFO);
	char	line[64];

	(void)state;
	log_set_level(LEVEL_ERROR);
	log_info("not this");
	check_number("left out", log_count(LEVEL_INFO), before);
	log_set_level(LEVEL_INFO);
	before = log_count(LEVEL_ERROR);
	said(line, sizeof(line), say);
	check_number("counted", log_count(LEVEL_ERROR), before + 1);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("bytes are escaped", bytes_are_escaped),
		TEST("lines tell their request", lines_tell_their_request),
		TEST("spans have spans below", spans_have_spans_below),
		TEST("facts are members", facts_are_members),
		TEST("long ids are cut", long_ids_are_cut),
		TEST("long ones are cut", long_ones_are_cut),
		TEST("levels are kept and counted",
		    levels_are_kept_and_counted),
		/* the last: a process stays on its terminal */
		TEST("lines on a terminal have columns",
		    lines_on_a_terminal_have_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
