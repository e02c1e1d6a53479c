/* The bar. */
#include "tools/flicketctl/cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH	30
#define CLEAR_LINE	"\r\033[K"
#define PAUSE_MS	50

static int64_t
now_ms(void)
{
	struct timespec	now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
progress_clear(void)
{
	if (isatty(STDERR_FILENO))
		fputs(CLEAR_LINE, stderr);
}

void
progress_show(const char *what, int64_t done, int64_t total)
{
	static int64_t	shown_ms;
	char		bar[BAR_WIDTH + 1];

	if (total < done || total == 0 || !isatty(STDERR_FILENO))
		return;
	if (done < total && now_ms() - shown_ms < PAUSE_MS)
		return;
	shown_ms = now_ms();
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '#', (size_t)(done * BAR_WIDTH / total));
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, CLEAR_LINE "%-14s [%s] %3d%%  %" PRId64 "/%" PRId64,
	    what, bar, (int)(done * 100 / total), done, total);
}
