"""Databases of older Flickets, made of one of the newest: what its migrations have added is taken away again."""
import contextlib
import json
import shutil
import sqlite3

# What a column of Flicket before 0.2.1 said, by the action that it became.
COLUMNS = {'assign': 'assigned', 'claim': 'claimed', 'release': 'released', 'close': 'closed', 'open': 'opened',
           'status': 'status', 'priority': 'priority'}
TEXTS = ('status', 'priority')
OLD_ACTIONS = """CREATE TABLE flicket_ticket_action (id INTEGER NOT NULL, ticket_id INTEGER, post_id INTEGER,
    assigned BOOLEAN, claimed BOOLEAN, released BOOLEAN, closed BOOLEAN, opened BOOLEAN, status VARCHAR(20),
    priority VARCHAR(12), user_id INTEGER, recipient_id INTEGER, date DATETIME, PRIMARY KEY (id))"""
# The newest first: the version, and what it has added.
ADDED = (('0.2.3', ('flicket_users', 'disabled')), ('0.2.2', ('flicket_topic', 'last_updated')),
         ('0.2.1', ('flicket_post', 'hours')), ('0.2.1', ('flicket_topic', 'hours')))
NOTE = 'migrated during 0.2.1 release'


def take_actions_back(db):
    """Actions that Flicket 0.2.0 did not know go; those of a reply name it only, not its ticket."""
    rows = db.execute('SELECT id, ticket_id, post_id, action, data, user_id, recipient_id, date '
                      'FROM flicket_ticket_action').fetchall()
    db.execute('DROP TABLE flicket_ticket_action')
    db.execute(OLD_ACTIONS)
    for number, ticket, post, action, data, *rest in rows:
        if action not in COLUMNS:
            continue
        said = json.loads(data)[action] if action in TEXTS else 1
        db.execute(f'INSERT INTO flicket_ticket_action (id, ticket_id, post_id, {COLUMNS[action]}, user_id, recipient_id, '
                   'date) VALUES (?, ?, ?, ?, ?, ?, ?)', (number, None if post else ticket, post, said, *rest))


def older_database(path, newest, version):
    """A copy of a database as a Flicket of `version` had it: 0.2.0, 0.2.1, 0.2.2 or a later one."""
    shutil.copy(newest, path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        for added, (table, column) in ADDED:
            if version < added:
                db.execute(f'ALTER TABLE {table} DROP COLUMN {column}')
        if version < '0.2.1':
            take_actions_back(db)
        db.commit()
    return path
