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
