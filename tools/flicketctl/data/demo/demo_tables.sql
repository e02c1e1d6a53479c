-- Flicket's tables of the demo desk, from who is there and what is said. Dates count back from now, dense towards the end:
-- of about 240 tickets, ten are of the last hours and fifty of the last days. Numbers that look random are remainders, so
-- that two desks of the same minute are the same.

CREATE TABLE flicket_users (id INTEGER PRIMARY KEY, username, name, password BLOB, email, date_added, date_modified,
	job_title, avatar, total_posts, total_assigned, token, token_expiration, locale, disabled);
CREATE TABLE flicket_topic (id INTEGER PRIMARY KEY, title, content, started_id, date_added, date_modified, modified_id,
	status_id, category_id, assigned_id, ticket_priority_id, hours, last_updated);
CREATE TABLE flicket_post (id INTEGER PRIMARY KEY, ticket_id, content, user_id, date_added, date_modified, modified_id, hours);
CREATE TABLE flicket_ticket_subscription (id INTEGER PRIMARY KEY, ticket_id, user_id);
CREATE TABLE flicket_ticket_action (id INTEGER PRIMARY KEY, ticket_id, post_id, action, data, user_id, recipient_id, date);
CREATE TABLE flicket_uploads (id INTEGER PRIMARY KEY, posts_id, topic_id, filename, original_filename);
CREATE TABLE flicket_history (id INTEGER PRIMARY KEY, post_id, topic_id, date_modified, original_content, user_id);

