/* base/settings.c */
#include "unit.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/settings.h"

struct variable {
	const char	*name;
	const char	*value;
};

static int
clear_environment(void **state)
{
	(void)state;
	clearenv();
	return setenv("HOME", "/", 1);	/* an environment, though a small one */
}

static void
load(const void *arg)
{
	const struct variable	*v = arg;
	struct settings		 s;

	setenv(v->name, v->value, 1);
	settings_load(&s);
}

static void
defaults_are_those_of_the_table(void **state)
{
	struct settings	s;

	(void)state;
	settings_load(&s);
	check_string("data", s.data, "./data");
	check_string("listen", s.listen, "127.0.0.1:5000");
	check_string("base URL", s.base_url, "http://localhost:5000");
	check_string("bind", s.bind, "");
	check_string("password", s.admin_password, "");
	check_string("endpoint", s.user_endpoint, "ipc://run/user.sock");
	check_number("threads", s.gateway_threads, 1);
	check_number("cost", s.bcrypt_cost, 12);
	check_number("body", s.max_body_bytes, 1048576);
}

static void
variables_are_taken(void **state)
{
	struct settings	s;

	(void)state;
	setenv("FLICKET_BCRYPT_COST", "4", 1);
	setenv("FLICKET_EVENT_WAIT_MS", "0", 1);
	setenv("FLICKET_MAX_BODY_BYTES", "1073741824", 1);
	setenv("FLICKET_LISTEN", "*:80", 1);
	setenv("FLICKET_DATA", "", 1);		/* empty is not set */
	setenv("FLICKET_BIND", "tcp://*:7000", 1);
	setenv("FLICKET_LOG_LEVEL", "debug", 1);
	setenv("FLICKETY", "not ours", 1);
	settings_load(&s);
	check_number("least", s.bcrypt_cost, 4);
	check_number("zero", s.event_wait_ms, 0);
	check_number("most", s.max_body_bytes, 1073741824);
	check_string("port", s.base_url, "http://localhost:80");
	check_string("empty", s.data, "./data");
	check_string("bind", s.bind, "tcp://*:7000");
	check_number("level", log_get_level(), LEVEL_DEBUG);
	log_set_level(LEVEL_ERROR);

	setenv("FLICKET_BASE_URL", "https://desk.example.org/at", 1);
	settings_load(&s);
	check_string("URL", s.base_url, "https://desk.example.org/at");
}

