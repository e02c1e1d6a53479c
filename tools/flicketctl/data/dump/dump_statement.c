/*
 * The statements that are known: those that define Flicket's tables and hold
 * their rows, and those that say where what follows belongs and how it is
 * written. All others are passed over, token by token.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/flicketctl/data/dump/dump_parts.h"

/* A table as a statement names it. */
struct name {
	char	schema[DUMP_NAME_MOST];	/* or database; "": not said */
	char	table[DUMP_NAME_MOST];
};

static bool
is_over(const struct dump *d)
{
	return d->token == TOKEN_END || d->token == TOKEN_OVER ||
	    d->token == TOKEN_BAD;
}

static bool
pass_over(struct dump *d)
{
	d->keeps = false;
	while (!is_over(d))
		dump_next(d);
	return d->token != TOKEN_BAD;
}

/*
 * A function whose body is SQL: "BEGIN ATOMIC ... ; ... ; END". Its
 * semicolons end nothing.
 */
static bool
pass_over_body(struct dump *d)
{
	int	depth = 1;

	while (depth > 0 && d->token != TOKEN_OVER && d->token != TOKEN_BAD) {
		dump_next(d);
		depth += dump_is_word(d, "CASE") || dump_is_word(d, "BEGIN");
		depth -= dump_is_word(d, "END");
	}
	return pass_over(d);
}

static bool
pass_over_create(struct dump *d)
{
	d->keeps = false;
	while (!is_over(d)) {
		if (dump_is_word(d, "ATOMIC") && d->dialect == DUMP_POSTGRES)
			return pass_over_body(d);
		dump_next(d);
	}
	return d->token != TOKEN_BAD;
}

static bool
is_name(const struct dump *d)
{
	return d->token == TOKEN_NAME || d->token == TOKEN_WORD;
}

static bool
fail_at(struct dump *d, const char *wanted)
{
	if (d->token == TOKEN_OVER)	/* dump.c says so */
		return true;
	return dump_fail(d, "%s is expected before \"%.20s\"", wanted,
	    d->token == TOKEN_END ? d->delimiter : d->text.base);
}

/* "table", "schema.table", "database.schema.table"; false: no name. */
static bool
read_name(struct dump *d, struct name *ret)
{
	*ret = (struct name){ 0 };
	while (is_name(d)) {
		snprintf(ret->schema, sizeof(ret->schema), "%s", ret->table);
		snprintf(ret->table, sizeof(ret->table), "%s", d->text.base);
		dump_next(d);
		if (!dump_is_symbol(d, '.'))
			return true;
		dump_next(d);
	}
	return false;
}

/* All of Flicket's tables are in one database and schema. */
static bool
check_place(struct dump *d, const struct name *name)
{
	const char	*inner = name->schema[0] != '\0' ? name->schema :
			    d->schema;
	char		 place[2 * DUMP_NAME_MOST];

	if (d->dialect == DUMP_POSTGRES)
		snprintf(place, sizeof(place), "%s%s%s", d->database,
		    d->database[0] != '\0' ? "." : "", inner);
	else
		snprintf(place, sizeof(place), "%s", name->schema[0] != '\0' ?
		    name->schema : d->database);
	if (d->place == NULL)
		d->place = must_strdup(place);
	return strcmp(place, d->place) == 0 || dump_fail(d, "Flicket's tables "
	    "are in %.60s and in %.60s: make a dump of one of them alone",
	    d->place[0] != '\0' ? d->place : "one database", place);
}

/* The table that rows are of, which must be defined; NULL: failed. */
static struct dump_table *
find_defined(struct dump *d, const struct name *name)
{
	struct dump_table	*table;

	if (!check_place(d, name))
		return NULL;
	table = table_find(d, name->table);
	if (table == NULL)
		dump_fail(d, "rows of %s, but not its columns: make the dump "
		    "without %s", name->table, d->dialect == DUMP_MYSQL ?
		    "--no-create-info" : "--data-only");
	return table;
}

