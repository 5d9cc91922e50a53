"""An applet, `den`, with a little of everything that is searched; its tenants, and users who see only some of it."""

import pytest

from tests.integration.kernel.search.den import make_den, open_dens


@pytest.fixture(scope="session")
def dens(empty_database, tmp_path_factory):
    with open_dens(empty_database(), tmp_path_factory.mktemp("dens")) as kernel:
        yield kernel


@pytest.fixture
def den(dens):
    return make_den(dens)