static void
values_that_do_not_fit_end_it(void **state)
{
	static char	long_url[300];
	static const struct { struct variable v; const char *said; } rows[] = {
		{ { "FLICKET_BCRYPT_COST", "3" }, "FLICKET_BCRYPT_COST: \"3\" "
		    "is not a whole number from 4 to 16" },
		{ { "FLICKET_BCRYPT_COST", "17" }, "\"17\" is not" },
		{ { "FLICKET_BCRYPT_COST", "12x" }, "\"12x\" is not" },
		{ { "FLICKET_BCRYPT_COST", " 12" }, "\" 12\" is not" },
		{ { "FLICKET_BCRYPT_COST", "0x0c" }, "\"0x0c\" is not" },
		{ { "FLICKET_BCRYPT_COST", "1e1" }, "\"1e1\" is not" },
		{ { "FLICKET_BCRYPT_COST", "-5" }, "\"-5\" is not" },
		{ { "FLICKET_BCRYPT_COST", "99999999999999999999" }, "is not" },
		{ { "FLICKET_LISTEN", "5000" }, "FLICKET_LISTEN: \"5000\" is "
		    "not an address and port" },
		{ { "FLICKET_LISTEN", "localhost:" }, "is not an address" },
		{ { "FLICKET_LISTEN", ":5000" }, "is not an address" },
		{ { "FLICKET_LISTEN", "h:65536" }, "is not an address" },
		{ { "FLICKET_LISTEN", "h:-1" }, "is not an address" },
		{ { "FLICKET_LISTEN", "h:80x" }, "is not an address" },
		{ { "FLICKET_BASE_URL", "desk.example.org" },
		    "FLICKET_BASE_URL: \"desk.example.org\" is not a URL" },
		{ { "FLICKET_BASE_URL", "ftp://desk" }, "is not a URL" },
		{ { "FLICKET_BASE_URL", "http://desk/" }, "without a slash" },
		{ { "FLICKET_BASE_URL", "http://" }, "is not a URL" },
		{ { "FLICKET_BASE_URL", "http://a b" }, "none may have" },
		{ { "FLICKET_BASE_URL", "http://a\"b" }, "none may have" },
		{ { "FLICKET_BASE_URL", "http://a\x01" "b" }, "none may have" },
		{ { "FLICKET_BASE_URL", "https://h?x=1" }, "nor a query" },
		{ { "FLICKET_BASE_URL", "https://h/at#x" }, "nor a query" },
		{ { "FLICKET_BASE_URL", "https://me:pw@h" }, "nor a query" },
		{ { "FLICKET_BASE_URL", long_url }, "up to 255 bytes" },
		{ { "FLICKET_TITLE", "our\ndesk" },
		    "FLICKET_TITLE: \"our\\x0adesk\" is not one line of text" },
		{ { "FLICKET_TITLE", "\x1b[31mred" }, "one line of text" },
		{ { "FLICKET_TITLE", "caf\xe9" }, "one line of text" },
		{ { "FLICKET_LOG_LEVEL", "loud" }, "one of error, warn" },
		{ { "FLICKET_LOG_LEVEL", "ERROR" }, "one of error, warn" },
		{ { "FLICKET_ADMIN_PASSWORD", "five5" },
		    "FLICKET_ADMIN_PASSWORD: shorter than 6" },
		{ { "FLICKET_DATUM", "x" },
		    "FLICKET_DATUM: there is no such setting" },
		{ { "FLICKET_", "x" }, "FLICKET_: there is no such setting" },
		{ { "FLICKET_DAT", "x" }, "there is no such setting" },
	};
	struct end	end;

	(void)state;
	memset(long_url, 'u', sizeof(long_url) - 1);
	memcpy(long_url, "http://", 7);
	for (size_t i = 0; i < LEN(rows); i++) {
		unit_run(load, &rows[i].v, &end);
		check_number(rows[i].v.value, end.status, 2);
		check_part(rows[i].v.value, end.said, rows[i].said);
	}
}

static void
origins_are_checked(void **state)
{
	static const struct { const char *list; bool is_good; } rows[] = {
		{ "", true },
		{ "*", true },
		{ "https://desk.example.org", true },
		{ "http://localhost:3000", true },
		{ "http://127.0.0.1:8080,https://[2001:db8::1]", true },
		{ "https://a.example , https://b.example:8443", true },
		{ "app://local", true },
		{ "http://a:443,https://a:80,http://a:8080", true },
		{ "*,https://a.example", false },
		{ "null", false },
		{ "https://", false },
		{ "://a", false },
		{ "https://a/", false },
		{ "https://a/b", false },
		{ "https://A.example", false },
		{ "HTTPS://a.example", false },
		{ "https://*.example.org", false },
		{ "https://a:443", false },
		{ "http://a:80", false },
		{ "https://a:", false },
		{ "https://:80", false },
		{ "https://a,", false },
		{ ",https://a", false },
		{ "https://a,,https://b", false },
		{ "https://a https://b", false },
		{ "https://user@a", false },
		{ "https://a?", false },
		{ " ", false },
	};
	struct variable	v = { .name = "FLICKET_CORS_ORIGINS" };
	struct end	end;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		v.value = rows[i].list;
		unit_run(load, &v, &end);
		check_number(v.value, end.status, rows[i].is_good ? 0 : 2);
		if (!rows[i].is_good)
			check_part(v.value, end.said, v.name);
	}
}

