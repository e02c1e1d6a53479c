"""Every page, light, dark and on a phone, and every dialog: nothing that axe-core finds against WCAG 2.0 to 2.2, A and
AA. Leaves pictures of them in build/console-shots/."""
import pytest

# name, role, path. Pages of the imported desk.
PAGES = [
    ('home', 'agent', '/'),
    ('login', None, '/'),
    ('person', 'agent', '/user/6'),
    ('departments', 'agent', '/departments/'),
    ('me', 'agent', '/me'),
    ('groups', 'admin', '/admin/groups'),
]


@pytest.mark.parametrize('name, role, path', PAGES, ids=[name for name, _, _ in PAGES])
def test_page(browse, reading, name, role, path):
    assert browse(reading, role, path).in_every_look(name) == []
