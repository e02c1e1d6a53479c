/*
 * `flicketctl import`: take over a Flicket installation, all or nothing. The
 * phases in their order; nothing is in place before the last but one has
 * succeeded.
 */
#include "tools/flicketctl/cli/cli.h"

#include <sys/stat.h>

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/settings.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/data/import/import_parts.h"
#include "tools/flicketctl/store/tree.h"

static bool
zone_begin(struct import *im)
{
	if (!zone_use(im->zone))
		return report_fail("--timezone: \"%s\" is not a time zone of "
		    "this machine. Its zones are the files below "
		    ZONE_FOLDER " (package tzdata), such as Europe/Berlin",
		    im->zone);
	report_note(im, "Dates%s were read as %s%s.", im->records ?
	    " without an offset" : "", im->zone != NULL ? im->zone : "UTC",
	    im->zone != NULL ? "" : im->records ? "; if they are of another "
	    "zone: --timezone NAME" : "; if Flicket's server has another "
	    "zone: --timezone NAME");
	return true;
}

/* Every phase needs what those above it have done. */
static bool (*const phases[])(struct import *) = {
	zone_begin,
	source_open,
	schema_check,
	meanings_find,
	config_read,
	files_open,
	target_enter,
	target_check,
	stores_make,
	schema_report,
	kinds_copy,
	users_compare,
	meanings_write,
	derive_all,
	stores_close,
	target_switch,
	report_print,
	NULL
};

/* The one run of this process, for atexit() to find. */
static struct import	the;

/* --- what a trial makes, and removes again ------------------------------------ */

/* The data folder and those above it that are not there yet. */
static struct {
	int	from;		/* the folder that the path begins in */
	char	path[PATH_MAX];
	int	missing;	/* so many at the end of the path */
} trial = { .from = -1 };

/* Cut the last part of a path off; false if it has only one. */
static bool
cut_last(char *path)
{
	size_t	end = strlen(path);

	while (end > 0 && path[end - 1] == '/')
		end--;
	while (end > 0 && path[end - 1] != '/')
		end--;
	path[end] = '\0';
	return end > 1;
}

static void
trial_begin(const char *data)
{
	char	path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", data);	/* a longer one fails later */
	memcpy(trial.path, path, sizeof(path));
	trial.from = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	do {
		if (access(path, F_OK) == 0)
			break;
		trial.missing++;
	} while (cut_last(path));
}

/* Another process may use them by now: they stay if they are not empty. */
static void
trial_end(void)
{
	for (int i = 0; i < trial.missing; i++) {
		if (unlinkat(trial.from, trial.path, AT_REMOVEDIR) == -1)
			break;
		(void)cut_last(trial.path);
	}
}

/*
 * Runs at every exit except by a signal, also when a store function has ended
 * the process.
 */
static void
remove_work_folder(void)
{
	if (the.in_place)
		replace_abandon(&the.replace);
	else if (the.work[0] != '\0')
		tree_remove(the.work, NULL);
	if (the.is_trial)
		trial_end();
	records_undo(&the);
}

/* --- a run ---------------------------------------------------------------------- */

static void
import_init(struct import *im, const char *data)
{
	im->data = data;
	im->kinds = import_kinds;
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

	/* only plain files are read: a pipe would block */
	if (stat(path, &st) == -1 || !S_ISREG(st.st_mode))
		return false;
	f = fopen(path, "re");
	while (f != NULL && isspace(first))
		first = getc(f);
	if (f != NULL)
		fclose(f);
	return first == '[';
}

static void
print_failure(const struct import *im)
{
	fputs(im->in_place && im->replace.decided ?
	    "The stores are replaced in part: mend the cause, then say "
	    "`flicketctl restore --continue`.\n" : "Nothing was imported.\n",
	    stderr);
}

/* Nothing is in place before the last phase but one has succeeded. */
static int
run_phases(struct import *im, bool (*const todo[])(struct import *))
{
	stop_catch_signals();
	CHECK(atexit(remove_work_folder) == 0);
	for (size_t i = 0; todo[i] != NULL; i++) {
		if (todo[i] == target_switch && im->is_trial)
			continue;
		if (!todo[i](im)) {
			kinds_wait(im);
			print_failure(im);
			return STATUS_FAILED;
		}
	}
	free(im->ids_made);	/* the file stays */
	im->ids_made = NULL;
	return STATUS_OK;
}

int
import_fill(bool (*const todo[])(struct import *), const char *data,
    const char *source)
{
	struct import	*im = &the;

	import_init(im, data);
	im->path = source;
	return run_phases(im, todo);
}

int
import_run(const struct cli *c)
{
	struct settings	 settings;
	struct import	*im = &the;
	int		 status;

	if (is_json(cli_arg(c, 0, "")))
		return user_import_run(c);
	if ((cli_arg(c, 0, NULL) != NULL) == cli_has(c, "csv"))
		return cli_usage(c->command, cli_has(c, "csv") ? "either a "
		    "database or --csv is given, not both" : "FLICKET.db is "
		    "missing, or a folder of files with --csv");
	if (cli_has(c, "ids") && !cli_has(c, "csv"))
		return cli_usage(c->command, "--ids is for --csv: ids of a "
		    "database stay what they are");
	settings_load(&settings);
	import_init(im, settings.data);
	im->records = cli_has(c, "csv");
	im->path = cli_arg(c, 0, cli_value(c, "csv"));
	im->ids = cli_value(c, "ids");
	im->files[FILES_UPLOADS].option = cli_value(c, "uploads");
	im->files[FILES_AVATARS].option = cli_value(c, "avatars");
	im->zone = cli_value(c, "timezone");
	im->is_trial = cli_has(c, "dry-run");
	if (im->is_trial)
		trial_begin(settings.data);
	if (!meanings_read(im, c, &status))
		return status;
	return run_phases(im, phases);
}
