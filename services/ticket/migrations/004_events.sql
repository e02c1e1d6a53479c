-- Users that were deleted, as the user service's events tell. Their ids are
-- not given again, and they do and get nothing more: what was on its way
-- meanwhile is refused, or undone with that event.
CREATE TABLE gone_users (
	id INTEGER PRIMARY KEY
) STRICT;
