"""Disks that fail: what tests/vfs puts between the programs and theirs.

`Faults` tells it which operation is to fail, `Undo` keeps what was not synced and drops some of it, as a power failure
does. Both go into a desk as settings: `desks('imported', **faults.settings)`.
"""
import errno
import json
import mmap
import os
import random
import shutil
import sqlite3
import struct
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from desk import BIN, SERVICES, is_sanitized, wait_until

LIBRARY = BIN.parent / 'vfs' / 'faulty.so'
KINDS = ('READ', 'WRITE', 'SYNC', 'TRUNCATE', 'OPEN', 'SIZE', 'SHM', 'RENAME', 'DELETE', 'FOLDER')
CHANGES = ('WRITE', 'SYNC', 'TRUNCATE', 'OPEN', 'SHM', 'RENAME', 'DELETE')
CONTROL = struct.Struct('8q128s')       # struct control of faulty.h
SEEN, FAILED = 6 * 8, 7 * 8
SECTOR = 512
POWER_FAILS = -1        # instead of an errno: what gives a folder its name is done, then the process is killed
KILLED = -2             # ... or it is killed before the operation
# A few of everything in the suite, everything for the record.
IS_FULL = os.environ.get('FAULTS_FULL') == '1'
SEED = int(os.environ.get('FAULTS_SEED') or (0 if os.environ.get('CI') else random.randrange(1 << 30)))

needs_library = pytest.mark.skipif(
    is_sanitized() or not LIBRARY.exists(),
    reason=f'{LIBRARY} is not there' if not is_sanitized() else 'a sanitizer takes no LD_PRELOAD before its own')


def report(name, figures):
    """What a test has done, for whoever runs it and for docs/reliability.md."""
    print(f'{name}: {figures}')
    if 'FAULTS_RESULTS' in os.environ:
        line = json.dumps({'name': name, **figures}) + '\n'
        with open(os.environ['FAULTS_RESULTS'], 'a') as f:
            f.write(line)   # short, so whole


class Faults:
    """What is to fail, in a file that all processes map."""

    def __init__(self, path):
        path.write_bytes(bytes(4096))
        self.file = open(path, 'r+b')
        self.map = mmap.mmap(self.file.fileno(), 4096)
        # the file is none that a hardened process may open
        self.settings = {'LD_PRELOAD': LIBRARY, 'FAULTY_CONTROL': path, 'FLICKET_HARDEN': 'off'}

    def close(self):
        self.map.close()
        self.file.close()

    def arm(self, *kinds, first=0, lasting=False, one_in=0, error=errno.EIO, seed=0, where=''):
        """From now on operations of these kinds count, in files whose path has `where` in it. The `first` one fails,
        with `lasting` all after it too; or each by chance, with `one_in`."""
        bits = sum(1 << KINDS.index(k) for k in kinds)
        self.map[:8] = bytes(8)         # nothing counts while the rest is written
        whole = CONTROL.pack(bits, first, lasting, one_in, error, seed, 0, 0, where.encode())
        self.map[8:CONTROL.size] = whole[8:]
        self.map[:8] = whole[:8]

    def clear(self):
        self.map[:8] = bytes(8)

    @contextmanager
    def armed(self, *kinds, **how):
        self.arm(*kinds, **how)
        try:
            yield self
        finally:
            self.clear()

    def _number(self, at):
        return struct.unpack('q', self.map[at:at + 8])[0]

    @property
    def seen(self):
        return self._number(SEEN)

    @property
    def failed(self):
        return self._number(FAILED)


class Undo:
    """What was not synced, and a power failure that drops it: settings of a desk on `data`."""

    def __init__(self, folder, data):
        self.folder, self.data = folder, data
        folder.mkdir()
        # the folder is none that a hardened process may open
        self.settings = {'LD_PRELOAD': LIBRARY, 'FAULTY_UNDO': folder, 'FAULTY_ROOT': data, 'FLICKET_HARDEN': 'off'}

    def keep_names(self, folder):
        """What was done to the names in a folder was written, though nobody asked for that."""
        (self.folder / f'dir.{folder.stat().st_ino}').unlink(missing_ok=True)

    def drop(self, rng, share):
        """Nothing may run on the data. Of each sector, name and length that was not synced, the old one comes back
        with the probability `share`. Returns how much was taken back."""
        dropped = 0
        paths = {p.stat().st_ino: p for p in (self.data, *self.data.rglob('*')) if not p.is_symlink()}
        for log in sorted(self.folder.glob('data.*')):
            path = paths.get(int(log.name[5:]))
            if path and path.exists():
                dropped += drop_bytes(path, log.read_bytes(), rng, share)
        dropped += Names(self.folder, {i: p for i, p in paths.items() if p.is_dir() and p.name != 'run'}).drop(rng, share)
        for left in self.folder.iterdir():
            left.unlink()
        # the index of a log is in memory, and made anew after a start
        for index in self.data.rglob('*.db-shm'):
            index.unlink()
        return dropped


