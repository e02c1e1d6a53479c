/*
 * Patches: a hash of what follows, a line of JSON with the counters of
 * sqlite_sequence, which no session sees, and a patchset of the session extension.
 * SQLite 3.40 may read a patchset that was changed on its way for ever
 * (sqlite3changeset_next() in a loop), so that none is shown to it whose hash is
 * another.
 */
#include "services/store/patch.h"

/* the header declares sessions only if the library is said to have them */
#define SQLITE_ENABLE_SESSION
#define SQLITE_ENABLE_PREUPDATE_HOOK
#include <sqlite3.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "services/store/patch_private.h"
#include "services/store/patch_rows.h"
#include "services/store/store.h"

struct patch {
	sqlite3		*db;
	sqlite3_session	*session;
	int		 changed;	/* sqlite3_total_changes() at the begin */
};

/* --- whether all is seen ------------------------------------------------------ */

/* A table with no column in its key; those that SQLite keeps are its own. */
static const char without_key_sql[] =
    "SELECT name FROM sqlite_schema AS s WHERE type = 'table' "
    "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE "
    "'CREATE VIRTUAL%' AND NOT EXISTS (SELECT 1 FROM pragma_table_info(s.name) "
    "WHERE pk > 0) LIMIT 1";

const char *
patch_missing(sqlite3 *db)
{
	static _Thread_local char	why[160];
	sqlite3_stmt			*st;
	int				 rc;

	if (!sqlite3_compileoption_used("ENABLE_SESSION"))
		return "SQLite was built without its session extension";
	rc = sqlite3_prepare_v2(db, without_key_sql, -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		snprintf(why, sizeof(why), "table %s has no primary key",
		    (const char *)sqlite3_column_text(st, 0));
	else if (rc != SQLITE_DONE)
		snprintf(why, sizeof(why), "%s", sqlite3_errmsg(db));
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? NULL : why;
}

/* --- taking ------------------------------------------------------------------- */

static bool
report(sqlite3 *db, const char *what, int rc)
{
	log_error("store %s: %s: %s", sqlite3_db_filename(db, "main"), what,
	    rc == SQLITE_OK ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
	return false;
}

struct patch *
patch_begin(sqlite3 *db)
{
	struct patch	*p = must_alloc(sizeof(*p));
	int		 rc = sqlite3session_create(db, "main", &p->session);

	p->db = db;
	p->changed = sqlite3_total_changes(db);
	if (rc == SQLITE_OK)	/* NULL: to all tables */
		rc = sqlite3session_attach(p->session, NULL);
	if (rc == SQLITE_OK)
		return p;
	report(db, "changes cannot be recorded", rc);
	patch_end(&p);
	return NULL;
}

/*
 * FTS5 keeps the words of a transaction in memory, and writes them at the end of
 * a savepoint.
 */
static bool
write_words(sqlite3 *db)
{
	return store_try(db, "SAVEPOINT words; RELEASE words") == SQLITE_OK ||
	    report(db, "words cannot be written", SQLITE_OK);
}

bool
patch_put_counters(sqlite3 *db, struct buf *ret)
{
	sqlite3_stmt	*st;
	struct text	 counters;
	int		 rc;

	rc = sqlite3_prepare_v2(db, "SELECT json_group_object(name, seq) FROM "
	    "sqlite_sequence", -1, &st, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		counters = column_text(st, 0);
		buf_put(ret, counters.base, counters.len);
	}
	sqlite3_finalize(st);
	return rc == SQLITE_ROW || report(db, "counters", SQLITE_OK);
}

static bool
put_rows(struct patch *p, struct buf *ret)
{
	void	*rows = NULL;
	int	 len = 0, rc;

	buf_put_byte(ret, '\n');	/* behind the counters */
	rc = sqlite3session_patchset(p->session, &len, &rows);
	if (rc == SQLITE_OK)
		buf_put(ret, rows, (size_t)len);
	sqlite3_free(rows);
	return rc == SQLITE_OK || report(p->db, "patch", rc);
}

static void
hash(struct text bytes, unsigned char ret[PATCH_HASH_SIZE])
{
	crypto_generichash(ret, PATCH_HASH_SIZE, (const unsigned char *)bytes.base,
	    bytes.len, NULL, 0);
}

static struct text
behind(struct text t, size_t n)
{
	return (struct text){ t.base + n, t.len - n };
}

bool
patch_take(struct patch *p, struct buf *ret)
{
	unsigned char	digest[PATCH_HASH_SIZE] = { 0 };
	size_t		begin = ret->len;

	if (sqlite3_total_changes(p->db) == p->changed)
		return true;
	buf_put(ret, (const char *)digest, PATCH_HASH_SIZE);
	if (!write_words(p->db) || !patch_put_counters(p->db, ret) ||
	    !put_rows(p, ret)) {
		ret->len = begin;
		return false;
	}
	hash(behind(buf_text(ret), begin + PATCH_HASH_SIZE), digest);
	memcpy(ret->base + begin, digest, PATCH_HASH_SIZE);
	return true;
}

void
patch_end(struct patch **self_p)
{
	struct patch	*p = *self_p;

	if (p == NULL)
		return;
	if (p->session != NULL)
		sqlite3session_delete(p->session);
	free(p);
	*self_p = NULL;
}

/* --- applying ----------------------------------------------------------------- */

bool
patch_prepare(sqlite3 *db)
{
	return sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) ==
	    SQLITE_OK &&
	    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL) ==
	    SQLITE_OK;
}

