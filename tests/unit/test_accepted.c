/* proto/peer/accepted.c, with connections over loopback and socket pairs. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

#include "proto/peer/accepted.h"

#define MOST	3

static struct accepted_list	list;
static int			listener;

static int
start(void **state)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET };

	(void)state;
	accepted_init(&list);
	list.most = MOST;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&sin, sizeof(sin)),
	    0);
	assert_int_equal(listen(listener, 16), 0);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	while (list.count > 0) {
		close(list.rows[0].fd);
		accepted_remove(&list, &list.rows[0]);
	}
	check_number("none of them", (int64_t)list.ended, 0);
	accepted_done(&list);
	close(listener);
	return 0;
}

/* Connect from an address of this machine; the accepted end in *ret_fd. */
static int
connect_from(const char *address, int *ret_fd)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET };
	socklen_t		len = sizeof(sin);
	int			fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC,
				    0);

	assert_int_equal(inet_pton(AF_INET, address, &sin.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&sin, &len),
	    0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	*ret_fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(*ret_fd != -1);
	return fd;
}

static bool
is_shut_down(int fd)
{
	char	byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void
the_newest_of_the_peer_with_most_is_ended(void **state)
{
	static const char *const	from[] = { "127.0.0.2", "127.0.0.1",
					    "127.0.0.1", "127.0.0.3" };
	const struct accepted		*ended = NULL;
	int				 clients[LEN(from)], fds[LEN(from)];

	(void)state;
	for (size_t i = 0; i < LEN(from); i++) {
		check_true(from[i], ended == NULL);
		clients[i] = connect_from(from[i], &fds[i]);
		ended = accepted_add(&list, fds[i]);
	}
	assert_non_null(ended);
	check_number("the second of one", ended->fd, fds[2]);
	check_part("its address", ended->address, "127.0.0.1 port ");
	for (size_t i = 0; i < LEN(from); i++)
		check_number(from[i], is_shut_down(clients[i]), i == 2);
	check_number("ended", (int64_t)list.ended, 1);
	close(clients[0]);
	clients[0] = connect_from("127.0.0.4", &fds[2]);
	accepted_remove(&list, accepted_find(&list, fds[0]));
	close(fds[0]);
	check_true("in the place of one that was closed",
	    accepted_add(&list, fds[2]) == NULL);
	for (size_t i = 0; i < LEN(from); i++)
		close(clients[i]);
}

/* A process is one peer, whatever it connects to. */
static void
processes_are_peers(void **state)
{
	const struct accepted	*ended;
	int			 pair[2], fd, client;
	char			 who[64];

	(void)state;
	client = connect_from("127.0.0.1", &fd);
	check_true("an address", accepted_add(&list, fd) == NULL);
	for (int i = 0; i < MOST; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
		    0, pair), 0);
		ended = accepted_add(&list, pair[0]);
		check_number("ended", ended != NULL, i == MOST - 1);
		check_number("shut down", is_shut_down(pair[1]), i == MOST - 1);
		close(pair[1]);
	}
	snprintf(who, sizeof(who), "process %d of user %u", (int)getpid(),
	    (unsigned)getuid());
	check_string("the process", ended->address, who);
	check_true("not the other", !is_shut_down(client));
	close(client);
}

/* Of a descriptor that is used again the connection before is forgotten. */
static void
descriptors_are_used_again(void **state)
{
	int	pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    pair), 0);
	for (int i = 0; i < 2 * MOST; i++)
		check_true("the same", accepted_add(&list, pair[0]) == NULL);
	check_number("one", (int64_t)list.count, 1);
	check_true("found", accepted_find(&list, pair[0]) == &list.rows[0]);
	check_true("another", accepted_find(&list, pair[1]) == NULL);
	close(pair[1]);
}

/* Of one that is gone already no address is known. */
static void
unknown_peers_count(void **state)
{
	(void)state;
	(void)accepted_add(&list, dup(listener));
	check_string("unknown", list.rows[0].address, ACCEPTED_UNKNOWN);
}

static void
the_bound_leaves_descriptors(void **state)
{
	struct rlimit		limit, less;
	struct accepted_list	other;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	less = limit;
	less.rlim_cur = 400;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
	accepted_init(&other);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	check_number("a quarter", (int64_t)other.most, 100);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, start, end, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("the newest of the peer with most is ended",
		    the_newest_of_the_peer_with_most_is_ended),
		HERE("a process is a peer", processes_are_peers),
		HERE("descriptors are used again", descriptors_are_used_again),
		HERE("peers that are not known count", unknown_peers_count),
		HERE("the bound leaves descriptors to others",
		    the_bound_leaves_descriptors),
	};

	return cmocka_run_group_tests_name("accepted", tests, NULL, NULL);
}