class Names:
    """Records of names that were not synced, of folders that are known by their inodes. Paths change when names do, so
    each folder stays open."""

    def __init__(self, kept, folders):
        self.kept, self.open, self.logs = kept, {}, {}
        for log in sorted(kept.glob('dir.*')):
            inode = int(log.name[4:])
            lines = [line.split(' ') for line in log.read_text().splitlines()]
            self.logs[inode] = [(int(time), inode, what, names) for time, what, *names in lines]
            if inode in folders:
                self._open(inode, folders[inode])

    def _open(self, inode, path):
        self.open[inode] = os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def _path(self, inode):
        return Path(f'/proc/self/fd/{self.open[inode]}')

    def drop(self, rng, share):
        """A file system keeps the changes to a folder in their order: some last ones are lost. Folders between which
        something went keep theirs in one order. Returns how many are taken back."""
        try:
            return sum(self._drop_last(records, rng, share) for records in self._groups())
        finally:
            for fd in self.open.values():
                os.close(fd)

    def _moves(self, what):
        return {names[0]: inode for log in self.logs.values() for _, inode, kind, names in log if kind == what}

    def _groups(self):
        """The records of folders that belong together, in their order."""
        group = {inode: inode for inode in self.logs}

        def first(inode):
            while group[inode] != inode:
                inode = group[inode]
            return inode

        self.gone, arrived = self._moves('G'), self._moves('A')
        pairs = [(self.gone[i], arrived[i]) for i in self.gone.keys() & arrived.keys()]
        pairs += [(inode, int(names[1])) for log in self.logs.values() for _, inode, kind, names in log
                  if kind == 'D' and int(names[1]) in group]
        for one, other in pairs:
            group[first(one)] = first(other)
        together = {}
        for inode, log in self.logs.items():
            together.setdefault(first(inode), []).extend(log)
        return [sorted(records) for _, records in sorted(together.items())]

    def _drop_last(self, records, rng, share):
        lost = sum(1 for _ in records if rng.random() < share)
        for _, inode, what, names in reversed(records[len(records) - lost:]):
            if inode in self.open:
                self._take_back(inode, what, *names)
        return lost

    def _take_back(self, inode, what, one, other=None):
        folder = self._path(inode)
        if what == 'C' and (folder / one).is_dir():
            shutil.rmtree(folder / one)
        elif what == 'C':
            (folder / one).unlink(missing_ok=True)
        elif what == 'R':
            (folder / other).rename(folder / one)
        elif what == 'X':
            (folder / one).rename(folder / '.between')
            (folder / other).rename(folder / one)
            (folder / '.between').rename(folder / other)
        elif what == 'U':
            os.link(self.kept / other, folder / one)
        elif what == 'D' and not (folder / one).exists():
            (folder / one).mkdir(0o700)
            self._open(int(other), folder / one)
        elif what == 'A' and one in self.gone:      # neither folder was synced since
            source = self.gone[one]
            name, = (names[1] for _, _, kind, names in self.logs[source] if kind == 'G' and names[0] == one)
            (folder / other).rename(self._path(source) / name)


def drop_bytes(path, log, rng, share):
    """Take back writes to a file, sector by sector, each as it was when it was synced."""
    now = path.read_bytes()
    old, at, records = bytearray(now), 0, []
    while at < len(log):
        offset, length, size = struct.unpack_from('3q', log, at)
        records.append((offset, log[at + 24:at + 24 + length], size))
        at += 24 + length
    for offset, content, size in reversed(records):
        if len(old) < offset + len(content):
            old.extend(bytes(offset + len(content) - len(old)))
        old[offset:offset + len(content)] = content
        if len(old) < size:
            old.extend(bytes(size - len(old)))
        del old[size:]
    end = len(old) if rng.random() < share else len(now)
    most, dropped = max(len(old), len(now)), int(end != len(now))
    old.extend(bytes(most - len(old)))
    mixed = bytearray(now) + bytes(most - len(now))
    for at in range(0, most, SECTOR):
        if old[at:at + SECTOR] != mixed[at:at + SECTOR] and rng.random() < share:
            mixed[at:at + SECTOR] = old[at:at + SECTOR]
            dropped += 1
    path.write_bytes(mixed[:end])
    return dropped


# --- what is in the stores ------------------------------------------------------------------------------------

# What is told to a store by others, or counted besides, is left out: that comes when it comes.
TABLES = {
    'user': {'users': 'count(*), count(nullif(avatar, \'\')), count(nullif(job_title, \'\')), '
                      'count(DISTINCT password), count(nullif(disabled, 0))',
             'groups': 'count(*), sum(version)', 'members': 'count(*)', 'tokens': 'count(*)',
             'revocations': 'count(*)', 'views': 'count(*), sum(version)'},
    'ticket': {'tickets': 'count(*), sum(version)', 'subscriptions': 'count(*)', 'actions': 'count(*)'},
    'post': {'posts': 'count(*), sum(version)', 'uploads': 'count(*), count(staged_at)', 'histories': 'count(*)'},
    'lookup': {'departments': 'count(*), sum(version)', 'categories': 'count(*), sum(version)'},
}


class Stores:
    """The stores of a desk, looked at from outside."""

    def __init__(self, data):
        self.data = data
        self.dbs = {s: sqlite3.connect(data / 'stores' / s / f'{s}.db', isolation_level=None, timeout=20)
                    for s in SERVICES}

    def close(self):
        for db in self.dbs.values():
            db.close()

    def count(self, service):
        return {(table, i): n or 0 for table, what in TABLES[service].items()
                for i, n in enumerate(self.dbs[service].execute(f'SELECT {what} FROM {table}').fetchone())}

    def make_cold(self):
        """What another connection writes empties the caches of all others: 1 and 2 mean the same here."""
        for db in self.dbs.values():
            db.execute('UPDATE identity SET seeded = 3 - seeded')

    def are_quiet(self):
        return all(db.execute('SELECT count(*) FROM outbox').fetchone() == (0,) for db in self.dbs.values())

    def wait_quiet(self):
        wait_until(self.are_quiet, 20, 'all events are delivered')


def check_integrity(data):
    for service in SERVICES:
        with closing(sqlite3.connect(Path(data) / 'stores' / service / f'{service}.db')) as db:
            assert db.execute('PRAGMA integrity_check').fetchall() == [('ok',)], service
            assert db.execute('PRAGMA foreign_key_check').fetchall() == [], service


def changed(before, after):
    return {k: after[k] - n for k, n in before.items() if after[k] != n}
