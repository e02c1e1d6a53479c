"""A browser for tests: Chromium, driven as a user would, and what it says about the page.

`Browser` is one process, one for each worker of pytest. `Page` is a window of it. Each user gets a host name of their
own (agent.localhost), which browsers take as this machine: cookies, storage and sessions of two users stay apart, so
that one test can have several.
"""
import contextlib
import json
import re
import time
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from desk import REPO

SHOTS = REPO / 'build' / 'console-shots'
AXE = REPO / 'vendor' / 'test' / 'axe-core' / 'axe.min.js'
PATIENCE = 30.0         # seconds that a test waits for what a page should show: a deadline, no promise
WIDE, PHONE = (1280, 860), (390, 844)
RULES = ('wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa')
FLAGS = ('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage',
         '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions',
         '--disable-default-apps', '--disable-features=Translate,OptimizationHints,MediaRouter', '--lang=en-US',
         # Names outside this machine are not even looked up; *.lan is this machine, but not to the browser, which gives
         # such pages without TLS less than those of *.localhost.
         '--host-resolver-rules=MAP *.lan 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, '
         'EXCLUDE 127.0.0.1',
         # Roles and names as a screen reader gets them, for scripts.
         '--enable-blink-features=ComputedAccessibilityInfo')

# Where an element of a role can be; the browser then says what its role and name are.
PLACES = {
    'button': 'button, summary, [role=button], input[type=submit]', 'link': 'a[href], [role=link]',
    'textbox': 'input, textarea, [role=textbox]', 'searchbox': 'input[type=search]',
    'checkbox': 'input[type=checkbox], [role=checkbox]', 'radio': 'input[type=radio]',
    'combobox': 'select, [role=combobox]', 'spinbutton': 'input[type=number]', 'option': 'option, [role=option]',
    'heading': 'h1, h2, h3, h4, h5, h6', 'dialog': 'dialog, [role=dialog]', 'navigation': 'nav', 'main': 'main',
    'row': 'tr', 'status': '[role=status]', 'alert': '[role=alert]', 'listbox': '[role=listbox]', 'table': 'table',
    'tab': '[role=tab]', 'region': 'section, [role=region]', 'search': '[role=search], search', 'list': 'ul, ol',
    'listitem': 'li', 'img': 'img, [role=img]', 'form': 'form', 'group': 'fieldset, [role=group], details',
}
FIND = """
const [role, places, within] = arguments;
const seen = e => e.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: false });
const shut = e => e.closest('[inert]') || (document.querySelector('dialog[open]:modal')
	&& !e.closest('dialog[open]') && !e.closest('[role=status]'));
return [...(within ?? document).querySelectorAll(places)]
	.filter(e => seen(e) && !shut(e) && (!role || e.computedRole === role || (role === 'dialog' && e.open)))
	.map(e => [e, role ? e.computedName : e.innerText]);
"""
FOCUS = """
const e = document.activeElement;
return e === null || e === document.body ? ['', ''] : [e.computedRole, e.computedName];
"""
IS_QUIET = """return document.readyState === 'complete' && document.getElementById('console')?.childElementCount !== 0
    && !document.querySelector('[aria-busy=true], .skeleton')"""
RUN_AXE = """
const [rules, done] = arguments;
axe.run(document, { runOnly: rules, resultTypes: ['violations'] }).then(
	r => done(r.violations.map(v => v.id + ': ' + v.help + '\\n' + v.nodes.map(n => '    ' + n.html.slice(0, 300)
		+ '\\n      ' + n.failureSummary.replaceAll('\\n', '\\n      ')).join('\\n'))),
	e => done([String(e)]));
"""


def fits(name, wanted):
    """Whether a name is the one that is wanted: the same text, or what a pattern finds."""
    if wanted is None:
        return True
    name = re.sub(r'\s+', ' ', name).strip()
    return bool(wanted.search(name)) if isinstance(wanted, re.Pattern) else name == wanted


