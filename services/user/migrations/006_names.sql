-- Names and addresses are found in whatever case and width they are written:
-- folded() of base/fold.h. The service fills in the forms of rows that have none
-- or those of another version (services/user/names.c).
ALTER TABLE users ADD COLUMN username_form TEXT;
ALTER TABLE users ADD COLUMN email_form TEXT;
-- A form is used once. Users whose names read the same from earlier on stay: all
-- but the first have their own id here.
ALTER TABLE users ADD COLUMN username_twin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN email_twin INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX users_by_username_form
	ON users (username_form, username_twin);
CREATE UNIQUE INDEX users_by_email_form ON users (email_form, email_twin);
