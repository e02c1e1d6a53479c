"""The console's files: which paths are pages, what is sent with them, how large they are, how they are built."""
import gzip
import hashlib
import re
import shutil
import subprocess

import pytest

from desk import REPO
from wire import Client, expect

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
IMMUTABLE = 'public, max-age=31536000, immutable'
PACKAGES = ('preact', '@preact/signals', '@preact/signals-core', 'marked')
FIRST_LOAD = 60_000     # bytes, compressed, until the first list is shown
WHOLE = 120_000         # and of all files
PAGES = ('/', '/login', '/tickets/', '/tickets', '/ticket/1', '/ticket/999999999999999999999', '/new', '/users/', '/users',
         '/user/1', '/departments/', '/me', '/admin/users', '/admin/groups', '/admin/settings')
OF_FLICKET = ('/ticket_view/7/', '/ticket_view/7/2/', '/ticket_view/7', '/ticket_create/', '/my_tickets/', '/my_tickets/2/',
              '/subscribed/', '/tickets/2/', '/user/7/', '/user_details', '/user_details/', '/flicket_admin/users/',
              '/flicket_admin/config/', '/categories/1/', '/logout', '/edit_ticket/7/', '/ticket_assign/7/', '/departments/2/',
              '/ticket_department_category/7/', '/admin', '/admin/')
NO_PAGES = ('//', '/ticket/', '/ticket/x', '/ticket/1/2', '/ticket/-1', '/Tickets/', '/tickets/x', '/tickets//', '/new/1',
            '/meadow', '/console', '/console/', '/console/index.html', '/console/main.js', '/console/x/../licenses.txt',
            '/console/licenses.tx', '/console/licenses.txt/', '/index.html', '/main.tsx', '/favicon.ico', '/ticket_viewx/7/',
            '/%6Eew', '/console/..', '/admin/x', '/edit_ticket/x/')


@pytest.fixture(scope='module')
def browser(reading):
    with Client(reading.port) as c:
        yield c


def shell(c, path='/', **more):
    return c.get(path, token=False, **more)


def named(text):
    """The files that a page names."""
    return re.findall(r'(?:src|href)="([^"]*/console/[^"]+)"', text)


def imports(script, dynamic):
    """What a bundled script imports, at once or when it is needed."""
    pattern = r'import\("(\./[^"]+)"\)' if dynamic else r'(?:from|import)"(\./[^"]+)"'
    return ['/console/' + name.removeprefix('./') for name in re.findall(pattern, script)]


@pytest.fixture(scope='module')
def files(browser):
    """{path: (its answer, whether it is part of the first load)}"""
    found = {}

    def visit(path, is_first):
        if path in found and (found[path][1] or not is_first):
            return
        answer = browser.get(path, token=False)
        assert answer.status == 200, path
        found[path] = (answer, is_first)
        if path.endswith('.js'):
            for dynamic in (False, True):
                for name in imports(answer.body.decode(), dynamic):
                    visit(name, is_first and not dynamic)

    for path in named(shell(browser).body.decode()):
        visit(path, True)
    assert len([p for p in found if p.endswith('.js')]) > 3, 'script/vendor has not fetched the packages before the build'
    visit('/console/licenses.txt', False)
    return found


# --- pages ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('path', PAGES + OF_FLICKET)
def test_each_page_is_the_shell(browser, path):
    first = shell(browser)
    for target in (path, path + '?status=open&q=%2F..', path + '?'):
        answer = shell(browser, target)
        assert answer.status == 200 and answer.header('Content-Type') == 'text/html; charset=utf-8'
        assert answer.body == first.body and answer.header('ETag') == first.header('ETag')


def test_every_page_of_the_table_is_tried():
    forms = re.findall(r'^PAGE\("([^"]+)"\)', (REPO / 'gateway' / 'reply' / 'console.tbl').read_text(), re.M)
    patterns = [re.escape(f.rstrip('/')).replace(':id', r'\d+').replace(r'/\*', '(/.*)?') + '/?' for f in forms]
    assert len(forms) > 15
    assert [f for f, p in zip(forms, patterns) if not any(re.fullmatch(p, path) for path in PAGES + OF_FLICKET)] == []


@pytest.mark.parametrize('path', NO_PAGES)
def test_another_path_is_a_404_in_json(browser, path):
    answer = shell(browser, path)
    assert answer.status == 404 and answer.header('Content-Security-Policy') is None
    expect(answer, 404)


