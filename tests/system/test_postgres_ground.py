"""What a desk that is kept in PostgreSQL builds on: what a server, its standby and libpq do when something fails. The
helpers are in postgres.py."""
import contextlib
import time

import pytest

from desk import SERVICES, wait_until
from postgres import (DATABASE, Later, Postgres, conninfo, connect, execute, is_alive, needs_postgres, psycopg2,
                      role_of)

pytestmark = needs_postgres


@pytest.fixture
def pair(postgres):
    """A primary and the standby that its commits wait for, with a table."""
    primary = postgres()
    primary.furnish(())
    standby = primary.standby()
    put(primary, 'CREATE TABLE entries (seq bigint PRIMARY KEY)')
    return primary, standby


def put(server, text, *values):
    server.sql(text, *values, database=DATABASE)


def entries(server):
    return [seq for seq, in server.sql('SELECT seq FROM entries ORDER BY seq', database=DATABASE)]


def insert(session, seq):
    """The rows that it says were written, and what it says besides."""
    with session.cursor() as cursor:
        cursor.execute('INSERT INTO entries VALUES (%s)', (seq,))
        return cursor.rowcount, [n.partition(':')[0] + ':' + n.partition(':')[2].split('\n')[0] for n in session.notices]


@pytest.fixture
def waiting(pair):
    """A commit that waits for a standby which stands still: (primary, standby, its answer later)."""
    primary, standby = pair
    standby.pause()
    session = primary.connect(database=DATABASE)
    answer = Later(insert, session, 1)
    primary.wait_waiting()
    yield primary, standby, answer
    if standby.is_running():
        standby.resume()
    session.close()


# --- a commit that waits for the standby --------------------------------------------------------------------------

def test_a_commit_is_on_the_standby_when_it_is_answered(pair):
    primary, standby = pair
    for seq in range(20):
        put(primary, 'INSERT INTO entries VALUES (%s)', seq)
    primary.kill()
    standby.promote()
    assert entries(standby) == list(range(20))


def test_a_cancelled_wait_is_answered_as_success_with_a_warning(waiting):
    """The row is on the primary alone: who takes the answer for one loses it with the primary."""
    primary, standby, answer = waiting
    primary.cancel_waiting()
    assert answer.result() == (1, ['WARNING:  canceling wait for synchronous replication due to user request'])
    assert entries(primary) == [1]
    primary.kill()
    standby.kill()
    standby.start()
    standby.promote()
    assert entries(standby) == []


def test_a_session_that_is_ended_while_it_waits_has_committed(waiting):
    primary, _, answer = waiting
    primary.sql('SELECT pg_terminate_backend(%s)', primary.wait_waiting()[0])
    with pytest.raises(psycopg2.OperationalError):
        answer.result()
    assert entries(primary) == [1]


def test_a_server_that_is_stopped_ends_the_wait_without_an_answer(waiting):
    """A fast shutdown commits what waits, and then waits for the standby, which stands still."""
    primary, standby, answer = waiting
    stopping = Later(primary.stop)
    with pytest.raises(psycopg2.OperationalError):
        answer.result()
    standby.resume()
    stopping.result()
    assert not primary.is_running()
    wait_until(lambda: entries(standby) == [1], 20, 'the standby has it')


def test_no_timeout_of_a_statement_ends_the_wait(pair):
    """Only a client that looks at its own clock stops waiting."""
    primary, standby = pair
    standby.pause()
    with contextlib.closing(primary.connect(database=DATABASE, options='-c statement_timeout=200 -c lock_timeout=200 '
                                            '-c idle_in_transaction_session_timeout=200')) as session:
        answer = Later(insert, session, 1)
        primary.wait_waiting()
        with pytest.raises(AssertionError):
            answer.result(within=1)
        standby.resume()
        assert answer.result() == (1, [])


