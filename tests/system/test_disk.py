"""Disks that fail. Every request that writes, with every operation of it on the disk failing in turn: what is answered
is success or 503, nothing is done by halves, and the same request then succeeds once, without a restart.

A few operations of each request in the suite; with FAULTS_FULL=1 every one. FAULTS_SEED repeats a choice.
"""
import errno
import itertools
import json
import os
import random
import subprocess
import threading
import time

import pytest

from desk import SERVICES, Desk, flicket_database, run_program, wait_until
from disk import CHANGES, IS_FULL, SEED, Faults, Stores, changed, check_integrity, needs_library
import test_permissions
from test_permissions import EXAMPLES, World, limit_readers, people, settle
from wire import Client, NoAnswer, expect

TICKET = {'title': 'a title', 'content': 'a content', 'category_id': 1, 'ticket_priority_id': 1}
SAYS_SO = 'store'       # in the text of each refusal
OWNERS = {'token': 'user', 'user': 'user', 'group': 'user', 'ticket': 'ticket', 'subscription': 'ticket',
          'post': 'post', 'upload': 'post', 'department': 'lookup', 'categor': 'lookup'}
# With what; a full disk says no to more than one operation.
ERRORS = [('EIO', errno.EIO, False), ('ENOSPC', errno.ENOSPC, True)]


def writes():
    for request, found in EXAMPLES.items():
        if not request.startswith('GET '):
            for i, (example, _) in enumerate(found if isinstance(found, list) else [(found, None)]):
                yield pytest.param(request, example, id=f'{request}{i or ""}')


def verify(data):
    done = run_program('flicketctl', 'verify', '--json', '--data', str(data))
    found = json.loads(done.stdout)
    assert found['result'] == 'ok' and found['findings'] == [], found


class FaultyWorld(World):
    """People and things on a disk that fails when it is told to."""

    def __init__(self, desk, all_people, faults):
        super().__init__(desk, all_people)
        self.keys = itertools.count(1)
        self.faults, self.stores = faults, Stores(desk.data)
        self.tried = self.refused = 0

    def request(self, request, example):
        """One more request of a kind: whose, method, path and the rest."""
        method, path = request.split()
        being = {'POST tokens': 'named', 'DELETE token/:id': 'owner'}.get(request)
        # those whose own token or password is at stake
        me = self.person('admin') if 'token' in path or '/me' in path else self.admin
        path, more = example(self, me, being)
        if method == 'POST' and request != 'POST tokens':
            more = {**more, 'headers': {**(more.get('headers') or {}), 'Idempotency-Key': f'key {next(self.keys)}'}}
        return me, method, path, more

    def owner(self, request):
        return next(s for name, s in OWNERS.items() if request.split()[1].startswith(name))


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp('world')
    # each n of each request takes some of them
    with pytest.MonkeyPatch.context() as m:
        m.setattr(test_permissions, 'PEOPLE_OF_A_KIND', 5000 if IS_FULL else 800)
        everybody = people()
    faults = Faults(folder / 'control')
    # what other stores are told may have to wait for their disk; the answer does not, for long
    desk = Desk(folder, 'imported', FLICKET_EVENT_WAIT_MS=500, FLICKET_CHANGE_CATEGORY='everybody', **faults.settings)
    desk.take_over(flicket_database(folder / 'flicket.db', lambda db: settle(db, everybody)))
    limit_readers(desk, everybody['reader'])
    try:
        w = FaultyWorld(desk.start(), everybody, faults)
        yield w
        faults.clear()
        w.stores.wait_quiet()
        w.stores.close()
        verify(desk.data)
        desk.stop()
        check_integrity(desk.data)
    finally:
        desk.kill_everything()


def choose(rng, count):
    """Which of a request's operations are to fail."""
    return range(1, count + 1) if IS_FULL else sorted(rng.sample(range(1, count + 1), min(2, count)))


