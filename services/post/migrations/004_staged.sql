-- Files are uploaded before the text that they go with: such a file is staged,
-- for the user who uploaded it. Files of earlier versions have no user.
ALTER TABLE uploads ADD COLUMN user_id INTEGER;   -- who uploaded it
ALTER TABLE uploads ADD COLUMN staged_at INTEGER; -- NULL: it is attached
CREATE INDEX uploads_staged ON uploads (user_id, staged_at)
	WHERE staged_at IS NOT NULL;
