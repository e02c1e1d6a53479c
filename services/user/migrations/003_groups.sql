-- The highest id that a deleted group had: it is not given again, or a client
-- that kept the old group's ETag would take the new one for it.
ALTER TABLE gone ADD COLUMN group_id INTEGER NOT NULL DEFAULT 0;
