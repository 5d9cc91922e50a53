"""The shelves: one kernel for all tests of a worker, a tenant of its own for each test."""

import pytest

from tests.integration.kernel.rooms.shelf import furnish, make_tenant, open_shelves


@pytest.fixture(scope="session")
def shelves(empty_database, tmp_path_factory):
    folder, url = tmp_path_factory.mktemp("applets"), empty_database()
    with open_shelves(url, folder, databases={"second": empty_database()}) as kernel:
        kernel.applets_folder, kernel.url = folder, url
        yield kernel


@pytest.fixture
def shelf(shelves):
    return furnish(shelves, make_tenant(shelves))
