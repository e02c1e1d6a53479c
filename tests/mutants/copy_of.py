"""A copy of the tree with a build of its own, which faults are put into and tests are run on."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

BUILD_SECONDS = 1800    # deadlines for what hangs, far beyond what a busy machine needs
UNIT_SECONDS = 900
SYSTEM_SECONDS = 1800
HANGS = '(hangs)'       # behind the name of a test that does not end


class Broken(Exception):
    """The copy cannot be built, or a test not be run: no fault of the fault."""


def environment():
    env = {k: v for k, v in os.environ.items() if not k.startswith('FLICKET_')}
    return env | {'PYTHONDONTWRITEBYTECODE': '1'}


def run(command, seconds, **more):
    """Its exit status, None if it took longer than that, and what it said."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          start_new_session=True, text=True, errors='replace', **more) as popen:
        try:
            said, _ = popen.communicate(timeout=seconds)
            return popen.returncode, said
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(popen.pid, signal.SIGKILL)
            said, _ = popen.communicate()
            return None, said


def files_of(repo):
    """What git would keep: relative paths of the files that are there."""
    done = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', '-z'], cwd=repo, stdout=subprocess.PIPE,
                          text=True, check=True)
    return {path for path in done.stdout.split('\0') if path and (repo / path).is_file()}


def programs_in(folder):
    """Processes that run a program from there."""
    for entry in Path('/proc').iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and os.readlink(entry / 'exe').startswith(f'{folder}/'):
                yield int(entry.name)


def failed_in(said):
    """The system tests that failed, as `pytest -v` says. Without its summary, which a module's fixture that fails at
    the end after another failure (-x) leaves out, they are those of the lines of its progress."""
    name = r'(?:tests/system/)?(\S+\.py(?:::.*?)?)'
    return (re.findall(rf'^(?:FAILED|ERROR) {name}(?: - .*)?$', said, re.M)
            or re.findall(rf'^{name} (?:FAILED|ERROR)\b', said, re.M))


class Copy:
    """`folder`/tree and `folder`/build, which are kept from run to run."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.tree = self.folder / 'tree'
        self.build_folder = self.folder / 'build'
        self.originals = {}     # path: what it is without the fault

    # -- files

    def copy_from(self, repo):
        """Files that did not change keep their times, so that little is built anew."""
        wanted = files_of(repo)
        for path in sorted(wanted):
            source, target = repo / path, self.tree / path
            if not target.exists() or target.read_bytes() != source.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
            shutil.copymode(source, target)
        for path in sorted(self.tree.rglob('*')):
            relative = path.relative_to(self.tree)
            if path.is_file() and str(relative) not in wanted and relative.parts[0] != 'vendor':
                path.unlink()
        if (repo / 'vendor').is_dir() and not (self.tree / 'vendor').exists():
            shutil.copytree(repo / 'vendor', self.tree / 'vendor')

    def read(self, path):
        return (self.tree / path).read_text()

    def put(self, fault):
        for path, text in fault.apply(self.read).items():
            self.originals[path] = self.read(path)
            (self.tree / path).write_text(text)

    def take_back(self):
        for path, text in self.originals.items():
            (self.tree / path).write_text(text)
        self.originals = {}

    # -- building

    def configure(self):
        """Little is optimized and nothing can be debugged, so that a build takes seconds."""
        command = ['cmake', '-S', self.tree, '-B', self.build_folder, '-DCMAKE_BUILD_TYPE=RelWithDebInfo',
                   '-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1 -DNDEBUG']
        if shutil.which('ninja'):
            command += ['-G', 'Ninja']
        if shutil.which('ccache'):
            command.append('-DCMAKE_C_COMPILER_LAUNCHER=ccache')
        status, said = run(command, BUILD_SECONDS, env=environment())
        if status != 0:
            raise Broken(said)

    def build(self, *targets):
        """The targets, all without names."""
        more = {'CCACHE_BASEDIR': str(self.tree), 'CCACHE_NOHASHDIR': '1'}
        command = ['cmake', '--build', self.build_folder, '--parallel', '2']
        status, said = run(command + (['--target', *targets] if targets else []), BUILD_SECONDS,
                           env=environment() | more)
        if status != 0:
            raise Broken('\n'.join(re.findall(r'.*(?:error|Error|FAILED).*', said)[:3]) or said[-300:])

    # -- tests

    def clean_up(self):
        """End what tests left running."""
        for pid in programs_in(self.build_folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def ctest(self, *options):
        """Unit tests up to the first that fails: its name or None."""
        status, said = run(['ctest', '--test-dir', self.build_folder, '--stop-on-failure', '--no-tests=error',
                            *options], UNIT_SECONDS, env=environment())
        if status is None:
            return f'a unit test {HANGS}'
        failed = re.findall(r'^\s*\d+ - (\S+) \((\w+)', said, re.M)
        if status != 0 and not failed:
            raise Broken(f'ctest {" ".join(options)}: {said[-300:]}')
        name, how = failed[0] if failed else (None, '')
        return f'{name} {HANGS}' if how == 'Timeout' else name

    def pytest(self, tests, *options):
        """System tests up to the first that fails: its name as pytest has it, or None."""
        env = environment() | {'FLICKET_BIN': str(self.build_folder / 'bin')}
        status, said = run([sys.executable, '-m', 'pytest', '-x', '-v', '-p', 'no:cacheprovider', '--tb=line',
                            *options, *tests], SYSTEM_SECONDS, env=env, cwd=self.tree / 'tests' / 'system')
        self.clean_up()
        if status is None:
            return f'{tests[0] if tests else "a system test"} {HANGS}'
        failed = failed_in(said)
        if status not in (0, 1) or status == 1 and not failed:
            raise Broken(f'pytest {" ".join(tests)}: {said[-300:]}')
        return failed[0] if failed else None
