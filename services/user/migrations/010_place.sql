-- Where a copy of a store stands in the log of its engine: the last entry that it
-- has, and its reign (services/engine/engine.h). seq 0: it is no copy.
ALTER TABLE identity ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE identity ADD COLUMN reign INTEGER NOT NULL DEFAULT 0;
