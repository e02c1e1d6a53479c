/*
 * flood: requests over many connections, at a rate that does not care how
 * fast they are answered, and what came of them.
 *
 * usage: flood PORT CONNECTIONS RATE SECONDS FILE
 *
 * FILE holds whole requests of HTTP/1.1, each behind a line with its length in
 * bytes; they are sent in turn. RATE is of all together, a second; 0: each
 * connection sends the next one when it has its answer. A request that finds
 * no connection free is not sent, and counts as `unsent`.
 *
 * Prints a line of JSON: `served` (2xx within PATIENCE_US), `late` (2xx, but
 * not within), `refused` (429 and 503 with Retry-After), `wrong` (any other
 * answer), `broken` (connections that ended under a request), `unanswered`
 * (at the end), and times in us.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_US	INT64_C(1000000)
#define HEAD_BYTES	4096	/* of an answer that are looked at */
#define TIMES_MOST	4000000
#define ADDRESSES	8	/* 127.0.0.1 and on, for their ports */

struct request {
	char	*bytes;
	size_t	 len;
};

struct conn {
	int		 fd;		/* -1: to be opened */
	bool		 busy;
	int64_t		 sent_us;	/* when its request was */
	const struct request *request;
	size_t		 sent;
	char		 head[HEAD_BYTES + 1];
	size_t		 head_len;
	size_t		 left;		/* of the body; SIZE_MAX: no head yet */
	int		 status;
	bool		 retry_after;
	bool		 close;
};

struct times {
	uint32_t	*us;
	size_t		 count;
};

static struct sockaddr_in	 server;
static struct request		*requests;
static size_t			 request_count, request_at;
static struct conn		*conns;
static struct conn		**idle;
static size_t			 idle_count;
static bool			 closed_loop, over;
static int			 epoll;
static struct times		 served_times, refused_times;
static uint64_t			 served, late, refused, wrong, broken, unsent;
static int			 wrong_status;

static int64_t
now_us(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
note(struct times *t, int64_t us)
{
	if (t->count < TIMES_MOST)
		t->us[t->count++] = us > UINT32_MAX ? UINT32_MAX :
		    (uint32_t)us;
}

/* --- connections ---------------------------------------------------------- */

static void
open_conn(struct conn *c)
{
	struct sockaddr_in	 from = { .sin_family = AF_INET };
	struct epoll_event	 event = { .events = EPOLLIN | EPOLLOUT |
				    EPOLLET, .data.ptr = c };
	int			 on = 1;

	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 +
	    (uint32_t)(c - conns) % ADDRESSES);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd == -1)
		fail("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
	    sizeof(on));
	if (bind(c->fd, (struct sockaddr *)&from, sizeof(from)) == -1)
		fail("bind");
	if (connect(c->fd, (struct sockaddr *)&server, sizeof(server)) == -1 &&
	    errno != EINPROGRESS)
		fail("connect");
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) == -1)
		fail("epoll_ctl");
}

static void
close_conn(struct conn *c)
{
	close(c->fd);
	c->fd = -1;
}

static void
send_rest(struct conn *c)
{
	ssize_t	n;

	if (c->sent == c->request->len)
		return;
	n = send(c->fd, c->request->bytes + c->sent,
	    c->request->len - c->sent, MSG_NOSIGNAL);
	if (n > 0)
		c->sent += (size_t)n;
}

static void
begin(struct conn *c)
{
	c->request = &requests[request_at];
	request_at = (request_at + 1) % request_count;
	c->busy = true;
	c->sent_us = now_us();
	c->sent = c->head_len = 0;
	c->left = SIZE_MAX;
	c->close = c->retry_after = false;
	if (c->fd == -1)
		open_conn(c);
	send_rest(c);
}

static void
rest(struct conn *c)
{
	c->busy = false;
	if (closed_loop && !over)
		begin(c);
	else
		idle[idle_count++] = c;
}

/* --- answers ------------------------------------------------------------------ */

static void
count(struct conn *c)
{
	int64_t	us = now_us() - c->sent_us;

	if (c->status / 100 == 2) {
		if (us <= PATIENCE_US)
			served++;
		else
			late++;
		note(&served_times, us);
	} else if ((c->status == 503 || c->status == 429) && c->retry_after) {
		refused++;
		note(&refused_times, us);
	} else {
		wrong++;
		wrong_status = c->status;
	}
}

static void
read_head(struct conn *c)
{
	char	*end, *field;

	c->head[c->head_len] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	if (end == NULL)
		return;
	end[2] = '\0';
	c->status = c->head_len > 12 ? (int)strtol(c->head + 9, NULL, 10) : 0;
	field = strcasestr(c->head, "\r\ncontent-length:");
	c->left = field == NULL ? 0 : strtoul(field + 17, NULL, 10);
	c->retry_after = strcasestr(c->head, "\r\nretry-after:") != NULL;
	c->close = strcasestr(c->head, "\r\nconnection: close") != NULL;
	c->left -= (size_t)(c->head + c->head_len - (end + 4));
}