def test_what_waits_is_not_seen_and_keeps_its_locks(waiting):
    """Who comes after it waits behind it, and then finds it done."""
    primary, standby, answer = waiting
    assert entries(primary) == []
    with contextlib.closing(primary.connect(database=DATABASE)) as session:
        execute(session, "SET lock_timeout = '300ms'")
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            insert(session, 1)
        standby.resume()
        assert answer.result() == (1, [])
        with pytest.raises(psycopg2.errors.UniqueViolation):
            insert(session, 1)


LOOKS_FOR_CLIENT = '-c client_connection_check_interval=50'


def begin(server, text, options=''):
    """A session that has asked, and waits for no answer."""
    session = psycopg2.connect(conninfo(server, options=options), async_=True)
    wait_until(lambda: session.poll() == psycopg2.extensions.POLL_OK, 20, 'the session is ready')
    session.cursor().execute(text)
    return session


def waits_for_lock(server):
    return server.sql("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'")


def test_a_client_that_went_away_has_written_all_the_same(pair):
    """Also where the server looks for its client."""
    primary, standby = pair
    standby.pause()
    session = begin(primary, 'INSERT INTO entries VALUES (1)', LOOKS_FOR_CLIENT)
    waiting = primary.wait_waiting()
    session.close()
    time.sleep(1)
    assert primary.waiting() == waiting and entries(primary) == []
    standby.resume()
    wait_until(lambda: entries(primary) == [1], 20, 'it is there')


def test_what_a_client_that_went_away_waits_for_a_lock_with_is_done_later(waiting):
    """Unless the server looks for its client meanwhile."""
    primary, standby, answer = waiting
    put(primary, 'SET synchronous_commit = local; CREATE TABLE later (who text)')
    insert_both = "WITH e AS (INSERT INTO entries VALUES (1) ON CONFLICT DO NOTHING) INSERT INTO later VALUES ('{}')"
    left = begin(primary, insert_both.format('left'))
    looked_for = begin(primary, insert_both.format('looked for'), LOOKS_FOR_CLIENT)
    wait_until(lambda: len(waits_for_lock(primary)) == 2, 20, 'both wait behind the first')
    left.close()
    looked_for.close()
    wait_until(lambda: len(waits_for_lock(primary)) == 1, 20, 'one of them is ended')
    standby.resume()
    assert answer.result() == (1, [])
    wait_until(lambda: primary.sql('SELECT who FROM later', database=DATABASE) == [('left',)], 20, 'it is done')


def test_a_standby_that_comes_back_ends_the_wait(waiting):
    primary, standby, answer = waiting
    standby.kill()
    standby.start()
    assert answer.result() == (1, [])
    assert entries(primary) == [1]


# --- standbys and fail-over ---------------------------------------------------------------------------------------

def test_a_standby_refuses_to_write(pair):
    _, standby = pair
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction) as refused:
        put(standby, 'INSERT INTO entries VALUES (1)')
    assert refused.value.pgcode == '25006'
    with pytest.raises(psycopg2.OperationalError, match='session is read-only'):
        connect(conninfo(standby))


def test_a_promoted_standby_takes_writes(pair):
    primary, standby = pair
    put(primary, 'INSERT INTO entries VALUES (1)')
    primary.kill()
    standby.promote()
    put(standby, 'INSERT INTO entries VALUES (2)')
    assert entries(standby) == [1, 2]


def test_a_session_goes_to_the_one_that_takes_writes(pair):
    primary, standby = pair
    for order in (primary, standby), (standby, primary):
        with contextlib.closing(connect(conninfo(*order))) as session:
            assert execute(session, 'SHOW cluster_name') == [(primary.name,)]
    primary.kill()
    standby.promote()
    for order in (primary, standby), (standby, primary):
        with contextlib.closing(connect(conninfo(*order))) as session:
            assert execute(session, 'SHOW cluster_name') == [(standby.name,)]


