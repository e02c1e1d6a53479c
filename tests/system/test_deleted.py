"""Clients that keep copies of tickets learn which tickets were deleted: each once and in order. An answer says so if some are not kept."""
import contextlib
import sqlite3
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

import pytest

from desk import ADMIN, USER, wait_until
from wire import Client, expect

TICKET = {'title': 'a title', 'content': 'some content', 'category_id': 1, 'ticket_priority_id': 1}


def make(c, count):
    return [expect(c.post('tickets', TICKET), 201)['id'] for _ in range(count)]


def delete(c, *tickets):
    for ticket in tickets:
        expect(c.request('DELETE', f'ticket/{ticket}'), 204)


def deleted(c, since=None, **more):
    query = '&'.join(f'{k}={quote(str(v))}' for k, v in {'since': since, **more}.items() if v is not None)
    return expect(c.get('tickets/deleted' + ('?' + query if query else '')), 200)


def ids(got):
    return [item['id'] for item in got['items']]


def walk(desk, c, got):
    found = ids(got)
    while got['_links']['next']:
        got = expect(c.get(desk.path_of(got['_links']['next'])), 200)
        found += ids(got)
    return found, got['since']


def sql(desk, text, *values):
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'ticket' / 'ticket.db', timeout=20)) as db, db:
        return db.execute(text, values).fetchall()


@pytest.fixture
def desk(desks):
    return desks('imported')


def test_a_client_learns_of_each_deletion_once(desk):
    with desk.client(ADMIN) as c, desk.client(USER) as reader:
        first = deleted(reader)
        assert first == {'_links': {'next': None}, 'items': [], 'since': first['since']}
        made = make(c, 7)
        delete(c, *made[:3])
        got = deleted(reader, first['since'])
        assert ids(got) == made[:3] and got['_links']['next'] is None
        now = datetime.now(timezone.utc)
        assert all(abs(parsedate_to_datetime(i['date_deleted']) - now) < timedelta(minutes=5) for i in got['items'])
        assert deleted(reader, got['since'])['items'] == []
        delete(c, *made[3:])
        # Page by page, with others deleted meanwhile, and all of it again from any place.
        page = deleted(reader, got['since'], per_page=3)
        assert ids(page) == made[3:6] and page['_links']['next']
        late = make(c, 1)
        delete(c, *late)
        assert walk(desk, reader, page)[0] == made[3:] + late
        assert walk(desk, reader, deleted(reader, first['since'], per_page=2))[0] == made + late
        assert ids(deleted(reader)) == made + late
        # It is known to every process, and after a restart.
        desk.kill('ticket')
        desk.restart('ticket')
        wait_until(lambda: desk.readiness() == 200, 20, 'the ticket service is back')
        assert ids(deleted(reader, got['since'])) == made[3:] + late


def test_since_a_date(desk):
    with desk.client(ADMIN) as c:
        made = make(c, 3)
        delete(c, *made)
        sql(desk, 'UPDATE deletions SET date = date - 3600000000 WHERE ticket_id = ?', made[0])
        now = datetime.now(timezone.utc)
        for since in (now - timedelta(minutes=30), now.date() - timedelta(days=9), datetime(1999, 1, 1)):
            assert ids(deleted(c, since.isoformat())) == (made[1:] if since == now - timedelta(minutes=30) else made)
        assert ids(deleted(c, format_datetime(now - timedelta(minutes=30), usegmt=True))) == made[1:]
        got = deleted(c, (now + timedelta(days=1)).isoformat())
        assert got['items'] == []
        more = make(c, 1)
        delete(c, *more)
        assert ids(deleted(c, got['since'])) == more
        # At one date, nothing is left out and nothing comes twice.
        sql(desk, 'UPDATE deletions SET date = 1800000000000000')
        assert walk(desk, c, deleted(c, '2027-01-15T08:00:00Z', per_page=1))[0] == made + more


def test_what_is_not_kept_is_said(desk):
    with desk.client(ADMIN) as c:
        made = make(c, 4)
        begin = deleted(c)['since']
        delete(c, *made)
        page = deleted(c, begin, per_page=2)
        # As the writer does, once the time is over.
        sql(desk, 'UPDATE deletions_over SET (seq, date) = (SELECT seq, date FROM deletions WHERE ticket_id = ?)', made[2])
        sql(desk, 'DELETE FROM deletions WHERE seq <= (SELECT seq FROM deletions_over)')
        for since in (begin, page['since'], '2000-01-01'):
            got = expect(c.get(f'tickets/deleted?since={since}'), 410)
            assert (got['code'], got['field'], got['error']) == ('sync_expired', 'since', 'Gone')
        assert ids(deleted(c)) == made[3:]
        now = datetime.now(timezone.utc) + timedelta(seconds=1)
        assert deleted(c, now.isoformat())['items'] == []
        # A cursor of another store, or of what this one has yet to do.
        stream, _, seq = page['since'].partition('-')
        for since in (f'd1-{seq}', f'{stream}-999'):
            assert expect(c.get(f'tickets/deleted?since={since}'), 410)['code'] == 'sync_expired'


@pytest.mark.parametrize('query, status', [
    ('since=yesterday', 400), ('since=d5', 400), ('since=d-', 400), ('since=d5-x', 400), ('since=d5-%00', 400),
    ('since=5', 400), ('since=d99999999999999999999-1', 400), ('since=2026-02-30', 400), ('since=%ff', 400),
    ('page=2', 400), ('id=1', 400), ('per_page=2,3', 400), ('since=2026-01-01&since=2026-01-02', 400),
    ('per_page=0', 404), ('per_page=-1', 404), ('since=', 200), ('per_page=1000', 200), ('per_page=abc', 200)])
def test_what_is_wrong_is_named(reading, query, status):
    with reading.client(USER) as c:
        got = expect(c.get(f'tickets/deleted?{query}'), status)
        assert status != 400 or got['field'] == query.partition('=')[0]


def test_who_has_no_token_learns_nothing(reading):
    with Client(reading.port) as nobody:
        expect(nobody.get('tickets/deleted'), 401)


def test_an_older_store_knows_since_its_upgrade(desk):
    """Of a store that had tickets before deletions were noted."""
    sql(desk, 'UPDATE deletions_over SET date = ?', int(datetime.now().timestamp() * 1000000))
    with desk.client(ADMIN) as c:
        made = make(c, 1)
        delete(c, *made)
        assert expect(c.get('tickets/deleted?since=2020-01-01'), 410)['code'] == 'sync_expired'
        assert ids(deleted(c)) == made
