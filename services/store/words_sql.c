/* SQL functions of words; triggers on indexed texts call words(). */
#include "services/store/words_sql.h"

#include <sqlite3.h>

#include "base/words.h"

static void
run_words(sqlite3_context *c, int count, sqlite3_value **values)
{
	const char	*base = (const char *)sqlite3_value_text(values[0]);
	struct text	 t = { base, (size_t)sqlite3_value_bytes(values[0]) };
	struct buf	 words = { 0 };

	(void)count;
	if (base == NULL)
		return;
	words_put(&words, t);
	sqlite3_result_text64(c, words.len == 0 ? "" : words.base, words.len,
	    SQLITE_TRANSIENT, SQLITE_UTF8);
	buf_done(&words);
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
	const int	flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC |
			    SQLITE_INNOCUOUS;
	int		rc = sqlite3_create_function_v2(db, "words", 1, flags,
			    NULL, run_words, NULL, NULL, NULL);

	return rc != SQLITE_OK ? rc : sqlite3_create_function_v2(db,
	    "words_form", 0, flags, NULL, run_words_form, NULL, NULL, NULL);
}
