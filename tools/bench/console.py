"""How fast the console is in Chromium: the section `console` of script/bench.

All times are of marks that the page takes by itself: from the navigation, a click or a key until what it leads to has
been painted. Requests go over loopback to the desk on the same machine, so the times are those of the browser and the
desk, without a network.
"""
import contextlib
import importlib.util
import json
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import report
from stand import Failed, until
from workloads import Size, make_rng, text

HARNESS = Path(__file__).resolve().parents[2] / 'tests' / 'console'
SLOWER = 4                      # times
PER_PAGE = 50
REPLIES = 500                   # beside the composer
WORDS = 40                      # of each of them
VISITS = 4                      # a round
TICKETS = 4                     # that a visit opens
KEYS = 'it prints, but not twice '      # a round types them
PATIENCE_MS = 10000             # of the desk, on a busy machine


@dataclass(frozen=True)
class Row:
    key: str
    name: str
    most: float = 0             # the budget of the median; 0: there is none
    unit: str = ' ms'


ROWS = (
    Row('cold', 'with an empty cache, to 50 tickets', 600),
    Row('paint', '… to its first paint'),
    Row('again', 'with the console in the cache, to 50 tickets'),
    Row('requests', '… requests of it', 6, ''),
    Row('view', 'another view', 150),
    Row('first', 'the first ticket of a visit'),
    Row('ticket', 'another ticket', 150),
    Row('key', f'a key in the composer beside {REPLIES} replies', 16),
)

# Runs before the scripts of each page. A mark is taken in the task behind the frame that shows what was waited for.
MARKS = """
(() => {
	const after = (then, channel = new MessageChannel()) => {
		channel.port1.onmessage = () => then(performance.now());
		channel.port2.postMessage(0);
	};
	// Looks after each change of the document: frames that nothing needs would cost time themselves.
	const until = holds => new Promise(done => {
		const look = () => {
			if (!holds())
				return;
			changes.disconnect();
			requestAnimationFrame(() => after(done));
		};
		const changes = new MutationObserver(look);
		changes.observe(document, { subtree: true, childList: true, attributes: true });
		look();
	});
	const isQuiet = () => document.querySelector('main') !== null
		&& !document.querySelector('main[aria-busy=true], main [aria-busy=true], .skeleton');
	const hasRows = () => isQuiet() && document.querySelectorAll('tr[data-id]').length === ROWS;
	const time = async (act, holds) => {
		const begin = performance.now();
		act();
		return await until(holds) - begin;
	};
	const link = view => document.querySelector(`.views a[href="${view}"]`);
	const works = [];
	window.bench = {
		works,
		arrived: () => until(hasRows),
		// lists at the side that fill a page
		views: () => [...document.querySelectorAll('.views a[href^="/tickets/"]')]
			.filter(a => !a.ariaCurrent && Number(a.querySelector('.count')?.textContent.replace(/\\D/g, '')) >= ROWS)
			.map(a => a.getAttribute('href')),
		view: view => time(() => link(view).click(), () => link(view).ariaCurrent && hasRows()),
		ticket: at => {
			const ticket = document.querySelectorAll('a.ticket')[at], path = ticket.getAttribute('href');
			return time(() => ticket.click(), () => location.pathname === path && isQuiet() && document.getElementById('text') !== null);
		},
		back: () => time(() => history.back(), hasRows),
		paint: () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
		// what came from the cache has no size
		requests: () => performance.getEntries()
			.filter(e => ['navigation', 'resource'].includes(e.entryType) && e.transferSize > 0).length,
		// The work for a key: its events with their microtasks, and the frame that shows it. Not the wait for the frame.
		watch: () => {
			let begin = 0;
			addEventListener('keydown', () => { begin = performance.now(); }, { capture: true });
			addEventListener('input', async () => {
				for (let i = 0; i < 5; i++)
					await null;
				const handled = performance.now() - begin;
				requestAnimationFrame(() => {
					const drawing = performance.now();
					after(now => works.push(handled + now - drawing));
				});
			});
		},
	};
	if (location.pathname === '/tickets/')
		bench.arrived().then(at => { bench.at = at; });
})();
""".replace('ROWS', str(PER_PAGE))
RUN = 'const done = arguments[arguments.length - 1]; (async () => ({}))().then(done, e => done(String(e)));'


def missing():
    """What the measurement needs and this machine does not have."""
    lacks = [program for program in ('chromium', 'chromedriver') if shutil.which(program) is None]
    return lacks + ['python3-selenium'] * (importlib.util.find_spec('selenium') is None)


@contextlib.contextmanager
def chromium():
    """The browser of the tests, without their record of requests, which costs time."""
    sys.path += [str(HARNESS), str(HARNESS.parent / 'system')]
    from browser import Browser
    with tempfile.TemporaryDirectory(prefix='flicket-bench-') as profile:
        browser = Browser(profile, keeps_requests=False)
        try:
            yield browser
        finally:
            browser.quit()


