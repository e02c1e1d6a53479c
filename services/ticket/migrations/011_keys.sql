-- A table of one row has a key, too: by their keys the rows are known that a
-- transaction changed (services/store/patch.h).
CREATE TABLE kept AS SELECT stream, seeded FROM identity;
DROP TABLE identity;
-- Which stream of events this store writes. A store that is copied back from a
-- backup must start a new one.
CREATE TABLE identity (
	one    INTEGER PRIMARY KEY CHECK (one = 1), -- there is one row
	stream INTEGER NOT NULL,
	seeded INTEGER NOT NULL DEFAULT 0 -- 1: the defaults were put in; 2: also
	                                  -- if other services know another stream
) STRICT;
INSERT INTO identity (one, stream, seeded) SELECT 1, stream, seeded FROM kept;
DROP TABLE kept;

-- The statuses that this service sets and asks for, by their ids.
CREATE TABLE kept AS SELECT open, closed, in_work FROM own_statuses;
DROP TABLE own_statuses;
CREATE TABLE own_statuses (
	one     INTEGER PRIMARY KEY CHECK (one = 1), -- there is one row
	open    INTEGER NOT NULL,
	closed  INTEGER NOT NULL,
	in_work INTEGER NOT NULL
) STRICT;
INSERT INTO own_statuses (one, open, closed, in_work)
	SELECT 1, open, closed, in_work FROM kept;
DROP TABLE kept;

-- The last deletion that is not known any more, or never was.
CREATE TABLE kept AS SELECT seq, date FROM deletions_over;
DROP TABLE deletions_over;
CREATE TABLE deletions_over (
	one  INTEGER PRIMARY KEY CHECK (one = 1), -- there is one row
	seq  INTEGER NOT NULL, -- 0: of the time before they were kept
	date INTEGER           -- us since 1970; NULL: all are known
) STRICT;
INSERT INTO deletions_over (one, seq, date) SELECT 1, seq, date FROM kept;
DROP TABLE kept;

-- How far the texts are in the index of words. Its triggers went with it.
CREATE TABLE kept AS SELECT form, ticket_id, post_id FROM search_form;
DROP TABLE search_form;
CREATE TABLE search_form (
	one       INTEGER PRIMARY KEY CHECK (one = 1), -- there is one row
	form      TEXT NOT NULL, -- words_form() of the index; '': none yet
	ticket_id INTEGER,       -- tickets up to this one are in it; NULL: all
	post_id   INTEGER        -- the same of replies; NULL: all texts are
) STRICT;
INSERT INTO search_form (one, form, ticket_id, post_id)
	SELECT 1, form, ticket_id, post_id FROM kept;
DROP TABLE kept;
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
