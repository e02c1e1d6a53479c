"""Firefox in the place of Chromium: `pytest --browser firefox tests/console/test_list.py`. Tests that need what
only Chromium has (its record of requests, windows that are frozen, …) are skipped.

Debian has no geckodriver, which translates selenium's commands to Marionette, the protocol of Firefox. Marionette has
the same commands under other names, so a table does.
"""
import contextlib
import json
import socket
import subprocess
import time
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.remote_connection import RemoteConnection

from browser import WIDE, Browser, Page

VISIBLE = """
const [places, within] = arguments;
const seen = e => e.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: false });
const shut = e => e.closest('[inert]') || (document.querySelector('dialog[open]:modal')
	&& !e.closest('dialog[open]') && !e.closest('[role=status]'));
return [...(within ?? document).querySelectorAll(places)].filter(e => seen(e) && !shut(e)).map(e => [e, e.innerText]);
"""
PROGRAM = Path('/usr/bin/firefox-esr')
START_SECONDS = 60.0
PREFERENCES = {
    'marionette.port': 0, 'browser.shell.checkDefaultBrowser': False, 'browser.startup.page': 0,
    'browser.startup.homepage_override.mstone': 'ignore', 'browser.aboutwelcome.enabled': False,
    'datareporting.policy.dataSubmissionEnabled': False, 'toolkit.telemetry.reportingpolicy.firstRun': False,
    'app.update.disabledForTesting': True, 'extensions.update.enabled': False, 'browser.safebrowsing.update.enabled': False,
    'network.captive-portal-service.enabled': False, 'network.connectivity-service.enabled': False,
    'services.settings.server': 'data:,', 'intl.accept_languages': 'en-US', 'dom.disable_open_during_load': False,
    'accessibility.tabfocus': 7, 'ui.prefersReducedMotion': 0, 'browser.download.folderList': 2,
    'browser.download.useDownloadDir': True, 'browser.download.alwaysOpenPanel': False,
}
# Commands of selenium, by Marionette's names.
NAMES = {
    Command.NEW_SESSION: 'NewSession', Command.GET: 'Navigate', Command.REFRESH: 'Refresh', Command.GO_BACK: 'Back',
    Command.GO_FORWARD: 'Forward', Command.GET_CURRENT_URL: 'GetCurrentURL', Command.GET_TITLE: 'GetTitle',
    Command.W3C_EXECUTE_SCRIPT: 'ExecuteScript', Command.W3C_EXECUTE_SCRIPT_ASYNC: 'ExecuteAsyncScript',
    Command.FIND_ELEMENT: 'FindElement', Command.FIND_ELEMENTS: 'FindElements', Command.FIND_CHILD_ELEMENT: 'FindElement',
    Command.FIND_CHILD_ELEMENTS: 'FindElements', Command.CLICK_ELEMENT: 'ElementClick', Command.CLEAR_ELEMENT: 'ElementClear',
    Command.SEND_KEYS_TO_ELEMENT: 'ElementSendKeys', Command.GET_ELEMENT_TEXT: 'GetElementText',
    Command.GET_ELEMENT_TAG_NAME: 'GetElementTagName', Command.GET_ELEMENT_RECT: 'GetElementRect',
    Command.GET_ELEMENT_PROPERTY: 'GetElementProperty', Command.GET_ELEMENT_ATTRIBUTE: 'GetElementAttribute',
    Command.IS_ELEMENT_ENABLED: 'IsElementEnabled', Command.IS_ELEMENT_SELECTED: 'IsElementSelected',
    Command.GET_ELEMENT_ARIA_ROLE: 'GetComputedRole', Command.GET_ELEMENT_ARIA_LABEL: 'GetComputedLabel',
    Command.W3C_ACTIONS: 'PerformActions', Command.W3C_CLEAR_ACTIONS: 'ReleaseActions',
    Command.W3C_GET_CURRENT_WINDOW_HANDLE: 'GetWindowHandle', Command.W3C_GET_WINDOW_HANDLES: 'GetWindowHandles',
    Command.SWITCH_TO_WINDOW: 'SwitchToWindow', Command.NEW_WINDOW: 'NewWindow', Command.CLOSE: 'CloseWindow',
    Command.SET_TIMEOUTS: 'SetTimeouts', Command.ADD_COOKIE: 'AddCookie', Command.GET_ALL_COOKIES: 'GetCookies',
    Command.DELETE_ALL_COOKIES: 'DeleteAllCookies', Command.SET_WINDOW_RECT: 'SetWindowRect',
    Command.W3C_ACCEPT_ALERT: 'AcceptAlert', Command.SCREENSHOT: 'TakeScreenshot',
}
# Run with the browser's own rights.
SAY = """
const entries = Services.console.getMessageArray().filter(m => m instanceof Ci.nsIScriptError && !(m.flags & 1)
	&& m.sourceName.startsWith('http') && /^(content |CSP|Content Security|.*javascript)/i.test(m.category));
Services.console.reset();
return entries.map(m => `${m.category}: ${m.errorMessage} (${m.sourceName}:${m.lineNumber})`);
"""
FORGET = """
return new Promise(done => Services.clearData.deleteData(Ci.nsIClearDataService.CLEAR_COOKIES
	| Ci.nsIClearDataService.CLEAR_DOM_STORAGES, { onDataDeleted: done }));
"""
# Windows cannot be as small as a phone.
SIZE = """
const [width, height] = arguments, { style } = gBrowser.selectedBrowser;
style.minWidth = style.maxWidth = `${width}px`;
style.minHeight = style.maxHeight = `${height}px`;
"""
LOOK = """
const context = gBrowser.selectedBrowser.browsingContext;
context.prefersColorSchemeOverride = arguments[0];
context.prefersReducedMotionOverride = arguments[1] ? 'reduce' : 'none';
"""


