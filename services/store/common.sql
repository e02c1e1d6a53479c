-- Tables that every store has; they come before a service's own migrations.
-- What stands in a CREATE, its comments too, is in each store as it was then,
-- and `flicketctl verify` compares it: it never changes.

-- What other services have yet to be told. A row is written in the
-- transaction of the change it tells of and deleted once its consumer has
-- acknowledged it.
CREATE TABLE outbox (
	seq      INTEGER PRIMARY KEY AUTOINCREMENT, -- order of the changes
	consumer INTEGER NOT NULL, -- enum service, proto/services.tbl
	op       INTEGER NOT NULL, -- the event, an operation of the consumer
	actor    INTEGER NOT NULL, -- who caused it, 0: nobody
	args     BLOB NOT NULL     -- msgpack map, as in a request
) STRICT;
CREATE INDEX outbox_by_consumer ON outbox (consumer, seq);

-- The last event applied of each source, so that none is applied twice.
CREATE TABLE inbox (
	source INTEGER NOT NULL,  -- enum service
	stream INTEGER NOT NULL,  -- the source's stream, see identity
	seq    INTEGER NOT NULL,
	PRIMARY KEY (source, stream)
) STRICT, WITHOUT ROWID;

-- One row: which stream of events this store writes. A store that is copied
-- back from a backup must start a new one.
CREATE TABLE identity (
	stream INTEGER NOT NULL,
	seeded INTEGER NOT NULL DEFAULT 0 -- 1: the defaults were put in
) STRICT;
INSERT INTO identity (stream) VALUES (abs(random() >> 1) + 1);
