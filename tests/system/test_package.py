"""What is installed, and the Debian package: files, units, scripts, and the programs as they run from there."""
import configparser
import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from desk import BIN, REPO, START_SECONDS, environment, free_port, wait_until
from wire import Client, expect

BUILD = BIN.parent
PACKAGE = REPO / 'tools' / 'package'
PROGRAMS = ('flicket-gateway', 'flicket-lookup', 'flicket-post', 'flicket-ticket', 'flicket-user', 'flicketctl')
DOC = 'usr/share/doc/flicketd'
FILES = {
    'etc/flicketd/flicketd.env',
    *(f'usr/bin/{name}' for name in PROGRAMS),
    *(f'usr/lib/systemd/system/{name}' for name in ('flicketd.service', 'flicketd-backup.service', 'flicketd-backup.timer')),
    'usr/lib/sysusers.d/flicketd.conf',
    'usr/lib/tmpfiles.d/flicketd.conf',
    'usr/libexec/flicketd/backup',
    'usr/share/bash-completion/completions/flicketctl',
    'usr/share/zsh/vendor-completions/_flicketctl',
    'usr/share/fish/vendor_completions.d/flicketctl.fish',
    'usr/share/man/man1/flicketctl.1.gz',
    *(f'usr/share/man/man8/{name}.8.gz' for name in ('flicketd', *PROGRAMS[:-1])),
    f'{DOC}/copyright',
}
OF_THE_PACKAGE = {f'{DOC}/changelog.Debian.gz', 'usr/share/lintian/overrides/flicketd'}

pytestmark = pytest.mark.skipif(not (BUILD / 'cmake_install.cmake').exists(), reason='the programs are of no build folder')


def run(*command, check=True, **more):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
                          check=False, **more)
    assert not check or done.returncode == 0, f'{command}: {done.stdout}{done.stderr}'
    return done


def need(program):
    if shutil.which(program) is None:
        pytest.skip(f'{program} is not installed')


def files_below(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob('*') if not p.is_dir() or p.is_symlink()}


def documents():
    """Where docs/ is put."""
    docs = REPO / 'docs'
    return {f'{DOC}/{p.relative_to(docs)}' for p in (*docs.glob('*.md'), *(docs / 'examples').rglob('*')) if p.is_file()}


@pytest.fixture(scope='module')
def stage(tmp_path_factory):
    """As a packager installs it: below DESTDIR, for the prefix /usr."""
    root = tmp_path_factory.mktemp('stage')
    run('cmake', '--install', BUILD, '--prefix', '/usr', env={**os.environ, 'DESTDIR': str(root)})
    return root


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """As it is run: for a prefix that is really there. The settings are beside it, in etc/."""
    root = tmp_path_factory.mktemp('installed')
    run('cmake', '--install', BUILD, '--prefix', root / 'usr', env={k: v for k, v in os.environ.items() if k != 'DESTDIR'})
    return root


def unit(root, name):
    parsed = configparser.RawConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str
    parsed.read(root / 'usr' / 'lib' / 'systemd' / 'system' / name)
    return parsed


# --- files


def test_what_is_installed(stage):
    assert files_below(stage) == FILES | OF_THE_PACKAGE | documents()
    modes = {name: stat.S_IMODE((stage / name).stat().st_mode) for name in FILES}
    run_by_all = {f'usr/bin/{name}' for name in PROGRAMS} | {'usr/libexec/flicketd/backup'}
    assert {name for name, mode in modes.items() if mode == 0o755} == run_by_all
    assert {name for name, mode in modes.items() if mode == 0o640} == {'etc/flicketd/flicketd.env'}
    assert set(modes.values()) == {0o755, 0o640, 0o644}
    for example in (stage / DOC / 'examples').iterdir():
        is_script = example.read_bytes().startswith(b'#!/bin/sh')
        assert stat.S_IMODE(example.stat().st_mode) == (0o755 if is_script else 0o644), example


