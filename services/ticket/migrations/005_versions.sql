-- With which version of the ticket somebody decided its status and its
-- priority last; what replies ask for does not count. A reply tells which
-- version it was checked against: it changes nothing that was decided since.
ALTER TABLE tickets ADD COLUMN status_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN priority_version INTEGER NOT NULL DEFAULT 0;
