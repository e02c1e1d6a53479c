"""flicketctl's command line: one table of commands, from which help, messages, manual and completion come."""
import re
import subprocess

import pytest

from desk import BIN, REPO, run_program


def ctl(*arguments, **settings):
    return run_program('flicketctl', *arguments, timeout=20, **settings)


def commands():
    """The names of all commands, as the table has them."""
    table = (REPO / 'tools' / 'flicketctl' / 'commands.tbl').read_text(encoding='utf-8')
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
    done = ctl('user')
    assert done.returncode == 2 and 'user add' in done.stderr and 'serve' not in done.stderr
    done = ctl('user', 'ad')
    assert done.returncode == 2 and 'did you mean "user add"?' in done.stderr
    assert ctl('user', '--help').returncode == 0
    assert ctl('help', 'user', 'add', 'x').returncode == 2


def test_values_are_held_against_their_bounds():
    done = ctl('status', '--interval', '0')
    assert done.returncode == 2 and '--interval: "0" is not a whole number from 1 to 3600' in done.stderr
    assert 'a value is missing: --interval' in ctl('status', '--interval').stderr
    assert '"tcsh" is none of: bash zsh fish' in ctl('completion', 'tcsh').stderr
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
    for command in commands():
        assert set(options(command)) <= set(complete(*command.split(), '--')), command


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