/* "(column, ...)", if it is there. */
static bool
read_columns(struct dump *d, const struct dump_table *table)
{
	table_order_all(d, table);
	if (!dump_is_symbol(d, '('))
		return true;
	d->order_count = 0;
	do {
		dump_next(d);
		if (!is_name(d))
			return fail_at(d, "a column");
		if (!table_order_add(d, table, d->text.base))
			return false;
		dump_next(d);
	} while (dump_is_symbol(d, ','));
	if (!dump_is_symbol(d, ')'))
		return fail_at(d, "\")\"");
	dump_next(d);
	return true;
}

static bool
fail_value(struct dump *d, const struct dump_table *table)
{
	if (d->token == TOKEN_BAD || d->token == TOKEN_OVER)
		return d->token == TOKEN_OVER;
	return dump_fail(d, "a value of %s is no text, number or NULL: "
	    "\"%.20s\"", table->name, d->text.base);
}

/* A word in the place of a value; false: none that means one. */
static bool
read_value_word(struct dump *d, enum dump_kind *ret)
{
	static const char	binary[] = "_binary";

	if (dump_is_word(d, "NULL") || dump_is_word(d, "DEFAULT"))
		*ret = VALUE_NULL;
	else if (dump_is_word(d, "TRUE"))
		*ret = VALUE_TRUE;
	else if (dump_is_word(d, "FALSE"))
		*ret = VALUE_FALSE;
	else if (dump_is_word(d, binary)) {
		*ret = VALUE_BYTES;
		dump_next(d);
		return d->token == TOKEN_STRING || d->token == TOKEN_BYTES;
	} else
		return false;
	return true;
}

/* A sign and a number become one token. */
static void
read_sign(struct dump *d)
{
	bool	minus = dump_is_symbol(d, '-');

	if (!minus && !dump_is_symbol(d, '+'))
		return;
	if (dump_next(d) != TOKEN_NUMBER || !minus)
		return;
	buf_reserve(&d->text, 2);
	memmove(d->text.base + 1, d->text.base, d->text.len + 1);
	d->text.base[0] = '-';
	d->text.len++;
}

static bool
read_value(struct dump *d, struct dump_table *table)
{
	static const enum dump_kind	kinds[] = {
		[TOKEN_STRING] = VALUE_STRING, [TOKEN_BYTES] = VALUE_BYTES,
		[TOKEN_BITS] = VALUE_BITS, [TOKEN_NUMBER] = VALUE_NUMBER
	};
	enum dump_kind			kind = VALUE_NULL;

	dump_next(d);
	read_sign(d);
	if (d->token == TOKEN_WORD) {
		if (!read_value_word(d, &kind))
			return fail_value(d, table);
	} else if (d->token == TOKEN_STRING || d->token == TOKEN_BYTES ||
	    d->token == TOKEN_BITS || d->token == TOKEN_NUMBER)
		kind = kinds[d->token];
	else
		return fail_value(d, table);
	if (!row_add(d, table, kind))
		return false;
	dump_next(d);
	return true;
}

/* "(value, ...)"; a row that the end of the file cuts off is not read. */
static bool
read_row(struct dump *d, struct dump_table *table)
{
	if (!dump_is_symbol(d, '('))
		return fail_at(d, "\"(\"");
	row_begin(d);
	do {
		if (!read_value(d, table))
			return false;
	} while (dump_is_symbol(d, ','));
	if (!dump_is_symbol(d, ')'))
		return fail_at(d, "\",\" or \")\"");
	if (!row_write(d, table))
		return false;
	dump_next(d);
	return true;
}

static bool
read_rows(struct dump *d, struct dump_table *table)
{
	d->keeps = true;
	do {
		dump_next(d);
		if (!read_row(d, table))
			return false;
	} while (dump_is_symbol(d, ','));
	return is_over(d) || dump_is_word(d, "ON") ? pass_over(d) :
	    fail_at(d, "\";\"");
}

