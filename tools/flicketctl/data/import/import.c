/*
 * `flicketctl import`: take over a Flicket installation, all or nothing. The
 * phases in their order; nothing is in place before the last but one has
 * succeeded.
 */
#include "tools/flicketctl/cli/cli.h"

#include <sys/stat.h>

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/settings.h"
#include "tools/flicketctl/data/import/import_parts.h"

/* Every phase needs what those above it have done. */
static bool (*const phases[])(struct import *) = {
	source_open,
	source_check,
	files_open,
	target_enter,
	target_check,
	stores_make,
	kinds_copy,
	derive_all,
	stores_close,
	target_switch,
	report_print,
	NULL
};

const char *const import_store_names[STORE_COUNT] = {
	[STORE_USER] = "user",
	[STORE_TICKET] = "ticket",
	[STORE_POST] = "post",
	[STORE_LOOKUP] = "lookup",
};

/* The one run of this process, for atexit() and signal handlers to find. */
static struct {
	struct import		im;
	volatile sig_atomic_t	stopped;
} run;

bool
import_stopped(void)
{
	return run.stopped != 0;
}

bool
import_goes_on(void)
{
	if (import_stopped())
		return report_fail("stopped");
	return !report_failed();
}

int
import_interrupts(void *unused)
{
	(void)unused;
	return import_stopped() || report_failed();
}

static void
on_signal(int signal_number)
{
	(void)signal_number;
	run.stopped = 1;
}

/* SA_RESTART: loops look at the flag, system calls need not know of it. */
void
import_catch_signals(void)
{
	static const int	numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction	action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

/*
 * Runs at every exit but those by a signal: also when a store function,
 * which dies rather than fail, has ended the process.
 */
static void
clean_up(void)
{
	if (run.im.work[0] != '\0')
		tree_remove(run.im.work);
}

static void
import_init(struct import *im, const char *data)
{
	im->data = data;
	im->data_fd = -1;
	for (size_t i = 0; i < STORE_COUNT; i++)
		im->lock[i] = -1;
	for (size_t i = 0; i < FILES_COUNT; i++)
		im->files[i].from = im->files[i].to = -1;
}

/* Whether a file is JSON, not a database: `user import` reads those. */
static bool
is_json(const char *path)
{
	struct stat	 st;
	FILE		*f;
	int		 first = ' ';

	/* what is no plain file may keep us waiting */
	if (stat(path, &st) == -1 || !S_ISREG(st.st_mode))
		return false;
	f = fopen(path, "re");
	while (f != NULL && isspace(first))
		first = getc(f);
	if (f != NULL)
		fclose(f);
	return first == '[';
}

/* Nothing is in place before the last phase but one has succeeded. */
static int
run_phases(struct import *im, bool (*const todo[])(struct import *))
{
	import_catch_signals();
	CHECK(atexit(clean_up) == 0);
	for (size_t i = 0; todo[i] != NULL; i++) {
		if (!todo[i](im)) {
			kinds_wait(im);
			fprintf(stderr, "Nothing was imported.\n");
			return STATUS_FAILED;
		}
	}
	return STATUS_OK;
}

int
import_fill(bool (*const todo[])(struct import *), const char *data,
    const char *source)
{
	struct import	*im = &run.im;

	import_init(im, data);
	im->path = source;
	return run_phases(im, todo);
}

int
import_run(const struct cli *c)
{
	struct settings	 settings;
	struct import	*im = &run.im;

	if (is_json(cli_arg(c, 0, "")))
		return user_import_run(c);
	settings_load(&settings);
	import_init(im, settings.data);
	im->path = cli_arg(c, 0, NULL);
	im->files[FILES_UPLOADS].option = cli_value(c, "uploads");
	im->files[FILES_AVATARS].option = cli_value(c, "avatars");
	return run_phases(im, phases);
}
