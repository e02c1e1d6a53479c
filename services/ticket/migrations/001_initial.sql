-- The ticket service's store: tickets and what hangs on them.
-- Times are microseconds since 1970 in UTC; hours are hundredths of an hour.

CREATE TABLE tickets (
	id                 INTEGER PRIMARY KEY AUTOINCREMENT, -- ids are not reused
	title              TEXT,
	content            TEXT,
	started_id         INTEGER,  -- the author, a user
	date_added         INTEGER,
	date_modified      INTEGER,  -- NULL: never edited
	modified_id        INTEGER,  -- who edited last
	status_id          INTEGER,
	category_id        INTEGER,
	assigned_id        INTEGER,  -- NULL: nobody has it
	ticket_priority_id INTEGER,
	hours              INTEGER NOT NULL DEFAULT 0,
	last_updated       INTEGER,  -- the ticket itself or a reply
	version            INTEGER NOT NULL DEFAULT 1 -- counts changes, for ETags
) STRICT;

CREATE TABLE subscriptions (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	ticket_id INTEGER,
	user_id   INTEGER
) STRICT;
CREATE INDEX subscriptions_by_ticket ON subscriptions (ticket_id, id);
CREATE INDEX subscriptions_by_user ON subscriptions (user_id, ticket_id);

CREATE TABLE actions (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	ticket_id    INTEGER,
	post_id      INTEGER,  -- the newest reply at the time, NULL: none
	action       TEXT,
	data         TEXT,     -- JSON, keys sorted; NULL: none
	user_id      INTEGER,  -- who did it
	recipient_id INTEGER,  -- to whom, NULL: nobody in particular
	date         INTEGER
) STRICT;
CREATE INDEX actions_by_ticket ON actions (ticket_id, id);

-- The names of users, as the user service's events tell them.
CREATE TABLE user_names (
	id   INTEGER PRIMARY KEY,
	name TEXT
) STRICT;
