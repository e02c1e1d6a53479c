/* Settings: one loop over settings.tbl reads, checks and prints them all. */
#include "base/settings.h"

#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/line.h"
#include "base/log.h"
#include "base/near.h"
#include "base/number.h"
#include "base/paths.h"
#include "base/scan.h"
#include "base/visible.h"

struct setting {
	const char	*name;
	const char	*dflt;
	const char	*help;
	int64_t		 least;
	int64_t		 most;	/* of a text: its length in bytes */
	size_t		 at;	/* offset in struct settings */
	bool		 is_text;
	bool		 is_secret;
};

#define PREFIX		"FLICKET_"
#define PREFIX_LEN	(sizeof(PREFIX) - 1)

#define STRING(x)	#x
static const struct setting table[] = {
#define TEXT(member, name, dflt, longest, help) \
	{ name, dflt, help, 0, longest, offsetof(struct settings, member), \
	    true, false },
#define SECRET(member, name, dflt, longest, help) \
	{ name, dflt, help, 0, longest, offsetof(struct settings, member), \
	    true, true },
#define NUMBER(member, name, dflt, least, most, help) \
	{ name, STRING(dflt), help, least, most, \
	    offsetof(struct settings, member), false, false },
#include "base/settings.tbl"
#undef TEXT
#undef SECRET
#undef NUMBER
};
#define TABLE_LEN	(sizeof(table) / sizeof(table[0]))

static const char *const log_levels[] = { "error", "warn", "info", "debug" };

static bool
is_secret(const char *name)
{
	for (size_t i = 0; i < TABLE_LEN; i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].is_secret;
	return false;
}

/* Refuse a value. The text of a secret is not shown. */
static _Noreturn void
bad_value(const char *name, const char *value, const char *want)
{
	if (is_secret(name))
		visible_printf(stderr, "%s: this is not %s\n", name, want);
	else
		visible_printf(stderr, "%s: \"%s\" is not %s\n", name, value, want);
	exit(2);
}

/* The same of a list, with the entry that it is for. */
static _Noreturn void
bad_entry(const char *name, const char *value, const struct entries *list,
    struct text entry, const char *want)
{
	struct buf	b = { 0 };

	if (list->count == 1 && list->rest == NULL)
		bad_value(name, value, want);
	buf_printf(&b, "%s; its entry %u is \"%.*s\"", want, list->count,
	    (int)entry.len, entry.base);
	buf_put_byte(&b, '\0');
	bad_value(name, value, b.base);
}

static int64_t
read_number(const struct setting *row, const char *value)
{
	char	want[96];
	int64_t	n;

	if (!number_read((struct text){ value, strlen(value) }, row->least,
	    row->most, &n)) {
		snprintf(want, sizeof(want), "a whole number from %lld to %lld",
		    (long long)row->least, (long long)row->most);
		bad_value(row->name, value, want);
	}
	return n;
}

static void
read_row(const struct setting *row, struct settings *s)
{
	const char	*value = getenv(row->name);
	char		 want[64];

	if (value == NULL || value[0] == '\0')
		value = row->dflt;
	if (!row->is_text) {
		*(int64_t *)((char *)s + row->at) = read_number(row, value);
		return;
	}
	if (strlen(value) > (size_t)row->most) {
		snprintf(want, sizeof(want), "a text of up to %lld bytes",
		    (long long)row->most);
		bad_value(row->name, value, want);
	}
	*(const char **)((char *)s + row->at) = value;
}

/* The setting that was meant, or NULL. All have the same beginning. */
static const char *
nearest(const char *name)
{
	const char	*found = NULL;
	size_t		 steps, fewest = SIZE_MAX;

	for (size_t i = 0; i < TABLE_LEN; i++)
		if (near_to(name + PREFIX_LEN, table[i].name + PREFIX_LEN,
		    &steps) && steps < fewest) {
			found = table[i].name;
			fewest = steps;
		}
	return found;
}

static _Noreturn void
refuse_name(const char *name)
{
	const char	*meant = nearest(name);

	visible_printf(stderr, "%s: there is no such setting; %s%s%s"
	    "`flicketctl settings` lists them\n", name,
	    meant == NULL ? "" : "did you mean ", meant == NULL ? "" : meant,
	    meant == NULL ? "" : "? ");
	exit(2);
}