def test_the_headers_of_the_shell(browser):
    answer = shell(browser)
    assert answer.header('Content-Security-Policy') == POLICY
    assert answer.header('Referrer-Policy') == 'no-referrer'
    assert answer.header('Cross-Origin-Opener-Policy') == 'same-origin'
    assert answer.header('X-Content-Type-Options') == 'nosniff'
    assert answer.header('Cache-Control') == 'no-cache' and answer.header('Set-Cookie') is None
    again = shell(browser, '/tickets/', headers={'If-None-Match': answer.header('ETag')})
    assert again.status == 304 and again.body == b'' and again.header('ETag') == answer.header('ETag')
    assert again.header('Content-Security-Policy') == POLICY and again.header('Cache-Control') == 'no-cache'


def test_the_shell_has_nothing_inline(browser):
    text = shell(browser).body.decode()
    assert '@' not in text and '<style' not in text
    assert re.findall(r'<script[^>]*>', text) == re.findall(r'<script type="module" src="/console/[\w.-]+">', text)
    assert not re.search(r'<script[^>]*>[^<]', text) and not re.search(r'\s(?:style|on\w+)=', text)
    assert '<meta name="color-scheme" content="light dark">' in text and '<noscript>' in text


def test_other_methods(browser, files):
    for path in ('/', '/ticket/1', *files):
        body = browser.request('HEAD', path, token=False)
        got = browser.get(path, token=False)
        assert body.body == b'' and body.status == 200
        assert [h for h in body.headers if h[0] not in ('Date', 'X-Request-ID')] == \
            [h for h in got.headers if h[0] not in ('Date', 'X-Request-ID')]
    for path in ('/', '/tickets/', next(iter(files))):
        for method in ('POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'BREW'):
            answer = browser.request(method, path, token=False)
            assert expect(answer, 405) and answer.header('Allow') == 'GET, HEAD'


def test_a_token_makes_no_difference(browser):
    want = shell(browser)
    for token in ('nothing', False):
        assert browser.get('/', token=token).body == want.body
    assert browser.get('/', token=False, headers={'Cookie': 'flicket-80=nothing'}).header('Set-Cookie') is None


@pytest.mark.parametrize('base_url, root', [
    ('https://desk.example', ''), ('https://desk.example/below', '/below'), ('http://desk.example:8080/a/b', '/a/b')])
def test_links_have_the_path_of_the_base_url(desks, base_url, root):
    desk = desks('new', FLICKET_BASE_URL=base_url)
    with Client(desk.port) as c:
        for path in ('/', '/ticket/7'):
            text = shell(c, path).body.decode()
            links = re.findall(r'(?:src|href)="([^"]+)"', text)
            assert len(links) >= 4 and all(link.startswith(root + '/') for link in links), links
            for link in links:      # the proxy takes the path away
                assert c.get(link.removeprefix(root), token=False).status == 200, link


# --- files ----------------------------------------------------------------------------------------------------------

def test_files_are_kept_for_ever_and_have_tags(browser, files):
    types = {'js': 'text/javascript; charset=utf-8', 'css': 'text/css; charset=utf-8', 'svg': 'image/svg+xml',
             'txt': 'text/plain; charset=utf-8'}
    for path, (answer, _) in files.items():
        assert answer.header('Content-Type') == types[path.rpartition('.')[2]], path
        assert answer.header('X-Content-Type-Options') == 'nosniff'
        # what has no hash in its name is asked for again
        hashed = re.search(r'-[A-Za-z0-9]{8}\.\w+$', path)
        assert (answer.header('Cache-Control') == IMMUTABLE) == bool(hashed), path
        assert hashed or (path == '/console/licenses.txt' and answer.header('Cache-Control') == 'no-cache')
        for tag in (answer.header('ETag'), f'"other", W/{answer.header("ETag")}', '*'):
            again = browser.get(path, token=False, headers={'If-None-Match': tag})
            assert again.status == 304 and again.header('ETag') == answer.header('ETag') and again.body == b''
            assert again.header('Cache-Control') == answer.header('Cache-Control')
        assert browser.get(path, token=False, headers={'If-None-Match': '"other"'}).status == 200
    assert len({answer.header('ETag') for answer, _ in files.values()}) == len(files)


def test_files_are_compressed_for_who_accepts_it(browser, files):
    for path, (answer, _) in {**files, '/': (shell(browser), True)}.items():
        got = browser.get(path, token=False, headers={'Accept-Encoding': 'gzip, deflate, br, zstd'})
        assert got.varies() == answer.varies() == {'Accept-Encoding'}, path
        if got.header('Content-Encoding') is None:
            assert len(answer.body) < 1024, path
            continue
        assert got.header('Content-Encoding') == 'gzip' and gzip.decompress(got.body) == answer.body
        tag = got.header('ETag')
        assert tag == answer.header('ETag')[:-1] + '.gzip"'
        again = browser.get(path, token=False, headers={'Accept-Encoding': 'gzip', 'If-None-Match': tag})
        assert again.status == 304 and again.header('ETag') == tag
        only = browser.get(path, token=False, headers={'Accept-Encoding': 'gzip;q=0'})
        assert only.header('Content-Encoding') is None and only.body == answer.body


def test_without_compression_they_come_as_they_are(desks, files):
    desk = desks('new', FLICKET_COMPRESSION='off')
    with Client(desk.port) as c:
        for path, (answer, _) in files.items():
            got = c.get(path, token=False, headers={'Accept-Encoding': 'gzip'})
            assert got.body == answer.body and got.header('Content-Encoding') is None and got.header('Vary') is None


def size(answer):
    return len(gzip.compress(answer.body, 9))


def test_they_are_small(browser, files):
    page = size(shell(browser))
    first = page + sum(size(a) for path, (a, is_first) in files.items() if is_first)
    whole = page + sum(size(a) for path, (a, _) in files.items() if not path.endswith('.txt'))
    print(f'first load {first} B, all {whole} B, compressed')
    assert first <= FIRST_LOAD and whole <= WHOLE


def test_the_licences_of_all_packages_are_there(files):
    text = files['/console/licenses.txt'][0].body.decode()
    found = re.findall(r'^(@?[\w/-]+)\n\n', text, re.M)
    assert set(PACKAGES) == set(found)
    assert text.count('Permission is hereby granted, free of charge') == len(PACKAGES)


# --- the build --------------------------------------------------------------------------------------------------------

def bundle(folder, esbuild, console, packages=REPO / 'vendor' / 'console'):
    subprocess.run([REPO / 'cmake' / 'console.sh', esbuild, console, packages, folder], check=True, capture_output=True)
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in folder.rglob('*') if p.is_file() and p.name != 'files.s'}, (folder / 'files.s').read_text()


