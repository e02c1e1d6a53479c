-- What a new installation starts with: Flicket's own defaults.
INSERT INTO statuses (id, status) VALUES
	(1, 'Open'), (2, 'Closed'), (3, 'In Work'), (4, 'Awaiting Information');
INSERT INTO priorities (id, priority) VALUES
	(1, 'low'), (2, 'medium'), (3, 'high');
INSERT INTO departments (id, department) VALUES
	(1, 'Design'), (2, 'Manufacturing'), (3, 'IT'), (4, 'Quality'),
	(5, 'Human Resources'), (6, 'Commercial');
INSERT INTO categories (id, category, department_id) VALUES
	(1, 'Dataset', 1), (2, 'ECN', 1), (3, 'ECR', 1), (4, 'Other', 1),
	(5, 'Process Planning', 2), (6, 'Tooling', 2), (7, 'Equipment', 2),
	(8, 'Internet', 3), (9, 'Intranet', 3),
	(10, 'Procedures', 4), (11, 'Manuals', 4),
	(12, 'Holidays', 5), (13, 'Sick Leave', 5),
	(14, 'Approved Suppliers', 6);