class Browser:
    """Chromium, with what it logs. `allowed` are patterns of log lines that the test at hand expects. Page.requests()
    needs the log of all that happens on the network, which slows the browser down."""

    def __init__(self, profile, keeps_requests=True):
        options = webdriver.ChromeOptions()
        options.binary_location = '/usr/bin/chromium'
        for flag in (*FLAGS, f'--window-size={WIDE[0]},{WIDE[1]}'):
            options.add_argument(flag)
        downloads = Path(profile) / 'downloads'
        downloads.mkdir(parents=True, exist_ok=True)
        options.add_experimental_option('prefs', {'download.default_directory': str(downloads)})
        self.logs = ('browser', 'performance') if keeps_requests else ('browser',)
        options.set_capability('goog:loggingPrefs', dict.fromkeys(self.logs, 'ALL'))
        self.downloads = downloads
        self.driver = webdriver.Chrome(service=Service('/usr/bin/chromedriver'), options=options)
        self.driver.set_script_timeout(PATIENCE * 2)
        self.driver.set_page_load_timeout(PATIENCE)
        self.begin()

    def begin(self):
        self.home = self.driver.current_window_handle       # an empty window, so that the others can be closed
        self.pages = []
        self.log, self.allowed, self.asked, self.cookies = [], [], [], []

    def quit(self):
        self.driver.quit()

    def page(self, origin):
        """A new window for the desk at `origin`."""
        self.driver.switch_to.window(self.home)
        self.driver.switch_to.new_window('window')
        page = self.make_page(origin)
        self.pages.append(page)
        return page

    def make_page(self, origin):
        return Page(self, origin)

    def read_log(self):
        """Take what was logged since the last time."""
        self.log += self.driver.get_log('browser')
        for entry in self.driver.get_log('performance') if 'performance' in self.logs else ():
            message = json.loads(entry['message'])['message']
            if message['method'] == 'Network.requestWillBeSent':
                request = message['params']['request']
                self.asked.append((request['method'], request['url']))
            elif message['method'] == 'Network.requestWillBeSentExtraInfo':
                headers = {name.lower(): value for name, value in message['params']['headers'].items()}
                self.cookies.append((headers.get('host', ''), headers.get('sec-fetch-site'), 'flicket-' in headers.get('cookie', '')))

    def errors(self):
        """Messages of errors and refusals that the test did not expect, one a line."""
        self.read_log()
        return [f'{e["source"]}: {e["message"]}' for e in self.log if e['level'] == 'SEVERE'
                and not any(pattern.search(e['message']) for pattern in self.allowed)]

    def end_test(self):
        """Close all windows, forget cookies and storage, and return the errors."""
        errors = self.errors()
        origins = {page.origin for page in self.pages}
        for handle in self.driver.window_handles:
            if handle != self.home:
                self.driver.switch_to.window(handle)
                self.close_window()
        self.driver.switch_to.window(self.home)
        self.forget_all(origins)
        self.pages, self.log, self.allowed, self.asked, self.cookies = [], [], [], [], []
        return errors

    def close_window(self):
        with contextlib.suppress(Exception):
            self.driver.execute_cdp_cmd('Page.setWebLifecycleState', {'state': 'active'})
        self.driver.close()

    def forget_all(self, origins):
        self.driver.execute_cdp_cmd('Network.clearBrowserCookies', {})
        for origin in origins:
            self.driver.execute_cdp_cmd('Storage.clearDataForOrigin', {'origin': origin, 'storageTypes': 'all'})
        for log in self.logs:
            self.driver.get_log(log)


