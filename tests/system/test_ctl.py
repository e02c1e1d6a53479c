"""flicketctl's command line: one table of commands, from which help, messages, manual and completion come."""
import re
import subprocess

import pytest

from desk import BIN, REPO, run_program


def ctl(*arguments, **settings):
    return run_program('flicketctl', *arguments, timeout=20, **settings)


def commands():
    """The names of all commands, as the table has them."""
    table = (REPO / 'tools' / 'flicketctl' / 'cli' / 'commands.tbl').read_text(encoding='utf-8')
    return re.findall(r'^COMMAND\("([a-z ]+)"', table, re.M)


def options(command):
    """The options of a command, as its help has them."""
    return re.findall(r'^  (--[a-z-]+)', ctl(*command.split(), '--help').stdout, re.M)


every_command = pytest.mark.parametrize('command', commands())


@every_command
def test_every_command_explains_itself(command):
    done = ctl(*command.split(), '--help')
    assert done.returncode == 0 and done.stderr == ''
    assert done.stdout.startswith(f'usage: flicketctl {command}')
    assert 'Exit status:\n  0 ' in done.stdout and '  --help ' in done.stdout
    assert ctl('help', *command.split()).stdout == done.stdout
    assert f'  {command} ' in ctl('help').stdout
    assert all(len(line) <= 120 for line in done.stdout.splitlines())


@every_command
def test_every_command_refuses_what_it_does_not_know(command, tmp_path):
    done = ctl(*command.split(), '--no-such-option', FLICKET_DATA=tmp_path / 'data')
    assert done.returncode == 2 and done.stdout == ''
    assert f'flicketctl {command}: no such option: --no-such-option' in done.stderr
    assert f'usage: flicketctl {command}' in done.stderr
    assert not (tmp_path / 'data').exists()


def test_words_that_are_no_command():
    done = ctl('statsu')
    assert done.returncode == 2 and 'did you mean "status"?' in done.stderr
    done = ctl('bogus')     # near to nothing
    assert done.returncode == 2 and 'did you mean' not in done.stderr and '`flicketctl help` lists' in done.stderr
    done = ctl('user')
    assert done.returncode == 2 and 'user add' in done.stderr and 'serve' not in done.stderr
    done = ctl('user', 'ad')
    assert done.returncode == 2 and 'did you mean "user add"?' in done.stderr
    for words in (('usr', 'list'), ('usre', 'add', 'jdoe'), ('key', 'show')):
        done = ctl(*words)
        assert done.returncode == 2 and 'did you mean "' in done.stderr, done.stderr
    done = ctl('bogus', 'words')
    assert done.returncode == 2 and 'there is no command "bogus words"' in done.stderr
    assert ctl('user', '--help').returncode == 0
    assert ctl('help', 'user', 'add', 'x').returncode == 2


def test_values_are_held_against_their_bounds():
    done = ctl('status', '--interval', '0')
    assert done.returncode == 2 and '--interval: "0" is not a whole number from 1 to 3600' in done.stderr
    assert 'a value is missing: --interval' in ctl('status', '--interval').stderr
    assert '"tcsh" is not one of: bash zsh fish' in ctl('completion', 'tcsh').stderr
    assert '--data is empty' in ctl('status', '--data=').stderr


def test_the_version_is_printed():
    assert re.fullmatch(r'flicketctl \d+\.\d+\.\d+\n', ctl('--version').stdout)
    assert ctl('--version').stdout == ctl('version').stdout


def test_the_manual_page_is_the_one_of_the_table():
    page = (REPO / 'docs' / 'flicketctl.1').read_text(encoding='utf-8')
    assert page == ctl('man').stdout, 'make it anew: build/bin/flicketctl man > docs/flicketctl.1'
    plain = page.replace('\\-', '-')
    for command in commands():
        assert f'.SS flicketctl {command}' in plain
        for option in options(command):
            assert option == '--help' or option in plain


def told_in_help(*words):
    """{status: what it means}, as a help text has it."""
    block = re.search(r'^Exit status[^\n]*:\n((?:  +\S.*\n)+)', ctl(*words).stdout, re.M)[1]
    joined = re.sub(r'\n {6,}', ' ', block)
    return dict(re.findall(r'^  (\d) +(.+)$', joined, re.M))


def told_in_manual():
    """The same for each command, and under None for all of them, as the manual page has it."""
    page = (REPO / 'docs' / 'flicketctl.1').read_text(encoding='utf-8').replace('\\-', '-').replace('\\(aq', "'")
    told = {}
    section = r'^\.SS flicketctl ([a-z ]+?)(?: [^a-z\n].*)?\n(?:.*\n)*?\.I Exit status\n(.*)$'
    for name, line in re.findall(section, page, re.M):
        told[name] = dict(re.findall(r'(?:^|; )(\d): (.*?)(?=; \d: |$)', line))
    told[None] = dict(re.findall(r'^\.B (\d)\n(.*)$', page.partition('.SH EXIT STATUS\n')[2], re.M))
    return told


