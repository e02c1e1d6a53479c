"""The explorer of the API at /docs: «Execute» sends a request that works, with nothing typed in."""
import pytest
from selenium.webdriver.common.by import By

from desk import ADMIN_PASSWORD
from wire import expect

# [parameter, whether it is required, value] of every control of an operation.
CONTROLS = """
return [...arguments[0].querySelectorAll('tr[data-param-name]')].flatMap(row =>
	[...row.querySelectorAll('input:not([type=checkbox]), select, textarea')].map(e =>
		[row.dataset.paramName, row.querySelector('.parameter__name.required') !== null, e.value]));
"""
# Status and body of the answer, null before it is there.
ANSWER = """
const row = arguments[0].querySelector('.live-responses-table tbody tr');
const status = parseInt(row?.querySelector('.response-col_status').innerText);
return status ? [status, row.querySelector('.response-col_description').innerText] : null;
"""


class Explorer:
    def __init__(self, page):
        self.page, self.driver = page, page.driver
        page.wait(lambda: self.all('.opblock'), 'the operations are shown')

    def all(self, selector, within=None):
        return (within or self.driver).find_elements(By.CSS_SELECTOR, selector)

    def click(self, element):
        self.driver.execute_script('arguments[0].scrollIntoView({block: "center"}); arguments[0].click()', element)

    def authorize(self, scheme, **values):
        self.click(self.all('.btn.authorize')[0])
        forms = self.page.wait(lambda: self.all('.auth-container'), 'the dialog is open')
        form = next(f for f in forms if f.find_element(By.TAG_NAME, 'code').text == scheme)
        for name, value in values.items():
            form.find_element(By.CSS_SELECTOR, f'input[name="{name}"], input[aria-label="auth-bearer-value"]').send_keys(value)
        self.click(form.find_element(By.CSS_SELECTOR, 'button[type=submit]'))
        self.page.wait(lambda: 'Logout' in self.driver.find_element(By.CSS_SELECTOR, '.dialog-ux').text, 'it is taken')
        self.click(self.all('.dialog-ux .btn-done')[0])
        self.page.wait(lambda: not self.all('.dialog-ux'), 'the dialog is closed')

    def execute(self, operation, **choices):
        """Press «Execute» of an operation, with nothing but these options chosen; returns status and body. Only what is
        required is filled in."""
        block = next(b for b in self.all('.opblock') if b.get_attribute('id').endswith(f'-{operation}'))
        self.click(self.all('.opblock-summary-control', block)[0])
        self.click(self.page.wait(lambda: self.all('.try-out__btn', block), 'it can be tried')[0])
        self.page.wait(lambda: self.all('.execute', block), 'it can be executed')
        for name, required, value in self.driver.execute_script(CONTROLS, block):
            assert bool(value) == required, f'{operation}: {name}: {value!r}'
        for name, value in choices.items():
            for option in self.all(f'tr[data-param-name="{name}"] option', block):
                if option.text == value:
                    option.click()
        self.click(self.all('.execute', block)[0])
        answer = self.page.wait(lambda: self.driver.execute_script(ANSWER, block), 'an answer')
        self.click(self.all('.opblock-summary-control', block)[0])
        return answer


@pytest.fixture
def explorer(browse, new):
    return Explorer(browse(new, None, '/docs'))


def test_execute_works_with_what_is_filled_in(explorer, new):
    explorer.authorize('token', value=new.admin().token)
    for operation, status in [('department_create', 201), ('category_create', 201), ('user_create', 201),
                              ('ticket_create', 201), ('post_create', 201), ('ticket_edit', 200), ('ticket_claim', 200),
                              ('ticket_list', 200), ('user_get_me', 200), ('ticket_export', 200), ('member_add', 201),
                              ('ticket_close', 200), ('ticket_delete', 204)]:
        assert explorer.execute(operation)[0] == status, operation


def test_a_choice_is_sent_as_the_api_takes_it(explorer, new):
    admin = new.admin()
    explorer.authorize('token', value=admin.token)
    expect(admin.post('tickets/', {'title': 'a title', 'content': 'a content', 'category_id': 1,
                                   'ticket_priority_id': 1}), 201)
    status, text = explorer.execute('ticket_list', fields='title', sort='title_desc', include='users')
    assert status == 200 and '"title": "a title"' in text and '"category_id"' not in text and '"included"' in text


def test_the_login_makes_a_token_that_may_write(explorer, new):
    explorer.authorize('password', username='admin', password=ADMIN_PASSWORD)
    status, text = explorer.execute('token_create')
    assert status == 200 and '"scope": "write"' in text
