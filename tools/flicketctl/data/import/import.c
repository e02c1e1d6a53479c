/*
 * `flicketctl import`: take over a Flicket installation, all or nothing. The
 * phases in their order; nothing is in place before the last but one has
 * succeeded.
 */
#include "tools/flicketctl/cli/cli.h"

#include <sys/stat.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/settings.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/data/import/import_parts.h"
#include "tools/flicketctl/store/tree.h"

/* Every phase needs what those above it have done. */
static bool (*const phases[])(struct import *) = {
	source_open,
	source_check,
	meanings_find,
	files_open,
	target_enter,
	target_check,
	stores_make,
	kinds_copy,
	meanings_write,
	derive_all,
	stores_close,
	target_switch,
	report_print,
	NULL
};

/* The one run of this process, for atexit() to find. */
static struct import	the;

/*
 * Runs at every exit except by a signal, also when a store function has ended
 * the process.
 */
static void
remove_work_folder(void)
{
	if (the.work[0] != '\0')
		tree_remove(the.work, NULL);
}

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

/* Nothing is in place before the last phase but one has succeeded. */
static int
run_phases(struct import *im, bool (*const todo[])(struct import *))
{
	stop_catch_signals();
	CHECK(atexit(remove_work_folder) == 0);
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
	settings_load(&settings);
	import_init(im, settings.data);
	im->path = cli_arg(c, 0, NULL);
	im->files[FILES_UPLOADS].option = cli_value(c, "uploads");
	im->files[FILES_AVATARS].option = cli_value(c, "avatars");
	if (!meanings_read(im, c, &status))
		return status;
	return run_phases(im, phases);
}