def test_no_path_of_another_place_is_in_the_files(stage, installed):
    for root in (stage, installed):
        for name in FILES - {f'usr/bin/{name}' for name in PROGRAMS}:
            text = (root / name).read_bytes()
            assert str(BUILD).encode() not in text and str(stage).encode() not in text, name
            assert not re.search(rb'@[A-Z]+DIR@|@STATE@', text), name
    service = unit(installed, 'flicketd.service')['Service']
    assert service['ExecStart'] == f'{installed}/usr/bin/flicketctl serve'
    assert service['EnvironmentFile'] == f'-{installed}/etc/flicketd/flicketd.env'
    service = unit(stage, 'flicketd.service')['Service']
    assert service['ExecStart'] == '/usr/bin/flicketctl serve'
    assert service['EnvironmentFile'] == '-/etc/flicketd/flicketd.env'


def test_a_second_installation_keeps_the_operators_settings(installed, tmp_path):
    root = tmp_path / 'again'
    command = ('cmake', '--install', BUILD, '--prefix', root)
    run(*command)
    settings = root / 'etc' / 'flicketd' / 'flicketd.env'
    settings.write_text('FLICKET_LISTEN=*:80\n')
    run(*command)
    assert settings.read_text() == 'FLICKET_LISTEN=*:80\n'
    below = {n.removeprefix('usr/') for n in files_below(installed)}
    assert files_below(root) == below, 'without usr/ the settings are below the prefix'


@pytest.mark.parametrize('program', PROGRAMS)
def test_libraries_are_looked_for_where_the_system_has_them(stage, program):
    need('readelf')
    dynamic = run('readelf', '-d', stage / 'usr' / 'bin' / program).stdout
    assert '(NEEDED)' in dynamic and 'RPATH' not in dynamic and 'RUNPATH' not in dynamic
    assert run(stage / 'usr' / 'bin' / program, '--version').stdout.startswith(f'{program} ')


@pytest.mark.parametrize('page', ['man1/flicketctl.1.gz', 'man8/flicketd.8.gz', 'man8/flicket-user.8.gz'])
def test_manual_pages_can_be_read(stage, page):
    need('man')
    done = run('man', '--warnings', '-E', 'UTF-8', '-l', '-P', 'cat', stage / 'usr' / 'share' / 'man' / page,
               env={**os.environ, 'MANROFFSEQ': '', 'MANWIDTH': '100', 'LC_ALL': 'C.UTF-8'})
    assert done.stderr == '' and 'flicketctl serve' in done.stdout and '--' in done.stdout


def test_bash_completes_its_command_lines(stage):
    script = stage / 'usr' / 'share' / 'bash-completion' / 'completions' / 'flicketctl'
    done = run('bash', '-c', f'set -eu; source "{script}"; complete -p flicketctl')
    assert re.search(r'complete .*flicketctl', done.stdout) and done.stderr == ''


# --- units


@pytest.mark.parametrize('name, most', [('flicketd.service', 15), ('flicketd-backup.service', 15)])
def test_units_may_do_little(stage, name, most):
    """`systemd-analyze security`: 0 is nothing, 100 everything."""
    need('systemd-analyze')
    done = run('systemd-analyze', 'security', '--offline=true', f'--root={stage}', f'--threshold={most}', name, check=False)
    if 'unrecognized option' in done.stderr:
        pytest.skip('this systemd-analyze is too old')
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize('name', ['flicketd.service', 'flicketd-backup.service', 'flicketd-backup.timer'])
def test_systemd_knows_every_line_of_the_units(installed, name):
    need('systemd-analyze')
    done = run('systemd-analyze', 'verify', '--man=no', installed / 'usr' / 'lib' / 'systemd' / 'system' / name, check=False)
    assert not re.search(r'Unknown|nvalid|Failed to parse|not executable|ignoring|[Mm]issing', done.stderr), done.stderr


