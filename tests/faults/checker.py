"""The checker: whether what the journal says was acknowledged is there, once and whole, and what was not, whole or not
at all. It shares nothing with the programs: it reads the stores with SQLite, and the journal.

A change in the journal `does` one of
  create   a row in `table`, known by the text in the column `by`; with `values` in its columns
  set      `values` of the row `id`; `history` is what an edit leaves in histories, `action` what it leaves in actions,
           `may_action` what it leaves if the value is another one
  delete   the row `id`
  remove   a member from a group
  see      a ticket up to a reply, by a user
A reply's `also` is a `set` of its ticket, or of a file that it claims; for a ticket an event makes it. A file that is
`staged` is seen by its user alone.
A value of None may be anything (another change decides it), 'none' is NULL.
"""
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing

STORES = ('user', 'ticket', 'post', 'lookup')
STORE_OF = {'tickets': 'ticket', 'subscriptions': 'ticket', 'posts': 'post', 'uploads': 'post', 'users': 'user',
            'groups': 'user', 'members': 'user', 'views': 'user', 'seen': 'ticket', 'departments': 'lookup', 'categories': 'lookup'}

ITEM_OF = {'tickets': 'ticket', 'posts': 'post', 'uploads': 'upload', 'departments': 'department',
           'categories': 'category', 'groups': 'group', 'users': 'user'}


def open_stores(data):
    return {name: sqlite3.connect(f'file:{data}/stores/{name}/{name}.db?mode=ro', uri=True) for name in STORES}


class Expected:
    """What a row may be."""

    def __init__(self, change):
        self.change = change
        self.id = change['made']
        self.may_be_there = True
        self.may_be_gone = change['became'] != 'acknowledged'
        self.by, self.text = change['by'], [change['text']]
        self.values = {column: [value] for column, value in change['values'].items()}
        self.order = []                 # of the actions that must be there
        self.actions = Counter()        # those that must be there ...
        self.more_actions = Counter()   # ... and those that may be, too
        self.histories = []             # (what, must it be there)

    def apply(self, change):
        sure = change['became'] == 'acknowledged'
        if change['became'] == 'refused':
            return
        if change['does'] == 'delete':
            self.may_be_gone = True
            self.may_be_there = self.may_be_there and not sure
            return
        for column, value in change['values'].items():
            if column == self.by:
                self.text = [value] if sure else [*self.text, value]
            elif value is None or not sure and self.values.get(column) is None:
                self.values[column] = None
            else:
                self.values[column] = [value] if sure else [*self.values.get(column, []), value]
        if change.get('action'):
            (self.actions if sure else self.more_actions)[change['action']] += 1
            self.order += [change['action']] if sure else []
        self.more_actions[change.get('may_action')] += 1
        if change.get('history'):
            self.histories.append((change['history'], sure))


