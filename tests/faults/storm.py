"""The storm: clients that make all kinds of changes while processes are killed and stood still at random.

Each client works on things of its own, one change after the other, so that what must be there in the end can be told
from its journal alone. It sends a change again, with the same Idempotency-Key, until it is answered; now and then it
gives up without knowing, and now and then it sends again what was answered already.
"""
import itertools
import random
import threading
import time

from clocks import HOUR
from desk import SERVICES, wait_until
from journal import Journal
from wire import Client, NoAnswer, expect

PASSWORD = 'a password of the storm'
AGAIN = (429, 503, 504)         # the answers that say: try later
TOLD_WITHIN = 10                # seconds after which one service knows of another's users
KINDS = (                       # of changes, and how often each is made
    ('create_ticket', 20), ('create_post', 25), ('edit_ticket', 8), ('edit_post', 8), ('set_status', 4),
    ('set_priority', 4), ('set_category', 3), ('claim', 4), ('release', 3), ('close', 2), ('subscribe', 4),
    ('close_by_reply', 2), ('unsubscribe', 2), ('upload', 4), ('delete_upload', 1), ('delete_post', 3), ('delete_ticket', 2),
    ('create_department', 2), ('edit_department', 2), ('create_category', 2), ('edit_category', 1),
    ('delete_category', 1), ('create_group', 2), ('edit_group', 1), ('delete_group', 1), ('create_user', 1),
    ('edit_user', 2), ('add_member', 1), ('remove_member', 1), ('reply_with_file', 3), ('ticket_with_file', 2),
    ('create_view', 2), ('edit_view', 2), ('delete_view', 1), ('see', 4),
)


class GaveUp(Exception):
    """Nobody knows what became of the change."""


class Thing(dict):
    """A row that a client made: its id under `id`, and what the client has to know to change it."""