def clean_run(w, request, example, kinds):
    """How often a request does what is to fail, and what it changes."""
    owner = w.owner(request)
    me, method, path, more = w.request(request, example)
    if IS_FULL:
        w.stores.wait_quiet()
    w.stores.make_cold()
    before = w.stores.count(owner)
    with w.faults.armed(*kinds):
        answer = w.ask(me, method, path, **more)
        if IS_FULL:     # what follows in other stores as well
            w.stores.wait_quiet()
        seen = w.faults.seen
    assert answer.status < 300, answer
    return seen, changed(before, w.stores.count(owner)), answer.status


def fail_once(w, request, example, wanted, status, kinds, **how):
    """One request on a disk that fails. Whether it came to that."""
    owner = w.owner(request)
    me, method, path, more = w.request(request, example)
    w.stores.make_cold()
    before = w.stores.count(owner)
    with w.faults.armed(*kinds, **how):
        answer = w.ask(me, method, path, **more)
        if 'READ' not in kinds:
            expect(w.client.request('GET', 'ticket/1', token=w.admin.token), 200)
    failed = w.faults.failed
    w.tried += 1
    done = changed(before, w.stores.count(owner))
    if answer.status == status:
        assert done == wanted, f'{answer}: {done}, not {wanted}'
    else:
        assert answer.status in (503, 507), answer
        assert failed > 0, answer
        assert answer.header('Retry-After') and SAYS_SO in answer.json()['message'], answer
        assert done in ({}, wanted), f'by halves: {done} of {wanted}'
        w.refused += 1
    # FTS5 may say once more that it failed, and then forgets what it had read by halves
    for _ in range(2):
        again = w.ask(me, method, path, **more)
        if again.status != 503:
            break
    if done == {} and wanted != {} or 'Idempotency-Key' in (more.get('headers') or {}):
        assert again.status == status, f'{answer}, then {again}'
    assert again.status < 500, again
    if method != 'PATCH' and request != 'POST tokens' and 'avatar' not in path:
        total = changed(before, w.stores.count(owner))
        assert total == wanted, f'{answer}, then {again}: {total}, not {wanted}'
    return failed > 0


def sweep(w, request, example, kinds, **how):
    rng = random.Random(f'{SEED} {request} {kinds} {how}')
    count, wanted, status = clean_run(w, request, example, kinds)
    for n in choose(rng, count):
        try:
            fail_once(w, request, example, wanted, status, kinds, first=n, **how)
        except BaseException:
            print(f'operation {n} of {count}; FAULTS_SEED={SEED}\n{w.desk.logs(1500)}')
            raise


@needs_library
@pytest.mark.parametrize('name, error, lasting', ERRORS, ids=[e[0] for e in ERRORS])
@pytest.mark.parametrize('request_, example', writes())
def test_each_change_of_the_disk_fails_in_turn(world, request_, example, name, error, lasting):
    sweep(world, request_, example, CHANGES, error=error, lasting=lasting)


@needs_library
@pytest.mark.parametrize('request_, example', writes())
def test_each_reading_of_the_disk_fails_in_turn(world, request_, example):
    sweep(world, request_, example, ('READ', 'SIZE'), error=errno.EIO)


@needs_library
@pytest.mark.parametrize('path', ['ticket/1', 'tickets/?content=printer', 'user/3', 'users/', 'posts/2/', 'departments/',
                                  'tickets/?sort=time_desc&per_page=50&include=users,posts'])
def test_each_reading_fails_in_turn_where_nothing_is_written(world, path):
    """A list that cannot be read says so; nothing that was half read is answered, or kept for later."""
    w, failed = world, 0
    w.stores.make_cold()
    with w.faults.armed('READ', 'SIZE'):
        right = w.client.request('GET', path, token=w.admin.token)
        count = w.faults.seen
    expect(right, 200)
    for n in range(1, count + 1):
        w.stores.make_cold()
        with w.faults.armed('READ', 'SIZE', first=n):
            answer = w.client.request('GET', path, token=w.admin.token)
        failed += w.faults.failed
        if answer.status != 503:
            assert answer.json()['_meta' if 'items' in right.json() else 'id'] and answer.status == 200, answer
        else:
            assert SAYS_SO in answer.json()['message'] and answer.header('Retry-After'), answer
        after = w.client.request('GET', path, token=w.admin.token)
        assert (after.status, after.body) == (200, right.body), f'operation {n}: {after}'
    assert failed > 0
