-- Views: lists of tickets that users have given a name. A view is its owner's,
-- and for everybody to see if it is shared.
CREATE TABLE views (
	id         INTEGER PRIMARY KEY AUTOINCREMENT, -- ids are not reused
	user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	name       TEXT NOT NULL,
	query      TEXT NOT NULL,              -- of the list, as in its URL
	shared     INTEGER NOT NULL DEFAULT 0,
	position   INTEGER NOT NULL DEFAULT 0, -- among the others, ascending
	date_added INTEGER NOT NULL,
	version    INTEGER NOT NULL DEFAULT 1  -- counts changes, for ETags
) STRICT;
CREATE INDEX views_by_user ON views (user_id);
CREATE INDEX views_shared ON views (position) WHERE shared = 1;