class Checker:
    def __init__(self, data, changes, wrong=()):
        self.data, self.changes = data, changes
        self.differences = list(wrong)
        self.looked_at = Counter()

    def differ(self, text):
        self.differences.append(text)

    def check(self):
        self.stores = open_stores(self.data)
        try:
            self._check_stores()
            for name in self.stores:
                self._check_events(name)
            rows = self._expect()
            self._check_rows(rows)
            self._check_order()
            self._check_members()
            self._check_seen()
            self._check_totals()
        finally:
            for store in self.stores.values():
                store.close()
        return self.differences

    def _rows(self, store, sql, *args):
        with closing(self.stores[store].execute(sql, args)) as found:
            names = [c[0] for c in found.description]
            return [dict(zip(names, row)) for row in found]

    def _check_stores(self):
        for name in self.stores:
            for row in self._rows(name, 'PRAGMA integrity_check'):
                if row['integrity_check'] != 'ok':
                    self.differ(f'{name}: {row["integrity_check"]}')
            for row in self._rows(name, 'PRAGMA foreign_key_check'):
                self.differ(f'{name}: {row}')

    def _check_events(self, name):
        """Each event was delivered, and applied as far as it was sent."""
        for row in self._rows(name, 'SELECT consumer, count(*) n FROM outbox GROUP BY consumer'):
            self.differ(f'{name}: {row["n"]} events for {row["consumer"]} are not delivered')

    # -- the journal's rows

    def _expect(self):
        rows, by_id = [], {}
        for change in self.changes:
            table = change['table']
            if table in ('members', 'seen') or change['became'] == 'refused':
                continue
            writer = change['number'].partition('.')[0]     # changes what it made, and nothing else
            if change['does'] == 'create':
                row = Expected(change)
                rows.append(row)
                if row.id is not None:
                    by_id[writer, table, row.id] = row
            else:
                by_id[writer, table, change['id']].apply(change)
            if change.get('also'):
                also = change['also']
                by_id[writer, also['table'], also['id']].apply({**also, 'does': 'set', 'became': change['became']})
        stay = Counter((table, number) for (_, table, number), row in by_id.items() if not row.may_be_gone)
        for (table, number), n in stay.items():
            if n > 1:
                self.differ(f'{table} {number}: was answered to {n} who asked for one')
        # what hangs on a ticket goes with it
        for row in rows:
            owner = row.change['values'].get('topic_id') or row.change['values'].get('ticket_id')
            if row.change['table'] == 'subscriptions':
                owner = row.change['text']
            owner = by_id.get((row.change['number'].partition('.')[0], 'tickets', owner))
            if owner is not None:
                row.may_be_gone = row.may_be_gone or owner.may_be_gone
                row.may_be_there = row.may_be_there and owner.may_be_there
        return rows

    def _load(self, table):
        """All rows of a table; those of lookup are kept when they are deleted."""
        where = ' WHERE deleted = 0' if STORE_OF[table] == 'lookup' else ''
        return self._rows(STORE_OF[table], f'SELECT * FROM {table}{where}')

    def _check_rows(self, rows):
        found = {}
        actions, histories = self._load_actions(), self._load_histories()
        for expected in rows:
            table = expected.change['table']
            if (table, expected.by) not in found:
                index = defaultdict(list)
                for row in self._load(table):
                    index[row[expected.by]].append(row)
                found[table, expected.by] = index
            self.looked_at[table] += 1
            there = [r for text in dict.fromkeys(expected.text) for r in found[table, expected.by].get(text, [])
                     if table != 'subscriptions' or r['user_id'] == expected.change['values']['user_id']]
            what = f'{expected.change["number"]}: {table} {expected.id} {expected.text[-1]!r}'
            if len(there) > 1:
                self.differ(f'{what}: is there {len(there)} times')
            elif not there and not expected.may_be_gone:
                self.differ(f'{what}: was acknowledged, and is lost')
            elif there and not expected.may_be_there:
                self.differ(f'{what}: was deleted, and is there')
            elif there:
                self._check_row(what, expected, there[0], actions, histories)

    def _check_row(self, what, expected, row, actions, histories):
        if expected.id is not None and row.get('id') != expected.id:
            self.differ(f'{what}: has the id {row.get("id")}')
        for column, values in expected.values.items():
            value = 'none' if row[column] is None else row[column]
            if column in ('total_posts', 'total_assigned') or values is None:
                continue
            if value not in values:
                self.differ(f'{what}: {column} is {value!r}, and not {values[-1]!r}')
        table = expected.change['table']
        if table == 'tickets':
            self._check_ticket(what, expected, row, actions[row['id']])
        if table == 'uploads':
            self._check_file(what, expected, row)
        for history, sure in expected.histories:
            n = histories[history.get('topic_id'), history.get('post_id'), history['original_content']]
            self.looked_at['histories'] += 1
            if n > 1 or sure and n == 0:
                self.differ(f'{what}: its history has {history["original_content"]!r} {n} times')

    def _check_order(self):
        """What a client has had made one after the other has ids in this order. Dates may be any: clocks are wrong."""
        newest = {}
        for change in self.changes:
            if change['does'] != 'create' or change['became'] != 'acknowledged' or change['table'] == 'members':
                continue
            writer = change['number'].partition('.')[0], change['table']
            self.looked_at['in order'] += 1
            if newest.get(writer, 0) >= change['made']:
                self.differ(f'{change["number"]}: {change["table"]} {change["made"]} was made after '
                            f'{newest[writer]}')
            newest[writer] = change['made']

    def _load_actions(self):
        """Of each ticket in the order they were made."""
        actions = defaultdict(list)
        for row in self._rows('ticket', 'SELECT ticket_id, action FROM actions ORDER BY id'):
            actions[row['ticket_id']].append(row['action'])
        return actions

    def _load_histories(self):
        return Counter({(r['topic_id'], r['post_id'], r['original_content']): r['n'] for r in self._rows(
            'post', 'SELECT topic_id, post_id, original_content, count(*) n FROM histories GROUP BY 1, 2, 3')})

    def _check_ticket(self, what, expected, row, actions):
        """A ticket is opened, and its author subscribed, in the one transaction that makes it."""
        left = iter(actions)
        if not all(action in left for action in expected.order):
            self.differ(f'{what}: has the actions {actions}, not in the order {expected.order}')
        actions = Counter(actions)
        if actions['open'] != 1:
            self.differ(f'{what}: was opened {actions["open"]} times')
        n = self._rows('ticket', 'SELECT count(*) n FROM subscriptions WHERE ticket_id = ? AND user_id = ?', row['id'],
                       row['started_id'])[0]['n']
        if n != 1:
            self.differ(f'{what}: its author is subscribed {n} times')
        for action in {*expected.actions, *expected.more_actions} - {None}:
            least, n = expected.actions[action], actions[action]
            self.looked_at['actions'] += 1
            if not least <= n <= least + expected.more_actions[action]:
                self.differ(f'{what}: has {n} actions {action!r}, {least} were acknowledged')

    def _check_file(self, what, expected, row):
        path = self.data / 'stores' / 'post' / 'files' / row['filename']
        if not path.exists():
            self.differ(f'{what}: its file is lost')
        elif path.read_text() != expected.change['content']:
            self.differ(f'{what}: its file has another content')

    def _check_members(self):
        there = {(r['group_id'], r['user_id']) for r in self._rows('user', 'SELECT group_id, user_id FROM members')}
        removed = {(c['group'], c['user']): c['became'] for c in self.changes if c['does'] == 'remove'}
        for c in self.changes:
            if c['table'] != 'members' or c['does'] != 'create' or c['became'] == 'refused':
                continue
            pair = c['text'], c['values']['user_id']
            self.looked_at['members'] += 1
            if pair not in there and c['became'] == 'acknowledged' and pair not in removed:
                self.differ(f'{c["number"]}: member {pair} was acknowledged, and is lost')
            if pair in there and removed.get(pair) == 'acknowledged':
                self.differ(f'{c["number"]}: member {pair} was removed, and is there')

    def _check_seen(self):
        """A user has seen a ticket at least as far as was acknowledged, by its row or by the mark that took its place."""
        rows = {(r['user_id'], r['ticket_id']): r['post_id'] for r in self._rows('ticket', 'SELECT * FROM seen')}
        marks = {r['user_id']: (r['ticket_id'], r['post_id']) for r in self._rows('ticket', 'SELECT * FROM seen_marks')}
        there = {r['id'] for r in self._rows('ticket', 'SELECT id FROM tickets')}
        for c in self.changes:
            if c['does'] != 'see' or c['became'] != 'acknowledged' or c['id'] not in there:
                continue
            self.looked_at['seen'] += 1
            ticket, post = marks.get(c['user'], (0, -1))
            up_to = max(rows.get((c['user'], c['id']), -1), post if c['id'] <= ticket else -1)
            if up_to < c['values']['post_id']:
                self.differ(f'{c["number"]}: ticket {c["id"]} is seen up to {up_to}, and not {c["values"]["post_id"]}')

    # -- over HTTP

    def check_answers(self, client, rng, most=500):
        """What clients see of a sample of the rows, and of the lists they are in."""
        rows = [r for r in self._expect() if r.id is not None and r.change['table'] in ITEM_OF and not r.change.get('staged')]
        for row in rng.sample(rows, min(most, len(rows))):
            path = f'{ITEM_OF[row.change["table"]]}/{row.id}'
            answer = client.get(path)
            self.looked_at['answers'] += 1
            if answer.status == 404 and row.may_be_gone:
                continue
            found = answer.json().get(row.by) if answer.status == 200 else None
            # what tickets are filed under can be read by its id when it is deleted
            gone = not row.may_be_there and STORE_OF[row.change['table']] != 'lookup'
            if found not in row.text or gone:
                self.differ(f'{row.change["number"]}: {path} is {str(answer)[:200]}, not {row.text[-1]!r}')
        self.stores = open_stores(self.data)
        for table in ('tickets', 'uploads', 'users', 'groups', 'departments', 'categories'):
            n = sum(row.get('staged_at') is None for row in self._load(table))
            total = client.get(f'{table}/').json()['_meta']['total_items']
            if total != n:
                self.differ(f'{table}/ has {total} items, {n} rows are there')
        for store in self.stores.values():
            store.close()

    # -- between the stores

    def _check_totals(self):
        """What a store knows of another's rows is what the other has."""
        written, assigned, replies = Counter(), Counter(), Counter()
        closed = self._rows('lookup', "SELECT id FROM statuses WHERE status = 'Closed'")[0]['id']
        tickets = self._rows('ticket', 'SELECT id, started_id, assigned_id, status_id, replies FROM tickets')
        for t in tickets:
            written[t['started_id']] += 1
            if t['status_id'] != closed:
                assigned[t['assigned_id']] += 1
        posts = self._rows('post', 'SELECT id, ticket_id, user_id FROM posts')
        for p in posts:
            written[p['user_id']] += 1
            replies[p['ticket_id']] += 1
        for t in tickets:
            self.looked_at['tickets with their replies'] += 1
            if t['replies'] != replies[t['id']]:
                self.differ(f'ticket {t["id"]}: {t["replies"]} replies, posts has {replies[t["id"]]}')
        known = {(r['post_id'], r['ticket_id']) for r in self._rows('ticket', 'SELECT * FROM replies')}
        for pair in known ^ {(p['id'], p['ticket_id']) for p in posts}:
            self.differ(f'reply, ticket {pair}: known to one of two stores')
        ids = {t['id'] for t in tickets}
        for p in posts:
            if p['ticket_id'] not in ids:
                self.differ(f'post {p["id"]}: of ticket {p["ticket_id"]}, which is gone')
        ours = {c['values'].get('started_id') or c['values'].get('user_id') for c in self.changes
                if c['table'] in ('tickets', 'posts') and c['does'] == 'create'}
        for u in self._rows('user', 'SELECT id, total_posts, total_assigned FROM users'):
            if u['id'] not in ours:
                continue
            self.looked_at['users with their totals'] += 1
            for column, right in (('total_posts', written), ('total_assigned', assigned)):
                if u[column] != right[u['id']]:
                    self.differ(f'user {u["id"]}: {column} is {u[column]}, {right[u["id"]]} are there')