class Marionette(RemoteConnection):
    """What selenium sends its commands through."""

    def __init__(self, port):
        self.socket, self.count = socket.create_connection(('127.0.0.1', port)), 0
        self.file = self.socket.makefile('rb')
        self.read()

    def read(self):
        length = b''
        while (byte := self.file.read(1)) != b':':
            length += byte
        return json.loads(self.file.read(int(length)))

    def ask(self, name, parameters):
        self.count += 1
        text = json.dumps([0, self.count, name, parameters]).encode()
        self.socket.sendall(b'%d:%s' % (len(text), text))
        _, _, error, answer = self.read()
        return error, answer

    def execute(self, command, params):
        params = {k: v for k, v in (params or {}).items() if k != 'sessionId'}
        if command == Command.QUIT:
            self.ask('Marionette:Quit', {'flags': ['eForceQuit']})
            return {'value': None}
        if command == Command.NEW_SESSION:
            params = {'unhandledPromptBehavior': 'ignore'}
        if command in (Command.FIND_CHILD_ELEMENT, Command.FIND_CHILD_ELEMENTS):
            params['element'] = params.pop('id')
        if command == Command.SWITCH_TO_WINDOW:
            params['focus'] = True
        if command == Command.NEW_WINDOW:
            params['focus'] = True
        error, answer = self.ask('WebDriver:' + NAMES[command], params)
        if error:
            return {'status': 500, 'value': json.dumps({'value': error})}
        if command == Command.NEW_SESSION:
            return {'value': answer}
        if isinstance(answer, dict) and set(answer) == {'value'}:
            answer = answer['value']
        return {'value': answer}

    def close(self):
        self.socket.close()


class Driver(webdriver.Remote):
    def execute_cdp_cmd(self, command, _):
        pytest.skip(f'Firefox has no {command}')


