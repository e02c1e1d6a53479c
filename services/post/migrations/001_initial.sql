-- The post service's store: replies, attached files, and what texts were
-- before they were edited. Times are microseconds since 1970 in UTC; hours
-- are hundredths of an hour.

CREATE TABLE posts (
	id            INTEGER PRIMARY KEY AUTOINCREMENT, -- ids are not reused
	ticket_id     INTEGER,
	content       TEXT,
	user_id       INTEGER,  -- the author
	date_added    INTEGER,
	date_modified INTEGER,  -- NULL: never edited
	modified_id   INTEGER,  -- who edited last
	hours         INTEGER NOT NULL DEFAULT 0,
	version       INTEGER NOT NULL DEFAULT 1 -- counts changes, for ETags
) STRICT;
CREATE INDEX posts_by_ticket ON posts (ticket_id, id);

CREATE TABLE uploads (
	id                INTEGER PRIMARY KEY AUTOINCREMENT,
	post_id           INTEGER,  -- the reply it hangs on, or NULL
	topic_id          INTEGER,  -- the ticket it hangs on, or NULL
	filename          TEXT,     -- the name under files/
	original_filename TEXT      -- the name it had at home
) STRICT;
CREATE INDEX uploads_by_post ON uploads (post_id);
CREATE INDEX uploads_by_topic ON uploads (topic_id);

CREATE TABLE histories (
	id               INTEGER PRIMARY KEY AUTOINCREMENT,
	post_id          INTEGER,  -- the reply that was edited, or NULL
	topic_id         INTEGER,  -- the ticket that was edited, or NULL
	date_modified    INTEGER,
	original_content TEXT,
	user_id          INTEGER   -- whose text it was
) STRICT;
CREATE INDEX histories_by_topic ON histories (topic_id, id);
CREATE INDEX histories_by_post ON histories (post_id, id);
