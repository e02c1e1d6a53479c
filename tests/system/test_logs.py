"""Log lines: which form they have, and that nothing a client or a peer sends breaks them."""
import json
import os
import pty
import re
import subprocess

import msgpack
import pytest

from alone import PING, Alone
from desk import BIN, Desk, environment, is_sanitized, run_program, wait_until
from terminal import shown

TEXT = re.compile(r'^\d{4}-\d\d-\d\dT[\d:.]+Z (error|warn|info|debug) \w+ \S')
COLUMNS = re.compile(r'^\d\d:\d\d:\d\d\.\d{3}Z (error|warn |info |debug) \w+ +\S')
REFUSED = {'FLICKET_BIND': 'tcp://999.0.0.1:1'}     # said in the log, and the end


def on_terminal(folder, **settings):
    """What a service that cannot start says on a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen([BIN / 'flicket-lookup'], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                               env=environment(FLICKET_DATA=folder, **REFUSED, **settings))
    os.close(slave)
    said = b''.join(shown(master))
    os.close(master)
    assert process.wait(30) != 0
    return said.decode().splitlines()


def in_file(folder, **settings):
    return run_program('flicket-lookup', FLICKET_DATA=folder, **REFUSED, **settings).stderr.splitlines()


@pytest.mark.parametrize('settings', [{}, {'FLICKET_LOG_FORMAT': 'auto'}, {'FLICKET_LOG_FORMAT': 'json'}])
def test_lines_in_a_file_are_json(tmp_path, settings):
    lines = [json.loads(line) for line in in_file(tmp_path, **settings)]
    assert lines and lines[-1]['level'] == 'error' and '999.0.0.1' in lines[-1]['msg']


def test_lines_on_a_terminal_are_text(tmp_path):
    lines = on_terminal(tmp_path, NO_COLOR='1')
    assert lines and all(COLUMNS.match(line) for line in lines), lines


def test_colours_are_for_terminals_that_want_them(tmp_path):
    coloured = on_terminal(tmp_path, TERM='xterm')
    assert any('\033[31merror' in line for line in coloured)
    assert all(COLUMNS.match(re.sub(r'\033\[\d*m', '', line)) for line in coloured), coloured
    for plain in ({'NO_COLOR': '1'}, {'TERM': 'dumb'}):
        assert not any('\033' in line for line in on_terminal(tmp_path, **plain))
    assert not any('\033' in line for line in in_file(tmp_path, FLICKET_LOG_FORMAT='text', TERM='xterm'))


def start_on_terminal(folder, **settings):
    """What serve says on a terminal until it has told its URL, line by line."""
    master, slave = pty.openpty()
    process = subprocess.Popen([BIN / 'flicketctl', 'serve'], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                               start_new_session=True, env=environment(FLICKET_DATA=folder / 'data',
                               FLICKET_LISTEN='127.0.0.1:0', FLICKET_BCRYPT_COST=4, NO_COLOR='1', **settings))
    os.close(slave)
    said = ''
    try:
        for piece in shown(master):
            said += piece.decode()
            if 'tickets/' in said:
                process.terminate()
    finally:
        process.kill()
        process.wait(10)
        os.close(master)
    assert 'is ready: http' in said, said
    return said.partition('flicketd ')[0].splitlines()


def test_a_quiet_start_is_short_on_a_terminal(tmp_path):
    for attempt in ('the first', 'a later one'):
        lines = start_on_terminal(tmp_path)
        assert len(lines) <= 8 and any('listening on 127.0.0.1' in line for line in lines), (attempt, lines)
    assert run_program('flicketctl', 'keys', 'make', str(tmp_path / 'keys')).returncode == 0
    assert len(start_on_terminal(tmp_path, FLICKET_KEYS=tmp_path / 'keys')) <= 8
    whole = start_on_terminal(tmp_path, FLICKET_LOG_LEVEL='debug')
    assert sum('listening on' in line for line in whole) == 5, 'nothing is lost'


def test_the_setting_goes_first(tmp_path):
    assert all(TEXT.match(line) for line in in_file(tmp_path, FLICKET_LOG_FORMAT='text'))
    assert all(json.loads(line) for line in on_terminal(tmp_path, FLICKET_LOG_FORMAT='json'))


@pytest.mark.parametrize('name, value', [('FLICKET_LOG_FORMAT', 'xml'), ('FLICKET_ACCESS_LOG', 'yes'),
                                         ('FLICKET_LOG_LEVEL', 'loud')])
def test_other_values_are_refused(tmp_path, name, value):
    done = run_program('flicket-lookup', FLICKET_DATA=tmp_path, **{name: value})
    assert done.returncode == 2 and name in done.stderr


IDS = {'long': 'x' * 1000000, 'control bytes': '\x01' * 1000000, 'a line': '\n{"level":"error"}\n', 'quote': '"',
       'C1': '\x9b31m', 'turned': '\u202e', 'backslash': '\\', 'cut in a character': 'é' * 40, 'no UTF-8': b'\xff\xfe\n'}
TRACES = {'none': None, 'lines': '\n' * 55, 'quotes': '"' * 1000000, 'a number': 7}


@pytest.mark.parametrize('request_id', IDS.values(), ids=IDS)
@pytest.mark.parametrize('trace', TRACES.values(), ids=TRACES)
def test_what_a_peer_sends_stays_in_a_line(lookup, request_id, trace):
    frame = [1, 1 << 62, PING, 0, 1, 3, request_id, {}] + ([] if trace is None else [trace])
    lookup.service.sock.send(msgpack.packb(frame))
    assert msgpack.unpackb(lookup.service.sock.recv(), strict_map_key=False)[1:3] == [1 << 62, 0]
    lines = [json.loads(line) for line in lookup.process.log.read_text().splitlines()]
    last = [line for line in lines if line['msg'] == 'PING'][-1]
    told = request_id.decode(errors='replace') if isinstance(request_id, bytes) else request_id
    assert last['level'] == 'debug' and len(last['request_id']) <= 64
    assert told.startswith(last['request_id'].rstrip('\ufffd'))
    assert len(last.get('trace_id', '')) <= 32


@pytest.fixture(scope='module')
def lookup(tmp_path_factory):
    alone = Alone(tmp_path_factory.mktemp('lookup'), 'lookup', FLICKET_LOG_LEVEL='debug')
    yield alone
    alone.close()


# --- what libraries write ------------------------------------------------------------------------------------

CHATTER = r'''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <poll.h>
#include <sys/epoll.h>
/* A library that says something at every turn of a loop, on either stream, and in the end why it gives up. */
int epoll_wait(int fd, struct epoll_event *events, int most, int ms)
{
	static int (*own)(int, struct epoll_event *, int, int);
	static int turns;

	if (own == NULL)
		own = (int (*)(int, struct epoll_event *, int, int))dlsym(RTLD_NEXT, "epoll_wait");
	for (int i = 0; i < 20; i++)
		fprintf(stderr, "skipping a \"frame\"\n");
	puts("a word"), fflush(stdout);
	if (getenv("GIVES_UP") != NULL && ++turns == 300) {
		fprintf(stderr, "Assertion failed: %s\n", "a reason to give up");
		abort();
	}
	return own(fd, events, most, ms < 0 || ms > 5 ? 5 : ms);
}
'''


def said_by(desk, name):
    return (desk.folder / f'{name}.log').read_text(errors='replace').splitlines()


@pytest.mark.skipif(is_sanitized(), reason='a sanitizer takes no LD_PRELOAD before its own')
@pytest.mark.parametrize('name', ['gateway', 'lookup'])
def test_what_libraries_write_is_bounded(tmp_path, name):
    (tmp_path / 'chatter.c').write_text(CHATTER)
    subprocess.run(['cc', '-shared', '-fPIC', '-o', tmp_path / 'chatter.so', tmp_path / 'chatter.c'], check=True)
    desk = Desk(tmp_path / 'desk', LD_PRELOAD=tmp_path / 'chatter.so')
    try:
        desk.data.mkdir()
        process = desk.launch(name, f'flicket-{name}', FLICKET_LISTEN=f'127.0.0.1:{desk.port}', GIVES_UP='1')
        wait_until(lambda: not process.is_running(), 60, 'it has given up')
        process.ended_by_test = True
        lines = said_by(desk, name)
        ours = [json.loads(line) for line in lines if line.startswith('{')]
        others = [line for line in lines if not line.startswith('{')]
        told = [line['msg'] for line in ours if 'a library wrote' in line['msg']]
        assert 'a library wrote: skipping a "frame"' in told and 20 <= len(told) <= 200
        # what came before there was a pipe, and what was in it at the end, is all that is no line of the log
        assert any('Assertion failed: a reason to give up' in line for line in others + told)
        assert len(others) < 5000 and process.popen.returncode == -6
    finally:
        desk.kill_everything()