static void
proxies_are_checked(void **state)
{
	static char	many[64 * 8 + 8];
	static const struct { const char *list; bool is_good; } rows[] = {
		{ "", true },
		{ "127.0.0.1", true },
		{ "::1", true },
		{ "10.0.0.0/8, 192.168.0.0/16 ,fd00::/8", true },
		{ "0.0.0.0/0,::/0", true },
		{ "10.1.2.3/32,2001:db8::1/128", true },
		{ "::ffff:10.0.0.0/104", true },
		{ "10.0.0.0/33", false },
		{ "fd00::/129", false },
		{ "10.0.0.0/", false },
		{ "10.0.0.0/-1", false },
		{ "10.0.0.0/8x", false },
		{ "10.0.0.0/8/8", false },
		{ "10.0.0", false },
		{ "10.0.0.256", false },
		{ "proxy.example.org", false },
		{ "[::1]", false },
		{ "127.0.0.1:80", false },
		{ "127.0.0.1,", false },
		{ ",127.0.0.1", false },
		{ "127.0.0.1,,::1", false },
		{ " ", false },
		{ "*", false },
		{ many, false },
	};
	struct variable	v = { .name = "FLICKET_TRUSTED_PROXIES" };
	struct end	end;

	(void)state;
	for (size_t i = 0; i < 65; i++)
		memcpy(many + i * 4, i < 64 ? "::1," : "::1", i < 64 ? 4 : 3);
	for (size_t i = 0; i < LEN(rows); i++) {
		v.value = rows[i].list;
		unit_run(load, &v, &end);
		check_number(v.value, end.status, rows[i].is_good ? 0 : 2);
		if (!rows[i].is_good)
			check_part(v.value, end.said, v.name);
	}
	check_part("too many", end.said, "its entry 65 is \"::1\"");
	many[63 * 4 + 3] = '\0';	/* 64 of them */
	unit_run(load, &v, &end);
	check_number("as many as there may be", end.status, 0);
}

static void
the_entry_that_does_not_fit_is_named(void **state)
{
	static const struct { struct variable v; const char *said; } rows[] = {
		{ { "FLICKET_CORS_ORIGINS", "null" }, "of their scheme\n" },
		{ { "FLICKET_CORS_ORIGINS", "https://a, https://b/ ,null" },
		    "its entry 2 is \"https://b/\"\n" },
		{ { "FLICKET_CORS_ORIGINS", "https://a,*" },
		    "its entry 2 is \"*\"\n" },
		{ { "FLICKET_CORS_ORIGINS", "https://a," },
		    "its entry 2 is \"\"\n" },
		{ { "FLICKET_TRUSTED_PROXIES", "::1,\t10.0.0.0/33" },
		    "its entry 2 is \"10.0.0.0/33\"\n" },
		{ { "FLICKET_TRUSTED_PROXIES", ",::1" },
		    "its entry 1 is \"\"\n" },
	};
	struct end	end;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		unit_run(load, &rows[i].v, &end);
		check_part(rows[i].v.value, end.said, rows[i].said);
	}
}

static void
a_password_is_not_shown(void **state)
{
	/* too short, too long (73 bytes) */
	static const struct variable	rows[] = {
		{ "FLICKET_ADMIN_PASSWORD", "five5" },
		{ "FLICKET_ADMIN_PASSWORD", "123456789-123456789-123456789-"
		    "123456789-123456789-123456789-123456789-123" },
	};
	struct end			end;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		unit_run(load, &rows[i], &end);
		check_number(rows[i].value, end.status, 2);
		check_part(rows[i].value, end.said, rows[i].name);
		check_true(rows[i].value, strstr(end.said, rows[i].value) ==
		    NULL);
	}
}

static void
addresses_are_split(void **state)
{
	static const struct { const char *in; bool want; const char *host;
	    uint16_t port; } rows[] = {
		{ "127.0.0.1:5000", true, "127.0.0.1", 5000 },
		{ "*:0", true, "*", 0 },
		{ "[::1]:65535", true, "::1", 65535 },
		{ "localhost:080", true, "localhost", 80 },
		{ "[]:1", false, "", 0 },
		{ "", false, "", 0 },
		{ ":", false, "", 0 },
		{ "a", false, "", 0 },
		{ "a: 1", false, "", 0 },
		{ "a:+1", false, "", 0 },
		{ "a:99999999999999999999", false, "", 0 },
		{ "abcdefgh:1", false, "", 0 },	/* no room for the NUL */
		{ "abcdefg:1", true, "abcdefg", 1 },
	};
	char		host[10];
	uint16_t	port;
	bool		is;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		is = settings_split_address(rows[i].in, host,
		    rows[i].in[0] == 'a' ? 8 : sizeof(host), &port);
		check_number(rows[i].in, is, rows[i].want);
		if (!is)
			continue;
		check_string(rows[i].in, host, rows[i].host);
		check_number(rows[i].in, port, rows[i].port);
	}
}

