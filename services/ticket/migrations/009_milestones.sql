-- Dates in the life of a ticket, for reports, and its newest reply. Tickets without
-- any of them have no row. Beside `tickets`, whose rows are large.
CREATE TABLE milestones (
	ticket_id   INTEGER PRIMARY KEY,
	first_reply INTEGER, -- us since 1970: the first reply that is not its author's;
	                     -- NULL: there is none; 0: it is not known
	closed_at   INTEGER, -- us since 1970: it was closed; NULL: it is open, or not known
	newest_post INTEGER  -- the id of its newest reply; NULL: there is none
) STRICT;
INSERT INTO milestones (ticket_id, first_reply, closed_at, newest_post)
	SELECT t.id, iif(r.newest IS NULL, NULL, 0), c.date, r.newest
	FROM tickets t
	LEFT JOIN (SELECT ticket_id, max(post_id) AS newest FROM replies
		GROUP BY ticket_id) r ON r.ticket_id = t.id
	LEFT JOIN (SELECT ticket_id, max(date) AS date FROM actions
		WHERE action = 'close' GROUP BY ticket_id) c ON c.ticket_id = t.id
		AND t.status_id = (SELECT closed FROM own_statuses)
	WHERE r.newest IS NOT NULL OR c.date IS NOT NULL;
-- Each change of the status comes with last_updated.
CREATE TRIGGER tickets_closed AFTER UPDATE OF status_id ON tickets
	WHEN new.status_id = (SELECT closed FROM own_statuses)
	AND old.status_id IS NOT new.status_id BEGIN
	INSERT INTO milestones (ticket_id, closed_at)
		VALUES (new.id, new.last_updated)
		ON CONFLICT (ticket_id) DO UPDATE SET closed_at = excluded.closed_at;
END;
CREATE TRIGGER tickets_opened AFTER UPDATE OF status_id ON tickets
	WHEN old.status_id = (SELECT closed FROM own_statuses)
	AND old.status_id IS NOT new.status_id BEGIN
	UPDATE milestones SET closed_at = NULL WHERE ticket_id = new.id;
END;
CREATE TRIGGER milestones_deleted AFTER DELETE ON tickets BEGIN
	DELETE FROM milestones WHERE ticket_id = old.id;
END;