/* INSERT and REPLACE, whose rows are all new here. */
static bool
read_insert(struct dump *d)
{
	struct name		 name;
	struct dump_table	*table;

	while (dump_next(d) == TOKEN_WORD && !dump_is_word(d, "INTO"))
		continue;
	if (!dump_is_word(d, "INTO"))
		return pass_over(d);
	dump_next(d);
	if (!read_name(d, &name) || !table_is_known(name.table))
		return pass_over(d);
	table = find_defined(d, &name);
	if (table == NULL || !read_columns(d, table))
		return false;
	while (dump_is_word(d, "OVERRIDING") || dump_is_word(d, "SYSTEM") ||
	    dump_is_word(d, "USER") || dump_is_word(d, "VALUE"))
		dump_next(d);
	return dump_is_word(d, "VALUES") ? read_rows(d, table) :
	    fail_at(d, "VALUES");
}

static bool
read_copy(struct dump *d)
{
	struct name		 name;
	struct dump_table	*table = NULL;

	dump_next(d);
	if (!read_name(d, &name))
		return pass_over(d);
	if (table_is_known(name.table)) {
		table = find_defined(d, &name);
		if (table == NULL || !read_columns(d, table))
			return false;
	}
	while (!is_over(d) && !dump_is_word(d, "FROM"))
		dump_next(d);
	if (!dump_is_word(d, "FROM") || dump_next(d) != TOKEN_WORD ||
	    !dump_is_word(d, "stdin"))
		return pass_over(d);
	if (dump_next(d) != TOKEN_END && table != NULL)
		return fail_at(d, "\";\"");
	return pass_over(d) && (d->token == TOKEN_OVER ||
	    dump_read_copy(d, table));
}

/* A word that begins another part than a column. Columns of such names are quoted. */
static bool
is_constraint(const struct dump *d)
{
	static const char *const	words[] = {
		"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN",
		"EXCLUDE", "KEY", "INDEX", "FULLTEXT", "SPATIAL", "PERIOD"
	};
	size_t				count = d->dialect == DUMP_MYSQL ?
					    sizeof(words) / sizeof(words[0]) :
					    6;

	for (size_t i = 0; i < count; i++)
		if (dump_is_word(d, words[i]))
			return true;
	return false;
}

/* To the next comma or the last parenthesis. */
static void
pass_over_definition(struct dump *d)
{
	int	depth = 0;

	while (!is_over(d) && (depth > 0 || (!dump_is_symbol(d, ',') &&
	    !dump_is_symbol(d, ')')))) {
		depth += dump_is_symbol(d, '(');
		depth -= dump_is_symbol(d, ')');
		dump_next(d);
	}
}

static bool
read_column(struct dump *d, struct dump_table *table)
{
	char		column[DUMP_NAME_MOST];
	struct name	type;

	if (!is_constraint(d)) {
		if (!is_name(d))
			return fail_at(d, "a column");
		snprintf(column, sizeof(column), "%s", d->text.base);
		dump_next(d);
		if (!read_name(d, &type))
			return fail_at(d, "a type");
		if (!table_add_column(d, table, column,
		    type_named(type.table)))
			return false;
	}
	pass_over_definition(d);
	return true;
}

static bool
read_definition(struct dump *d, const char *name)
{
	struct dump_table	*table = table_new(d, name);

	if (table == NULL)
		return false;
	do {
		dump_next(d);
		if (!read_column(d, table))
			return false;
	} while (dump_is_symbol(d, ','));
	if (d->token == TOKEN_OVER)
		return true;
	return d->token != TOKEN_BAD && table_create(d, table) && pass_over(d);
}

/* CREATE TABLE; what else is created is passed over. */
static bool
read_create(struct dump *d)
{
	static const char *const	before[] = { "OR", "REPLACE",
					    "TEMPORARY", "UNLOGGED" };
	struct name			 name;
	size_t				 i = 0;

	while (dump_next(d) == TOKEN_WORD && !dump_is_word(d, "TABLE")) {
		for (i = 0; i < 4 && !dump_is_word(d, before[i]); i++)
			continue;
		if (i == 4)
			return pass_over_create(d);
	}
	if (!dump_is_word(d, "TABLE"))
		return pass_over_create(d);
	dump_next(d);
	while (dump_is_word(d, "IF") || dump_is_word(d, "NOT") ||
	    dump_is_word(d, "EXISTS"))
		dump_next(d);
	if (!read_name(d, &name) || !table_is_known(name.table) ||
	    !dump_is_symbol(d, '('))
		return pass_over(d);
	return check_place(d, &name) && read_definition(d, name.table);
}

