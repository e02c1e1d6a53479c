/*
 * `flicketctl import`: the command line, and the phases in their order.
 * Nothing is in place before the last but one has succeeded.
 */
#include "import.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import_parts.h"
#include "proto/log.h"
#include "proto/settings.h"

static const char help[] =
"usage: flicketctl import [--data DIR] [--uploads DIR] [--avatars DIR] "
"FLICKET.db\n"
"\n"
"Take over a Flicket 0.3 installation. FLICKET.db is its SQLite database;\n"
"it is only read. Users keep their passwords and the tokens that are still\n"
"valid; departments, categories, tickets, replies, subscriptions, uploads,\n"
"histories and actions keep their ids, so that links and clients go on\n"
"working.\n"
"\n"
"  --data DIR     the data folder to fill, made if missing\n"
"                 (default: FLICKET_DATA, which is %s)\n"
"  --uploads DIR  Flicket's ticket_upload_folder; the files in it that the\n"
"                 database names are copied. Without it none are\n"
"  --avatars DIR  Flicket's folder of avatars, likewise\n"
"                 (default: flicket_avatars beside the folder of --uploads)\n"
"  --help         this text\n"
"\n"
"Stop Flicket first, or what is written to it meanwhile is not taken over;\n"
"stop the services too: a folder in use is refused. So is one that holds\n"
"more than the defaults of a new installation; those are replaced.\n"
"\n"
"The import is all or nothing: if it fails or is killed, even in the last\n"
"moment, the data folder is as before, and the command can be given again.\n"
"In the end it lists how many rows of each kind were read and written, every\n"
"row it could not keep or had to change and why, and files it did not find.\n"
"\n"
"  flicketctl import --uploads static/flicket_uploads flicket.db\n"
"\n"
"Exit status: 0 done, 1 failed and nothing was changed, 2 bad usage.\n";

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

static int
usage(const char *complaint, const char *what)
{
	fprintf(stderr, "flicketctl import: %s%s\n"
	    "usage: flicketctl import [--data DIR] [--uploads DIR] "
	    "[--avatars DIR] FLICKET.db\n"
	    "`flicketctl import --help` says more.\n", complaint, what);
	return 2;
}

/* One of the options; false if it is none or lacks its value. */
static bool
take_option(struct import *im, int option)
{
	const char	**value = NULL;

	if (option == 'd')
		value = &im->data;
	else if (option == 'u')
		value = &im->files[FILES_UPLOADS].option;
	else if (option == 'a')
		value = &im->files[FILES_AVATARS].option;
	if (value == NULL || optarg[0] == '\0')
		return false;
	*value = optarg;
	return true;
}

/* Returns -1 to go on, or the exit status. */
static int
read_options(struct import *im, int argc, char **argv)
{
	static const struct option	options[] = {
		{ "data", required_argument, NULL, 'd' },
		{ "uploads", required_argument, NULL, 'u' },
		{ "avatars", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int				option;

	opterr = 0;
	optind = 0;	/* main has used getopt before */
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h') {
			printf(help, im->data);
			return 0;
		}
		if (!take_option(im, option))
			return usage(option == '?' ? "no such option: " :
			    "a value is missing: ", argv[optind - 1]);
	}
	if (optind != argc - 1)
		return usage(optind == argc ? "which database?" :
		    "more than one database: ",
		    optind == argc ? "" : argv[optind + 1]);
	if (argv[optind][0] == '\0')
		return usage("the database's name is empty", "");
	im->path = argv[optind];
	return -1;
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
			return 1;
		}
	}
	return 0;
}

int
import_run(bool (*const todo[])(struct import *), const char *data,
    const char *source)
{
	struct import	*im = &run.im;

	import_init(im, data);
	im->path = source;
	return run_phases(im, todo);
}

int
import_main(int argc, char **argv)
{
	struct settings	 settings;
	struct import	*im = &run.im;
	int		 status;

	settings_load(&settings);
	import_init(im, settings.data);
	status = read_options(im, argc, argv);
	if (status != -1)
		return status;
	return run_phases(im, phases);
}