static void
enter(const void *arg)
{
	struct settings	s = { .data = arg };

	settings_enter_data(&s);
	CHECK(access("run", W_OK) == 0 && access("stores", W_OK) == 0);
}

static void
the_data_folder_is_made(void **state)
{
	char		folder[FOLDER_SIZE], path[FOLDER_SIZE + 32];
	struct stat	st;
	struct end	end;
	FILE		*f;

	(void)state;
	unit_folder_make(folder);
	snprintf(path, sizeof(path), "%s/a/b", folder);
	for (int i = 0; i < 2; i++) {	/* and once more when it is there */
		unit_run(enter, path, &end);
		check_number("new", end.status, 0);
	}
	snprintf(path, sizeof(path), "%s/a/b/stores", folder);
	assert_int_equal(stat(path, &st), 0);
	check_number("closed to others", st.st_mode & 077, 0);

	snprintf(path, sizeof(path), "%s/file", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	unit_run(enter, path, &end);
	check_number("a file in the way", end.status, 2);
	check_part("a file in the way", end.said, "cannot be used");
	unit_folder_remove(folder);
}

static void
the_table_is_printed(void **state)
{
	static const char *const	names[] = {
#define TEXT(member, name, dflt, longest, help)		name,
#define SECRET(member, name, dflt, longest, help)	name,
#define NUMBER(member, name, dflt, least, most, help)	name,
#include "base/settings.tbl"
#undef TEXT
#undef SECRET
#undef NUMBER
	};
	char	*text;
	size_t	 len;
	FILE	*f;

	(void)state;
	for (int markdown = 0; markdown < 2; markdown++) {
		f = open_memstream(&text, &len);
		assert_non_null(f);
		settings_print(f, markdown);
		fclose(f);
		for (size_t i = 0; i < LEN(names); i++)
			check_part(names[i], text, names[i]);
		check_true("as a table", (text[0] == '|') == markdown);
		free(text);
	}
}

/* Rows that show a value; secrets are overwritten where the process has them. */
static void
a_secret_is_hidden(void **state)
{
	static char	 given[] = "FLICKET_ADMIN_PASSWORD=do not tell";
	struct settings	 s;
	size_t		 secrets = 0;

	(void)state;
	putenv(given);
	setenv("FLICKET_TITLE", "to be told", 1);
	settings_load(&s);
	settings_hide_secrets(&s, true);
	check_string("overwritten", given, "FLICKET_ADMIN_PASSWORD=");
	check_string("kept", s.admin_password, "do not tell");
	settings_hide_secrets(&s, false);
	check_string("not kept", s.admin_password, "");
	check_string("no secret", s.title, "to be told");
	for (size_t i = 0; settings_name(i) != NULL; i++)
		if (settings_is_secret(i)) {
			check_string("which", settings_name(i),
			    "FLICKET_ADMIN_PASSWORD");
			secrets++;
		}
	check_number("as the table says", (int64_t)secrets, 1);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, clear_environment, NULL, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("defaults are those of the table",
		    defaults_are_those_of_the_table),
		HERE("variables are taken, empty ones are not",
		    variables_are_taken),
		HERE("a value that does not fit ends it, and says why",
		    values_that_do_not_fit_end_it),
		HERE("origins are checked", origins_are_checked),
		HERE("proxies are checked", proxies_are_checked),
		HERE("the entry of a list that does not fit is named",
		    the_entry_that_does_not_fit_is_named),
		HERE("a password that is refused is not shown",
		    a_password_is_not_shown),
		HERE("a secret is hidden, and no other value",
		    a_secret_is_hidden),
		HERE("an address is split into host and port",
		    addresses_are_split),
		HERE("the data folder is made, closed to others",
		    the_data_folder_is_made),
		HERE("the table is printed, every row of it",
		    the_table_is_printed),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