def start(profile):
    """A process of Firefox, and selenium's driver of it."""
    profile.mkdir(parents=True, exist_ok=True)
    preferences = {**PREFERENCES, 'browser.download.dir': str(profile / 'downloads')}
    (profile / 'user.js').write_text(''.join(f'user_pref({json.dumps(k)}, {json.dumps(v)});\n' for k, v in preferences.items()))
    process = subprocess.Popen([PROGRAM, '--headless', '--marionette', '--remote-allow-system-access', '--no-remote',
                                '--profile', profile], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    port = profile / 'MarionetteActivePort'
    deadline = time.monotonic() + START_SECONDS
    while not (port.exists() and port.read_text().strip().isdigit()):
        assert process.poll() is None and time.monotonic() < deadline, 'Firefox does not start'
        time.sleep(0.05)
    return process, Driver(command_executor=Marionette(int(port.read_text())), options=webdriver.FirefoxOptions())


@contextlib.contextmanager
def inside(driver):
    """Scripts run with the browser's own rights."""
    driver.command_executor.ask('Marionette:SetContext', {'value': 'chrome'})
    try:
        yield
    finally:
        driver.command_executor.ask('Marionette:SetContext', {'value': 'content'})


def run_inside(driver, script, *arguments):
    with inside(driver):
        error, answer = driver.command_executor.ask('WebDriver:ExecuteScript', {'script': script, 'args': list(arguments)})
    assert error is None, error
    return answer['value']


def role_of(element):
    """The role. A field for passwords has none by the standard; Chromium calls it a textbox, and so do the tests."""
    return element.aria_role or ('textbox' if element.get_property('type') == 'password' else '')


class FirefoxBrowser(Browser):
    """Firefox, with the errors that it logs."""

    def __init__(self, profile):
        self.process, self.driver = start(Path(profile))
        self.downloads = Path(profile) / 'downloads'
        self.downloads.mkdir(parents=True, exist_ok=True)
        self.begin()

    def quit(self):
        self.driver.quit()
        self.process.wait(START_SECONDS)

    def make_page(self, origin):
        page = FirefoxPage(self, origin)
        page.resize(WIDE)
        return page

    def read_log(self):
        self.log += [{'level': 'SEVERE', 'source': 'firefox', 'message': m} for m in run_inside(self.driver, SAY)]

    def forget_all(self, origins):
        run_inside(self.driver, 'Services.io.offline = false')
        run_inside(self.driver, FORGET)

    def close_window(self):
        self.driver.close()


class FirefoxPage(Page):
    """A window of Firefox."""

    def log_in_with(self, token):
        self.here().driver.get(self.origin + '/console/licenses.txt')
        self.driver.add_cookie({'name': f'flicket-{self.origin.rpartition(":")[2]}', 'value': token, 'path': '/',
                                'httpOnly': True, 'sameSite': 'Strict'})

    def cookies(self):
        return [{**c, 'session': 'expiry' not in c} for c in self.here().driver.get_cookies()]

    def log_out_by_force(self):
        self.here().driver.delete_all_cookies()

    def requests(self, matching=''):
        pytest.skip('Firefox keeps no record of requests')

    def forget_requests(self):
        pass

    def go_offline(self, is_offline=True):
        run_inside(self.here().driver, 'Services.io.offline = arguments[0]', is_offline)
        return self

    def look(self, scheme='light', size=WIDE, reduced_motion=False):
        self.scheme, self.size = scheme, size
        run_inside(self.here().driver, LOOK, scheme, reduced_motion)
        self.resize(size)
        return self

    def resize(self, size):
        self.driver.set_window_size(WIDE[0] + 100, WIDE[1] + 200)
        run_inside(self.driver, SIZE, *size)

    def found(self, role, places, within=None):
        """Roles and names are asked for one by one."""
        there = self.script(VISIBLE, places, within)
        if role is None:
            return there
        return [(e, e.accessible_name) for e, _ in there if role_of(e) == role or (role == 'dialog' and e.get_property('open'))]

    def focus(self):
        e = self.here().driver.execute_script('return document.activeElement')
        return ('', '') if e is None or e.tag_name == 'body' else (role_of(e), e.accessible_name)
