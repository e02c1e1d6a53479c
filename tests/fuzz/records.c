/*
 * The readers of other desks' files: any bytes are read to their end, or refused
 * with one line and its place; what CSV writes of cells comes back. The first
 * byte says which reader.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "tools/flicketctl/data/records/records_parts.h"

static const char *const	names[] = { "a", "b", "list", NULL };

static bool
go_on(int64_t done)
{
	return done >= 0;
}

/* Values end in a NUL, and have none in them; a line has no end. */
static void
check_record(const struct record *r, enum records_got got)
{
	CHECK(r->line >= 1 && r->count <= RECORDS_CELLS_MOST);
	if (got == RECORDS_FAULT) {
		CHECK(strlen(r->why) < sizeof(r->why));
		return;
	}
	for (size_t i = 0; i < r->count; i++) {
		CHECK(strlen(r->values[i].base) == r->values[i].len);
		CHECK(text_characters(r->values[i]) != -1);
	}
}

/* A record as CSV, read again: the same. */
static void
check_again(const struct record *r, char separator)
{
	struct buf	csv = { 0 };
	struct record	again = { 0 };
	struct feed	feed;
	FILE		*f;

	for (size_t i = 0; i < r->count; i++) {
		buf_put_byte(&csv, '"');
		for (size_t j = 0; j < r->values[i].len; j++) {
			if (r->values[i].base[j] == '"')
				buf_put_byte(&csv, '"');
			buf_put_byte(&csv, r->values[i].base[j]);
		}
		buf_put_byte(&csv, '"');
		buf_put_byte(&csv, i + 1 < r->count ? separator : '\n');
	}
	f = fmemopen(csv.base, csv.len, "r");
	CHECK(f != NULL);
	feed_open(&feed, f, 0, go_on);
	CHECK(csv_read(&feed, separator, &again) == RECORDS_ROW);
	CHECK(again.count == r->count);
	for (size_t i = 0; i < r->count; i++)
		CHECK(text_same(again.values[i], r->values[i]));
	CHECK(csv_read(&feed, separator, &again) == RECORDS_END);
	record_done(&again);
	feed_close(&feed);
	fclose(f);
	buf_done(&csv);
}

static void
read_all(FILE *f, bool is_json)
{
	struct feed		 feed;
	struct record		 r = { 0 };
	enum json_form		 form = JSON_BEGIN;
	enum records_got	 got;
	char			 separator = ',';

	feed_open(&feed, f, 0, go_on);
	if (!is_json)
		separator = csv_find_separator(&feed);
	if (separator == '"')
		separator = ',';
	do {
		r.why[0] = '\0';
		got = is_json ? json_read(&feed, names, &form, &r) :
		    csv_read(&feed, separator, &r);
		if (got != RECORDS_END)
			check_record(&r, got);
		if (got == RECORDS_ROW && !is_json)
			check_again(&r, separator);
	} while (got == RECORDS_ROW);
	record_done(&r);
	feed_close(&feed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	FILE	*f;

	if (len < 2)
		return 0;
	f = fmemopen((void *)(uintptr_t)(data + 1), len - 1, "r");
	CHECK(f != NULL);
	read_all(f, data[0] & 1);
	fclose(f);
	return 0;
}