def test_the_unit_leaves_the_programs_what_they_limit_themselves_with(stage):
    """They would go on without it, with a message (docs/security.md, «Hardening»)."""
    text = (stage / 'usr' / 'lib' / 'systemd' / 'system' / 'flicketd.service').read_text()
    allowed = ' '.join(re.findall(r'^SystemCallFilter=(?!~)(.*)$', text, re.M)).split()
    assert {'@system-service', 'landlock_create_ruleset', 'landlock_add_rule', 'landlock_restrict_self', 'capset'} <= set(allowed)
    assert text.rindex('SystemCallFilter=capset') > text.index('SystemCallFilter=~@privileged')
    service = unit(stage, 'flicketd.service')['Service']
    assert service['StateDirectory'] == 'flicketd' and service['StateDirectoryMode'] == '0700'
    assert service['Environment'] == 'FLICKET_DATA=/var/lib/flicketd'
    assert service['RestartPreventExitStatus'] == '2' and service['User'] == 'flicketd'


# --- the programs, as they are installed


class Installed:
    """`flicketctl serve` of an installation, with the settings in its file and none in the environment."""

    def __init__(self, root, folder, **environ):
        self.ctl = root / 'usr' / 'bin' / 'flicketctl'
        self.data, self.port = folder / 'data', free_port()
        self.settings = root / 'etc' / 'flicketd' / 'flicketd.env'
        self.settings.write_text(f'# a desk\nFLICKET_DATA="{self.data}"\nFLICKET_LISTEN=127.0.0.1:{self.port}\n'
                                 "FLICKET_BCRYPT_COST='4'\nBACKUP_KEEP=3\n")
        self.log = open(folder / 'serve.log', 'w+b')        # pylint: disable=consider-using-with
        st = os.fstat(self.log.fileno())
        self.popen = subprocess.Popen([self.ctl, 'serve'], cwd=folder, stdin=subprocess.DEVNULL, stdout=self.log,
                                      stderr=self.log, env={**environment(), 'JOURNAL_STREAM': f'{st.st_dev}:{st.st_ino}',
                                                            **environ})

    def text(self):
        return Path(self.log.name).read_text(errors='replace')

    def wait(self):
        wait_until(lambda: 'is ready' in self.text() or self.popen.poll() is not None, START_SECONDS, 'it is ready')
        assert self.popen.poll() is None, self.text()

    def run(self, *words, check=True, **settings):
        return run(self.ctl, *words, check=check, env=environment(**settings), cwd=self.data.parent)

    def stop(self):
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(20)

    def clean_up(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()
        self.popen.kill()
        self.log.close()


@pytest.fixture(name='desk')
def running_desk(installed, tmp_path):
    desk = Installed(installed, tmp_path)
    try:
        desk.wait()
        yield desk
    finally:
        desk.clean_up()


def test_commands_know_the_installed_desk(desk):
    assert 'The desk is up.' in desk.run('status').stdout
    assert f'127.0.0.1:{desk.port}' in desk.run('status').stdout
    assert desk.run('status', '--data', desk.data.parent / 'other', check=False).returncode == 3
    assert desk.run('status', check=False, FLICKET_DATA=desk.data.parent / 'other').returncode == 3
    desk.stop()
    assert desk.run('status', check=False).returncode == 3, 'its settings are known from the file'
    assert desk.run('verify').returncode == 0
    assert not (desk.data.parent / 'other').exists() and {p.name for p in desk.data.parent.iterdir()} == {'data', 'serve.log'}


def test_settings_that_run_are_those_of_the_start(desk):
    """The file has a new port, which counts after the next start."""
    desk.settings.write_text(desk.settings.read_text().replace(str(desk.port), str(free_port())))
    assert f'127.0.0.1:{desk.port}' in desk.run('status').stdout


def test_a_file_of_settings_that_is_wrong_is_refused(desk):
    good = desk.settings.read_text()
    for bad, why in ((good + 'FLICKET_TYPO=1\n', 'FLICKET_TYPO: there is no such setting'),
                     (good + 'export X=1\n', 'line 6 is not NAME=VALUE')):
        desk.settings.write_text(bad)
        desk.stop()
        done = desk.run('verify', check=False)
        assert done.returncode == 2 and why in done.stderr, done.stderr
        assert desk.run('help').returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can run it as somebody else')
def test_who_may_not_read_the_settings_is_told_so():
    with tempfile.TemporaryDirectory() as folder:       # of pytest's folders nobody else may enter any
        os.chmod(folder, 0o755)
        run('cmake', '--install', BUILD, '--prefix', f'{folder}/usr')

        def ctl(*words):
            return run(f'{folder}/usr/bin/flicketctl', *words, check=False, env=environment(), cwd='/', user=65534, group=65534,
                       extra_groups=[])
        done = ctl('status')
        assert done.returncode == 2 and 'flicketd.env: Permission denied; run it as root (sudo)' in done.stderr
        assert ctl('settings').returncode == 0 and ctl('settings').stderr == ''
        assert 'Permission denied; run' not in ctl('status', '--data', '/nowhere').stderr


def test_the_first_password_is_not_in_the_journal(desk):
    made = (desk.data / 'stores' / 'user' / 'admin-password').read_text().strip()
    assert made and made not in desk.text()
    assert 'The first password of admin: flicketctl password show\n' in desk.text()
    assert desk.run('password', 'show').stdout == f'{made}\n'
    with Client(desk.port) as c:
        expect(c.log_in('admin', made), 200)
    done = desk.run('password', 'show', check=False)
    assert done.returncode == 1 and done.stdout == '' and 'flicketctl user password admin' in done.stderr


def test_where_nothing_is_the_journal_the_password_is_shown(installed, tmp_path):
    desk = Installed(installed, tmp_path, JOURNAL_STREAM='1:1')
    try:
        desk.wait()
        assert 'Password of admin, shown this once: ' in desk.text()
        assert not (desk.data / 'stores' / 'user' / 'admin-password').exists()
    finally:
        desk.clean_up()


def test_the_manager_is_told_when_the_desk_is_ready(installed, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / 'notify'))
        manager.settimeout(START_SECONDS)
        desk = Installed(installed, tmp_path, NOTIFY_SOCKET=tmp_path / 'notify')
        try:
            assert manager.recv(999) == b'READY=1\nSTATUS=Every service answers'
            with Client(desk.port) as c:
                expect(c.get('/readyz'), 200)
            assert desk.stop() == 0
            assert manager.recv(999) == b'STOPPING=1'
        finally:
            desk.clean_up()


