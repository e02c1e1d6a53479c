"""What pytest does around the tests of desks: refuse to begin without programs, end what a killed worker leaves, print
the logs of desks whose tests fail."""
import leavings
import pytest

from desk import BIN, Desk


def pytest_configure(config):
    config.addinivalue_line('markers', 'slow: left out of the sanitizer pass')
    if hasattr(config, 'workerinput') and not hasattr(config, 'watcher'):      # of pytest-xdist
        config.watcher = leavings.watch()


def pytest_unconfigure(config):
    if hasattr(config, 'watcher'):
        leavings.all_is_well(config.watcher)
        del config.watcher


def pytest_sessionstart(session):
    if not list(BIN.glob('flicket-*')):
        pytest.exit(f'no programs in {BIN}: build first, or set FLICKET_BIN', returncode=4)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Where a test fails, print what the processes of its desks wrote."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for value in item.funcargs.values():
            for desk in getattr(value, 'made', [value]):
                if isinstance(desk, Desk):
                    report.sections.append((f'logs of {desk}', desk.logs()))
