-- The statuses that this service sets and asks for, by their ids; one row. They
-- are 1, 2 and 3 in a new desk. One that was taken over may have others, as a
-- database that several servers write gives every second id.
CREATE TABLE own_statuses (
	open    INTEGER NOT NULL,
	closed  INTEGER NOT NULL,
	in_work INTEGER NOT NULL
) STRICT;
INSERT INTO own_statuses (open, closed, in_work) SELECT
	coalesce((SELECT min(id) FROM status_names WHERE status = 'Open'), 1),
	coalesce((SELECT min(id) FROM status_names WHERE status = 'Closed'), 2),
	coalesce((SELECT min(id) FROM status_names WHERE status = 'In Work'), 3);