/* The value of a variable, behind "=" or TO: its first word. */
static void
read_setting(struct dump *d, char value[DUMP_NAME_MOST])
{
	d->keeps = true;
	dump_next(d);
	if (dump_is_symbol(d, '=') || dump_is_word(d, "TO"))
		dump_next(d);
	snprintf(value, DUMP_NAME_MOST, "%.255s", d->text.base);
}

static bool
read_set(struct dump *d)
{
	char	value[DUMP_NAME_MOST];

	dump_next(d);
	if (dump_is_word(d, "NAMES") || (d->dialect == DUMP_POSTGRES &&
	    dump_is_word(d, "client_encoding"))) {
		read_setting(d, value);
		charset_set(d, value);
	} else if (dump_is_word(d, "standard_conforming_strings")) {
		read_setting(d, value);
		d->backslashes = strcasecmp(value, "off") == 0;
	} else if (dump_is_word(d, "search_path")) {
		read_setting(d, value);
		snprintf(d->schema, sizeof(d->schema), "%s", value);
	}
	return pass_over(d);
}

static bool
read_use(struct dump *d)
{
	dump_next(d);
	if (is_name(d))
		snprintf(d->database, sizeof(d->database), "%s",
		    d->text.base);
	return pass_over(d);
}

/* A command of the mysql program: it ends with its line. */
static bool
read_delimiter(struct dump *d)
{
	char	line[DUMP_NAME_MOST], *word = line;

	dump_read_line(d, line, sizeof(line));
	word += strspn(word, " \t");
	word[strcspn(word, " \t")] = '\0';
	if (word[0] == '\0' || strlen(word) >= sizeof(d->delimiter))
		return dump_fail(d, "DELIMITER without a delimiter");
	snprintf(d->delimiter, sizeof(d->delimiter), "%s", word);
	return true;
}

/* A command of psql: a line that begins with a backslash. */
static bool
read_command(struct dump *d)
{
	static const char	connect[] = "\\connect ";
	char			line[DUMP_NAME_MOST];

	dump_read_line(d, line, sizeof(line));
	if (strncmp(line, connect, sizeof(connect) - 1) == 0)
		snprintf(d->database, sizeof(d->database), "%s",
		    line + sizeof(connect) - 1);
	return true;
}

static const struct {
	const char		*word;
	enum dump_dialect	 least, most;
	bool			(*read)(struct dump *);
} statements[] = {
	{ "CREATE", DUMP_MYSQL, DUMP_POSTGRES, read_create },
	{ "INSERT", DUMP_MYSQL, DUMP_POSTGRES, read_insert },
	{ "REPLACE", DUMP_MYSQL, DUMP_MYSQL, read_insert },
	{ "COPY", DUMP_POSTGRES, DUMP_POSTGRES, read_copy },
	{ "SET", DUMP_MYSQL, DUMP_POSTGRES, read_set },
	{ "USE", DUMP_MYSQL, DUMP_MYSQL, read_use },
	{ "DELIMITER", DUMP_MYSQL, DUMP_MYSQL, read_delimiter }
};

bool
dump_read_statement(struct dump *d)
{
	d->keeps = false;
	if (d->dialect == DUMP_POSTGRES && input_peek(&d->in, 0) == '\\')
		return read_command(d);
	d->complete = false;
	dump_next(d);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (dump_is_word(d, statements[i].word) &&
		    d->dialect >= statements[i].least &&
		    d->dialect <= statements[i].most)
			return statements[i].read(d);
	return pass_over(d);
}
