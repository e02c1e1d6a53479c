-- Tickets that were deleted, as the ticket service's events tell. Their ids are
-- not given again, and nothing more is hung on them: what is on its way while
-- its ticket is deleted comes after that event, or goes with it.
CREATE TABLE gone_tickets (
	ticket_id INTEGER PRIMARY KEY
) STRICT;
-- What an event is about ('post 5'): those about one thing are applied in order
-- also when one of them is set aside. And of one that is sent again, which
-- number it had at first.
ALTER TABLE outbox ADD COLUMN subject TEXT;
ALTER TABLE outbox ADD COLUMN original INTEGER;
CREATE INDEX outbox_by_subject ON outbox (subject, seq)
	WHERE subject IS NOT NULL;
