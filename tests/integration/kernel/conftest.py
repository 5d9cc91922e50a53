"""The yards, for tests that need an applet with a little of everything."""

import pytest

from tests.integration.kernel.yard import make_yard, open_yards


@pytest.fixture(scope="session")
def yards(empty_database, tmp_path_factory):
    with open_yards(empty_database(), tmp_path_factory.mktemp("applets")) as kernel:
        yield kernel


@pytest.fixture
def yard(yards):
    return make_yard(yards)
