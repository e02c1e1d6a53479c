-- What a new installation starts with. The service fills in the admin's
-- password and the dates (services/user/service.c).
INSERT INTO groups (id, group_name, rights) VALUES
	(1, 'flicket_admin', 3), (2, 'super_user', 2);
INSERT INTO users (id, username, name, email, job_title, locale) VALUES
	(1, 'admin', 'admin', 'admin@localhost.localdomain', 'admin', 'en'),
	(2, 'notification', 'notification', 'admin@localhost', NULL, 'en');
INSERT INTO members (group_id, user_id) VALUES (1, 1);
