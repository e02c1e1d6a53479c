#!/bin/sh
# Write the files that `flicketctl import --csv FOLDER` reads, of an osTicket 1.10 or later in MariaDB or MySQL.
#
# usage: osticket.sh FOLDER [OPTION of mariadb...] DATABASE
#
# With --password it asks for the password, once for all queries.
#
# Its tables begin with OSTICKET_PREFIX (ost_). Not taken along: internal notes, as every user of a desk may read its
# tickets; attachments; the HTML of messages, of which the text stays. osTicket stores the local time of its server:
# give `import` its zone with --timezone.
set -eu
folder=$1
shift
p=${OSTICKET_PREFIX:-ost_}
mkdir -p "$folder"

# Read a password from the terminal, or from the input if that is none, for mariadb.
read_password() {
	printf 'Enter password: ' >&2
	if [ -t 0 ]; then
		trap 'stty echo' EXIT
		trap 'exit 130' INT TERM
		stty -echo
	fi
	IFS= read -r MYSQL_PWD || [ -n "$MYSQL_PWD" ]
	if [ -t 0 ]; then
		stty echo
		trap - EXIT INT TERM
	fi
	echo >&2
	export MYSQL_PWD
}

# The options without those that make mariadb ask for a password, which it would do for each query.
for option; do
	shift
	case $option in
	-p | --password) read_password ;;
	*) set -- "$@" "$option" ;;
	esac
done

# The rows of a query, an object of JSON in each line.
ask() {
	query=$1
	shift
	mariadb "$@" --batch --raw --skip-column-names --default-character-set=utf8mb4 --execute="$query"
}

# The text of a message in HTML.
text() {
	printf '%s' "IF($1.format = 'html', REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REGEXP_REPLACE(REGEXP_REPLACE($1.body,
	    '<br[^>]*>|</(p|div|li|tr|h[1-6])>', '\n'), '<[^>]*>', ''), '&nbsp;', ' '), '&lt;', '<'), '&gt;', '>'),
	    '&quot;', '\"'), '&amp;', '&'), $1.body)"
}

# Agents and clients have ids of their own: s1 is not u1.
ask "
SELECT JSON_OBJECT('id', CONCAT('s', staff_id), 'username', username, 'name', CONCAT_WS(' ', firstname, lastname),
    'email', email, 'password', IF(passwd LIKE '\$2%', passwd, NULL), 'disabled', IF(isactive, 'no', 'yes'),
    'groups', IF(isadmin, 'flicket_admin', 'super_user'), 'date_added', CAST(created AS CHAR))
FROM ${p}staff ORDER BY staff_id" "$@" >"$folder/users.jsonl"

ask "
SELECT JSON_OBJECT('id', CONCAT('u', u.id), 'username', COALESCE(a.username, e.address, CONCAT('user', u.id)),
    'name', u.name, 'email', e.address, 'password', IF(a.passwd LIKE '\$2%', a.passwd, NULL),
    'date_added', CAST(u.created AS CHAR))
FROM ${p}user u
LEFT JOIN ${p}user_email e ON e.id = u.default_email_id
LEFT JOIN ${p}user_account a ON a.user_id = u.id ORDER BY u.id" "$@" >>"$folder/users.jsonl"

# The first message is the content of the ticket.
first="SELECT MIN(f.id) FROM ${p}thread_entry f WHERE f.thread_id = h.id AND f.type = 'M'"

ask "
SELECT JSON_OBJECT('id', t.ticket_id, 'title', COALESCE(NULLIF(TRIM(c.subject), ''), CONCAT('Ticket ', t.number)),
    'content', $(text m), 'author', CONCAT('u', t.user_id), 'assigned', IF(t.staff_id > 0, CONCAT('s', t.staff_id), NULL),
    'status', s.name, 'priority', r.priority, 'department', d.name, 'category', o.topic,
    'date_added', CAST(t.created AS CHAR))
FROM ${p}ticket t
LEFT JOIN ${p}ticket__cdata c ON c.ticket_id = t.ticket_id
LEFT JOIN ${p}ticket_status s ON s.id = t.status_id
LEFT JOIN ${p}ticket_priority r ON r.priority_id = c.priority
LEFT JOIN ${p}department d ON d.id = t.dept_id
LEFT JOIN ${p}help_topic o ON o.topic_id = t.topic_id
LEFT JOIN ${p}thread h ON h.object_id = t.ticket_id AND h.object_type = 'T'
LEFT JOIN ${p}thread_entry m ON m.id = ($first)
ORDER BY t.ticket_id" "$@" >"$folder/tickets.jsonl"

ask "
SELECT JSON_OBJECT('id', m.id, 'ticket', t.ticket_id, 'content', $(text m),
    'author', CASE WHEN m.staff_id > 0 THEN CONCAT('s', m.staff_id) WHEN m.user_id > 0 THEN CONCAT('u', m.user_id)
    ELSE CONCAT('u', t.user_id) END, 'date_added', CAST(m.created AS CHAR))
FROM ${p}thread_entry m
JOIN ${p}thread h ON h.id = m.thread_id AND h.object_type = 'T'
JOIN ${p}ticket t ON t.ticket_id = h.object_id
WHERE m.type IN ('M', 'R') AND m.id <> COALESCE(($first), 0)
ORDER BY m.id" "$@" >"$folder/posts.jsonl"
