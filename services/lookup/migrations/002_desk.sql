-- What is deleted is marked: its name still resolves where it is referred to,
-- lists do not have it.
ALTER TABLE departments ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE categories ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
