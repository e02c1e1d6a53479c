/* Secrets that are typed without being seen, or read from a file. */
#include "tools/flicketctl/cli/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "tools/flicketctl/cli/cli.h"

/*
 * Read a line byte by byte, so that the rest of standard input stays unread.
 * False: errno says why, or is 0 if there is no line or it is too long.
 */
static bool
read_typed_line(int fd, char ret[SECRET_SIZE])
{
	size_t	len = 0;

	errno = 0;
	while (len < SECRET_SIZE - 1 && read(fd, ret + len, 1) == 1 &&
	    ret[len] != '\n')
		len++;
	ret[len] = '\0';
	if (len > 0 && ret[len - 1] == '\r')
		ret[--len] = '\0';
	return len > 0 && len < SECRET_SIZE - 1 && errno == 0;
}

static void
wake(int signal_number)
{
	(void)signal_number;	/* read() ends, and the terminal is put right */
}

/*
 * The prompt comes when the echo is off and earlier input is discarded, so that
 * nothing typed too early is shown or read.
 */
static bool
read_unseen(int fd, const char *prompt, char ret[SECRET_SIZE])
{
	const struct sigaction	action = { .sa_handler = wake };
	struct sigaction	before;
	struct termios		seen, unseen;
	bool			ok;

	if (tcgetattr(fd, &seen) == -1)
		return false;
	unseen = seen;
	unseen.c_lflag &= ~(tcflag_t)ECHO;
	sigaction(SIGINT, &action, &before);
	tcsetattr(fd, TCSAFLUSH, &unseen);
	(void)!write(fd, prompt, strlen(prompt));
	ok = read_typed_line(fd, ret);
	tcsetattr(fd, TCSADRAIN, &seen);
	sigaction(SIGINT, &before, NULL);
	(void)!write(fd, "\n", 1);
	return ok;
}

static bool
ask_twice(char ret[SECRET_SIZE])
{
	char	again[SECRET_SIZE];
	int	fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	bool	same;

	if (fd == -1)
		return cli_fail("there is no terminal to ask for the password; "
		    "use --password-file FILE, or - for standard input");
	same = read_unseen(fd, "Password: ", ret) &&
	    read_unseen(fd, "Once more: ", again) && strcmp(ret, again) == 0;
	close(fd);
	sodium_memzero(again, sizeof(again));
	if (!same)
		cli_fail("the two passwords are not the same, or there is "
		    "none; nothing was changed");
	return same;
}

bool
term_read_secret(const char *path, char ret[SECRET_SIZE])
{
	bool	is_stdin = path != NULL && strcmp(path, "-") == 0, ok;
	int	fd = STDIN_FILENO;

	if (path == NULL)
		return ask_twice(ret);
	if (!is_stdin)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	errno = fd == -1 ? errno : 0;
	ok = fd != -1 && read_typed_line(fd, ret);
	if (!ok)
		cli_fail("--password-file %s: %s", path, errno != 0 ?
		    strerror(errno) : "its first line is empty or too long");
	if (!is_stdin && fd != -1)
		close(fd);
	return ok;
}
