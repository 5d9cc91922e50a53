"""A kernel with the applets that come with Bos, shared by all tests of files."""

import itertools

import pytest

from kernel.transfer.caller import Caller
from tests.integration.kernel.shipped import make_tenant, open_shipped

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def office_url(empty_database):
    return empty_database()


@pytest.fixture(scope="session")
def office(office_url):
    with open_shipped(office_url) as kernel:
        yield kernel


@pytest.fixture
def directory(office):
    """A caller in a tenant of its own with customers only."""
    return Caller(office, make_tenant(office, f"office{next(_numbers)}", "parties"))
