/* SQL functions of words and of folded names; triggers call words(). */
#include "services/store/words_sql.h"

#include <sqlite3.h>

#include "base/fold.h"
#include "base/words.h"

/* Answer the text that `put` makes of the first argument; of null, null. */
static void
answer_text(sqlite3_context *c, sqlite3_value **values,
    void (*put)(struct buf *, struct text))
{
	const char	*base = (const char *)sqlite3_value_text(values[0]);
	struct text	 t = { base, (size_t)sqlite3_value_bytes(values[0]) };
	struct buf	 made = { 0 };

	if (base == NULL)
		return;
	put(&made, t);
	sqlite3_result_text64(c, made.len == 0 ? "" : made.base, made.len,
	    SQLITE_TRANSIENT, SQLITE_UTF8);
	buf_done(&made);
}

static void
run_words(sqlite3_context *c, int count, sqlite3_value **values)
{
	(void)count;
	answer_text(c, values, words_put);
}

static void
run_folded(sqlite3_context *c, int count, sqlite3_value **values)
{
	(void)count;
	answer_text(c, values, fold_put);
}

static void
run_words_form(sqlite3_context *c, int count, sqlite3_value **values)
{
	(void)count;
	(void)values;
	sqlite3_result_text(c, words_form(), -1, SQLITE_TRANSIENT);
}

int
words_sql_add(sqlite3 *db)
{
	static const struct {
		const char	*name;
		int		 arguments;
		void		(*run)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {
		{ "words", 1, run_words },
		{ "words_form", 0, run_words_form },
		{ "folded", 1, run_folded }
	};
	const int	flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC |
			    SQLITE_INNOCUOUS;
	int		rc = SQLITE_OK;

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]) &&
	    rc == SQLITE_OK; i++)
		rc = sqlite3_create_function_v2(db, functions[i].name,
		    functions[i].arguments, flags, NULL, functions[i].run,
		    NULL, NULL, NULL);
	return rc;
}