class Visit:
    """A window with the session of the admin, on a slow processor."""

    def __init__(self, browser, stand):
        self.page = browser.page(f'http://admin.localhost:{stand.port}')
        self.page.log_in_with(stand.token)
        self.cdp('Page.addScriptToEvaluateOnNewDocument', source=MARKS)

    def cdp(self, command, **parameters):
        return self.page.here().driver.execute_cdp_cmd(command, parameters)

    def run(self, expression, *arguments):
        """What an expression of the page comes to, or its promise."""
        from selenium.common.exceptions import TimeoutException
        try:
            return self.page.here().driver.execute_async_script(RUN.replace('{}', expression), *arguments)
        except TimeoutException:
            raise Failed(f'the console did not get to the end of {expression} {arguments}:\n{self.page.picture()}') from None

    def number(self, expression, *arguments):
        found = self.run(expression, *arguments)
        if not isinstance(found, (int, float)):
            raise Failed(f'the console did not get to its end: {expression}: {found}')
        return found

    def go(self, path):
        self.cdp('Emulation.setCPUThrottlingRate', rate=SLOWER)
        self.page.here().driver.get(self.page.origin + path)

    def arrive(self):
        """A list from the navigation on."""
        self.go('/tickets/')
        return self.number('bench.at ?? bench.arrived()')


def visit(window, times):
    """What a user does: come, come again, look at the lists and at some tickets."""
    window.cdp('Network.clearBrowserCache')
    times['cold'].append(window.arrive())
    times['paint'].append(window.number('bench.paint()'))
    times['again'].append(window.arrive())
    window.page.wait(lambda: window.run('bench.views()'), 'lists with their counts')
    times['requests'].append(window.number('bench.requests()'))
    for view in window.run('bench.views()'):
        times['view'].append(window.number('bench.view(arguments[0])', view))
    for i in range(TICKETS):
        times['ticket' if i else 'first'].append(window.number('bench.ticket(arguments[0])', i))
        window.number('bench.back()')


def make_thread(stand, rng):
    """A ticket with many replies."""
    ticket = json.loads(stand.api('tickets', method='POST', body=json.dumps(
        {'title': 'A long thread', 'content': text(rng, WORDS), 'category_id': 1, 'ticket_priority_id': 1})).content)['id']
    for _ in range(REPLIES):
        stand.api('posts', method='POST', body=json.dumps({'ticket_id': ticket, 'content': text(rng, WORDS)}))
    return ticket


def write(window, ticket, text, times):
    """Type beside a long thread."""
    page = window.page
    window.go(f'/ticket/{ticket}')
    page.wait(lambda: page.css('.gap'), 'the earlier replies')[0].click()
    page.wait(lambda: len(page.css('article.text')) == REPLIES + 1, 'all replies')
    page.press('r')
    page.wait_focus('textbox')
    window.run('bench.watch()')
    for n, key in enumerate(text, 1):
        page.type(key)
        page.wait(lambda n=n: window.number('bench.works.length') == n, f'{n} keys are drawn')
    times['key'] += window.run('bench.works')


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def measure(bench):
    lacks = missing()
    bench.results.pop('console', None)
    if lacks:
        bench.progress.say(f'The console was not measured: {", ".join(lacks)} is missing (script/bootstrap installs it).')
        return
    size, rng = Size.of(bench.o.tickets), make_rng(bench.o.seed, 'console')
    times = {row.key: [] for row in ROWS}
    with bench.stand(size, FLICKET_REQUEST_TIMEOUT_MS=PATIENCE_MS) as stand, chromium() as browser:
        until(lambda: stand.ask('/flicket-api/tickets/?status=Open').status == 200, 'lists are loaded')
        ticket = make_thread(stand, rng)
        window = Visit(browser, stand)
        for i in range(VISITS * bench.o.rounds):
            bench.progress.show(f'console, visit {i + 1}')
            visit(window, times)
        write(window, ticket, KEYS * bench.o.rounds, times)
        version = browser.driver.capabilities['browserVersion']
        errors = browser.end_test()
    if errors:
        raise Failed('the browser logged:\n' + '\n'.join(errors))
    rows = [shown(row, times[row.key]) for row in ROWS]
    for row in rows:
        bench.progress.say('{:52} least {:>8}  median {:>8}  p95 {:>8}  budget {:>7}  of {}'.format(*row))
    bench.results['console'] = {
        'times': times, 'median': {key: statistics.median(values) for key, values in times.items()},
        'text': report.table(('console', 'least', 'median', 'p95', 'budget of the median', 'times'), rows) +
        f'\n\nChromium {version}, CPU slowed to a {SLOWER}th; {size.tickets:,} tickets.'}


def shown(row, values):
    form = '{:,.0f}' if max(values) >= 20 or row.unit == '' else '{:,.1f}'
    figures = (form.format(v) + row.unit for v in (min(values), statistics.median(values), percentile(values, 0.95)))
    return row.name, *figures, f'{row.most:g}{row.unit}' if row.most else '', len(values)
