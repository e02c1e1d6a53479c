-- Tables of every store that came after its first schema; made with the next
-- migration where they are missing.

-- What was answered to requests with an Idempotency-Key, for 24 hours.
CREATE TABLE IF NOT EXISTS answers (
	actor           INTEGER NOT NULL,
	op              INTEGER NOT NULL,
	idempotency_key TEXT NOT NULL,
	digest          BLOB NOT NULL,    -- of the request
	answer          BLOB NOT NULL,    -- a frame, proto/README.md
	date            INTEGER NOT NULL, -- microseconds since 1970, UTC
	PRIMARY KEY (actor, op, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_by_date ON answers (date);
