"""The checker of the storms (tests/faults) finds what it is there for, and the document says what the runs gave."""
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from desk import Desk, flicket_database, open_store

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / 'tests' / 'faults'))

import faults                                               # noqa: E402  the path comes first
from checker import Checker, open_stores                    # noqa: E402
from journal import read                                    # noqa: E402
from storm import KINDS, Storm, Writer, wait_delivered           # noqa: E402


@pytest.fixture(scope='module')
def calm(tmp_path_factory):
    """A few hundred changes in good weather: (journal, data folder)."""
    folder = tmp_path_factory.mktemp('calm')
    desk = Desk(folder, 'imported', FLICKET_CHANGE_CATEGORY='everybody')
    try:
        desk.take_over(flicket_database(folder / 'flicket.db'))
        desk.start()
        storm = Storm(desk, folder / 'journal.jsonl', seed=1, writers=2)
        storm.calm = True
        for kind in ('create_ticket', 'create_post', 'edit_ticket', 'edit_post', 'claim', 'upload', 'create_group',
                     'close_by_reply'):
            for writer in storm.writers:
                for _ in range(5):
                    getattr(writer, kind)()
        for writer in storm.writers:
            writer.client.close()
        storm.journal.close()
        stores = open_stores(desk.data)
        wait_delivered(stores)
        for store in stores.values():
            store.close()
        desk.stop()
    finally:
        desk.kill_everything()
    return folder / 'journal.jsonl', desk.data


def differences(calm):
    changes, wrong = read(calm[0])
    return Checker(calm[1], changes, wrong).check()


def test_what_is_right_has_no_differences(calm):
    assert differences(calm) == []


PLANTED = {
    'a lost reply': ('post', 'DELETE FROM posts WHERE id = (SELECT max(id) FROM posts)', 'is lost'),
    'a reply that is there twice': (
        'post', 'INSERT INTO posts (ticket_id, content, user_id) SELECT ticket_id, content, user_id FROM posts '
        'ORDER BY id DESC LIMIT 1', 'is there 2 times'),
    'a ticket by halves': ('ticket', "DELETE FROM actions WHERE action = 'open' AND ticket_id = "
                           '(SELECT max(id) FROM tickets)', 'was opened 0 times'),
    'an author who is not subscribed': (
        'ticket', 'DELETE FROM subscriptions WHERE ticket_id = (SELECT max(id) FROM tickets)',
        'its author is subscribed 0 times'),
    'an edit that is lost': (
        'ticket', "UPDATE tickets SET content = 'what was there before' WHERE id = (SELECT max(topic_id) FROM "
        'post.histories)', 'content is'),
    'an edit without its history': ('post', 'DELETE FROM histories WHERE id = (SELECT max(id) FROM histories)',
                                    'its history has'),
    'a history that is there twice': (
        'post', 'INSERT INTO histories (post_id, topic_id, original_content, user_id) SELECT post_id, topic_id, '
        'original_content, user_id FROM histories ORDER BY id DESC LIMIT 1', '2 times'),
    'an action that is there twice': (
        'ticket', "INSERT INTO actions (ticket_id, action, user_id) SELECT ticket_id, action, user_id FROM actions "
        "WHERE action = 'claim' ORDER BY id DESC LIMIT 1", "actions 'claim'"),
    'a total': ('user', 'UPDATE users SET total_posts = total_posts + 1 WHERE id = (SELECT max(id) FROM users)',
                'total_posts is'),
    'a reply that left its ticket closed': (
        'ticket', "UPDATE tickets SET status_id = 2 WHERE id = (SELECT max(id) FROM tickets WHERE status_id = 1)",
        'status_id is'),
    'a reply that did not close its ticket': (
        'ticket', 'UPDATE tickets SET status_id = 1 WHERE id = (SELECT max(id) FROM tickets WHERE status_id = 2)',
        'status_id is'),
    'actions in another order': (
        'ticket', "UPDATE actions SET id = 1000000 WHERE action = 'claim' AND ticket_id = (SELECT max(a.ticket_id) "
        "FROM actions a JOIN actions b USING (ticket_id) WHERE a.action = 'close' AND b.action = 'claim')",
        'not in the order'),
    'a count of replies': ('ticket', 'UPDATE tickets SET replies = replies + 1 WHERE id = 1', 'replies, posts has'),
    'an event': ('ticket', "INSERT INTO outbox (consumer, op, actor, args) VALUES (1, 17, 0, x'80')",
                 'are not delivered'),
    'a group': ('user', 'DELETE FROM groups WHERE id = (SELECT max(id) FROM groups)', 'is lost'),
}


@pytest.mark.parametrize('what', PLANTED)
def test_what_is_planted_is_found(calm, what):
    store, sql, words = PLANTED[what]
    path = calm[1] / 'stores' / store / f'{store}.db'
    kept = path.read_bytes()
    try:
        with closing(open_store(path)) as db:
            db.execute('ATTACH ? AS post', (str(calm[1] / 'stores' / 'post' / 'post.db'),))
            assert db.execute(sql).rowcount > 0
            db.commit()
            db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
        assert any(words in d for d in differences(calm))
    finally:
        for left in path.parent.glob('*.db-*'):
            left.unlink()
        path.write_bytes(kept)


def test_a_file_that_is_lost_or_changed_is_found(calm):
    files = sorted((calm[1] / 'stores' / 'post' / 'files').rglob('*.txt'), key=lambda p: p.stat().st_mtime)
    path = files[-1]
    kept = path.read_bytes()
    path.write_bytes(kept[:-1])
    assert any('another content' in d for d in differences(calm))
    path.unlink()
    assert any('its file is lost' in d for d in differences(calm))
    path.write_bytes(kept)


def test_an_answer_that_no_fault_excuses_is_a_difference(calm, tmp_path):
    lines = calm[0].read_text().splitlines()
    number = json.loads(lines[-1])['number']
    path = tmp_path / 'journal.jsonl'
    path.write_text('\n'.join([*lines, json.dumps({'event': 'wrong', 'number': number, 'text': 'a 500'})]) + '\n')
    assert f'{number}: a 500' in differences((path, calm[1]))


def test_what_was_made_in_another_order_is_found(calm, tmp_path):
    """The ids of the first writer's first two tickets, the other way round."""
    lines = [json.loads(line) for line in calm[0].read_text().splitlines()]
    tickets = {line['number'] for line in lines if line.get('table') == 'tickets' and line['number'].startswith('0.')}
    first, second = [line for line in lines if line['event'] == 'acknowledged' and line['number'] in tickets][:2]
    first['id'], second['id'] = second['id'], first['id']
    path = tmp_path / 'journal.jsonl'
    path.write_text('\n'.join(map(json.dumps, lines)) + '\n')
    assert any(f'{second["number"]}: tickets {second["id"]} was made after' in d for d in differences((path, calm[1])))


def test_each_kind_of_change_has_its_method():
    for kind, weight in KINDS:
        assert callable(getattr(Writer, kind)) and weight > 0


def test_the_document_says_what_the_runs_gave():
    text = faults.DOCUMENT.read_text()
    assert text == faults.filled(text, faults.load_results())
    assert faults.MARKS[0] in text
