"""Wall clocks that are wrong: what tests/clock puts between the programs of a desk and the machine's."""
import mmap
import os
import struct

import pytest

from desk import BIN

LIBRARY = BIN.parent / 'clock' / 'bent.so'
HOUR = 3600

needs_library = pytest.mark.skipif(not LIBRARY.exists(), reason=f'{LIBRARY} is not there')


class Clocks:
    """The wall clock of each process of a desk, which is not started yet. `suspended`: it is ahead as that of a machine which
    was suspended, so that time has passed instead of the clock being set."""

    def __init__(self, desk, suspended=False):
        self.suspended = {'BENT_SUSPENDED': '1'} if suspended else {}
        self.folder = desk.folder / 'clocks'
        self.folder.mkdir()
        self.maps = {}
        desk.settings_of = self.settings_of

    def _map(self, name):
        if name not in self.maps:
            path = self.folder / name
            path.write_bytes(bytes(8))
            with open(path, 'r+b') as f:
                self.maps[name] = mmap.mmap(f.fileno(), 8)
        return self.maps[name]

    def settings_of(self, name):
        self._map(name)
        sanitizer = os.environ.get('ASAN_OPTIONS')
        return {'LD_PRELOAD': LIBRARY, 'BENT_CLOCK': self.folder / name, **self.suspended,
                # it may come before the sanitizer's own
                'ASAN_OPTIONS': f'{sanitizer}:verify_asan_link_order=0' if sanitizer else 'verify_asan_link_order=0'}

    def bend(self, name, seconds):
        """From now on the clock of this process is so much ahead, or back."""
        self._map(name)[:] = struct.pack('q', round(seconds * 1000000))