INSERT INTO file VALUES
	('scanner.log', '14:01:58 link up, rssi -63
14:02:11 link lost, rssi -91
14:02:41 pairing refused, key unknown
14:03:11 pairing refused, key unknown
14:03:41 giving up
'),
	('crash.log', 'LabelEdit 4.2
open shipping-a6.lbl: 16 objects
insert picture logo.png
exception: out of range, object 17 of 16
at Label::store (label.cpp:881)
at Window::save (window.cpp:214)
'),
	('times.csv', 'page,seconds
list,5.8
one order,0.4
search,4.9
settings,0.3
'),
	('hours.csv', 'day,from,to,overtime
Friday,06:00,14:00,0
Saturday,08:00,14:00,6
'),
	('drift.csv', 'piece,after 1 h,after 24 h
1,0.00,0.04
3,0.02,0.22
7,0.03,0.25
9,0.01,0.21
'),
	('service.txt', 'Service protocol

Oil changed, filters changed, belts tightened.
Zero point checked: +0.002 mm.
Next service in 2000 hours.
'),
	('mail.txt', 'From: The Management <office.management@mail.example>
Subject: urgent and confidential

Are you at your desk? I need five gift cards before noon. Send me the codes by reply, I am in a meeting.
');

-- Which text each ticket is, and how many minutes ago it was written; hardly ever on a Sunday or at night.
CREATE TABLE drawn (id INTEGER PRIMARY KEY, said_id, kind, turn, mixed, age);
INSERT INTO drawn (said_id, kind, turn, mixed)
	WITH RECURSIVE turns(n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM turns WHERE n < 20)
	SELECT s.id, s.kind, n, (s.id * 7919 + n * 104729) % 1009 FROM said AS s JOIN turns ON n < s.times
	WHERE s.kind NOT IN ('s', 'a', 'f') ORDER BY 4 DESC, 1;
UPDATE drawn SET age = 9 + 4.6 * (m.most - id) * (m.most - id) FROM (SELECT max(id) AS most FROM drawn) AS m;
UPDATE drawn SET age = age + 1440 WHERE age > 2880 AND strftime('%w', 'now', -age || ' minutes') = '0';
UPDATE drawn SET age = age + 480 WHERE age > 900 AND strftime('%H', 'now', -age || ' minutes') < '06';
CREATE TABLE ticket (id INTEGER PRIMARY KEY, said_id, kind, turn, mixed, age);
INSERT INTO ticket (said_id, kind, turn, mixed, age) SELECT said_id, kind, turn, mixed, age FROM drawn ORDER BY age DESC, id;

-- Who speaks in it.
CREATE TABLE part (ticket_id INTEGER PRIMARY KEY, author, agent);
INSERT INTO part SELECT t.id,
	(SELECT min((id * id * 7 + t.mixed * id * 13) % 37 * 100 + id) % 100 FROM person
		WHERE speaks = t.kind AND NOT is_agent AND id <> 21),
	CASE WHEN t.kind = 'fr' THEN 4 WHEN t.kind = 'zh' THEN 5 WHEN s.category BETWEEN 6 AND 9 THEN 7
		WHEN s.category BETWEEN 10 AND 12 THEN 6 ELSE (3 + t.mixed % 2 * 3) END
	FROM ticket AS t JOIN said AS s ON s.id = t.said_id;
UPDATE part SET author = 21 WHERE ticket_id < 60 AND author = 13;	-- before she left
UPDATE part SET agent = 1 WHERE ticket_id % 4 = 1 AND agent IN (3, 6);

-- A text with its words in place: one {word} after the other, as long as there is one.
CREATE TABLE filled (ticket_id, said_id, text, PRIMARY KEY (ticket_id, said_id));
INSERT INTO filled
	WITH RECURSIVE lines AS (
		SELECT t.id AS ticket_id, s.id AS said_id, s.text AS text FROM ticket AS t JOIN said AS s ON s.id >= t.said_id
			AND s.id < ifnull((SELECT min(id) FROM said WHERE id > t.said_id AND kind NOT IN ('s', 'a', 'f')), 1e9)),
	words(n, word, many) AS (SELECT row_number() OVER (ORDER BY word), word, count(*) FROM slot GROUP BY word),
	steps(ticket_id, said_id, text, n) AS (
		SELECT ticket_id, said_id, replace(replace(text, '{no2}', 11 + ticket_id * 37 % 88),
			'{no}', 4000 + ticket_id * 7 % 1000), 0 FROM lines
		UNION ALL
		SELECT p.ticket_id, p.said_id, replace(p.text, '{' || w.word || '}',
			(SELECT value FROM slot WHERE slot.word = w.word AND slot.n = (t.said_id * 3 + t.turn) % w.many)), w.n
		FROM steps AS p JOIN words AS w ON w.n = p.n + 1 JOIN ticket AS t ON t.id = p.ticket_id)
	SELECT ticket_id, said_id, upper(substr(text, 1, 1)) || substr(text, 2) FROM steps
	WHERE n = (SELECT max(n) FROM words);

-- The conversation with its moments, as minutes before now. A ticket of which the last word was not said yet is not
-- closed; some that are recent stop earlier.
CREATE TABLE line (id INTEGER PRIMARY KEY, ticket_id, said_id, kind, age);
INSERT INTO line (ticket_id, said_id, kind, age)
	SELECT t.id, s.id, s.kind, t.age - sum(17 + (s.id * 61 + t.mixed * 13) % CASE WHEN s.kind = 's' THEN 400 ELSE 190 END)
		OVER (PARTITION BY t.id ORDER BY s.id)
	FROM filled AS f JOIN ticket AS t ON t.id = f.ticket_id JOIN said AS s ON s.id = f.said_id WHERE s.kind IN ('s', 'a')
	ORDER BY t.id, s.id;
DELETE FROM line WHERE age < 2;
DELETE FROM line WHERE ticket_id IN (SELECT id FROM ticket WHERE (age < 20000 AND id % 5 < 3) OR id % 17 = 3)
	AND id > (SELECT min(id) FROM line AS l WHERE l.ticket_id = line.ticket_id) - (ticket_id % 5 = 1);

CREATE TABLE state (ticket_id INTEGER PRIMARY KEY, status, last_line, last_age);
INSERT INTO state SELECT t.id,
	CASE WHEN NOT EXISTS (SELECT 1 FROM said AS s JOIN filled AS f ON f.said_id = s.id AND f.ticket_id = t.id
		WHERE s.kind IN ('s', 'a') AND s.id > ifnull(l.said_id, 0)) THEN 2
	WHEN l.id IS NULL THEN CASE WHEN t.id % 3 = 0 THEN 3 ELSE 1 END WHEN l.kind = 's' THEN 4 ELSE 3 END,
	l.id, ifnull(l.age, t.age)
	FROM ticket AS t LEFT JOIN line AS l ON l.id = (SELECT max(id) FROM line WHERE ticket_id = t.id);

-- What the desk has of it.
INSERT INTO flicket_post SELECT l.id, l.ticket_id, f.text, CASE WHEN l.kind = 's' THEN p.agent ELSE p.author END,
	strftime('%Y-%m-%d %H:%M:%f', 'now', -l.age || ' minutes'), NULL, NULL, CASE WHEN l.kind = 's' THEN (l.id % 4) * 0.25 END
	FROM line AS l JOIN filled AS f USING (ticket_id, said_id) JOIN part AS p USING (ticket_id);
INSERT INTO flicket_topic SELECT t.id, substr(f.text, 1, instr(f.text, char(10)) - 1), substr(f.text, instr(f.text, char(10)) + 1),
	p.author, strftime('%Y-%m-%d %H:%M:%f', 'now', -t.age || ' minutes'), NULL, NULL, x.status, s.category,
	CASE WHEN x.status > 1 THEN p.agent END, s.priority, 0, strftime('%Y-%m-%d %H:%M:%f', 'now', -x.last_age || ' minutes')
	FROM ticket AS t JOIN filled AS f ON f.ticket_id = t.id AND f.said_id = t.said_id JOIN said AS s ON s.id = t.said_id
	JOIN part AS p ON p.ticket_id = t.id JOIN state AS x ON x.ticket_id = t.id;

INSERT INTO flicket_ticket_subscription (ticket_id, user_id)
	SELECT ticket_id, author FROM part UNION SELECT id, assigned_id FROM flicket_topic WHERE assigned_id IS NOT NULL
	UNION SELECT id, 1 FROM flicket_topic WHERE ticket_priority_id = 3;

INSERT INTO flicket_ticket_action (ticket_id, post_id, action, data, user_id, recipient_id, date)
	WITH done(ticket_id, post_id, action, data, user_id, recipient_id, age) AS (
		SELECT id, NULL, 'open', NULL, author, NULL, age FROM ticket JOIN part ON ticket_id = id
		UNION ALL
		SELECT t.id, NULL, CASE WHEN t.mixed % 3 = 0 THEN 'assign' ELSE 'claim' END, NULL,
			CASE WHEN t.mixed % 3 = 0 THEN 1 ELSE p.agent END, CASE WHEN t.mixed % 3 = 0 THEN p.agent END,
			ifnull((SELECT max(age) FROM line WHERE ticket_id = t.id) + 8, t.age - 5)
			FROM ticket AS t JOIN part AS p ON p.ticket_id = t.id JOIN state AS x ON x.ticket_id = t.id WHERE x.status > 1
		UNION ALL
		SELECT t.id, x.last_line, CASE WHEN x.status = 2 THEN 'close' ELSE 'status' END,
			CASE WHEN x.status = 4 THEN json_object('status_id', 4, 'status', 'Awaiting Information') END,
			p.agent, NULL, x.last_age
			FROM ticket AS t JOIN part AS p ON p.ticket_id = t.id JOIN state AS x ON x.ticket_id = t.id WHERE x.status IN (2, 4)
	) SELECT ticket_id, post_id, action, data, user_id, recipient_id, strftime('%Y-%m-%d %H:%M:%f', 'now', -age || ' minutes')
	FROM done ORDER BY ticket_id, age DESC;

-- A file belongs to the line before it that is not a file.
INSERT INTO flicket_uploads (posts_id, topic_id, filename, original_filename)
	WITH named AS (SELECT f.ticket_id, f.said_id, f.text AS name, (SELECT max(id) FROM said AS b WHERE b.id < s.id AND b.kind <> 'f')
		AS before FROM filled AS f JOIN said AS s ON s.id = f.said_id WHERE s.kind = 'f')
	SELECT l.id, CASE WHEN n.before = t.said_id THEN t.id END,
		printf('%04d-%03d%s', n.ticket_id, n.said_id, substr(s.text, instr(s.text, '.'))), s.text
	FROM named AS n JOIN said AS s ON s.id = n.said_id JOIN ticket AS t ON t.id = n.ticket_id
	LEFT JOIN line AS l ON l.ticket_id = n.ticket_id AND l.said_id = n.before
	WHERE l.id IS NOT NULL OR n.before = t.said_id;

-- Some texts were mended later: their first form had a slip.
INSERT INTO flicket_history (post_id, topic_id, date_modified, original_content, user_id)
	SELECT NULL, id, strftime('%Y-%m-%d %H:%M:%f', date_added, '4 minutes'), replace(content, ' the ', ' teh '), started_id
		FROM flicket_topic WHERE id % 13 = 5 AND content LIKE '% the %' AND id < (SELECT max(id) FROM flicket_topic)
	UNION ALL
	SELECT id, NULL, strftime('%Y-%m-%d %H:%M:%f', date_added, '1 minutes'), replace(content, ' is ', ' ist '), user_id
		FROM flicket_post WHERE id % 19 = 4 AND content LIKE '% is %';
UPDATE flicket_topic SET date_modified = h.date_modified, modified_id = h.user_id FROM flicket_history AS h WHERE h.topic_id = flicket_topic.id;
UPDATE flicket_post SET date_modified = h.date_modified, modified_id = h.user_id FROM flicket_history AS h WHERE h.post_id = flicket_post.id;

INSERT INTO flicket_users SELECT p.id, p.username, p.name, given.hash, replace(p.username, '.', '') || '@example.com',
	strftime('%Y-%m-%d %H:%M:%f', 'now', '-2 years', p.id || ' days'), NULL, p.job, NULL,
	(SELECT count(*) FROM flicket_topic WHERE started_id = p.id) + (SELECT count(*) FROM flicket_post WHERE user_id = p.id),
	(SELECT count(*) FROM flicket_topic WHERE assigned_id = p.id), NULL, NULL,
	CASE WHEN p.speaks = 'fr' THEN 'fr' ELSE 'en' END, p.id = 21 FROM person AS p, given;
