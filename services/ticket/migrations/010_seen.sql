-- Which tickets users have seen, up to which reply. A user has a row for a ticket
-- that they saw when there was something new in it, and at most some thousands of
-- rows (seen/seen.c). What is older is covered by the user's mark.
CREATE TABLE seen (
	user_id   INTEGER NOT NULL,
	ticket_id INTEGER NOT NULL,
	post_id   INTEGER NOT NULL, -- replies of the ticket up to this id are seen
	PRIMARY KEY (user_id, ticket_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_by_ticket ON seen (ticket_id);
-- Up to a mark all tickets count as seen, with all replies up to another id.
CREATE TABLE seen_marks (
	user_id   INTEGER PRIMARY KEY,
	ticket_id INTEGER NOT NULL,
	post_id   INTEGER NOT NULL
) STRICT;
-- What was there before a user was counts as seen by them.
INSERT INTO seen_marks (user_id, ticket_id, post_id)
	SELECT id, ifnull((SELECT max(id) FROM tickets), 0),
	ifnull((SELECT max(post_id) FROM replies), 0) FROM user_names;
CREATE TRIGGER user_names_marked AFTER INSERT ON user_names BEGIN
	INSERT OR IGNORE INTO seen_marks (user_id, ticket_id, post_id)
		SELECT new.id, ifnull((SELECT max(id) FROM tickets), 0),
		ifnull((SELECT max(post_id) FROM replies), 0);
END;
CREATE TRIGGER user_names_forgotten AFTER DELETE ON user_names BEGIN
	DELETE FROM seen WHERE user_id = old.id;
	DELETE FROM seen_marks WHERE user_id = old.id;
END;
CREATE TRIGGER seen_deleted AFTER DELETE ON tickets BEGIN
	DELETE FROM seen WHERE ticket_id = old.id;
END;
