/* A folder of records, from its first file to its last row. */
#include "tools/flicketctl/data/records/records.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/store/words_sql.h"
#include "tools/flicketctl/data/records/records_parts.h"

/* One of the files, while it is read. */
struct file {
	struct records	*r;
	struct feed	 feed;
	struct record	 record;
	char		 separator;
	const char	*names[RECORDS_COLUMNS_MOST];	/* of JSON */
	enum json_form	 form;
	int		 places[RECORDS_CELLS_MOST];	/* of CSV: columns */
	size_t		 place_count;
};

/* --- what is in the folder ------------------------------------------------------------- */

static bool
note_file(struct records *r, const char *name)
{
	const char	*nearest;
	bool		 is_json;
	int		 table = records_table_of(name, &nearest, &is_json);

	if (table == -1)
		return nearest == NULL || records_fault_of(r, name, "files are "
		    "named users, tickets, posts and uploads, with .csv, .json "
		    "or .jsonl%s%s%s", nearest[0] == '\0' ? "" :
		    ": did you mean ", nearest, nearest[0] == '\0' ? "" : "?");
	if (r->file[table] != NULL)
		return records_fault_of(r, name, "there is %s, too",
		    r->file[table]);
	r->file[table] = must_strdup(name);
	r->is_json[table] = is_json;
	return true;
}

static bool
look_into(struct records *r)
{
	struct dirent	**entries;
	int		  count = scandir(r->folder, &entries, NULL, alphasort);
	bool		  ok = true;

	if (count == -1)
		return records_fault_of(r, NULL, "%s", strerror(errno));
	for (int i = 0; i < count; i++) {
		ok = note_file(r, entries[i]->d_name) && ok;
		free(entries[i]);
	}
	free(entries);
	if (ok && r->file[RECORDS_USERS] == NULL)
		return records_fault_of(r, NULL, "there is no users.csv, "
		    "users.json or users.jsonl");
	return ok;
}

/* --- a file ---------------------------------------------------------------------------- */

static bool
fault_of_column(struct file *f, const char *name)
{
	const char	*nearest;

	f->r->line = f->record.line;
	records_find_column(f->r->table, name, &nearest);
	return records_fault(f->r, -1, "there is no column \"%s\" in %s%s%s%s",
	    name, records_name(f->r->table), nearest == NULL ? "" :
	    ": did you mean ", nearest == NULL ? "" : nearest,
	    nearest == NULL ? "" : "?");
}

static bool
fault_of_record(struct file *f)
{
	f->r->line = f->record.line;
	if (f->feed.stopped)
		return false;
	return f->record.why[0] != '\0' ? records_fault(f->r, -1, "%s",
	    f->record.why) : fault_of_column(f, f->record.values[0].base);
}

static bool
read_column(struct file *f, struct text name)
{
	const char	*nearest;
	int		 column;

	while (name.len > 0 && name.base[name.len - 1] == ' ')
		name.len--;
	((char *)(uintptr_t)name.base)[name.len] = '\0';	/* of a buffer */
	column = records_find_column(f->r->table, name.base, &nearest);
	if (column == -1)
		return fault_of_column(f, name.base);
	if (f->r->has[column])
		return records_fault(f->r, column, "this column is there "
		    "twice");
	f->r->has[column] = true;
	f->places[f->place_count++] = column;
	return true;
}

/* Each row needs these: that they lack is said once, not of each row. */
static bool
check_columns(struct file *f)
{
	const struct records_column	*c = records_columns(f->r->table);
	bool				 ok = true;

	for (int i = 0; c[i].name != NULL; i++)
		if (c[i].needed && !f->r->has[i])
			ok = records_fault(f->r, -1, "the column \"%s\" is "
			    "missing", c[i].name);
	return ok;
}

/* The first line of CSV. */
static bool
read_head(struct file *f)
{
	bool	ok = true;

	f->separator = csv_find_separator(&f->feed);
	switch (csv_read(&f->feed, f->separator, &f->record)) {
	case RECORDS_FAULT:
		return fault_of_record(f);
	case RECORDS_END:
		return records_fault_of(f->r, f->r->file[f->r->table],
		    "it is empty: its first line names the columns");
	case RECORDS_ROW:
		break;
	}
	f->r->line = f->record.line;
	for (size_t i = 0; i < f->record.count; i++)
		ok = read_column(f, f->record.values[i]) && ok;
	return check_columns(f) && ok;
}

static bool
begin_json(struct file *f)
{
	const struct records_column	*c = records_columns(f->r->table);

	for (int i = 0; c[i].name != NULL; i++) {
		f->names[i] = c[i].name;
		f->r->has[i] = true;
	}
	return feed_peek(&f->feed) != FEED_OVER || f->feed.stopped ||
	    records_fault_of(f->r, f->r->file[f->r->table], "it is empty");
}