/*
 * A row is not as the store had it: what follows would make it worse. Of values
 * that another row still has, patch_rows.h knows better.
 */
static int
on_conflict(void *arg, int kind, sqlite3_changeset_iter *at)
{
	bool		*is_taken = arg;
	const char	*table = "?";
	int		 columns, change, indirect;

	*is_taken = kind == SQLITE_CHANGESET_CONSTRAINT;
	(void)sqlite3changeset_op(at, &table, &columns, &change, &indirect);
	if (!*is_taken)
		log_error("store: a patch does not fit table %s (%d, %d)",
		    table, kind, change);
	return SQLITE_CHANGESET_ABORT;
}

static int
run_with(sqlite3 *db, const char *sql, struct text value)
{
	sqlite3_stmt	*st;
	int		 rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text64(st, 1, value.base, value.len,
		    SQLITE_STATIC, SQLITE_UTF8);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_DONE)
		rc = SQLITE_OK;
	sqlite3_finalize(st);
	return rc;
}

/* sqlite_sequence has no key: what is there is replaced. */
static int
set_counters(sqlite3 *db, struct text counters)
{
	int	rc = store_try(db, "DELETE FROM sqlite_sequence");

	return rc != SQLITE_OK ? rc : run_with(db, "INSERT INTO "
	    "sqlite_sequence (name, seq) SELECT key, value FROM json_each(?1)",
	    counters);
}

bool
patch_set_counters(sqlite3 *db, struct text counters)
{
	return set_counters(db, counters) == SQLITE_OK ||
	    report(db, "counters", SQLITE_OK);
}

static enum patch_end
end_of(sqlite3 *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
		return PATCH_DONE;
	case SQLITE_ABORT:	/* logged by on_conflict() */
		return PATCH_MISFIT;
	case SQLITE_CONSTRAINT:
	case SQLITE_SCHEMA:	/* a table has other columns */
	case SQLITE_CORRUPT:	/* the copy is damaged */
	case SQLITE_NOTADB:
		report(db, "a patch does not fit", rc);
		return PATCH_MISFIT;
	default:
		report(db, "a patch cannot be applied", rc);
		return PATCH_FAILED;
	}
}

static bool
is_whole(struct text patch)
{
	unsigned char	digest[PATCH_HASH_SIZE];

	if (patch.len < PATCH_HASH_SIZE || patch.len > INT_MAX)
		return false;
	hash(behind(patch, PATCH_HASH_SIZE), digest);
	return memcmp(digest, patch.base, PATCH_HASH_SIZE) == 0;
}

static enum patch_end
apply_rows(sqlite3 *db, struct text rows)
{
	bool	is_taken = false;
	int	rc;

	/* SQLite takes it without const, and does not write to it */
	rc = sqlite3changeset_apply(db, (int)rows.len,
	    (char *)(uintptr_t)rows.base, NULL, on_conflict, &is_taken);
	/* it has undone what it did */
	return rc == SQLITE_ABORT && is_taken ? patch_rows_apply(db, rows) :
	    end_of(db, rc);
}

struct patch_parts
patch_split(struct text patch)
{
	struct text	 lines, counters;

	if (patch.len == 0)
		return (struct patch_parts){ { "", 0 }, { "", 0 } };
	lines = behind(patch, PATCH_HASH_SIZE);
	counters = (struct text){ lines.base, 0 };
	while (counters.len < lines.len && lines.base[counters.len] != '\n')
		counters.len++;
	CHECK(counters.len < lines.len);	/* as patch_take() writes it */
	return (struct patch_parts){ counters,
	    behind(lines, counters.len + 1) };
}

static enum patch_end
apply(sqlite3 *db, struct text patch)
{
	struct patch_parts	parts = patch_split(patch);
	enum patch_end		end = apply_rows(db, parts.rows);

	return end == PATCH_DONE ? end_of(db,
	    set_counters(db, parts.counters)) : end;
}

enum patch_end
patch_apply(sqlite3 *db, struct text patch)
{
	if (patch.len == 0)
		return PATCH_DONE;
	if (is_whole(patch))
		return apply(db, patch);
	report(db, "what is to be applied is no patch", SQLITE_CORRUPT);
	return PATCH_MISFIT;
}