/* Bytes that came. False: that was the answer's last. */
static bool
take(struct conn *c, const char *bytes, size_t len)
{
	size_t	head = HEAD_BYTES - c->head_len;

	if (c->left != SIZE_MAX) {
		c->left -= len;
		return c->left > 0;
	}
	/* what is behind the head is a part of the body, whatever it is */
	if (head > len)
		head = len;
	memcpy(c->head + c->head_len, bytes, head);
	c->head_len += head;
	read_head(c);
	if (c->left == SIZE_MAX)
		return true;
	c->left -= len - head;
	return c->left > 0;
}

static void
on_event(struct conn *c)
{
	static char	bytes[1 << 18];
	ssize_t		n;

	if (c->busy)
		send_rest(c);
	while (c->fd != -1 &&
	    (n = recv(c->fd, bytes, sizeof(bytes), 0)) != -1) {
		if (n == 0) {
			close_conn(c);
			if (c->busy) {
				broken++;
				rest(c);
			}
			return;
		}
		if (!c->busy || take(c, bytes, (size_t)n))
			continue;
		count(c);
		if (c->close)
			close_conn(c);
		rest(c);
		if (c->busy && c->fd != -1)
			continue;
	}
	if (c->fd != -1 && errno != EAGAIN) {
		close_conn(c);
		if (c->busy) {
			broken++;
			rest(c);
		}
	}
}

/* --- the run -------------------------------------------------------------------- */

static void
make_one(void)
{
	if (idle_count > 0)
		begin(idle[--idle_count]);
	else
		unsent++;
}

static void
run(int64_t rate, int64_t seconds)
{
	struct epoll_event	events[512];
	int64_t			began = now_us(), end = began + seconds *
				    1000000, now = began, made = 0;
	int			n;

	while (closed_loop && idle_count > 0)
		begin(idle[--idle_count]);
	for (; now < end; now = now_us()) {
		for (; !closed_loop && made * 1000000 < (now - began) * rate;
		    made++)
			make_one();
		n = epoll_wait(epoll, events, 512, 1);
		for (int i = 0; i < n; i++)
			on_event(events[i].data.ptr);
	}
	over = true;
}

static int
by_size(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t
part(struct times *t, size_t percent)
{
	return t->count == 0 ? 0 : t->us[(t->count - 1) * percent / 100];
}

static void
print(size_t connections)
{
	size_t	unanswered = 0;

	for (size_t i = 0; i < connections; i++)
		unanswered += conns[i].busy;
	qsort(served_times.us, served_times.count, sizeof(uint32_t), by_size);
	qsort(refused_times.us, refused_times.count, sizeof(uint32_t),
	    by_size);
	printf("{\"served\": %llu, \"late\": %llu, \"refused\": %llu, "
	    "\"wrong\": %llu, \"wrong_status\": %d, \"broken\": %llu, "
	    "\"unsent\": %llu, \"unanswered\": %zu, "
	    "\"served_p50\": %u, \"served_p99\": %u, "
	    "\"refused_p50\": %u, \"refused_p99\": %u}\n",
	    (unsigned long long)served, (unsigned long long)late,
	    (unsigned long long)refused, (unsigned long long)wrong,
	    wrong_status, (unsigned long long)broken,
	    (unsigned long long)unsent, unanswered,
	    part(&served_times, 50), part(&served_times, 99),
	    part(&refused_times, 50), part(&refused_times, 99));
}

static void
read_requests(const char *path)
{
	FILE	*f = fopen(path, "r");
	char	 line[32];
	size_t	 len;

	if (f == NULL)
		fail(path);
	while (fgets(line, sizeof(line), f) != NULL) {
		len = strtoul(line, NULL, 10);
		requests = realloc(requests, (request_count + 1) *
		    sizeof(requests[0]));
		if (requests == NULL)
			fail("requests");
		requests[request_count] = (struct request){ malloc(len), len };
		if (requests[request_count].bytes == NULL ||
		    fread(requests[request_count].bytes, 1, len, f) != len)
			fail(path);
		request_count++;
	}
	fclose(f);
	if (request_count == 0)
		fail("no requests");
}

static void
prepare(size_t connections)
{
	struct rlimit	limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	epoll = epoll_create1(0);
	conns = calloc(connections, sizeof(conns[0]));
	idle = calloc(connections, sizeof(struct conn *));
	served_times.us = malloc(TIMES_MOST * sizeof(uint32_t));
	refused_times.us = malloc(TIMES_MOST * sizeof(uint32_t));
	if (epoll == -1 || conns == NULL || idle == NULL ||
	    served_times.us == NULL || refused_times.us == NULL)
		fail("memory");
	for (size_t i = 0; i < connections; i++) {
		conns[i].fd = -1;
		idle[idle_count++] = &conns[i];
	}
}

int
main(int argc, char **argv)
{
	size_t	connections;

	if (argc != 6) {
		fprintf(stderr, "usage: flood PORT CONNECTIONS RATE SECONDS "
		    "FILE\n");
		return 2;
	}
	server = (struct sockaddr_in){ .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	connections = strtoul(argv[2], NULL, 10);
	closed_loop = strtoll(argv[3], NULL, 10) == 0;
	read_requests(argv[5]);
	prepare(connections);
	run(strtoll(argv[3], NULL, 10), strtoll(argv[4], NULL, 10));
	print(connections);
	return 0;
}
