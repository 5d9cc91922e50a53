"""One installation for all tests of a file; its clock is moved by hand."""

import pytest

from tests.integration.kernel.oauth.browser import Browser
from tests.integration.kernel.oauth.site import PASSWORD, open_site, query_of


@pytest.fixture(scope="module")
def site(empty_database, tmp_path_factory):
    with open_site(empty_database(), tmp_path_factory.mktemp("site"), "acme") as opened:
        opened.add("admin", "kernel.admin")
        opened.add("ann", "shop.clerk")
        opened.add("bob", "shop.clerk")
        yield opened


@pytest.fixture
def browser(site):
    opened = Browser(site)
    yield opened
    opened.close()


@pytest.fixture
def visit(site, browser):
    """Log in and allow what a program asks for; the parameters it gets back."""

    def walk(program, name="ann", **parameters):
        page = browser.open(program.address(**parameters))
        page = browser.log_in(page, site.email(name), PASSWORD)
        return query_of(browser.allow(page).left_to)

    return walk
