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

-- Events that their consumer refuses for good. In the outbox the row `seq`
-- tells it now that this one is left out; `flicketctl events` lists them.
CREATE TABLE IF NOT EXISTS set_aside (
	seq      INTEGER PRIMARY KEY, -- what it had in the outbox
	original INTEGER NOT NULL,    -- ... at first, if it was tried again
	consumer INTEGER NOT NULL,
	op       INTEGER NOT NULL,
	actor    INTEGER NOT NULL,
	args     BLOB NOT NULL,
	error    INTEGER NOT NULL,    -- the refusal, proto/errors.tbl; 0: an
	                              -- earlier event of its subject is here
	date     INTEGER NOT NULL,    -- microseconds since 1970, UTC
	subject  TEXT                 -- as in the outbox
) STRICT;
CREATE INDEX IF NOT EXISTS set_aside_by_subject ON set_aside (subject)
	WHERE subject IS NOT NULL;

-- Events that this store was told are left out. One that is sent after all,
-- under another number, is applied only while its row is here.
CREATE TABLE IF NOT EXISTS left_out (
	source INTEGER NOT NULL,      -- enum service
	stream INTEGER NOT NULL,      -- as in the inbox
	seq    INTEGER NOT NULL,      -- the original one
	PRIMARY KEY (source, stream, seq)
) STRICT, WITHOUT ROWID;
