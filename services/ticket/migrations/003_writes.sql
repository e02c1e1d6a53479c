-- What a change of a ticket writes: as few pages as can be, for each of them is
-- another one somewhere in a large store.

-- By id first, so that a change stays where it was, and a reply's is one page
-- instead of two.
DROP INDEX tickets_columns;
CREATE INDEX tickets_columns ON tickets (id, status_id, ticket_priority_id,
	category_id, assigned_id, started_id, date_added, last_updated, hours,
	reply_hours, replies);

-- Which replies a ticket has is also told by the ids in reply_text, which are
-- in reply_text_docsize.
DROP INDEX replies_by_ticket;

-- FTS5 puts what 'optimize' left on its second level, so that the eighth
-- segment or so beside it has the whole index merged once more, by one commit.
-- Eight levels further down nothing does. The block (id 10) is a cookie of 4
-- bytes, how many levels and segments, a counter of 1 byte that is 0, then the
-- levels: none being merged and none there; none being merged and one, which
-- is described by what follows.
UPDATE ticket_text_data SET block = CAST(substr(block, 1, 4) ||
	x'0a0100000000000000000000000000000000000000' || substr(block, 10)
	AS BLOB) WHERE id = 10 AND substr(block, 5, 7) = x'02010000000001';
UPDATE reply_text_data SET block = CAST(substr(block, 1, 4) ||
	x'0a0100000000000000000000000000000000000000' || substr(block, 10)
	AS BLOB) WHERE id = 10 AND substr(block, 5, 7) = x'02010000000001';
-- Merge later, and so less in all.
INSERT INTO ticket_text (ticket_text, rank) VALUES ('automerge', 8),
	('crisismerge', 64);
INSERT INTO reply_text (reply_text, rank) VALUES ('automerge', 8),
	('crisismerge', 64);