/* A variable of ours that no row knows is a misspelt setting. */
static void
refuse_unknown(void)
{
	size_t		  i, len;

	for (char **e = environ; *e != NULL; e++) {
		if (strncmp(*e, PREFIX, PREFIX_LEN) != 0)
			continue;
		len = strcspn(*e, "=");
		for (i = 0; i < TABLE_LEN; i++)
			if (strlen(table[i].name) == len &&
			    memcmp(table[i].name, *e, len) == 0)
				break;
		if (i == TABLE_LEN) {
			(*e)[len] = '\0';
			refuse_name(*e);
		}
	}
}

bool
settings_split_address(const char *address, char *ret_host, size_t host_size,
    uint16_t *ret_port)
{
	const char	*colon = strrchr(address, ':');
	const char	*host = address;
	size_t		 host_len;
	int64_t		 port;

	if (colon == NULL || !isdigit((unsigned char)colon[1]) ||
	    !number_read((struct text){ colon + 1, strlen(colon + 1) }, 0,
	    UINT16_MAX, &port))
		return false;
	host_len = (size_t)(colon - host);
	if (host_len >= 2 && host[0] == '[' && host[host_len - 1] == ']') {
		host++;
		host_len -= 2;
	}
	if (host_len == 0 || host_len >= host_size)
		return false;
	memcpy(ret_host, host, host_len);
	ret_host[host_len] = '\0';
	*ret_port = (uint16_t)port;
	return true;
}

static void
check_listen(struct settings *s)
{
	static char	 url[64];	/* settings live as long as we do */
	char		 host[256];
	uint16_t	 port;

	if (!settings_split_address(s->listen, host, sizeof(host), &port))
		bad_value("FLICKET_LISTEN", s->listen,
		    "an address and port such as 127.0.0.1:5000");
	if (s->base_url[0] != '=')
		return;
	snprintf(url, sizeof(url), "%s://localhost:%u",
	    s->tls_cert[0] != '\0' ? "https" : "http", (unsigned)port);
	s->base_url = url;
}

static void
check_metrics_listen(const struct settings *s)
{
	char		 host[256];
	uint16_t	 port;

	if (s->metrics_listen[0] != '\0' && !settings_split_address(
	    s->metrics_listen, host, sizeof(host), &port))
		bad_value("FLICKET_METRICS_LISTEN", s->metrics_listen,
		    "an address and port such as 127.0.0.1:9101");
}

static void
check_base_url(const struct settings *s)
{
	size_t	len = strlen(s->base_url);

	if ((strncmp(s->base_url, "http://", 7) != 0 &&
	    strncmp(s->base_url, "https://", 8) != 0) ||
	    s->base_url[len - 1] == '/')
		bad_value("FLICKET_BASE_URL", s->base_url,
		    "a URL such as https://desk.example.org, without a slash "
		    "at the end");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s->base_url[i] <= ' ' ||
		    strchr("\"\\<>", s->base_url[i]) != NULL)
			bad_value("FLICKET_BASE_URL", s->base_url,
			    "a URL: it has a character that none may have");
	/* paths are put behind it */
	if (strpbrk(s->base_url, "?#@") != NULL)
		bad_value("FLICKET_BASE_URL", s->base_url, "a URL such as "
		    "https://desk.example.org, with neither a user nor a query "
		    "nor a fragment");
}

static bool
is_utf8(struct text t)
{
	size_t	len;

	for (size_t at = 0; at < t.len; at += len) {
		len = (unsigned char)t.base[at] < 0x80 ? 1 :
		    scan_character(t.base + at, t.len - at);
		if (len == 0)
			return false;
	}
	return true;
}

/* People see it in every page, and as the name of the window. */
static void
check_title(const struct settings *s)
{
	struct text	title = line_trim(text_of(s->title));
	uint32_t	at;

	if (!is_utf8(title) || line_flaw(title, &at) != LINE_GOOD)
		bad_value("FLICKET_TITLE", s->title, "one line of text, "
		    "without control characters");
}

