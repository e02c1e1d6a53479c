"""`flicketctl import`: the zone that Flicket's dates are in, when tickets were last updated, and Flicket's own settings."""
import contextlib
import datetime
import sqlite3
import zoneinfo

import pytest

from desk import ADMIN
from wire import expect

EPOCH = datetime.datetime(1970, 1, 1)


def ask(desk, store, sql):
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / store / f'{store}.db')) as db:
        return db.execute(sql).fetchall()


def micros(local, zone='UTC'):
    moment = local.replace(tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return (moment - EPOCH) // datetime.timedelta(microseconds=1)


# --- zones ----------------------------------------------------------------------------------------------------

def around(year, month, day):
    """Every quarter of an hour of two days, and the microseconds around them."""
    begin = datetime.datetime(year, month, day)
    return [begin + datetime.timedelta(minutes=15 * n, microseconds=more) for n in range(192) for more in (0, -1)]


TIMES = [*around(2024, 3, 30), *around(2024, 10, 26), *around(2024, 3, 9), *around(2024, 11, 2), *around(2011, 12, 29),
         *around(1916, 4, 30), *around(1969, 12, 31), *around(2037, 10, 24), datetime.datetime(1900, 1, 1),
         datetime.datetime(2100, 7, 1, 12)]


@pytest.mark.parametrize('zone', ['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia', 'Asia/Shanghai',
                                  'Australia/Lord_Howe', 'Etc/GMT+12', 'UTC'])
def test_local_time_becomes_utc_as_python_reads_it(taken_over, zone):
    def change(db):
        db.execute('DELETE FROM flicket_history')
        db.executemany('INSERT INTO flicket_history (id, date_modified) VALUES (?, ?)',
                       [(i, t.isoformat(' ')) for i, t in enumerate(TIMES, 1)])
    result, desk = taken_over(change, '--timezone', zone)
    assert result.returncode == 0, result.stderr
    assert f'\nDates were read as {zone}.\n' in result.stdout
    got = [date for date, in ask(desk, 'post', 'SELECT date_modified FROM histories ORDER BY id')]
    assert [(t, g) for t, g in zip(TIMES, got) if g != micros(t, zone)] == []
    assert len(got) == len(TIMES)


def test_without_a_zone_dates_are_utc_and_the_report_says_so(taken_over):
    result, desk = taken_over(lambda db: db.execute("UPDATE flicket_users SET date_added = '2024-07-01 12:00:00'"))
    assert "Dates were read as UTC; if Flicket's server has another zone: --timezone NAME.\n" in result.stdout
    assert set(ask(desk, 'user', 'SELECT date_added FROM users')) == {(micros(datetime.datetime(2024, 7, 1, 12)),)}


def test_the_end_of_a_token_is_in_utc(taken_over):
    def change(db):
        db.execute("UPDATE flicket_users SET token_expiration = '2999-07-01 12:00:00' WHERE token IS NOT NULL")
    _, desk = taken_over(change, '--timezone', 'Europe/Berlin')
    assert set(ask(desk, 'user', 'SELECT expires FROM tokens')) == {(micros(datetime.datetime(2999, 7, 1, 12)),)}


@pytest.mark.parametrize('zone', ['Europe/Nowhere', 'Europe', '../../etc/passwd', '/etc/localtime', 'CET-1CEST', 'europe/berlin',
                                  'zone.tab', '\x1b]0;x', '中国', ':UTC', ' UTC', 'x' * 5000])
def test_a_zone_that_is_none_is_refused(taken_over, zone):
    result, desk = taken_over(lambda db: None, '--timezone', zone)
    assert result.returncode == 1
    assert 'is not a time zone of this machine' in result.stderr
    assert '\x1b' not in result.stderr
    assert not (desk.data / 'stores').exists()


# --- the last update ----------------------------------------------------------------------------------------------

def moment(text):
    return micros(datetime.datetime.fromisoformat(text)) if text else None


# last_updated, the ticket's own dates, a reply's, an action and its date; what it becomes
UPDATES = [
    ('2018-01-01', '2024-05-01', None, None, None, '2024-05-01'),
    ('2018-01-01', '2024-05-01', '2024-05-02', None, None, '2024-05-02'),
    ('2018-01-01', '2024-05-01', None, '2024-05-03', None, '2024-05-03'),
    ('2018-01-01', '2024-05-01', None, None, ('close', '2024-05-04'), '2024-05-04'),
    ('2018-01-01', '2024-05-01', None, None, ('department_category', '2024-05-04'), '2024-05-01'),
    ('2018-01-01', '2024-05-01', None, '2024-05-06', ('close', '2024-05-04'), '2024-05-06'),
    ('2024-06-01', '2024-05-01', '2024-05-02', '2024-05-03', ('close', '2024-05-04'), '2024-06-01'),
    ('2024-05-01 10:00:00.1', '2024-05-01 10:00:00.9', None, None, None, '2024-05-01 10:00:00.1'),
    (None, '2024-05-01', None, None, None, '2024-05-01'),
    (None, None, None, None, None, None),
    ('2024-05-01', None, None, None, None, '2024-05-01'),
    ('2018-01-01', None, None, '2024-05-03', None, '2024-05-03'),
]


def test_the_last_update_is_the_newest_of_what_is_known(taken_over):
    def change(db):
        for table in ('topic', 'post', 'ticket_action', 'uploads', 'history', 'ticket_subscription'):
            db.execute(f'DELETE FROM flicket_{table}')
        for i, (updated, added, modified, reply, action, _) in enumerate(UPDATES, 1):
            db.execute('INSERT INTO flicket_topic (id, title, started_id, date_added, date_modified, last_updated, status_id, '
                       'category_id, ticket_priority_id) VALUES (?, ?, 1, ?, ?, ?, 1, 1, 1)',
                       (i, f'ticket {i}', added, modified, updated))
            if reply:
                db.execute('INSERT INTO flicket_post (ticket_id, user_id, date_added) VALUES (?, 1, ?)', (i, reply))
            if action:
                db.execute('INSERT INTO flicket_ticket_action (ticket_id, user_id, action, date) VALUES (?, 1, ?, ?)',
                           (i, *action))
    result, desk = taken_over(change)
    assert result.returncode == 0, result.stderr
    assert ask(desk, 'ticket', 'SELECT id, last_updated FROM tickets ORDER BY id') == [
        (i, moment(row[-1])) for i, row in enumerate(UPDATES, 1)]
    assert 'moved to the newest of their dates: 8 times' in result.stdout
    assert 'Every row written is as it was' not in result.stdout
    with desk.start().client(ADMIN) as c:
        found = expect(c.get('tickets/?updated_since=2024-05-01T00:00:00Z'), 200)['_meta']['total_items']
        assert found == len(UPDATES) - 1


# --- settings -------------------------------------------------------------------------------------------------------

def settings(**values):
    return lambda db: db.execute(f'UPDATE flicket_config SET {", ".join(f"{k} = ?" for k in values)}', tuple(values.values()))


def test_settings_end_the_report_without_secrets(taken_over):
    result, _ = taken_over(settings(base_url='https://desk.example.org/', allowed_extensions='txt, PDF,\t.png', change_category=1,
                                    mail_server='mail.example.org', mail_password='very secret', mail_username='robot',
                                    application_title="Bob's \x1b]0;x", csv_dump_limit=1000))
    assert ("\nTo go on with Flicket's settings, set:\n  FLICKET_BASE_URL=https://desk.example.org\n"
            '  FLICKET_UPLOAD_EXTENSIONS=txt,PDF,png\n  FLICKET_CHANGE_CATEGORY=everybody\n') in result.stdout
    left, = [line for line in result.stdout.split('\n') if 'no counterpart' in line]
    for name in ('mail_server', 'mail_password', 'mail_username', 'application_title', 'csv_dump_limit'):
        assert name in left
    for secret in ('very secret', 'robot', '\x1b'):
        assert secret not in result.stdout


@pytest.mark.parametrize('values, line', [
    ({'base_url': "http://x/'; rm -rf $HOME"}, "  FLICKET_BASE_URL='http://x/'\\''; rm -rf $HOME'"),
    ({'base_url': ''}, None), ({'base_url': None}, None), ({'base_url': '///'}, None),
    ({'change_category': 1, 'change_category_only_admin_or_super_user': 1}, '  FLICKET_CHANGE_CATEGORY=staff')])
def test_a_setting_is_fit_for_a_shell(taken_over, values, line):
    result, _ = taken_over(settings(**values))
    assert result.returncode == 0, result.stderr
    if line:
        assert line in result.stdout.split('\n')
    else:
        assert 'FLICKET_BASE_URL' not in result.stdout


def test_a_desk_without_settings_is_imported(taken_over):
    for change in ('DELETE FROM flicket_config', 'DROP TABLE flicket_config'):
        result, desk = taken_over(lambda db, sql=change: db.execute(sql))
        assert result.returncode == 0, result.stderr
        assert "Flicket's settings" not in result.stdout
