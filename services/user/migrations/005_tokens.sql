-- The highest id that a deleted token had: it is not given again, or a client
-- that ends a token by its id would end one that was made later. What ids were
-- given before is not known: those of a store begin with the seconds from 2026
-- on, which are more than the tokens that a desk can have made.
ALTER TABLE gone ADD COLUMN token_id INTEGER NOT NULL DEFAULT 0;
UPDATE gone SET token_id = max(0, strftime('%s', 'now') - 1767225600);
CREATE TRIGGER tokens_gone AFTER DELETE ON tokens BEGIN
	UPDATE gone SET token_id = max(token_id, old.id);
END;
