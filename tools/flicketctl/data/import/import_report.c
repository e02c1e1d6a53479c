/*
 * Messages: progress on a terminal, failures on stderr, and in the end the
 * report on stdout. There may be many lines about rows: they are kept in an
 * unlinked file in the folder that is being built.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/visible.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/progress.h"

static atomic_bool	failed;

void
report_clear(void)
{
	progress_clear();
}

bool
report_failed(void)
{
	return failed;
}

bool
report_fail(const char *format, ...)
{
	va_list	ap;

	if (atomic_exchange(&failed, true))
		return false;
	report_clear();
	va_start(ap, format);
	cli_fail_with(format, ap);
	va_end(ap);
	return false;
}

void
report_row(struct row *row, int n, const char *format, ...)
{
	struct text	 name = row_label(row);
	FILE		*f = row->lane->lines;
	char		 label[QUOTE_SIZE];
	va_list		 ap;

	text_escape(label, name.base, name.len);
	visible_printf(f, "%s %s: ", row->kind->one, label);
	if (n > 0)
		visible_printf(f, "%s: ", row->kind->columns[n - 1].from);
	va_start(ap, format);
	visible_vprintf(f, format, ap);
	va_end(ap);
	fputc('\n', f);
	row->lane->line_count++;
}

void
report_line(struct lane *lane, const char *format, ...)
{
	va_list	ap;

	va_start(ap, format);
	visible_vprintf(lane->lines, format, ap);
	va_end(ap);
	fputc('\n', lane->lines);
	lane->line_count++;
}

void
report_note(struct import *im, const char *format, ...)
{
	char	*note;
	va_list	 ap;

	va_start(ap, format);
	CHECK(vasprintf(&note, format, ap) != -1);
	va_end(ap);
	buf_put_text(&im->notes, note);
	buf_put_text(&im->notes, "\n");
	free(note);
}

void
report_progress(const char *many, int64_t done, int64_t total)
{
	if (done % 64 == 0 || done == total)
		progress_show(many, done, total);
}

static void
print_tally(const char *name, const struct tally *t)
{
	printf("%-16s %10" PRId64 " %10" PRId64 " %10" PRId64 "\n", name,
	    t->read, t->written, t->dropped + t->quiet);
}

static void
print_kinds(const struct import *im)
{
	struct tally	sum = { 0 };

	printf("%-16s %10s %10s %10s\n", "", "rows read", "written",
	    "not kept");
	for (size_t i = 0; im->kinds[i].one != NULL; i++) {
		const struct tally	*t = &im->tally[i];

		print_tally(im->kinds[i].many, t);
		sum.read += t->read;
		sum.written += t->written;
		sum.dropped += t->dropped;
		sum.quiet += t->quiet;
	}
	print_tally("all", &sum);
}

/* Rows that were dropped for a reason too common to list each. */
static void
print_quiet(const struct import *im)
{
	for (size_t i = 0; im->kinds[i].one != NULL; i++)
		if (im->tally[i].quiet > 0)
			printf("%s not kept: %s: %" PRId64 "\n",
			    im->kinds[i].many, im->kinds[i].quiet,
			    im->tally[i].quiet);
}

static void
print_file(FILE *f)
{
	char	buf[8192];
	size_t	n;

	rewind(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		fwrite(buf, 1, n, stdout);
}

static void
print_row_lines(struct import *im)
{
	int64_t	count = 0;

	for (int i = 0; i < LANES; i++)
		count += im->lane[i].line_count;
	if (count == 0) {
		if (!im->made)
			printf("\nEvery row written is as it %s.\n",
			    im->records ? "is in the files" :
			    "was in Flicket");
		return;
	}
	printf("\nRows not kept or changed, %" PRId64 " lines:\n", count);
	for (int i = 0; i < LANES; i++)
		print_file(im->lane[i].lines);
}

static void
print_missing(const struct files *f)
{
	if (f->missing == 0)
		return;
	printf("  not found: %" PRId64 "\n", f->missing);
	for (int64_t i = 0; i < f->missing && i < MISSING_SHOWN; i++)
		visible_printf(stdout, "    %s\n", f->shown[i]);
	if (f->missing > MISSING_SHOWN)
		printf("    and %" PRId64 " more\n",
		    f->missing - MISSING_SHOWN);
}

static void
print_files(const char *what, const char *option, const struct files *f)
{
	if (f->copied + f->missing + f->refused + f->left == 0)
		return;
	printf("files of %s copied: %" PRId64 "\n", what, f->copied);
	if (f->left > 0)
		printf("  not copied: %" PRId64 ", as %s was not given\n",
		    f->left, option);
	if (f->refused > 0)
		printf("  not copied for what is in their names: %" PRId64 "\n",
		    f->refused);
	print_missing(f);
}

static void
print_next(const struct import *im)
{
	if (im->is_trial) {
		puts("This was a trial: nothing was imported.");
		return;
	}
	if (im->exchanges)
		visible_printf(stdout, "The defaults that were in %s are replaced, the "
		    "password of admin included.\n", im->data);
	visible_printf(stdout, "The import is in place in %s. Next: start the "
	    "services on it; everybody logs in\n", im->data);
	puts(im->records ? "whose password hash was in the files. The others "
	    "need a password: flicketctl user password NAME" :
	    "with the name and password they had in Flicket.");
}

/* A note may have several lines. */
static void
print_notes(const struct import *im)
{
	struct text	left = buf_text(&im->notes);

	while (left.len > 0) {
		const char	*end = memchr(left.base, '\n', left.len);
		size_t		 len = (size_t)(end - left.base);

		visible_put(stdout, left.base, len);
		putchar('\n');
		left.base += len + 1;
		left.len -= len + 1;
	}
}

bool
report_print(struct import *im)
{
	report_clear();
	print_kinds(im);
	print_quiet(im);
	print_row_lines(im);
	printf("\n");
	print_files("uploads", "--uploads", &im->files[FILES_UPLOADS]);
	print_files("avatars", "--avatars", &im->files[FILES_AVATARS]);
	print_notes(im);
	print_next(im);
	if (fflush(stdout) != 0 || ferror(stdout))
		cli_fail("the report cannot be written, but the import is in "
		    "place");
	return true;
}
