-- Users that were deleted, as the user service's events tell. Their ids are
-- not given again, and they do and get nothing more: what was on its way
-- meanwhile is refused, or undone with that event.
CREATE TABLE gone_users (
	id INTEGER PRIMARY KEY
) STRICT;
-- What an event is about ('post 5'): those about one thing are applied in order
-- also when one of them is set aside. And of one that is sent again, which
-- number it had at first.
ALTER TABLE outbox ADD COLUMN subject TEXT;
ALTER TABLE outbox ADD COLUMN original INTEGER;
CREATE INDEX outbox_by_subject ON outbox (subject, seq)
	WHERE subject IS NOT NULL;
