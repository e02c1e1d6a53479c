/* Whatever clients search for, the database takes what is made of it. */
#include "fuzz.h"

#include <sqlite3.h>

#include "services/ticket/search/query.h"

static sqlite3		*db;
static sqlite3_stmt	*find;
static struct query	 query;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
	CHECK(sqlite3_exec(db, "CREATE VIRTUAL TABLE texts USING fts5(content, "
	    "tokenize = 'ascii');"
	    "INSERT INTO texts VALUES ('the printer is on fire'), "
	    "('NOT a word'), ('umlaut content: 1*')",
	    NULL, NULL, NULL) == SQLITE_OK);
	CHECK(sqlite3_prepare_v2(db, "SELECT rowid FROM texts WHERE texts "
	    "MATCH ?1", -1, &find, NULL) == SQLITE_OK);
	return 0;
}

static void
ask(const struct buf *match)
{
	int	rc;

	if (match->len == 0)
		return;
	sqlite3_bind_text(find, 1, match->base, (int)match->len,
	    SQLITE_STATIC);
	while ((rc = sqlite3_step(find)) == SQLITE_ROW)
		continue;
	CHECK(rc == SQLITE_DONE);
	sqlite3_reset(find);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct text	 t = { (const char *)data, len };
	const char	*wrong;

	/* as the service: a text that is none was refused before */
	if (text_characters(t) == -1)
		return 0;
	wrong = query_parse(t, &query);
	if (wrong != NULL) {
		CHECK(strncmp(wrong, "content: ", 9) == 0);
		return 0;
	}
	CHECK(query.count <= WORDS_MOST);
	CHECK(query.match.form.len + query.excluded.form.len > 0);
	for (size_t i = 0; i < query.count; i++)
		CHECK(query.words[i].at + query.words[i].len <=
		    query.tokens.len);
	ask(&query.match.form);
	ask(&query.match.written);
	ask(&query.excluded.form);
	ask(&query.excluded.written);
	return 0;
}
