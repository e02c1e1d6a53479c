-- The user service's store: who people are and how they prove it.
-- Times are microseconds since 1970 in UTC throughout.

CREATE TABLE users (
	id             INTEGER PRIMARY KEY,
	username       TEXT,     -- what one logs in with; compared byte by byte
	name           TEXT,     -- the full name others see
	password       BLOB,     -- bcrypt, "$2b$..."; NULL: cannot log in
	email          TEXT,
	date_added     INTEGER,
	date_modified  INTEGER,
	job_title      TEXT,     -- NULL or empty: shown as "unknown"
	avatar         TEXT,     -- file name; NULL or empty: the default picture
	total_posts    INTEGER NOT NULL DEFAULT 0, -- tickets and replies written
	total_assigned INTEGER NOT NULL DEFAULT 0, -- tickets assigned now
	locale         TEXT,
	disabled       INTEGER NOT NULL DEFAULT 0, -- 1: no login, no token works
	version        INTEGER NOT NULL DEFAULT 1  -- counts changes, for ETags
) STRICT;
CREATE UNIQUE INDEX users_by_username ON users (username);
CREATE UNIQUE INDEX users_by_email ON users (email);

CREATE TABLE groups (
	id         INTEGER PRIMARY KEY,
	group_name TEXT,
	rights     INTEGER NOT NULL DEFAULT 0 -- bits of enum right, proto/tables.h
) STRICT;

CREATE TABLE members (
	user_id  INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
	PRIMARY KEY (user_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
	id         INTEGER PRIMARY KEY,
	hash       BLOB NOT NULL UNIQUE, -- SHA-256 of the token as sent
	user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	date_added INTEGER NOT NULL,
	expires    INTEGER NOT NULL
) STRICT;
CREATE INDEX tokens_by_user ON tokens (user_id);
CREATE INDEX tokens_by_expiry ON tokens (expires);

-- What gateways must forget. Rows are kept longer than any gateway may go
-- without hearing of them; seq is what a gateway says it has seen.
CREATE TABLE revocations (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	hash       BLOB NOT NULL,
	date_added INTEGER NOT NULL
) STRICT;
CREATE INDEX revocations_by_date ON revocations (date_added);