class Writer(threading.Thread):
    def __init__(self, storm, number, user):
        super().__init__(name=f'writer {number}')
        self.storm, self.number, self.user = storm, number, user
        self.rng = random.Random(f'{storm.seed} writer {number}')
        self.client = Client(storm.desk.port, user['token'], timeout=5)
        self.client.is_described = False
        self.numbers = itertools.count(1)
        self.things = {name: [] for name in ('tickets', 'posts', 'uploads', 'departments', 'categories', 'groups',
                                             'users', 'subscriptions', 'members', 'views')}
        self.failure = None

    # -- sending

    def change(self, method, path, *, json=None, body=None, type=None, **what):
        """Have a change made, and return its answer; GaveUp if that is not known."""
        number = f'{self.number}.{next(self.numbers)}'
        journal, headers = self.storm.journal, {}
        if method == 'POST':
            headers['Idempotency-Key'] = f'{self.storm.seed} {number}'
        journal.begin(number, **what)
        began = time.monotonic()
        for tries in itertools.count(1):
            try:
                answer = self.client.request(method, path, json=json, body=body, type=type, headers=headers)
            except (NoAnswer, OSError):
                answer = None
            if answer is not None and (answer.status < 300 or
                                       (method == 'DELETE' and answer.status == 404 and tries > 1)):
                found = answer.json() if answer.status < 202 else None
                journal.acknowledge(number, tries, found)
                if headers and self.rng.random() < 0.05:
                    self._ask_again(number, method, path, json, body, type, headers, answer)
                return found
            if answer is not None and answer.status not in AGAIN and not self._is_untold(answer, what, began):
                journal.wrong(number, f'{method} {path}: {answer}')
                raise GaveUp
            if self.storm.over.is_set() or (not self.storm.calm and self.rng.random() < 0.01):
                journal.leave(number, tries)
                raise GaveUp
            time.sleep(self.rng.uniform(0.01, 0.1) * min(tries, 10))

    @staticmethod
    def _is_untold(answer, what, began):
        """Whether the ticket service has yet to be told of a user: one whose creation was answered while it was down."""
        return (what['table'] == 'subscriptions' and what['does'] == 'create' and answer.status == 400
                and b'does not exist' in answer.body and time.monotonic() - began < TOLD_WITHIN)

    def _ask_again(self, number, method, path, json, body, type, headers, first):
        """The same key has the same answer, or none for now."""
        try:
            again = self.client.request(method, path, json=json, body=body, type=type, headers=headers)
        except (NoAnswer, OSError):
            return
        if again.status not in AGAIN and (again.status, again.body) != (first.status, first.body):
            self.storm.journal.wrong(number, f'asked again, {method} {path} is {again}, it was {first}')

    def run(self):
        names, weights = zip(*KINDS)
        try:
            while not self.storm.ending.is_set():
                try:
                    getattr(self, self.rng.choices(names, weights)[0])()
                except GaveUp:
                    pass
        except BaseException as e:
            self.failure = e
            raise
        finally:
            self.client.close()

    # -- things

    def text(self, table):
        """A text that nothing else has."""
        return f'{table} {self.number}.{next(self.numbers)} größe 打印机 {self.rng.randrange(1 << 30)}'

    def take(self, table):
        """One of our things, out of their list: it comes back if its change is known to be made."""
        things = self.things[table]
        if not things:
            raise GaveUp
        return things.pop(self.rng.randrange(len(things)))

    def create(self, table, column, path, json, values=None, **more):
        text = json.get(column) if json else values[column]
        made = self.change('POST', path, json=json, does='create', table=table, by=column, text=text,
                           values=values or {}, **more)
        thing = Thing(id=made['id'], text=text)
        self.things[table].append(thing)
        if len(self.things[table]) > 30:        # those before stay as they are
            self.things[table].pop(self.rng.randrange(30))
        return thing

    def set(self, thing, table, method, path, json, values, **what):
        self.change(method, path, json=json, does='set', table=table, id=thing['id'], values=values, **what)

    # -- changes: each is a kind

    def create_ticket(self):
        text = self.text('ticket')
        values = {'content': f'content of {text}', 'category_id': self.rng.randint(1, 3),
                  'ticket_priority_id': self.rng.randint(1, 3)}
        thing = self.create('tickets', 'title', 'tickets', {'title': text, **values},
                            {**values, 'started_id': self.user['id'], 'status_id': 1})
        thing.update(content=values['content'], status=1, assigned=False)

    def create_post(self):
        ticket = self.take('tickets')
        text = self.text('reply')
        self.things['tickets'].append(ticket)
        self.create('posts', 'content', 'posts', {'ticket_id': ticket['id'], 'content': text},
                    {'ticket_id': ticket['id'], 'user_id': self.user['id']})['ticket'] = ticket['id']

    def edit_ticket(self):
        thing, text = self.take('tickets'), self.text('edited')
        self.set(thing, 'tickets', 'PATCH', f'ticket/{thing["id"]}', {'content': text}, {'content': text},
                 history={'topic_id': thing['id'], 'original_content': thing['content']})
        thing['content'] = text
        self.things['tickets'].append(thing)

    def edit_post(self):
        thing, text = self.take('posts'), self.text('edited')
        if not any(t['id'] == thing['ticket'] for t in self.things['tickets']):
            return                              # it may be closed, then there is no editing
        self.set(thing, 'posts', 'PATCH', f'post/{thing["id"]}', {'content': text}, {'content': text},
                 history={'post_id': thing['id'], 'original_content': thing['text']})
        thing['text'] = text
        self.things['posts'].append(thing)

    def _on_ticket(self, path, json, values, action):
        thing = self.take('tickets')
        self.set(thing, 'tickets', 'POST', f'ticket/{thing["id"]}/{path}', json, values, action=action)
        self.things['tickets'].append(thing)
        return thing

    def set_status(self):
        status = self.rng.choice((3, 4))
        thing = self.take('tickets')
        self.things['tickets'].append(thing)
        if thing['status'] == status:
            return                              # what changes nothing is no action
        self.things['tickets'].remove(thing)
        # after a claim it is not known to us
        what = {'action' if thing['status'] else 'may_action': 'status'}
        self.set(thing, 'tickets', 'POST', f'ticket/{thing["id"]}/status', {'status_id': status},
                 {'status_id': status}, **what)
        thing['status'] = status
        self.things['tickets'].append(thing)

    def set_priority(self):
        number = self.rng.randint(1, 3)
        self._on_ticket('priority', {'ticket_priority_id': number}, {'ticket_priority_id': number}, None)

    def set_category(self):
        number = self.rng.randint(1, 3)
        self._on_ticket('category', {'category_id': number}, {'category_id': number}, None)

    def claim(self):
        thing = self.take('tickets')
        if thing['assigned']:
            self.things['tickets'].append(thing)
            return
        self.set(thing, 'tickets', 'POST', f'ticket/{thing["id"]}/claim', {},
                 {'assigned_id': self.user['id'], 'status_id': None}, action='claim')
        thing.update(assigned=True, status=None)
        self.things['tickets'].append(thing)

    def release(self):
        thing = self.take('tickets')
        if not thing['assigned']:
            self.things['tickets'].append(thing)
            return
        self.set(thing, 'tickets', 'POST', f'ticket/{thing["id"]}/release', {},
                 {'assigned_id': 'none', 'status_id': None}, action='release')
        thing.update(assigned=False, status=None)
        self.things['tickets'].append(thing)

    def _reply(self, ticket, json, values, **what):
        """A reply that has the ticket changed, by an event: after what was done to it before."""
        text = self.text('reply')
        self.create('posts', 'content', 'posts', {'ticket_id': ticket['id'], 'content': text, **json},
                    {'ticket_id': ticket['id'], 'user_id': self.user['id']},
                    also={'table': 'tickets', 'id': ticket['id'], 'values': values, **what})['ticket'] = ticket['id']

    def _leave_closed(self, thing):
        """Or open it again. Out of our sight it is: when its event comes we do not know."""
        if self.rng.random() < 0.5:
            self._reply(thing, {}, {'status_id': 1})

    def close(self):
        thing = self.take('tickets')
        self.set(thing, 'tickets', 'POST', f'ticket/{thing["id"]}/close', {},
                 {'status_id': self.storm.closed, 'assigned_id': None}, action='close')
        self._leave_closed(thing)

    def close_by_reply(self):
        thing = self.take('tickets')
        self._reply(thing, {'close': True}, {'status_id': self.storm.closed, 'assigned_id': 'none'}, action='close')
        self._leave_closed(thing)

    def delete_ticket(self):
        thing = self.take('tickets')
        self.change('DELETE', f'ticket/{thing["id"]}', does='delete', table='tickets', id=thing['id'])

    def delete_post(self):
        thing = self.take('posts')
        if not any(t['id'] == thing['ticket'] for t in self.things['tickets']):
            return                              # it may have gone with its ticket
        self.change('DELETE', f'post/{thing["id"]}', does='delete', table='posts', id=thing['id'])

    def subscribe(self):
        ticket, user = self.take('tickets'), self.take('users')
        self.things['tickets'].append(ticket)
        self.things['users'].append(user)
        if user['id'] in ticket.setdefault('subscribers', []):
            return
        made = self.change('POST', 'subscriptions', json={'ticket_id': ticket['id'], 'user_id': user['id']},
                           does='create', table='subscriptions', by='ticket_id', text=ticket['id'],
                           values={'user_id': user['id']})
        ticket['subscribers'].append(user['id'])
        self.things['subscriptions'].append(Thing(id=made['id'], ticket=ticket, user=user['id']))

    def unsubscribe(self):
        thing = self.take('subscriptions')
        if thing['ticket'] not in self.things['tickets']:
            return
        self.change('DELETE', f'subscription/{thing["id"]}', does='delete', table='subscriptions', id=thing['id'])

    def _send_file(self, place='', **what):
        name = f'file {self.number}.{next(self.numbers)} {self.rng.randrange(1 << 30)}.txt'
        content = f'content of {name}\n' * self.rng.randint(1, 2000)
        body = (f'{place}--part\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
                f'Content-Type: text/plain\r\n\r\n{content}\r\n--part--\r\n')
        return self.change('POST', 'uploads', body=body.encode(), type='multipart/form-data; boundary=part',
                           does='create', table='uploads', by='original_filename', text=name, content=content, **what)['id']

    def upload(self):
        ticket = self.take('tickets')
        self.things['tickets'].append(ticket)
        id = self._send_file(f'--part\r\nContent-Disposition: form-data; name="ticket_id"\r\n\r\n{ticket["id"]}\r\n',
                             values={'topic_id': ticket['id']})
        self.things['uploads'].append(Thing(id=id, ticket=ticket))

    def reply_with_file(self):
        """The file is there before its reply. Neither is changed after that, nor the ticket, so that it stays."""
        ticket, file, text = self.take('tickets'), self._send_file(values={}, staged=True), self.text('reply')
        self.change('POST', 'posts', json={'ticket_id': ticket['id'], 'content': text, 'upload_ids': [file]}, does='create',
                    table='posts', by='content', text=text, values={'ticket_id': ticket['id'], 'user_id': self.user['id']},
                    also={'table': 'uploads', 'id': file, 'values': {'staged_at': 'none', 'topic_id': 'none'}})

    def ticket_with_file(self):
        file, text = self._send_file(values={}, staged=True), self.text('ticket')
        values = {'content': f'content of {text}', 'category_id': 1, 'ticket_priority_id': 1}
        self.change('POST', 'tickets', json={'title': text, **values, 'upload_ids': [file]}, does='create', table='tickets',
                    by='title', text=text, values={**values, 'started_id': self.user['id'], 'status_id': 1},
                    also={'table': 'uploads', 'id': file, 'values': {'staged_at': 'none', 'post_id': 'none'}})

    def create_view(self):
        if len(self.things['views']) < 20:      # a user has a hundred, and nobody knows of some
            text = self.text('view')[:60]
            self.create('views', 'name', 'views', {'name': text, 'query': 'status=Open'},
                        {'query': 'status=Open', 'user_id': self.user['id']})

    def edit_view(self):
        self._rename('views', 'view', 'name')

    def delete_view(self):
        thing = self.take('views')
        self.change('DELETE', f'view/{thing["id"]}', does='delete', table='views', id=thing['id'])

    def see(self):
        """More than there is yet, as one's own replies are seen anyway."""
        thing = self.take('tickets')
        self.things['tickets'].append(thing)
        post = max((p['id'] for p in self.things['posts']), default=0) + 100
        self.change('PUT', f'ticket/{thing["id"]}/seen', json={'post_id': post}, does='see', table='seen', id=thing['id'],
                    user=self.user['id'], values={'post_id': post})

    def delete_upload(self):
        thing = self.take('uploads')
        if thing['ticket'] in self.things['tickets']:
            self.change('DELETE', f'upload/{thing["id"]}', does='delete', table='uploads', id=thing['id'])

    def create_department(self):
        text = self.text('dep')[:30]
        self.create('departments', 'department', 'departments', {'department': text})

    def edit_department(self):
        self._rename('departments', 'department', 'department')

    def create_category(self):
        department = self.take('departments')
        self.things['departments'].append(department)
        self.create('categories', 'category', 'categories',
                    {'category': self.text('cat')[:30], 'department_id': department['id']},
                    {'department_id': department['id']})

    def edit_category(self):
        self._rename('categories', 'category', 'category')

    def delete_category(self):
        thing = self.take('categories')
        self.change('DELETE', f'category/{thing["id"]}', does='delete', table='categories', id=thing['id'])

    def create_group(self):
        self.create('groups', 'group_name', 'groups', {'group_name': self.text('group')[:64]})

    def edit_group(self):
        self._rename('groups', 'group', 'group_name')

    def _rename(self, table, path, column):
        thing, text = self.take(table), self.text('new')[:30]
        self.set(thing, table, 'PATCH', f'{path}/{thing["id"]}', {column: text}, {column: text})
        self.things[table].append(thing)

    def delete_group(self):
        thing = self.take('groups')
        self.change('DELETE', f'group/{thing["id"]}', does='delete', table='groups', id=thing['id'])

    def create_user(self):
        name = f'u{self.number}n{next(self.numbers)}n{self.rng.randrange(1 << 30)}'[:24]
        self.create('users', 'username', 'users', {'username': name, 'name': f'name {name}',
                                                   'email': f'{name}@example.com', 'password': PASSWORD},
                    {'name': f'name {name}', 'email': f'{name}@example.com', 'total_posts': 0, 'total_assigned': 0})

    def edit_user(self):
        thing, text = self.take('users'), self.text('title')
        self.set(thing, 'users', 'PATCH', f'user/{thing["id"]}', {'job_title': text}, {'job_title': text})
        self.things['users'].append(thing)

    def add_member(self):
        group, user = self.take('groups'), self.take('users')
        self.things['users'].append(user)
        # it is out of our list, and so not deleted
        self.change('POST', f'group/{group["id"]}/members', json={'user_id': user['id']}, does='create',
                    table='members', by='group_id', text=group['id'], values={'user_id': user['id']})
        self.things['members'].append(Thing(id=group['id'], user=user['id']))

    def remove_member(self):
        thing = self.take('members')
        self.change('DELETE', f'group/{thing["id"]}/member/{thing["user"]}', does='remove', table='members',
                    group=thing['id'], user=thing['user'])


