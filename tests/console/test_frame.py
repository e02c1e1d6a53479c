"""What is around the pages: the lists at the side, routes, titles, focus, the network."""
from desk import ADMIN_PASSWORD


def test_a_page_without_tls_on_a_network(browse, new):
    """Browsers give such a page less: no randomUUID(), no Sec-Fetch-Site."""
    page = browse(new)
    page.allow('Cross-Origin-Opener-Policy header has been ignored')
    page.origin = f'http://desk.lan:{new.port}'
    page.open('/')
    assert page.script('return isSecureContext') is False
    page.fill('Username or e-mail', 'admin').fill('Password', ADMIN_PASSWORD).press('Enter')
    page.find('heading', 'Hello, admin')
