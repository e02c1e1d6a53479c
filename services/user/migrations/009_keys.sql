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

-- The highest ids that deleted users, groups and tokens had. Others may still
-- speak of them, and so they are not given again. The table's trigger is on
-- tokens, and stays.
CREATE TABLE kept AS SELECT user_id, group_id, token_id FROM gone;
DROP TABLE gone;
CREATE TABLE gone (
	one      INTEGER PRIMARY KEY CHECK (one = 1), -- there is one row
	user_id  INTEGER NOT NULL,
	group_id INTEGER NOT NULL DEFAULT 0,
	token_id INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO gone (one, user_id, group_id, token_id)
	SELECT 1, user_id, group_id, token_id FROM kept;
DROP TABLE kept;
