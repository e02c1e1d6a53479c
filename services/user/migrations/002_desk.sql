-- Named tokens with a scope, and groups that change.
ALTER TABLE tokens ADD COLUMN name TEXT;          -- NULL: has none
ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'write';
ALTER TABLE tokens ADD COLUMN last_used INTEGER;  -- NULL: never
ALTER TABLE groups ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
CREATE INDEX groups_by_name ON groups (group_name);
CREATE INDEX members_by_group ON members (group_id, user_id);
CREATE INDEX users_by_avatar ON users (avatar) WHERE avatar IS NOT NULL;

-- One row: the highest id that a deleted user had. Others may still speak of
-- it, and so it is not given again.
CREATE TABLE gone (
	user_id INTEGER NOT NULL
) STRICT;
INSERT INTO gone (user_id) VALUES (0);