def test_help_and_manual_tell_the_same_exit_statuses():
    manual = told_in_manual()
    assert list(manual) == [*commands(), None]
    assert manual[None] == told_in_help('--help')
    for command in commands():
        assert manual[command] == told_in_help('help', *command.split()), command
    assert set(manual[None]) == set.union(*(set(told) for told in manual.values()))
    for status, what in manual[None].items():
        some = [c for c in commands() if status in manual[c]]
        assert some == commands() or what.endswith(': ' + ', '.join(some)), (status, what)
    assert set(told_in_help('keys', '--help')) == {'0', '1', '2'}, 'of a group, those of its commands'
    table = (REPO / 'docs' / 'operations.md').read_text(encoding='utf-8').partition('| status | means |')[2]
    assert re.findall(r'^\| (\d) \| ', table.partition('\n\n')[0], re.M) == sorted(manual[None])


def test_the_exit_statuses_that_are_told_are_those_there_are(tmp_path):
    nothing = ('--data', str(tmp_path / 'nothing'))
    seen = {ctl(*line).returncode for line in (
        ('version',), ('backup', str(tmp_path / 'none' / 'backup'), *nothing), ('statsu',), ('status', *nothing))}
    assert {str(s) for s in seen} == set(told_in_manual()[None])
    for command in told_in_manual():
        if command and '3' in told_in_manual()[command]:
            assert ctl(*command.split(), *nothing).returncode == 3, command
    assert not (tmp_path / 'nothing').exists(), 'nobody makes what is only looked at'
    written = {n for path in (REPO / 'tools' / 'flicketctl').rglob('*.c')
               for n in re.findall(r'\b_?exit\((\d+)\)', path.read_text(encoding='utf-8'))}
    assert written and written <= set(told_in_manual()[None])


def complete(*words):
    """What bash offers for the last word of a command line."""
    script = ctl('completion', 'bash').stdout + '''
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
compopt() { :; }
_flicketctl flicketctl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
'''
    done = subprocess.run(['bash', '-c', script, 'bash', 'flicketctl', *words], capture_output=True, text=True,
                          cwd=REPO, check=False)
    assert done.stderr == ''
    return done.stdout.split()


def test_bash_completes_commands_options_and_values():
    assert {'serve', 'user', 'status', '--version'} <= set(complete(''))
    assert complete('sta') == ['status']
    assert {'add', 'disable', 'password', 'group', 'export', 'import'} <= set(complete('user', ''))
    assert complete('user', 'pass') == ['password']
    assert complete('completion', 'f') == ['fish']
    assert complete('check', '--data', 'too') == ['tools']
    assert complete('import', 'READ') == ['README.md']
    assert complete('check', '--data', '=', 'too') == ['tools'], 'readline makes three words of --data=too'
    for command in commands():
        assert set(options(command)) <= set(complete(*command.split(), '--')), command


@pytest.mark.parametrize('before', [['--json'], ['--data', 'docs'], ['--data', '=', 'docs'], ['--data', 'docs', '--json'],
                                    ['--data', 'user'], ['--json', '--data', '=', 'docs']])
def test_bash_completes_behind_options_before_the_command(before):
    assert complete(*before, 'sta') == ['status']
    assert complete(*before, 'user', 'pass') == ['password']
    assert complete(*before, 'check', '--qui') == ['--quick']
    assert complete(*before, 'check', '--data', 'too') == ['tools']
    assert complete(*before, 'completion', 'f') == ['fish']
    assert complete(*before, '--js') == ['--json'] and complete(*before, '--data', 'too') == ['tools']
    assert {'serve', 'user'} <= set(complete(*before, ''))


def test_every_option_may_be_before_the_command():
    assert {o for command in commands() for o in options(command)} <= set(complete('--'))
    for told in (ctl('help').stdout, ctl('man').stdout.replace('\\-', '-')):
        assert re.search(r'\[?(?:\\fI)?OPTIONS(?:\\fR)?\]? *\n?.*COMMAND', told)
        assert all(re.search(rf'^(?:  |\.B ){option}\b', told, re.M) for option in ('--data DIR', '--json', '--help', '--version'))


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_completion_names_every_command_and_option(shell):
    script = ctl('completion', shell).stdout
    for command in commands():
        assert command.split()[-1] in script
        for option in options(command):
            name = option[2:]
            assert re.search(rf'--{name}\b|-l {name}\b', script), f'{command} {option}'


def test_help_is_the_same_in_a_pipe_that_breaks():
    done = subprocess.run(f'{BIN}/flicketctl help >/dev/full', shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and 'standard output' in done.stderr
