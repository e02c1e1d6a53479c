-- The lookup service's store: the short lists that tickets refer to.

CREATE TABLE departments (
	id         INTEGER PRIMARY KEY,
	department TEXT,
	version    INTEGER NOT NULL DEFAULT 1 -- counts changes, for ETags
) STRICT;
CREATE INDEX departments_by_name ON departments (department, id);

CREATE TABLE categories (
	id            INTEGER PRIMARY KEY,
	category      TEXT,
	department_id INTEGER REFERENCES departments (id),
	version       INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX categories_by_name ON categories (category, id);
CREATE INDEX categories_by_department ON categories (department_id);

CREATE TABLE priorities (
	id       INTEGER PRIMARY KEY,
	priority TEXT
) STRICT;

CREATE TABLE statuses (
	id     INTEGER PRIMARY KEY,
	status TEXT
) STRICT;
