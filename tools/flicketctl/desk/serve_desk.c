/*
 * The desk from outside. Nothing here may take long, as the supervisor restarts
 * no process meanwhile: it waits for a socket a quarter of a second at most.
 */
#include "tools/flicketctl/desk/serve_desk.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "base/settings.h"
#include "base/visible.h"

#define ADDRESS_FILE	"run/gateway.address"

/* Resolve "host:port"; NULL if there is no such address. */
static struct addrinfo *
resolve(const char *address)
{
	const struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo		*list;
	char			 host[256], port[8];
	uint16_t		 number;

	if (!settings_split_address(address, host, sizeof(host), &number))
		return NULL;
	snprintf(port, sizeof(port), "%u", (unsigned)number);
	if (getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints,
	    &list) != 0)
		return NULL;
	return list;
}

/* A socket for what resolve() found, or -1. */
static int
open_socket(const struct addrinfo *to)
{
	const struct timeval	limit = { .tv_usec = 250000 };
	int			fd;

	fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

int
desk_dial(const char *address)
{
	struct addrinfo	*to = resolve(address);
	int		 fd;

	if (to == NULL)
		return -1;
	fd = open_socket(to);
	if (fd != -1 && connect(fd, to->ai_addr, to->ai_addrlen) == -1) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(to);
	return fd;
}

/* A connection to the gateway, ssl NULL without TLS. */
struct line {
	int	 fd;
	SSL	*ssl;
};

/* The certificate is not verified: nothing secret is sent to the gateway. */
static bool
secure(struct line *l)
{
	static SSL_CTX	*ctx;

	if (ctx == NULL)
		ctx = SSL_CTX_new(TLS_client_method());
	l->ssl = ctx == NULL ? NULL : SSL_new(ctx);
	return l->ssl != NULL && SSL_set_fd(l->ssl, l->fd) == 1 &&
	    SSL_connect(l->ssl) == 1;
}

static ssize_t
receive_bytes(const struct line *l, char *ret, size_t size)
{
	return l->ssl == NULL ? recv(l->fd, ret, size, 0) :
	    SSL_read(l->ssl, ret, (int)size);
}

static ssize_t
send_text(const struct line *l, const char *text, size_t len)
{
	return l->ssl == NULL ? send(l->fd, text, len, MSG_NOSIGNAL) :
	    SSL_write(l->ssl, text, (int)len);
}

/* Read until the other side ends it; the text is always terminated. */
static void
read_all(const struct line *l, char *ret, size_t size)
{
	size_t	len = 0;
	ssize_t	n;

	while (len < size - 1 &&
	    (n = receive_bytes(l, ret + len, size - 1 - len)) > 0)
		len += (size_t)n;
	ret[len] = '\0';
}

int
desk_ask_ready(const char *address, bool tls, char *ret_body, size_t size)
{
	static const char	 request[] = "GET /readyz HTTP/1.0\r\n"
	    "Host: localhost\r\n\r\n";
	const char		*body;
	struct line		 l = { .fd = desk_dial(address) };
	int			 status = 0;

	ret_body[0] = '\0';
	if (l.fd == -1)
		return 0;
	if ((!tls || secure(&l)) &&
	    send_text(&l, request, sizeof(request) - 1) > 0)
		read_all(&l, ret_body, size);
	SSL_free(l.ssl);
	close(l.fd);
	body = strstr(ret_body, "\r\n\r\n");
	if (body != NULL && strncmp(ret_body, "HTTP/1.1 ", 9) == 0)
		status = (int)strtol(ret_body + 9, NULL, 10);
	body = status == 0 ? "" : body + 4;
	memmove(ret_body, body, strlen(body) + 1);
	return status;
}

bool
desk_speaks_tls(const char *address)
{
	struct line	l = { .fd = desk_dial(address) };
	bool		does = l.fd != -1 && secure(&l);

	SSL_free(l.ssl);
	if (l.fd != -1)
		close(l.fd);
	return does;
}

/* Read the first line of a file below FLICKET_DATA; false if it has none. */
static bool
read_first_line(int data, const char *path, char *ret, size_t size)
{
	ssize_t	n;
	int	fd = openat(data, path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return false;
	n = read(fd, ret, size - 1);
	close(fd);
	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\r\n")] = '\0';
	return ret[0] != '\0';
}

bool
desk_find_address(int data, const char *listen, char *ret, size_t size)
{
	char		host[256];
	uint16_t	port;

	if (!settings_split_address(listen, host, sizeof(host), &port))
		return false;
	if (port == 0)
		return read_first_line(data, ADDRESS_FILE, ret, size);
	snprintf(ret, size, "%s", listen);
	return true;
}

void
desk_look_up_address(bool is_there, const char *listen, char *ret, size_t size)
{
	const char	*given = getenv("FLICKET_LISTEN");

	if (is_there && (given == NULL || given[0] == '\0') &&
	    read_first_line(AT_FDCWD, ADDRESS_FILE, ret, size))
		return;
	if (!is_there || !desk_find_address(AT_FDCWD, listen, ret, size))
		snprintf(ret, size, "%s", listen);
}

void
desk_say_missing(const char *body, int after_seconds)
{
	json_t		*root = json_loads(body, 0, NULL), *state;
	const char	*name;
	char		 missing[256] = "";
	size_t		 len = 0;

	json_object_foreach(json_object_get(root, "services"), name, state)
		if (json_is_string(state) && len < sizeof(missing) / 2 &&
		    strcmp(json_string_value(state), "up") != 0)
			len += (size_t)snprintf(missing + len,
			    sizeof(missing) - len, " %.30s", name);
	log_error("not ready after %d s, missing:%s; going on", after_seconds,
	    root == NULL ? " gateway" : missing);
	json_decref(root);
}

/* The URL to reach the gateway under from this machine. */
static void
put_url(const char *address, bool tls, char *ret, size_t size)
{
	static const char *const any[] = { "*", "0.0.0.0", "127.0.0.1", "::" };
	char			 host[256] = "";
	const char		*shown = host;
	uint16_t		 port = 0;

	settings_split_address(address, host, sizeof(host), &port);
	for (size_t i = 0; i < sizeof(any) / sizeof(any[0]); i++)
		if (strcmp(host, any[i]) == 0)
			shown = "localhost";
	snprintf(ret, size, strchr(shown, ':') == NULL ? "%s://%s:%u" :
	    "%s://[%s]:%u", tls ? "https" : "http", shown, (unsigned)port);
}

/* Whether standard output goes to systemd's journal, which others may read. */
static bool
is_logged(void)
{
	const char	*stream = getenv("JOURNAL_STREAM");
	struct stat	 st;
	char		 self[64];

	if (stream == NULL || fstat(STDOUT_FILENO, &st) == -1)
		return false;
	snprintf(self, sizeof(self), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(self, stream) == 0;
}

/* Who can log in, of a demo desk; false if it is none. */
static bool
print_demo(int data)
{
	char	text[2048], link[32], path[PATH_MAX];
	int	fd = openat(data, PATHS_DEMO, O_RDONLY | O_CLOEXEC);
	ssize_t	len = fd == -1 ? -1 : read(fd, text, sizeof(text));

	if (fd != -1)
		close(fd);
	if (len <= 0)
		return false;
	fputs("\n", stdout);
	fwrite(text, 1, (size_t)len, stdout);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", data);
	len = readlink(link, path, sizeof(path) - 1);
	if (len > 0)
		visible_printf(stdout, "To throw it away, stop it and remove the folder %.*s\n", (int)len, path);
	return true;
}

static void
print_api(const char *url, const char *password)
{
	printf("\nPrograms use the API. With curl, get a token, then list the "
	    "tickets:\n\n"
	    "  TOKEN=$(curl -s -X POST -u 'admin%s%s' \\\n"
	    "      %s/flicket-api/tokens | cut -d'\"' -f4)\n"
	    "  curl -H \"Authorization: Bearer $TOKEN\" \\\n"
	    "      %s/flicket-api/tickets/\n\n"
	    "Every request, to read and to try in a browser: %s/docs\n",
	    password[0] != '\0' ? ":" : "", password, url, url, url);
}

void
desk_greet(int data, const char *address, bool tls)
{
	const char	*base = getenv("FLICKET_BASE_URL");
	char		 url[512], password[128];
	bool		 fresh = read_first_line(data, PATHS_ADMIN_PASSWORD,
			    password, sizeof(password));

	put_url(address, tls, url, sizeof(url));
	/* the console's links begin with the base URL */
	printf("flicketd " FLICKET_VERSION " is ready: %s/\n",
	    base != NULL && base[0] != '\0' ? base : url);
	if (is_logged()) {
		if (fresh)
			puts("The first password of admin: "
			    "flicketctl password show");
		fflush(stdout);
		return;
	}
	if (fresh)
		printf("Password of admin, shown this once: %s\n", password);
	if (!print_demo(data) && fresh)
		puts("A desk with tickets, to look at first: "
		    "flicketctl generate --demo --data demo");
	print_api(url, fresh ? password : "");
	puts("");
	if (fflush(stdout) == 0 && fresh &&
	    unlinkat(data, PATHS_ADMIN_PASSWORD, 0) == -1)
		log_error(PATHS_ADMIN_PASSWORD ": cannot be removed: %s",
		    strerror(errno));
}
