-- The index of words has another form: words() of base/words.h, which is the same
-- for all spellings of a text. FTS5's tokenizer only cuts it at its blanks. The
-- texts are given by triggers, so every writer of tickets needs words().
CREATE VIRTUAL TABLE ticket_words USING fts5 (title, content, content = '',
	tokenize = "ascii");
-- rowid is ticket_id * 4294967296 + post_id, so that a hit tells its ticket
CREATE VIRTUAL TABLE reply_words USING fts5 (content, content = '',
	tokenize = "ascii");
INSERT INTO ticket_words (ticket_words, rank) VALUES ('automerge', 8),
	('crisismerge', 64);
INSERT INTO reply_words (reply_words, rank) VALUES ('automerge', 8),
	('crisismerge', 64);

DROP TRIGGER tickets_inserted;
DROP TRIGGER tickets_rewritten;
DROP TRIGGER tickets_deleted;
CREATE TRIGGER tickets_inserted AFTER INSERT ON tickets BEGIN
	INSERT INTO changes (ticket_id) VALUES (new.id);
	INSERT INTO ticket_words (rowid, title, content)
		VALUES (new.id, words(new.title), words(new.content));
END;
CREATE TRIGGER tickets_rewritten AFTER UPDATE OF title, content ON tickets
	WHEN (old.title, old.content) IS NOT (new.title, new.content) BEGIN
	INSERT INTO ticket_words (ticket_words, rowid, title, content)
		SELECT 'delete', old.id, words(old.title), words(old.content)
		WHERE EXISTS
		(SELECT 1 FROM ticket_words_docsize WHERE id = old.id);
	INSERT INTO ticket_words (rowid, title, content)
		VALUES (new.id, words(new.title), words(new.content));
END;
CREATE TRIGGER tickets_deleted AFTER DELETE ON tickets BEGIN
	INSERT INTO changes (ticket_id) VALUES (old.id);
	INSERT INTO ticket_words (ticket_words, rowid, title, content)
		SELECT 'delete', old.id, words(old.title), words(old.content)
		WHERE EXISTS
		(SELECT 1 FROM ticket_words_docsize WHERE id = old.id);
END;

-- Texts that were there before enter the index some at a time
-- (search/reindex.c). Until all have, ticket_text and reply_text have the
-- earlier index: nothing is written to it, and a text counts there only while it
-- is not in the other one.
CREATE TABLE search_form (
	form      TEXT NOT NULL, -- words_form() of the index; '': none yet
	ticket_id INTEGER,       -- tickets up to this one are in it; NULL: all
	post_id   INTEGER        -- the same of replies; NULL: all texts are
) STRICT;
INSERT INTO search_form (form, ticket_id, post_id)
	SELECT '', iif(has, 0, NULL), iif(has, 0, NULL)
	FROM (SELECT EXISTS (SELECT 1 FROM tickets) AS has);
-- Another version of the programs or of their library has another form. Without
-- a WHERE, SQLite would transfer whole tables, and end the trigger with that.
CREATE TRIGGER search_form_changed AFTER UPDATE OF form ON search_form
	WHEN old.form NOT IN ('', new.form) BEGIN
	DELETE FROM ticket_text_data;
	DELETE FROM ticket_text_idx;
	DELETE FROM ticket_text_docsize;
	DELETE FROM reply_text_data;
	DELETE FROM reply_text_idx;
	DELETE FROM reply_text_docsize;
	INSERT INTO ticket_text_data SELECT * FROM ticket_words_data
		WHERE true;
	INSERT INTO ticket_text_idx SELECT * FROM ticket_words_idx
		WHERE true;
	INSERT INTO ticket_text_docsize SELECT * FROM ticket_words_docsize
		WHERE true;
	INSERT INTO reply_text_data SELECT * FROM reply_words_data
		WHERE true;
	INSERT INTO reply_text_idx SELECT * FROM reply_words_idx
		WHERE true;
	INSERT INTO reply_text_docsize SELECT * FROM reply_words_docsize
		WHERE true;
	INSERT INTO ticket_words (ticket_words) VALUES ('delete-all');
	INSERT INTO reply_words (reply_words) VALUES ('delete-all');
END;
CREATE TRIGGER search_form_completed AFTER UPDATE OF post_id ON search_form
	WHEN old.post_id IS NOT NULL AND new.post_id IS NULL BEGIN
	INSERT INTO ticket_text (ticket_text) VALUES ('delete-all');
	INSERT INTO reply_text (reply_text) VALUES ('delete-all');
	-- results that are kept were made of the earlier index, too
	INSERT INTO changes (ticket_id) VALUES (0);
END;