def test_an_old_primary_still_says_that_it_takes_writes(pair):
    """Nobody told it of the new one: sessions go there if it is named first, and their commits are never answered."""
    primary, standby = pair
    standby.promote()
    session = connect(conninfo(primary, standby))
    assert execute(session, 'SHOW cluster_name') == [(primary.name,)]
    answer = Later(insert, session, 1)
    primary.wait_waiting()
    with contextlib.closing(connect(conninfo(standby, primary))) as other:
        assert insert(other, 1) == (1, [])
    assert entries(primary) == []
    primary.kill()
    with pytest.raises(psycopg2.OperationalError):
        answer.result()
    session.close()


def test_a_server_that_stands_still_is_passed_over_after_connect_timeout(pair):
    """Its kernel takes the connection."""
    primary, standby = pair
    primary.pause()
    try:
        standby.promote()
        began = time.monotonic()
        with contextlib.closing(connect(conninfo(primary, standby, connect_timeout=2))) as session:
            assert execute(session, 'SHOW cluster_name') == [(standby.name,)]
        assert time.monotonic() - began > 1.5
    finally:
        primary.resume()


def test_no_timeout_of_tcp_ends_what_a_server_that_stands_still_was_asked(pair):
    """Its kernel acknowledges what is sent, and each probe."""
    primary, _ = pair
    with contextlib.closing(connect(conninfo(primary, tcp_user_timeout=300, keepalives_idle=1, keepalives_interval=1,
                                             keepalives_count=1))) as session:
        primary.pause()
        answer = Later(insert, session, 1)
        with pytest.raises(AssertionError):
            answer.result(within=3)
        primary.resume()
        assert answer.result() == (1, [])


def test_a_second_standby_is_enough(pair):
    primary, standby = pair
    other = primary.standby()
    standby.kill()
    put(primary, 'INSERT INTO entries VALUES (1)')
    primary.kill()
    other.promote()
    assert entries(other) == [1]


# --- a server alone -----------------------------------------------------------------------------------------------

def test_what_is_killed_keeps_what_was_committed(postgres):
    server = postgres(fsync='on')
    server.furnish(())
    put(server, 'CREATE TABLE entries (seq bigint PRIMARY KEY)')
    session = server.connect(database=DATABASE)
    for seq in range(50):
        insert(session, seq)
    execute(session, 'BEGIN')
    insert(session, 1000)
    server.kill()
    with pytest.raises(psycopg2.OperationalError):
        execute(session, 'COMMIT')
    server.start()
    assert entries(server) == list(range(50))


def test_a_service_sees_its_own_schema_alone(postgres):
    server = postgres().furnish()
    for service in SERVICES:
        role = role_of(service)
        server.sql('CREATE TABLE head (one int)', user=role, database=DATABASE)
        assert server.sql('SELECT schemaname FROM pg_tables WHERE tablename = %s AND tableowner = %s', 'head', role,
                          database=DATABASE) == [(role,)]
    for service in SERVICES:
        for other in set(SERVICES) - {service}:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                server.sql(f'SELECT * FROM {role_of(other)}.head', user=role_of(service), database=DATABASE)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            server.sql('CREATE TABLE public.head (one int)', user=role_of(service), database=DATABASE)


def test_nothing_is_left_of_servers_that_were_closed(postgres):
    running, still, dead, stopped = (postgres() for _ in range(4))
    standby = running.standby()
    pids = [pid for s in (running, still, dead, stopped, standby) for pid in s.processes()]
    still.pause()
    dead.kill()
    stopped.stop()
    postgres.close()
    assert not any(map(is_alive, pids)) and not postgres.place.exists()


def test_a_port_that_is_taken_is_passed_over(postgres, monkeypatch):
    first = postgres()
    ports = iter((first.port, first.port))
    free = Postgres.start.__globals__['free_port']
    monkeypatch.setitem(Postgres.start.__globals__, 'free_port', lambda: next(ports, None) or free())
    assert postgres().port != first.port
