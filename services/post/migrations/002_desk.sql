-- Looked up by: the name a file is served under, and who wrote what.
CREATE INDEX uploads_by_filename ON uploads (filename);
CREATE INDEX posts_by_user ON posts (user_id);
CREATE INDEX posts_by_modifier ON posts (modified_id)
	WHERE modified_id IS NOT NULL;
CREATE INDEX histories_by_user ON histories (user_id);