class Killer(threading.Thread):
    """Kills and starts again; stands still and lets go on."""

    def __init__(self, storm):
        super().__init__(name='killer')
        self.storm = storm
        self.rng = random.Random(f'{storm.seed} killer')
        self.kills, self.pauses, self.failure = {}, 0, None

    def run(self):
        try:
            while not self.storm.ending.wait(self.rng.uniform(0.2, 2)):
                name = self.rng.choice(sorted(self.storm.desk.processes))
                process = self.storm.desk.processes[name]
                if self.rng.random() < 0.2:
                    process.pause()
                    self.pauses += 1
                    self.storm.ending.wait(self.rng.uniform(0.05, 1))
                    process.resume()
                    continue
                process.kill()
                self.kills[name] = self.kills.get(name, 0) + 1
                self.storm.start(name)
        except BaseException as e:
            self.failure = e
            raise


class Bender(threading.Thread):
    """Sets the clocks of the processes, each for itself, back and ahead by hours, now and then right again."""
    MOST = 11 * HOUR        # so that two of them, or one before and after, are less than a day apart

    def __init__(self, storm):
        super().__init__(name='bender')
        self.storm = storm
        self.rng = random.Random(f'{storm.seed} bender')
        self.bends, self.failure = 0, None

    def run(self):
        if self.storm.clocks is None:
            return
        names = sorted(self.storm.desk.processes)
        while not self.storm.ending.wait(self.rng.uniform(0.02, 0.5)):
            seconds = 0 if self.rng.random() < 0.2 else self.rng.uniform(-self.MOST, self.MOST)
            self.storm.clocks.bend(self.rng.choice(names), seconds)
            self.bends += 1
        for name in names:
            self.storm.clocks.bend(name, 0)


