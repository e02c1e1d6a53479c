-- Tickets that were deleted, as the ticket service's events tell. Their ids are
-- not given again, and nothing more is hung on them: what is on its way while
-- its ticket is deleted comes after that event, or goes with it.
CREATE TABLE gone_tickets (
	ticket_id INTEGER PRIMARY KEY
) STRICT;
