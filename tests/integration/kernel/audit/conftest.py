"""A tenant with some history, for each test of the seals over it."""

import pytest

from tests.integration.kernel.audit.ledger import Log
from tests.integration.kernel.search.den import make_den, open_dens


@pytest.fixture(scope="session")
def dens(empty_database, tmp_path_factory):
    with open_dens(empty_database(), tmp_path_factory.mktemp("dens")) as kernel:
        yield kernel


@pytest.fixture
def log(dens):
    return Log(make_den(dens))
