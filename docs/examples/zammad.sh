#!/bin/sh
# Write the files that `flicketctl import --csv FOLDER` reads, of a Zammad in PostgreSQL.
#
# usage: zammad.sh FOLDER [OPTION of psql...] DATABASE
#
# Not taken along: internal articles, as every user of a desk may read its tickets; attachments; passwords, which Zammad
# hashes in another way; the HTML of articles, of which the text stays. Zammad's dates are UTC, and say so in the files.
set -eu
folder=$1
shift
mkdir -p "$folder"

# The rows of a query as CSV.
ask() {
	query=$1
	shift
	psql -X -q -v ON_ERROR_STOP=1 -c "COPY ($query) TO STDOUT (FORMAT csv, HEADER, ENCODING 'UTF8')" "$@"
}

date() {
	printf '%s' "to_char($1.created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') AS date_added"
}

# The text of an article in HTML.
text() {
	printf '%s' "CASE $1.content_type WHEN 'text/html' THEN replace(replace(replace(replace(replace(regexp_replace(
	    regexp_replace($1.body, '<br[^>]*>|</(p|div|li|tr|h[1-6])>', E'\n', 'gi'), '<[^>]*>', '', 'g'), '&nbsp;', ' '),
	    '&lt;', '<'), '&gt;', '>'), '&quot;', '\"'), '&amp;', '&') ELSE $1.body END AS content"
}

ask "
SELECT u.id, u.login AS username, trim(concat_ws(' ', u.firstname, u.lastname)) AS name, u.email,
    CASE WHEN u.active THEN 'no' ELSE 'yes' END AS disabled, $(date u), (SELECT string_agg(CASE r.name WHEN 'Admin' THEN
    'flicket_admin' ELSE 'super_user' END, ',') FROM roles_users m JOIN roles r ON r.id = m.role_id
    WHERE m.user_id = u.id AND r.name IN ('Admin', 'Agent')) AS groups
FROM users u ORDER BY u.id" "$@" >"$folder/users.csv"

# The first article is the content of the ticket; user 1 is nobody.
first='SELECT min(f.id) FROM ticket_articles f WHERE f.ticket_id = t.id AND NOT f.internal'

ask "
SELECT t.id, coalesce(nullif(trim(t.title), ''), 'Ticket ' || t.number) AS title, $(text a), t.customer_id AS author,
    nullif(t.owner_id, 1) AS assigned, s.name AS status, regexp_replace(p.name, '^[0-9]+ ', '') AS priority,
    g.name AS department, $(date t)
FROM tickets t JOIN ticket_states s ON s.id = t.state_id JOIN ticket_priorities p ON p.id = t.priority_id
JOIN groups g ON g.id = t.group_id LEFT JOIN ticket_articles a ON a.id = ($first) ORDER BY t.id" "$@" >"$folder/tickets.csv"

ask "
SELECT a.id, a.ticket_id AS ticket, coalesce(a.origin_by_id, a.created_by_id) AS author, $(text a), $(date a)
FROM ticket_articles a JOIN tickets t ON t.id = a.ticket_id
WHERE NOT a.internal AND a.id <> ($first) ORDER BY a.id" "$@" >"$folder/posts.csv"