/* ZeroMQ's own word on an endpoint comes late and says little. */
static void
check_endpoint(const char *name, const char *value)
{
	char		 host[256];
	uint16_t	 port;

	if (strncmp(value, "ipc://", 6) == 0 && value[6] != '\0')
		return;
	if (strncmp(value, "tcp://", 6) != 0 ||
	    !settings_split_address(value + 6, host, sizeof(host), &port))
		bad_value(name, value, "an endpoint such as "
		    "ipc://run/user.sock or tcp://user:7000");
}

static void
check_endpoints(const struct settings *s)
{
	check_endpoint("FLICKET_USER_ENDPOINT", s->user_endpoint);
	check_endpoint("FLICKET_TICKET_ENDPOINT", s->ticket_endpoint);
	check_endpoint("FLICKET_POST_ENDPOINT", s->post_endpoint);
	check_endpoint("FLICKET_LOOKUP_ENDPOINT", s->lookup_endpoint);
	if (s->bind[0] != '\0')
		check_endpoint("FLICKET_BIND", s->bind);
}

/* https://no-color.org, and terminals that have none. */
static bool
wants_colours(void)
{
	const char	*no = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no == NULL || no[0] == '\0') &&
	    (term == NULL || strcmp(term, "dumb") != 0);
}

static void
check_log_format(const struct settings *s)
{
	if (strcmp(s->log_format, "auto") != 0 &&
	    strcmp(s->log_format, "json") != 0 &&
	    strcmp(s->log_format, "text") != 0)
		bad_value("FLICKET_LOG_FORMAT", s->log_format,
		    "auto, json or text");
	log_set_json(strcmp(s->log_format, "json") == 0 ||
	    (strcmp(s->log_format, "auto") == 0 && !isatty(STDERR_FILENO)));
	if (isatty(STDERR_FILENO))
		log_set_terminal(wants_colours());
}

static void
check_switch(const char *name, const char *value)
{
	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		bad_value(name, value, "on or off");
}

static void
check_harden(const struct settings *s)
{
	if (strcmp(s->harden, "on") != 0 && strcmp(s->harden, "off") != 0 &&
	    strcmp(s->harden, "strict") != 0)
		bad_value("FLICKET_HARDEN", s->harden, "on, off or strict");
}

static void
check_change_category(const struct settings *s)
{
	if (strcmp(s->change_category, "nobody") != 0 &&
	    strcmp(s->change_category, "staff") != 0 &&
	    strcmp(s->change_category, "everybody") != 0)
		bad_value("FLICKET_CHANGE_CATEGORY", s->change_category,
		    "nobody, staff or everybody");
}

static void
check_log_level(const struct settings *s)
{
	for (size_t i = 0; i < 4; i++)
		if (strcmp(s->log_level, log_levels[i]) == 0) {
			log_set_level((enum log_level)i);
			return;
		}
	bad_value("FLICKET_LOG_LEVEL", s->log_level,
	    "one of error, warn, info, debug");
}

static void
check_admin_password(const struct settings *s)
{
	size_t	len = strlen(s->admin_password);

	if (len != 0 && len < 6) {
		visible_printf(stderr, "FLICKET_ADMIN_PASSWORD: shorter than 6 "
		    "characters\n");
		exit(2);
	}
}

struct entries
entries_of(const char *value)
{
	return (struct entries){ value[0] == '\0' ? NULL : value, 0 };
}

bool
entries_next(struct entries *l, struct text *ret)
{
	size_t	len;

	if (l->rest == NULL)
		return false;
	l->rest += strspn(l->rest, " \t");
	len = strcspn(l->rest, ",");
	*ret = (struct text){ l->rest, len };
	l->rest = l->rest[len] == ',' ? l->rest + len + 1 : NULL;
	l->count++;
	while (ret->len > 0 && strchr(" \t", ret->base[ret->len - 1]) != NULL)
		ret->len--;
	return true;
}

static bool
is_extension(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ", t.base[i]) == NULL)
			return false;
	return t.len > 0 && t.len <= 20;
}

static void
check_extensions(const struct settings *s)
{
	struct entries	list = entries_of(s->upload_extensions);
	struct text	entry;

	while (entries_next(&list, &entry))
		if (!is_extension(entry))
			bad_entry("FLICKET_UPLOAD_EXTENSIONS",
			    s->upload_extensions, &list, entry, "letters and "
			    "digits, 20 at most, with commas between, such as "
			    "txt,pdf");
}

