-- Tickets that were deleted, so that clients which keep copies can learn of it.
CREATE TABLE deletions (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT, -- order of the deletions
	ticket_id INTEGER NOT NULL,
	date      INTEGER NOT NULL -- us since 1970
) STRICT;
CREATE INDEX deletions_by_date ON deletions (date);

-- One row: the last deletion that is not known any more, or never was.
CREATE TABLE deletions_over (
	seq  INTEGER NOT NULL, -- 0: of the time before they were kept
	date INTEGER           -- us since 1970; NULL: all are known
) STRICT;
-- A ticket of an earlier schema may have been deleted until now.
INSERT INTO deletions_over (seq, date)
	SELECT 0, iif(coalesce(max(seq), 0) > 0,
		CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
		NULL)
	FROM sqlite_sequence WHERE name = 'tickets';