/* Take the values of a record, each to its column. */
static bool
take_values(struct file *f)
{
	struct records	*r = f->r;
	bool		 is_json = r->is_json[r->table];

	r->line = f->record.line;
	r->is_good = true;
	memset(r->value, 0, sizeof(r->value));
	if (!is_json && f->record.count != f->place_count)
		return records_fault(r, -1, "it has %zu cells, and the first "
		    "line %zu", f->record.count, f->place_count);
	for (size_t i = 0; i < f->record.count; i++)
		r->value[is_json ? (int)i : f->places[i]] =
		    f->record.values[i];
	return true;
}

static bool
take_record(struct file *f)
{
	const struct records_column	*c = records_columns(f->r->table);

	if (!take_values(f))
		return true;
	for (int i = 0; c[i].name != NULL; i++)
		if (!records_check(f->r, i))
			f->r->value[i] = (struct text){ 0 };
	return fill_row(f->r);
}

static enum records_got
next_record(struct file *f)
{
	f->record.why[0] = '\0';
	if (f->r->is_json[f->r->table])
		return json_read(&f->feed, f->names, &f->form, &f->record);
	return csv_read(&f->feed, f->separator, &f->record);
}

static bool
read_records(struct file *f)
{
	enum records_got	got;

	while ((got = next_record(f)) == RECORDS_ROW) {
		if (!take_record(f))
			return false;
		if (!records_listens(f->r)) {
			f->r->faults->is_cut = true;
			return false;
		}
	}
	if (got == RECORDS_FAULT)
		return fault_of_record(f);
	if (ferror(f->feed.f))
		return records_fault_of(f->r, f->r->file[f->r->table],
		    "it cannot be read");
	return !f->feed.stopped;
}

static bool
read_feed(struct records *r, FILE *stream)
{
	struct file	f = { .r = r };
	bool		ok;

	memset(r->has, 0, sizeof(r->has));
	feed_open(&f.feed, stream, r->done, r->options->goes_on);
	ok = (r->is_json[r->table] ? begin_json(&f) : read_head(&f)) &&
	    read_records(&f);
	r->done = f.feed.done;
	record_done(&f.record);
	feed_close(&f.feed);
	return ok;
}

/* Only a plain file is read: a pipe would have to be waited for. */
static FILE *
open_file(struct records *r, const char *name)
{
	int		 folder = open(r->folder, O_PATH | O_DIRECTORY |
			    O_CLOEXEC);
	int		 fd = openat(folder, name, O_RDONLY | O_NONBLOCK |
			    O_CLOEXEC);
	struct stat	 st;
	FILE		*stream = NULL;

	if (folder != -1)
		close(folder);
	if (fd == -1 || fstat(fd, &st) == -1)
		records_fault_of(r, name, "%s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		records_fault_of(r, name, "it is not a file");
	else
		stream = fdopen(fd, "r");
	if (stream == NULL && fd != -1)
		close(fd);
	return stream;
}

static bool
read_table(struct records *r, enum records_table table)
{
	FILE	*stream;
	bool	 ok = true;

	r->table = table;
	if (r->file[table] != NULL) {
		stream = open_file(r, r->file[table]);
		ok = stream != NULL && read_feed(r, stream);
		if (stream != NULL)
			fclose(stream);
	}
	return ok && fill_end_table(r, table);
}

int64_t
records_size(const char *folder)
{
	struct dirent	**entries;
	const char	 *nearest;
	struct stat	  st;
	int64_t		  size = 0;
	bool		  is_json;
	char		 *path;
	int		  count = scandir(folder, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (records_table_of(entries[i]->d_name, &nearest,
		    &is_json) != -1 && asprintf(&path, "%s/%s", folder,
		    entries[i]->d_name) != -1) {
			size += stat(path, &st) == 0 ? st.st_size : 0;
			free(path);
		}
		free(entries[i]);
	}
	if (count != -1)
		free(entries);
	return count == -1 ? -1 : size;
}

/*
 * Faults of rows do not end the reading, so that several are listed at once;
 * those of a file do.
 */
bool
records_load(const char *folder, sqlite3 *into,
    const struct records_options *options, struct records_faults *faults)
{
	struct records	r = { .folder = folder, .options = options,
			    .faults = faults, .db = into };
	bool		ok = words_sql_add(into) == SQLITE_OK &&
			    look_into(&r) && records_run(&r, "BEGIN") &&
			    fill_begin(&r);

	for (enum records_table t = 0; ok && t < RECORDS_TABLES; t++)
		ok = read_table(&r, t);
	ok = ok && faults->count == 0 && fill_end(&r);
	records_statements_done(&r);
	ok = ok && records_run(&r, "COMMIT");
	for (size_t i = 0; i < RECORDS_TABLES; i++)
		free(r.file[i]);
	return ok;
}
