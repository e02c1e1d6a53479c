"""The files that give settings to the programs, made from the table of all settings.

usage: tests/containers/settings.py FLICKETCTL      writes docker/passed.env, docker/flicket.env and
                                                    tools/package/flicketd.env
"""
import re
import subprocess
import sys
import textwrap
from pathlib import Path

DOCKER = Path(__file__).parents[2] / 'docker'
PACKAGE = Path(__file__).parents[2] / 'tools' / 'package'
ROW = re.compile(r'\| `(FLICKET_\w+)` \| (?:`(.*?)`)? ?\| (.*) \|')
# What compose.yaml itself decides: where things are in the containers, and the first password, which is in a volume.
FIXED = re.compile(r'FLICKET_(?:DATA|LISTEN|\w+_ENDPOINT|BIND|KEYS|METRICS_LISTEN|ADMIN_PASSWORD(?:_FILE)?)')
PASSED = '''\
# The settings that compose passes on from its environment and from .env, by their names alone.
# Made by tests/containers/settings.py. Values belong into .env or docker/flicket.env.
'''
GIVEN = '''\
# Settings of the programs, for all containers: uncomment a line and change it, then `docker compose up -d`.
#
# A copy survives an upgrade better: name it in .env with FLICKET_ENV_FILE=./my.env. A setting given here replaces one of
# the same name in the environment or in .env. A name that begins with FLICKET_ and is no setting stops the start:
# `docker compose logs keys` tells which. FLICKET_PORT and the others that compose.yaml reads belong into .env.
#
# Each line shows the default. Made by tests/containers/settings.py.
'''
INSTALLED = '''\
# Settings of the help desk flicketd, for its service and for flicketctl: uncomment a line and change it, then
# `systemctl restart flicketd`. A line is NAME=VALUE; one that begins with # is a comment. A name that begins with FLICKET_
# and is no setting stops the start: `journalctl -u flicketd` tells which.
#
# Each line shows the default. Made by tests/containers/settings.py.

# Folder of all data. Another one needs a drop-in for the units, too: production.md in /usr/share/doc/flicketd
FLICKET_DATA=@STATEDIR@

# Backups of flicketd-backup.timer: where they are, and how many are kept
#BACKUP_FOLDER=@BACKUPDIR@
#BACKUP_KEEP=14
'''


def rows(table):
    """(name, default, what it does) of each setting that can be given, of `flicketctl settings --markdown`."""
    return [row for row in ROW.findall(table) if not FIXED.fullmatch(row[0])]


def passed(table):
    return PASSED + ''.join(f'{name}\n' for name, _, _ in rows(table))


def with_rows(text, listed):
    """A text, and behind it a commented line for each setting."""
    for name, default, what in listed:
        text += '\n' + textwrap.fill(what.replace('`', ''), 118, initial_indent='# ', subsequent_indent='# ',
                                     break_long_words=False, break_on_hyphens=False) + f'\n#{name}={default}\n'
    return text


def given(table):
    return with_rows(GIVEN, rows(table))


def installed(table):
    """All of them, but FLICKET_BIND, which is for services that are started alone."""
    return with_rows(INSTALLED, [row for row in ROW.findall(table) if row[0] not in ('FLICKET_DATA', 'FLICKET_BIND')])


if __name__ == '__main__':
    made = subprocess.run([sys.argv[1], 'settings', '--markdown'], capture_output=True, text=True, check=True).stdout
    (DOCKER / 'passed.env').write_text(passed(made), encoding='utf-8')
    (DOCKER / 'flicket.env').write_text(given(made), encoding='utf-8')
    (PACKAGE / 'flicketd.env').write_text(installed(made), encoding='utf-8')