static bool
is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    strchr("-._[]:", c) != NULL;
}

/*
 * scheme "://" host [":" port] as browsers write it: in lower case, without
 * a path, without the port that the scheme has anyway.
 */
static bool
is_origin(struct text t)
{
	size_t	scheme = 0, at;

	while (scheme < t.len && (islower((unsigned char)t.base[scheme]) ||
	    (scheme > 0 && (isdigit((unsigned char)t.base[scheme]) ||
	    memchr("+-.", t.base[scheme], 3) != NULL))))
		scheme++;
	if (scheme == 0 || t.len < scheme + 4 ||
	    memcmp(t.base + scheme, "://", 3) != 0)
		return false;
	for (at = scheme + 3; at < t.len; at++)
		if (!is_host_char(t.base[at]))
			return false;
	if (t.base[scheme + 3] == ':' || t.base[t.len - 1] == ':')
		return false;
	return !(scheme == 4 && memcmp(t.base, "http", 4) == 0 &&
	    memcmp(t.base + t.len - 3, ":80", 3) == 0) &&
	    !(scheme == 5 && memcmp(t.base, "https", 5) == 0 &&
	    memcmp(t.base + t.len - 4, ":443", 4) == 0);
}

static void
check_origins(const struct settings *s)
{
	struct entries	list = entries_of(s->cors_origins);
	struct text	entry;

	if (strcmp(s->cors_origins, "*") == 0)
		return;
	while (entries_next(&list, &entry))
		if (!is_origin(entry))
			bad_entry("FLICKET_CORS_ORIGINS", s->cors_origins,
			    &list, entry, "* alone, or origins with commas "
			    "between such as https://desk.example.org or "
			    "http://localhost:3000: in lower case, without a "
			    "path and without the port 80 or 443 of their "
			    "scheme");
}

static void
check_proxies(const struct settings *s)
{
	struct entries	list = entries_of(s->trusted_proxies);
	struct network	network;
	struct text	entry;

	while (entries_next(&list, &entry))
		if (list.count > NETWORKS_MOST ||
		    !network_read(entry, &network))
			bad_entry("FLICKET_TRUSTED_PROXIES",
			    s->trusted_proxies, &list, entry, "addresses and "
			    "networks (CIDR) with commas between, at most 64, "
			    "such as 127.0.0.1,10.0.0.0/8,fd00::/8");
}

static void
check_tls(const struct settings *s)
{
	bool	cert = s->tls_cert[0] != '\0', key = s->tls_key[0] != '\0';

	if (cert == key)
		return;
	visible_printf(stderr, "%s is set without %s: TLS needs both\n",
	    cert ? "FLICKET_TLS_CERT" : "FLICKET_TLS_KEY",
	    cert ? "FLICKET_TLS_KEY" : "FLICKET_TLS_CERT");
	exit(2);
}

/*
 * Paths are relative to the folder that a process is started in, and read
 * after it has entered another one.
 */
static void
make_absolute(const char *name, const char **path, char *space, size_t size)
{
	char	here[PATH_MAX];

	if ((*path)[0] == '\0' || (*path)[0] == '/')
		return;
	if (getcwd(here, sizeof(here)) == NULL ||
	    (size_t)snprintf(space, size, "%s/%s", here, *path) >= size)
		bad_value(name, *path, "a path that can be used from here");
	*path = space;
}

static void
resolve_paths(struct settings *s)
{
	static char	paths[4][PATH_MAX];	/* live as long as we do */

	make_absolute("FLICKET_KEYS", &s->keys, paths[0], PATH_MAX);
	make_absolute("FLICKET_TLS_CERT", &s->tls_cert, paths[1], PATH_MAX);
	make_absolute("FLICKET_TLS_KEY", &s->tls_key, paths[2], PATH_MAX);
	make_absolute("FLICKET_ADMIN_PASSWORD_FILE", &s->admin_password_file,
	    paths[3], PATH_MAX);
}