# --- backups that are kept


class Backups:
    def __init__(self, root, folder, ctl=None):
        text = (root / 'usr' / 'libexec' / 'flicketd' / 'backup').read_text()
        self.script = folder / 'script'
        self.script.write_text(text if ctl is None else text.replace(f'{root}/usr/bin/flicketctl', str(ctl)))
        self.folder, self.data = folder / 'backups', folder / 'data'
        self.folder.mkdir()
        if ctl is not None:     # which makes no desk
            (self.data / 'stores').mkdir(parents=True)

    def run(self, keep, **more):
        env = {**environment(FLICKET_DATA=self.data), 'BACKUP_FOLDER': str(self.folder), 'BACKUP_KEEP': str(keep), **more}
        return run('sh', self.script, check=False, env=env)

    def add(self, name, whole=True):
        (self.folder / name).mkdir()
        (self.folder / name / ('MANIFEST.json' if whole else 'other')).write_text('{}')

    def names(self):
        return sorted(p.name for p in self.folder.iterdir())


OLD = [f'desk-2020-01-0{day}T030000Z' for day in range(1, 5)]


def test_the_newest_backups_are_kept(desk, installed, tmp_path):
    backups = Backups(installed, tmp_path)
    for name in OLD:
        backups.add(name)
    kept = ['desk-2019-01-01T030000Z', 'desk-by-hand', 'else']
    for name in kept:
        backups.add(name, whole=name != kept[0])
    backups.add('desk-2020-01-05T030000Z.partial')
    done = backups.run(3)
    assert done.returncode == 0, done.stderr
    new = [n for n in backups.names() if n not in OLD + kept]
    assert len(new) == 1 and re.fullmatch(r'desk-\d{4}-\d\d-\d\dT\d{6}Z', new[0])
    assert backups.names() == sorted([*OLD[2:], *kept, *new])
    assert re.findall(r'removed .*/(.*)', done.stdout) == OLD[:2]
    assert desk.run('verify', backups.folder / new[0]).returncode == 0
    assert stat.S_IMODE((backups.folder / new[0]).stat().st_mode) == 0o700