class Page:
    """A window. Every method waits until what it needs is there; none sleeps for luck."""

    def __init__(self, browser, origin):
        self.browser, self.driver, self.origin = browser, browser.driver, origin
        self.handle = self.driver.current_window_handle
        self.size, self.scheme = WIDE, 'light'

    # -- going

    def here(self):
        """Make this window the one that is driven."""
        if self.driver.current_window_handle != self.handle:
            self.driver.switch_to.window(self.handle)
        return self

    def open(self, path='/'):
        """Load a path anew, and wait until it shows all it has."""
        self.here().driver.get(self.origin + path)
        return self.settle()

    def settle(self):
        self.wait(lambda: self.script(IS_QUIET), 'the page is complete')
        return self

    def reload(self):
        self.here().driver.refresh()
        return self.settle()

    def back(self):
        self.here().driver.back()
        return self

    def path(self):
        """Path, query and fragment of what is shown."""
        return self.here().driver.current_url.removeprefix(self.origin)

    def title(self):
        return self.here().driver.title

    def log_in_with(self, token):
        """Give the window a session: a token in the cookie, as the login does."""
        host, port = self.origin.rpartition('/')[2].split(':')
        self.here().driver.execute_cdp_cmd('Network.setCookie', {
            'name': f'flicket-{port}', 'value': token, 'domain': host, 'path': '/', 'httpOnly': True, 'sameSite': 'Strict'})

    def cdp(self, command, **parameters):
        return self.here().driver.execute_cdp_cmd(command, parameters)

    def cookies(self):
        return self.cdp('Network.getCookies', urls=[self.origin])['cookies']

    def log_out_by_force(self):
        """Take the session away, as when it ends."""
        self.here().driver.execute_cdp_cmd('Network.clearBrowserCookies', {})

    def allow(self, *patterns):
        """Expect these in the browser's log: `page.allow(r'session.* 401')`. All else fails the test."""
        self.browser.allowed += [re.compile(p) for p in patterns]

    def requests(self, matching=''):
        """(method, path) of the requests to the desk since the last call of forget_requests()."""
        self.here().browser.read_log()
        return [(method, url.removeprefix(self.origin)) for method, url in self.browser.asked
                if re.search(matching, url)]

    def forget_requests(self):
        self.here().browser.read_log()
        self.browser.asked, self.browser.cookies = [], []

    def sent_from_elsewhere(self):
        """For each request of another origin to the desk, since the last call of forget_requests(): whether it had the session."""
        self.here().browser.read_log()
        return [has for host, site, has in self.browser.cookies if self.origin.endswith('/' + host) and site in ('same-site', 'cross-site')]

    def ask_again(self):
        """Have the page ask the desk for news, as it does when somebody comes back to it."""
        self.script("document.dispatchEvent(new Event('visibilitychange'))")

    # -- waiting

    def wait(self, condition, what, within=PATIENCE):
        """Poll until `condition()` is true; returns its value. What the page replaces meanwhile is looked for anew."""
        deadline = time.monotonic() + within
        while True:
            value = None
            with contextlib.suppress(StaleElementReferenceException, NoSuchElementException):
                value = condition()
            if value:
                return value
            assert time.monotonic() < deadline, f'still not: {what}\n{self.picture()}'
            time.sleep(0.02)

    def picture(self):
        """What the page says, for a failed test."""
        with contextlib.suppress(Exception):
            return f'--- {self.path()}, focus {self.focus()}\n' + self.script('return document.body.innerText') + \
                '\n--- log\n' + '\n'.join(self.browser.errors())
        return '(the page does not answer)'

    def script(self, text, *arguments):
        """Run JavaScript in the page. Once more if the page was replaced while it ran."""
        try:
            return self.here().driver.execute_script(text, *arguments)
        except JavascriptException as e:
            if 'document' not in str(e) and 'context' not in str(e):
                raise
            return self.driver.execute_script(text, *arguments)

    # -- finding: roles and names are those that a screen reader gets

    def found(self, role, places, within=None):
        """Visible elements with their names; without a role, with their texts."""
        return self.script(FIND, role, places, within)

    def all(self, role, name=None, within=None):
        """The visible elements of a role, with a name (a text, or a compiled pattern)."""
        found = self.found(role, PLACES[role], within)
        return [element for element, its_name in found if fits(its_name, name)]

    def has(self, role, name=None, within=None):
        return bool(self.all(role, name, within))

    def find(self, role, name=None, within=None):
        """The one element of a role and name; waits for it."""
        found = self.wait(lambda: self.all(role, name, within), f'a {role} {name or ""}')
        assert len(found) == 1, f'{len(found)} of {role} {name}: {[e.get_attribute("outerHTML")[:200] for e in found]}'
        return found[0]

    def gone(self, role, name=None):
        self.wait(lambda: not self.has(role, name), f'no {role} {name or ""}')

    def field(self, label, within=None):
        """The control with a label: an input, a select or a textarea."""
        def look():
            return [e for e, _ in self.found(None, 'input, select, textarea', within) if fits(e.accessible_name, label)]
        return self.wait(look, f'a field {label}')[0]

    def css(self, selector, within=None):
        """Visible elements by a selector; for what has no role."""
        return [element for element, _ in self.found(None, selector, within)]

    def texts(self, selector, within=None):
        return [re.sub(r'\s+', ' ', text).strip() for _, text in self.found(None, selector, within)]

    def text(self):
        """All that is visible."""
        return self.script('return document.body.innerText')

    def see(self, text):
        """Wait until a text is visible: a string, or a compiled pattern."""
        def is_there():
            shown = self.text()
            return text.search(shown) if isinstance(text, re.Pattern) else text in shown
        self.wait(is_there, f'text {text}')
        return self

    def not_see(self, text):
        """Wait until a text is not visible any more."""
        self.wait(lambda: not re.search(text if isinstance(text, re.Pattern) else re.escape(text), self.text()),
                  f'without text {text}')
        return self

    def focus(self):
        """(role, name) of what has the focus; empty where nothing has."""
        return tuple(self.script(FOCUS))

    def wait_focus(self, role, name=None):
        self.wait(lambda: self.focus()[0] == role and fits(self.focus()[1], name), f'focus on {role} {name or ""}')

    # -- doing

    def click(self, role, name=None, within=None):
        self.find(role, name, within).click()
        return self

    def press(self, *keys):
        """Press keys one after the other, wherever the focus is: 'j', 'Enter', 'Control+k', 'Shift+Tab'."""
        self.here()
        chain = ActionChains(self.driver, duration=0)
        for key in keys:
            *held, last = key.split('+') if len(key) > 1 else [key]
            held = [getattr(Keys, k.upper()) for k in held]
            for k in held:
                chain.key_down(k)
            chain.send_keys(last if len(last) == 1 else NAMED[last])
            for k in reversed(held):
                chain.key_up(k)
        chain.perform()
        return self

    def type(self, text):
        """Type into what has the focus."""
        self.here()
        ActionChains(self.driver, duration=0).send_keys(text).perform()
        return self

    def fill(self, label, text, within=None):
        """Replace what a field has."""
        field = self.field(label, within)
        field.click()
        self.press('Control+a', 'Delete')
        if text:
            field.send_keys(text)
        return self

    def choose(self, label, option):
        """Choose from a select."""
        field = self.field(label)
        self.wait(lambda: [o for o in field.find_elements(By.TAG_NAME, 'option') if fits(o.text, option)],
                  f'option {option} of {label}')[0].click()
        return self

    def upload(self, *paths):
        """Put files into the file field of the page, which is not visible: a button stands for it."""
        self.here().driver.find_element(By.CSS_SELECTOR, 'input[type=file]').send_keys('\n'.join(map(str, paths)))
        return self

    def go_offline(self, is_offline=True):
        self.here().driver.execute_cdp_cmd('Network.enable', {})
        self.driver.execute_cdp_cmd('Network.emulateNetworkConditions', {
            'offline': is_offline, 'latency': 0, 'downloadThroughput': -1, 'uploadThroughput': -1})
        return self

    # -- looking

    def look(self, scheme='light', size=WIDE, reduced_motion=False):
        """As the user's system is set: light or dark, and the size of the screen; a phone has fingers."""
        self.here()
        self.scheme, self.size = scheme, size
        is_phone = size == PHONE
        self.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [
            {'name': 'prefers-color-scheme', 'value': scheme},
            {'name': 'prefers-reduced-motion', 'value': 'reduce' if reduced_motion else ''}]})
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
            'width': size[0], 'height': size[1], 'deviceScaleFactor': 2 if is_phone else 1, 'mobile': is_phone})
        self.driver.execute_cdp_cmd('Emulation.setTouchEmulationEnabled', {'enabled': is_phone})
        return self

    def shot(self, name):
        """Write what is shown to build/console-shots/NAME.png."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.here().driver.save_screenshot(str(SHOTS / f'{name}.png'))

    def violations(self):
        """What axe-core finds against WCAG 2.0 to 2.2, A and AA, in what is shown."""
        if not self.script('return typeof axe === "object"'):
            self.script(AXE.read_text())
        return self.here().driver.execute_async_script(RUN_AXE, list(RULES))

    def in_every_look(self, name):
        """Show the page light, dark and on a phone; take a picture of each and return all violations."""
        wrong = []
        for look, scheme, size in (('light', 'light', WIDE), ('dark', 'dark', WIDE), ('phone', 'light', PHONE)):
            self.look(scheme, size).settle()
            self.shot(f'{name}-{look}')
            wrong += [f'{name}, {look}: {v}' for v in self.violations()]
        self.look()
        return wrong


NAMED = {'Enter': Keys.ENTER, 'Escape': Keys.ESCAPE, 'Tab': Keys.TAB, 'Space': Keys.SPACE, 'Backspace': Keys.BACKSPACE,
         'Delete': Keys.DELETE, 'ArrowDown': Keys.ARROW_DOWN, 'ArrowUp': Keys.ARROW_UP, 'ArrowLeft': Keys.ARROW_LEFT,
         'ArrowRight': Keys.ARROW_RIGHT, 'Home': Keys.HOME, 'End': Keys.END}
