-- Who is on the demo desk: a maker of measuring instruments with sites in Leeds, Lyon and Suzhou. The password of
-- all is in `given`.

CREATE TABLE person (id INTEGER PRIMARY KEY, username, name, job, speaks, is_agent);
INSERT INTO person VALUES
	(1, 'admin', 'Ruth Adeyemi', 'Head of support', 'en', 1),
	(2, 'notification', 'notification', NULL, NULL, 0),
	(3, 'marco', 'Marco Bellini', 'IT support', 'en', 1),
	(4, 'claire', 'Claire Fontaine', 'Support informatique', 'fr', 1),
	(5, 'zhangwei', 'Zhang Wei 张伟', '技术支持', 'zh', 1),
	(6, 'priya', 'Priya Nair', 'Service desk', 'en', 1),
	(7, 'jonas', 'Jonas Lindqvist', 'Facilities', 'en', 1),
	(8, 'helen', 'Helen Marsh', 'Purchasing', 'en', 0),
	(9, 'david.okafor', 'David Okafor', 'Shift lead, assembly', 'en', 0),
	(10, 'amelie', 'Amélie Roux', 'Comptable', 'fr', 0),
	(11, 'chenjing', 'Chen Jing 陈静', '质量工程师', 'zh', 0),
	(12, 'tomasz', 'Tomasz Zieliński', 'Warehouse', 'en', 0),
	(13, 'grace', 'Grace Kim', 'Sales', 'en', 0),
	(14, 'luc.martin', 'Luc Martin', 'Chef d’atelier', 'fr', 0),
	(15, 'nadia', 'Nadia Haddad', 'Human resources', 'en', 0),
	(16, 'oliver', 'Oliver Grant', 'Marketing', 'en', 0),
	(17, 'sofia', 'Sofía Reyes', 'Calibration lab', 'en', 0),
	(18, 'ben.walsh', 'Ben Walsh', 'Apprentice', 'en', 0),
	(19, 'liufang', 'Liu Fang 刘芳', '采购', 'zh', 0),
	(20, 'ingrid', 'Ingrid Olsen', 'Finance', 'en', 0),
	(21, 'maria', 'Maria Costa', 'Sales (left in spring)', 'en', 0),
	(22, 'peter', 'Peter Novák', 'Maintenance', 'en', 0);

CREATE TABLE flicket_group (id INTEGER PRIMARY KEY, group_name);
INSERT INTO flicket_group VALUES (1, 'flicket_admin'), (2, 'super_user'), (3, 'facilities');
CREATE TABLE flicket_groups (user_id, group_id);
INSERT INTO flicket_groups SELECT id, 2 FROM person WHERE is_agent UNION ALL VALUES (1, 1), (7, 3), (22, 3);

CREATE TABLE flicket_department (id INTEGER PRIMARY KEY, department);
INSERT INTO flicket_department VALUES
	(1, 'IT'), (2, 'Facilities'), (3, 'Human Resources'), (4, 'Production'), (5, 'Customer Service');
CREATE TABLE flicket_category (id INTEGER PRIMARY KEY, category, department_id);
INSERT INTO flicket_category VALUES
	(1, 'Accounts and access', 1), (2, 'Hardware', 1), (3, 'Software', 1), (4, 'Network', 1), (5, 'Printers', 1),
	(6, 'Heating and air', 2), (7, 'Doors and keys', 2), (8, 'Furniture', 2), (9, 'Cleaning', 2),
	(10, 'Holidays', 3), (11, 'Payroll', 3), (12, 'New colleagues', 3),
	(13, 'Machines', 4), (14, 'Quality', 4), (15, 'Safety', 4),
	(16, 'Orders', 5), (17, 'Returns', 5), (18, 'Warranty', 5);
CREATE TABLE flicket_status (id INTEGER PRIMARY KEY, status);
INSERT INTO flicket_status VALUES (1, 'Open'), (2, 'Closed'), (3, 'In Work'), (4, 'Awaiting Information');
CREATE TABLE flicket_priorities (id INTEGER PRIMARY KEY, priority);
INSERT INTO flicket_priorities VALUES (1, 'low'), (2, 'medium'), (3, 'high');

-- What stands in the place of {word} in a text; a text that occurs n times has n different ones.
CREATE TABLE slot (word, n, value);
WITH list(word, list) AS (VALUES
	('room', json_array('room 112', 'room 214', 'room 305', 'the meeting room Aire', 'the meeting room Wharfe',
		'the canteen', 'the reception', 'the calibration lab', 'the warehouse office', 'hall 2', 'hall 3', 'the training room')),
	('printer', json_array('LP-03', 'LP-07', 'LP-11', 'LP-12', 'LP-15', 'LP-18', 'LP-21', 'LP-24', 'LP-30')),
	('laptop', json_array('NB-1041', 'NB-1187', 'NB-1203', 'NB-1266', 'NB-1310', 'NB-1352', 'NB-1408', 'NB-1419', 'NB-1477')),
	('app', json_array('the time clock', 'the order system', 'the label editor', 'the CAD viewer', 'the intranet',
		'the parts catalogue', 'the travel form', 'the test database')),
	('colleague', json_array('Hannah Reed', 'Kofi Mensah', 'Laura Bianchi', 'Samir Patel', 'Eva Horvat', 'James Doyle',
		'Yuki Tanaka', 'Marta Nowak')),
	('machine', json_array('the lathe DM-2', 'the laser welder', 'press 4', 'the oven in hall 3', 'conveyor B',
		'the leak tester', 'the torque station', 'the vibration bench')),
	('customer', json_array('Harrow Water', 'Brightwell Foods', 'Kelda Labs', 'Norsk Pumpe', 'Atelier Vidal', 'Ostrava Steel',
		'Greenline Dairies', 'Tyne Marine', 'Alpen Gas')),
	('product', json_array('PT-40 pressure gauge', 'flow meter FM-9', 'TH-2 thermometer', 'level probe LX', 'PT-60 pressure gauge',
		'data logger DL-8')),
	('day', json_array('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday')),
	('salle', json_array('la salle 2', 'la salle 5', 'l’accueil', 'l’atelier', 'le bureau 14', 'la salle du conseil')),
	('fang', json_array('一号会议室', '二号会议室', '检验室', '仓库办公室', '三楼办公区'))
) INSERT INTO slot SELECT word, key, value FROM list, json_each(list.list);