def test_a_removal_that_was_killed_is_ended_by_the_next_run(installed, tmp_path):
    tools = tmp_path / 'tools'
    tools.mkdir()
    ctl, rm = tools / 'flicketctl', tools / 'rm'
    ctl.write_text('#!/bin/sh\n[ "$1" != backup ] || { mkdir -p "$3" && echo "{}" >"$3/MANIFEST.json"; }\n')
    rm.write_text('#!/bin/sh\nfor last; do :; done\nunlink "$last/MANIFEST.json"\nkill -KILL "$PPID"\n')
    for program in (ctl, rm):
        program.chmod(0o755)
    backups = Backups(installed, tmp_path, ctl)
    for name in OLD:
        backups.add(name)
        (backups.folder / name / 'more').touch()
    assert backups.run(3, PATH=f'{tools}:{os.environ["PATH"]}').returncode == -signal.SIGKILL
    assert not (backups.folder / OLD[0] / 'MANIFEST.json').exists()
    assert backups.run(3).returncode == 0
    assert len(backups.names()) == 3 and all((backups.folder / n / 'MANIFEST.json').exists() for n in backups.names())


@pytest.mark.parametrize('failing', ['backup', 'verify'])
def test_nothing_is_removed_when_there_is_no_good_new_backup(installed, tmp_path, failing):
    ctl = tmp_path / 'flicketctl'
    ctl.write_text(f'#!/bin/sh\n[ "$1" != {failing} ] || exit 1\n[ "$1" != backup ] || mkdir "$3"\n')
    ctl.chmod(0o755)
    backups = Backups(installed, tmp_path, ctl)
    for name in OLD:
        backups.add(name)
    done = backups.run(1)
    assert done.returncode == 1 and set(OLD) <= set(backups.names()), done.stderr


@pytest.mark.parametrize('keep', ['0', '', '-1', 'all', '1.5', '01'])
def test_how_many_are_kept_must_be_a_number(installed, tmp_path, keep):
    backups = Backups(installed, tmp_path, 'false')
    done = backups.run(keep)
    assert done.returncode == 2 and 'BACKUP_KEEP' in done.stderr and backups.names() == []