class Storm:
    """`desk` runs and is imported. It is over after so many seconds, or when there were enough kills and changes.
    `clocks`: the wall clocks of its processes, which are set meanwhile."""

    def __init__(self, desk, journal, seed, writers=12, clocks=None):
        self.desk, self.seed, self.journal, self.clocks = desk, seed, Journal(journal), clocks
        self.ending, self.over = threading.Event(), threading.Event()
        self.calm = False
        # more processes of one service, on one store
        for service in ('ticket', 'post'):
            desk.launch(f'{service}-1', f'flicket-{service}')
        admin = desk.admin()
        statuses = expect(admin.get('statuses/'), 200)['items']
        self.closed = next(s['id'] for s in statuses if s['status'] == 'Closed')
        self.killer, self.bender = Killer(self), Bender(self)
        self.writers = [Writer(self, i, self._make_user(admin, i)) for i in range(writers)]

    def _make_user(self, admin, number):
        name = f'writer{number}'
        made = expect(admin.post('users', {'username': name, 'name': f'the writer {number}', 'password': PASSWORD,
                                           'email': f'{name}@example.com'}), 201)
        group = next(g for g in expect(admin.get('groups/'), 200)['items'] if g['group_name'] == 'flicket_admin')
        expect(admin.post(f'group/{group["id"]}/members', {'user_id': made['id']}), 201)
        token = expect(admin.log_in(name, PASSWORD), 200)['token']
        return {'id': made['id'], 'token': token}

    def start(self, name):
        service = name.partition('-')[0]
        if service in SERVICES:
            self.desk.launch(name, f'flicket-{service}')
        else:
            self.desk.restart(name)

    def run(self, seconds=None, kills=0, changes=0, progress=None):
        """Until `seconds` have passed, or there were so many kills and changes."""
        for thread in (*self.writers, self.killer, self.bender):
            thread.start()
        began = time.monotonic()
        while not self._has_failed():
            passed, killed = time.monotonic() - began, sum(self.killer.kills.values())
            if passed >= seconds if seconds else killed >= kills and self.journal.sent >= changes:
                break
            if progress:
                progress(passed, killed, self.journal)
            time.sleep(0.2)
        # all is well again; what was begun is brought to its end
        self.calm = True
        self.ending.set()
        self.killer.join()
        self.bender.join()
        threading.Timer(60, self.over.set).start()
        for writer in self.writers:
            writer.join()
        self.over.set()
        self.journal.close()
        self.desk.wait_ready()
        failures = [t.failure for t in (*self.writers, self.killer) if t.failure]
        if failures:
            raise failures[0]
        return time.monotonic() - began

    def _has_failed(self):
        return any(t.failure for t in (*self.writers, self.killer))


def wait_delivered(stores, seconds=60):
    """What the stores have to tell each other has been told, the tallies, too."""
    def is_quiet():
        return all(s.execute('SELECT count(*) FROM outbox').fetchone()[0] == 0 for s in stores.values())
    wait_until(is_quiet, seconds, 'every event delivered')
