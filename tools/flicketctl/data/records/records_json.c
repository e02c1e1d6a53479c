/*
 * Records of JSON: the objects of an array, or one after the other, as lines.
 * The library reads one object at a time, and gets its bytes one by one, so
 * that it takes none of the next one, and the feed knows the place.
 */
#include <jansson.h>
#include <string.h>

#include "tools/flicketctl/data/records/records_parts.h"

struct bytes {
	struct feed	*f;
	size_t		 taken;
	bool		 is_large;
};

static size_t
give_byte(void *to, size_t size, void *arg)
{
	struct bytes	*b = arg;
	int		 c;

	if (size == 0)
		return 0;
	if (++b->taken > RECORDS_BYTES_MOST) {
		b->is_large = true;
		return (size_t)-1;
	}
	c = feed_next(b->f);
	if (c == FEED_BAD)
		return (size_t)-1;
	if (c == FEED_OVER)
		return 0;
	*(char *)to = (char)c;
	return 1;
}

static int
peek_solid(struct feed *f)
{
	int	c;

	while ((c = feed_peek(f)) == ' ' || c == '\t' || c == '\r' || c == '\n')
		if (feed_next(f) == FEED_BAD)
			return FEED_BAD;
	return c;
}

/* A number as a text. */
static bool
put_number(struct record *r, const json_t *value)
{
	char	number[40];

	if (json_is_integer(value))
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		    json_integer_value(value));
	else
		snprintf(number, sizeof(number), "%.15g",
		    json_real_value(value));
	return record_put(r, number, strlen(number));
}

static bool
put_scalar(struct record *r, const json_t *value)
{
	if (json_is_string(value))
		return record_put(r, json_string_value(value),
		    json_string_length(value));
	if (json_is_number(value))
		return put_number(r, value);
	return record_put(r, json_is_true(value) ? "true" : "false",
	    json_is_true(value) ? 4 : 5);
}

/* The elements of a list as lines. */
static bool
put_list(struct record *r, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t	*value = json_array_get(list, i);

		if (!json_is_string(value) && !json_is_integer(value)) {
			record_fail(r, r->line, "a list has texts or whole "
			    "numbers only");
			return false;
		}
		if ((i > 0 && !record_put(r, "\n", 1)) ||
		    !put_scalar(r, value))
			return false;
	}
	return true;
}

static bool
put_value(struct record *r, const char *name, const json_t *value)
{
	bool	ok = true;

	if (json_is_object(value)) {
		record_fail(r, r->line, "%s: it is an object: a text, a number, "
		    "true, false or null is expected", name);
		return false;
	}
	if (json_is_array(value))
		ok = put_list(r, value);
	else if (value != NULL && !json_is_null(value))
		ok = put_scalar(r, value);
	return ok && record_end_value(r);
}

/* A member that has no place. */
static const char *
find_unknown(const char *const *names, json_t *object)
{
	const char	*key;
	json_t		*value;

	json_object_foreach(object, key, value) {
		size_t	i = 0;

		while (names[i] != NULL && strcmp(names[i], key) != 0)
			i++;
		if (names[i] == NULL)
			return key;
	}
	return NULL;
}

static enum records_got
take_object(const char *const *names, json_t *object, struct record *r)
{
	const char	*unknown = find_unknown(names, object);

	if (unknown != NULL) {
		r->why[0] = '\0';	/* the caller knows the nearest one */
		record_put(r, unknown, strlen(unknown));
		record_end_value(r);
		record_finish(r);
		return RECORDS_FAULT;
	}
	for (size_t i = 0; names[i] != NULL; i++)
		if (!put_value(r, names[i], json_object_get(object, names[i])))
			return RECORDS_FAULT;
	record_finish(r);
	return RECORDS_ROW;
}

static enum records_got
read_object(struct feed *f, const char *const *names, struct record *r)
{
	struct bytes		b = { .f = f };
	enum records_got	got;
	json_error_t		error;
	json_t			*object;

	record_begin(r, f->line);
	object = json_load_callback(give_byte, &b, JSON_DISABLE_EOF_CHECK |
	    JSON_REJECT_DUPLICATES, &error);
	if (f->why[0] != '\0')
		return record_fail(r, f->line, "%s", f->why);
	if (b.is_large)
		return record_fail(r, r->line, "a record is larger than %zu MiB",
		    RECORDS_BYTES_MOST >> 20);
	if (object == NULL)
		return record_fail(r, f->line, "%s", error.text);
	got = take_object(names, object, r);
	json_decref(object);
	return got;
}

/* Behind an object of an array: a comma and an object, or the end. */
static bool
pass_comma(struct feed *f, enum json_form form)
{
	if (form != JSON_IN_ARRAY || peek_solid(f) != ',')
		return true;
	feed_next(f);
	return peek_solid(f) == '{';
}

/* The array is over, and so is the file. */
static enum records_got
end_array(struct feed *f, struct record *r)
{
	feed_next(f);
	if (peek_solid(f) != FEED_OVER)
		return record_fail(r, f->line, "the array is over, but the file "
		    "goes on");
	return RECORDS_END;
}

enum records_got
json_read(struct feed *f, const char *const *names, enum json_form *form,
    struct record *r)
{
	bool	is_first = *form == JSON_BEGIN, follows;
	int	c = peek_solid(f);

	if (f->why[0] != '\0')
		return record_fail(r, f->line, "%s", f->why);
	if (is_first)
		*form = c == '[' ? JSON_IN_ARRAY : JSON_IN_LINES;
	if (is_first && c == '[')
		feed_next(f);
	follows = is_first || *form == JSON_IN_LINES || c == ',';
	if (!pass_comma(f, is_first ? JSON_IN_LINES : *form))
		return record_fail(r, f->line, "an object is expected behind "
		    "the comma");
	c = peek_solid(f);
	if (*form == JSON_IN_ARRAY && c == ']')
		return end_array(f, r);
	if (*form == JSON_IN_LINES && c == FEED_OVER)
		return RECORDS_END;
	if (c == FEED_OVER)
		return record_fail(r, f->line, "the file is over, but its array "
		    "is not");
	if (c != '{' || !follows)
		return record_fail(r, f->line, "column %llu: %s is expected",
		    (unsigned long long)f->column, follows ? "an object" :
		    "a comma");
	return read_object(f, names, r);
}
