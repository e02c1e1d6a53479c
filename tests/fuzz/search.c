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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct text	 t = { (const char *)data, len };
	const char	*wrong;
	int		 rc;

	/* as the service: a text that is none was refused before */
	if (text_characters(t) == -1)
		return 0;
	wrong = query_parse(t, &query);
	if (wrong != NULL) {
		CHECK(strncmp(wrong, "content: ", 9) == 0);
		return 0;
	}
	CHECK(query.count > 0 && query.count <= WORDS_MOST);
	for (size_t i = 0; i < query.count; i++)
		CHECK(query.words[i].at + query.words[i].len <=
		    query.tokens.len);
	sqlite3_bind_text(find, 1, query.form.base, (int)query.form.len,
	    SQLITE_STATIC);
	while ((rc = sqlite3_step(find)) == SQLITE_ROW)
		continue;
	CHECK(rc == SQLITE_DONE);
	sqlite3_reset(find);
	return 0;
}