def test_the_same_sources_make_the_same_bytes(tmp_path, files):
    esbuild = shutil.which('esbuild')
    assert esbuild, 'script/bootstrap installs it'
    (one, list_of_one), (two, list_of_two) = (bundle(tmp_path / name, esbuild, REPO / 'console') for name in ('one', 'two'))
    assert one == two and list_of_one.replace('/one/', '/two/') == list_of_two
    # and the gateway under test has them, each of which some other needs
    assert {'/' + name.replace('files/', 'console/') for name in one if name.startswith('files/')} == set(files)


def test_a_second_build_in_the_same_folder_leaves_nothing_of_the_first(tmp_path):
    esbuild = shutil.which('esbuild')
    first, _ = bundle(tmp_path / 'it', esbuild, REPO / 'console')
    missing, _ = bundle(tmp_path / 'it', esbuild, REPO / 'gateway' / 'console_missing')
    assert len([n for n in missing if n.startswith('files/')]) == 1 and 'licenses.txt' not in str(missing)
    again, _ = bundle(tmp_path / 'it', esbuild, REPO / 'console')
    assert {n: h for n, h in again.items() if n.startswith('files/')} == {n: h for n, h in first.items() if n.startswith('files/')}


def test_without_what_bundles_it_the_page_says_what_is_missing(tmp_path):
    found, _ = bundle(tmp_path / 'it', 'ESBUILD-NOTFOUND', REPO / 'gateway' / 'console_missing', tmp_path / 'nothing')
    text = (tmp_path / 'it' / 'index.html').read_text()
    assert 'esbuild' in text and 'script/vendor' in text and '<script' not in text and '<style' not in text
    assert [n for n in found if n.startswith('files/')] == ['files/' + re.search(r'console/(icon-\w+\.svg)', text).group(1)]
    assert (tmp_path / 'it' / 'files.c').read_text().count('{ "') == 2


@pytest.mark.parametrize('arguments, missing', [
    (['-DCMAKE_MAKE_PROGRAM=/usr/bin/make', '-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF',
      '-DCMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF'], 'esbuild is missing'), ([], 'script/vendor has not fetched')])
def test_the_build_goes_on_without_them(tmp_path, arguments, missing):
    """cmake/Console.cmake alone, in a tree that lacks one of them."""
    tree = tmp_path / 'tree'
    for folder in ('cmake', 'console', 'gateway/console_missing'):
        shutil.copytree(REPO / folder, tree / folder)
    if 'esbuild' in missing:
        shutil.copytree(REPO / 'vendor' / 'console', tree / 'vendor' / 'console')
    (tree / 'CMakeLists.txt').write_text('cmake_minimum_required(VERSION 3.25)\nproject(alone NONE)\ninclude(cmake/Console.cmake)\n'
                                         'add_custom_target(it ALL DEPENDS ${console_files})\n')
    done = subprocess.run(['cmake', '-S', tree, '-B', tmp_path / 'build', *arguments], capture_output=True, text=True, check=True)
    assert missing in done.stdout
    subprocess.run(['cmake', '--build', tmp_path / 'build'], capture_output=True, check=True)
    assert 'not part of this build' in (tmp_path / 'build' / 'console' / 'index.html').read_text()