void
settings_load(struct settings *ret)
{
	refuse_unknown();
	for (size_t i = 0; i < TABLE_LEN; i++)
		read_row(&table[i], ret);
	check_log_level(ret);
	check_log_format(ret);
	check_switch("FLICKET_ACCESS_LOG", ret->access_log);
	check_switch("FLICKET_COMPRESSION", ret->compression);
	check_harden(ret);
	check_listen(ret);
	check_metrics_listen(ret);
	check_change_category(ret);
	check_title(ret);
	check_base_url(ret);
	check_admin_password(ret);
	check_extensions(ret);
	check_origins(ret);
	check_proxies(ret);
	if (ret->bind[0] == '=')
		ret->bind = "";
	check_endpoints(ret);
	check_tls(ret);
	resolve_paths(ret);
}

const char *
settings_name(size_t row)
{
	return row < TABLE_LEN ? table[row].name : NULL;
}

/* A default that is computed begins with '='. */
static const char *
shown_default(const struct setting *row)
{
	return row->dflt[0] == '=' ? row->dflt + 1 : row->dflt;
}

const char *
settings_default(size_t row)
{
	return shown_default(&table[row]);
}

const char *
settings_help(size_t row)
{
	return table[row].help;
}

bool
settings_is_secret(size_t row)
{
	return table[row].is_secret;
}

static void
hide_secret(const struct setting *row, struct settings *s, bool keep)
{
	char	*shown = getenv(row->name);

	if (shown == NULL || shown[0] == '\0')
		return;
	/* setenv() copies, and leaves the old bytes */
	if (setenv(row->name, keep ? shown : "", 1) == -1)
		log_fatal("out of memory");
	explicit_bzero(shown, strlen(shown));
	*(const char **)((char *)s + row->at) = getenv(row->name);
}

void
settings_hide_secrets(struct settings *s, bool keep)
{
	for (size_t i = 0; i < TABLE_LEN; i++)
		if (table[i].is_secret)
			hide_secret(&table[i], s, keep);
}

void
settings_put(struct buf *b, const struct settings *s, size_t row)
{
	const char	*at = (const char *)s + table[row].at;

	if (table[row].is_text)
		buf_put_text(b, *(const char *const *)(const void *)at);
	else
		buf_printf(b, "%lld",
		    (long long)*(const int64_t *)(const void *)at);
}

const char *
settings_endpoint(const struct settings *s, enum service_id id)
{
	switch (id) {
#define SERVICE(number, NAME, name, endpoint) \
	case SERVICE_##NAME: return s->endpoint;
#include "base/services.tbl"
#undef SERVICE
	default: return NULL;
	}
}

/*
 * Make a folder in the working folder. Made by root, it belongs to the owner of
 * the working folder: the programs become that user (base/process/harden.h).
 */
static int
make_folder(const char *name)
{
	struct stat	st;

	if (mkdir(name, 0700) == -1)
		return errno == EEXIST ? 0 : -1;
	if (geteuid() != 0 || stat(".", &st) == -1 || st.st_uid == 0)
		return 0;
	return lchown(name, st.st_uid, st.st_gid);
}

void
settings_enter_data(const struct settings *s)
{
	if (!paths_make_folder(s->data) || chdir(s->data) == -1 ||
	    make_folder("run") == -1 || make_folder(PATHS_STORES) == -1) {
		visible_printf(stderr, "FLICKET_DATA: \"%s\" cannot be used: %s\n",
		    s->data, strerror(errno));
		exit(2);
	}
}

static void
print_row(FILE *f, const struct setting *row, bool markdown)
{
	const char	*dflt = shown_default(row);

	if (markdown) {
		fprintf(f, dflt[0] == '\0' ? "| `%s` | %s| %s" :
		    "| `%s` | `%s` | %s", row->name, dflt, row->help);
		if (!row->is_text)
			fprintf(f, " (%lld to %lld)", (long long)row->least,
			    (long long)row->most);
		fprintf(f, " |\n");
		return;
	}
	fprintf(f, "%s=%s\n    %s", row->name, dflt, row->help);
	if (!row->is_text)
		fprintf(f, " (%lld to %lld)", (long long)row->least,
		    (long long)row->most);
	fprintf(f, "\n");
}

void
settings_print(FILE *f, bool markdown)
{
	if (markdown)
		fprintf(f, "| setting | default | what it does |\n"
		    "| --- | --- | --- |\n");
	for (size_t i = 0; i < TABLE_LEN; i++)
		print_row(f, &table[i], markdown);
}