def test_backups_are_made_one_after_the_other(installed, tmp_path):
    backups = Backups(installed, tmp_path, 'true')
    folder = os.open(backups.folder, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    done = backups.run(1)
    os.close(folder)
    assert done.returncode == 1 and 'another backup' in done.stderr
    assert backups.run(1, BACKUP_FOLDER=str(tmp_path / 'missing')).returncode == 2


def test_a_desk_that_is_gone_is_not_passed_over(installed, tmp_path):
    backups = Backups(installed, tmp_path, 'false')
    (backups.data / 'stores').rmdir()
    done = backups.run(1)
    assert done.returncode == 0 and 'has no stores yet' in done.stdout
    backups.add(OLD[0])
    done = backups.run(1)
    assert done.returncode == 1 and 'has no stores, but there are backups' in done.stderr
    assert backups.names() == OLD[:1]


# --- the Debian package


@pytest.fixture(scope='module')
def package(tmp_path_factory):
    """Made once for all workers, as it takes ten seconds."""
    need('dpkg-shlibdeps')
    need('file')
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if 'PYTEST_XDIST_WORKER' in os.environ else base) / 'package'
    with open(f'{folder}.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(folder.glob('*.deb')):
            run('cpack', '--config', BUILD / 'CPackConfig.cmake', '-B', folder)
    return next(folder.glob('flicketd_*.deb'))


def field(package, name):
    return run('dpkg-deb', '-f', package, name).stdout.strip()


def test_the_package_has_what_is_installed(package, tmp_path):
    run('dpkg-deb', '-x', package, tmp_path)
    assert files_below(tmp_path) == FILES | OF_THE_PACKAGE | documents()
    listed = run('dpkg-deb', '-c', package).stdout
    assert all(line.split()[1] == 'root/root' for line in listed.splitlines())
    assert re.search(r'^-rw-r----- .*flicketd\.env$', listed, re.M)
    assert run('dpkg-deb', '-I', package, 'conffiles').stdout.split() == ['/etc/flicketd/flicketd.env']


def test_the_package_needs_the_libraries_of_the_programs(package, stage):
    needed = set(re.findall(r'([\w.+-]+) *(?:\([^)]*\))?', field(package, 'Depends')))
    for name in ('libc6', 'libh2o-evloop', 'libzmq5', 'libczmq', 'libsqlite3-0', 'libsodium', 'libjansson', 'libmagic1',
                 'libmicrohttpd', 'libcrypt1', 'libpq5', 'libssl3', 'libmsgpack'):
        assert any(n.startswith(name) for n in needed), (name, needed)
    assert {'systemd', 'debconf', 'init-system-helpers'} <= needed
    assert stage and field(package, 'Version').startswith(run(BIN / 'flicketctl', 'version').stdout.split()[1])


def test_the_scripts_are_plain_shell(package, tmp_path):
    run('dpkg-deb', '-e', package, tmp_path)
    scripts = [tmp_path / name for name in ('postinst', 'prerm', 'postrm')] + [PACKAGE / 'backup.in']
    for script in scripts:
        assert script.name == 'backup.in' or stat.S_IMODE(script.stat().st_mode) == 0o755
        run('sh', '-n', script)
    need('shellcheck')
    run('shellcheck', '--shell=sh', '--exclude=SC1091,SC2154', *scripts)


def test_lintian_has_nothing_to_say(package):
    need('lintian')
    done = run('lintian', '--allow-root', '--fail-on=none', package)
    assert re.findall(r'^[EW]: .*', done.stdout, re.M) == []


class Root:
    """This machine's root with a layer of its own, in which packages are installed, in a mount namespace that ends with
    it."""

    SETUP = '''
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for folder in dev proc sys; do mount --rbind "/$folder" "$1/root/$folder"; done
mount -t tmpfs tmpfs "$1/root/run"
mount -t tmpfs tmpfs "$1/root/tmp"
printf '#!/bin/sh\\nexit 101\\n' >"$1/root/usr/sbin/policy-rc.d"
chmod 755 "$1/root/usr/sbin/policy-rc.d"
echo ready
exec sleep 600
'''

    def __init__(self, folder):
        self.folder = folder
        self.popen = subprocess.Popen(['unshare', '--mount', 'sh', '-c', self.SETUP, 'sh', str(folder)],
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.is_there = self.popen.stdout.readline() == 'ready\n'

    def path(self, name):
        return Path(f'/proc/{self.popen.pid}/root{self.folder}/root{name}')

    def run(self, *command, check=True):
        return run('nsenter', '-t', self.popen.pid, '-m', 'chroot', self.folder / 'root', *command, check=check,
                   env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'DEBIAN_FRONTEND': 'noninteractive', 'LC_ALL': 'C'})

    def install(self, package):
        shutil.copy(package, self.path('/tmp/flicketd.deb'))
        return self.dpkg('--force-confdef', '--force-confold', '-i', '/tmp/flicketd.deb')

    def dpkg(self, *words):
        """Without what takes long: syncs of the disk, and the index of all manual pages."""
        return self.run('dpkg', '--force-unsafe-io', '--no-triggers', *words)

    def clean_up(self):
        self.popen.kill()
        self.popen.communicate()


@pytest.fixture(name='root')
def layered_root(tmp_path):
    need('systemd-sysusers')
    if Path('/usr/bin/flicketctl').exists():
        pytest.skip('flicketd is installed on this machine')
    root = Root(tmp_path)
    try:
        if not root.is_there:
            pytest.skip(f'there is no overlay here: {root.popen.communicate()[1]}')
        yield root
    finally:
        root.clean_up()


def changed(package, folder, version):
    """The same package of another version, with other settings."""
    run('dpkg-deb', '-R', package, folder)
    control = folder / 'DEBIAN' / 'control'
    control.write_text(re.sub(r'^Version: .*', f'Version: {version}', control.read_text(), flags=re.M))
    settings = folder / 'etc' / 'flicketd' / 'flicketd.env'
    settings.write_text(settings.read_text() + '# of the new version\n')
    run('dpkg-deb', '--root-owner-group', '-b', folder, f'{folder}.deb')
    return f'{folder}.deb'


@pytest.mark.skipif(os.geteuid() != 0, reason='only root installs packages')
def test_the_package_is_installed_upgraded_removed_and_purged(root, package, tmp_path_factory):
    data, settings = root.path('/var/lib/flicketd'), root.path('/etc/flicketd/flicketd.env')
    wanted = root.path('/etc/systemd/system/multi-user.target.wants/flicketd.service')
    root.install(package)
    user = root.run('getent', 'passwd', 'flicketd').stdout.strip().split(':')
    assert user[5:] == ['/var/lib/flicketd', '/usr/sbin/nologin']
    for folder in (data, root.path('/var/backups/flicketd')):
        st = folder.stat()
        assert stat.S_IMODE(st.st_mode) == 0o700 and st.st_uid == int(user[2])
    assert wanted.is_symlink()
    assert not list(root.path('/etc/systemd/system').rglob('flicketd-backup.timer')), 'it is the operator who enables it'
    assert stat.S_IMODE(settings.stat().st_mode) == 0o640
    assert root.run('flicketctl', 'status', check=False).returncode == 3

    settings.write_text('FLICKET_DATA=/var/lib/flicketd\nFLICKET_BCRYPT_COST=11\n')
    (data / 'kept').write_text('x')
    root.run('systemctl', 'disable', 'flicketd.service')
    root.install(changed(package, tmp_path_factory.mktemp('newer') / 'deb', '9.9.9-1'))
    assert 'COST=11' in settings.read_text() and (data / 'kept').exists()
    assert not wanted.is_symlink(), 'what the operator disabled stays so'

    root.dpkg('--remove', 'flicketd')
    assert settings.exists() and (data / 'kept').exists() and not root.path('/usr/bin/flicketctl').exists()
    root.dpkg('--purge', 'flicketd')
    assert not settings.parent.exists() and (data / 'kept').exists(), 'data stays if nobody says otherwise'
    left = [p for p in root.path('/var/lib/systemd').rglob('*flicketd*')] + list(root.path('/etc/systemd').rglob('*flicketd*'))
    assert left == []

    root.install(package)
    assert wanted.is_symlink()
    root.path('/tmp/answer').write_text('flicketd flicketd/purge-data boolean true\n')
    root.run('debconf-set-selections', '/tmp/answer')
    root.dpkg('--purge', 'flicketd')
    assert not data.exists() and root.path('/var/backups/flicketd').exists()
