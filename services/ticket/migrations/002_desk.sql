-- What lists filter, sort and search by, and what others tell of replies and
-- names. Triggers keep `changes` and the search index in step with the rows
-- they are of, whoever writes them.

ALTER TABLE tickets ADD COLUMN replies INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN reply_hours INTEGER NOT NULL DEFAULT 0;
CREATE INDEX tickets_by_title ON tickets (title, id);
CREATE INDEX tickets_by_category ON tickets (category_id);
CREATE INDEX tickets_by_author ON tickets (started_id);
CREATE INDEX tickets_by_modifier ON tickets (modified_id)
	WHERE modified_id IS NOT NULL;
CREATE INDEX tickets_by_assignee ON tickets (assigned_id)
	WHERE assigned_id IS NOT NULL;
-- All that lists filter and sort by, to be read without the texts.
CREATE INDEX tickets_columns ON tickets (status_id, ticket_priority_id,
	category_id, assigned_id, started_id, date_added, last_updated, hours,
	reply_hours, replies);

-- The replies of a ticket; they themselves are the post service's.
CREATE TABLE replies (
	post_id   INTEGER PRIMARY KEY,
	ticket_id INTEGER NOT NULL
) STRICT;
CREATE INDEX replies_by_ticket ON replies (ticket_id, post_id);

-- Names, as the events of their owners tell them.
ALTER TABLE user_names ADD COLUMN username TEXT;
ALTER TABLE user_names ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_names ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
CREATE INDEX user_names_by_username ON user_names (username);
CREATE INDEX user_names_by_name ON user_names (name, id);
CREATE TABLE department_names (
	id         INTEGER PRIMARY KEY,
	department TEXT,
	deleted    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE category_names (
	id            INTEGER PRIMARY KEY,
	category      TEXT,
	department_id INTEGER,
	deleted       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE status_names (
	id     INTEGER PRIMARY KEY,
	status TEXT
) STRICT;
CREATE TABLE priority_names (
	id       INTEGER PRIMARY KEY,
	priority TEXT
) STRICT;

-- Which tickets changed in what lists go by, newest last; ticket 0: names
-- did. Whoever keeps lists in memory (services/ticket/index/columns.c) reads on
-- from where it was. Old rows go as new ones come.
CREATE TABLE changes (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT,
	ticket_id INTEGER NOT NULL
) STRICT;
CREATE TRIGGER changes_bounded AFTER INSERT ON changes BEGIN
	DELETE FROM changes WHERE seq <= new.seq - 20000;
END;
CREATE TRIGGER tickets_inserted AFTER INSERT ON tickets BEGIN
	INSERT INTO changes (ticket_id) VALUES (new.id);
	INSERT INTO ticket_text (rowid, title, content)
		VALUES (new.id, new.title, new.content);
END;
CREATE TRIGGER tickets_updated AFTER UPDATE OF title, status_id,
	ticket_priority_id, category_id, assigned_id, started_id, date_added,
	last_updated, hours, reply_hours, replies ON tickets BEGIN
	INSERT INTO changes (ticket_id) VALUES (new.id);
END;
CREATE TRIGGER tickets_rewritten AFTER UPDATE OF title, content ON tickets
	WHEN (old.title, old.content) IS NOT (new.title, new.content) BEGIN
	INSERT INTO ticket_text (ticket_text, rowid, title, content)
		VALUES ('delete', old.id, old.title, old.content);
	INSERT INTO ticket_text (rowid, title, content)
		VALUES (new.id, new.title, new.content);
END;
CREATE TRIGGER tickets_deleted AFTER DELETE ON tickets BEGIN
	INSERT INTO changes (ticket_id) VALUES (old.id);
	INSERT INTO ticket_text (ticket_text, rowid, title, content)
		VALUES ('delete', old.id, old.title, old.content);
END;
CREATE TRIGGER user_names_inserted AFTER INSERT ON user_names BEGIN
	INSERT INTO changes (ticket_id) VALUES (0);
END;
CREATE TRIGGER user_names_updated AFTER UPDATE OF name, username ON user_names BEGIN
	INSERT INTO changes (ticket_id) VALUES (0);
END;
CREATE TRIGGER departments_inserted AFTER INSERT ON department_names BEGIN
	INSERT INTO changes (ticket_id) VALUES (0);
END;
CREATE TRIGGER departments_updated AFTER UPDATE ON department_names BEGIN
	INSERT INTO changes (ticket_id) VALUES (0);
END;
CREATE TRIGGER categories_inserted AFTER INSERT ON category_names BEGIN
	INSERT INTO changes (ticket_id) VALUES (0);
END;
CREATE TRIGGER categories_updated AFTER UPDATE ON category_names BEGIN
	INSERT INTO changes (ticket_id) VALUES (0);
END;

-- The words of titles and contents; the texts are not kept twice.
CREATE VIRTUAL TABLE ticket_text USING fts5 (title, content,
	content = 'tickets', content_rowid = 'id',
	tokenize = "unicode61 remove_diacritics 2");
INSERT INTO ticket_text (ticket_text) VALUES ('rebuild');
-- The words of replies; rowid is ticket_id * 4294967296 + post_id, so that a
-- hit tells its ticket. To take a text out of it, the text is needed.
CREATE VIRTUAL TABLE reply_text USING fts5 (content, content = '',
	tokenize = "unicode61 remove_diacritics 2");
