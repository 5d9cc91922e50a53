"""A kernel of this folder's own, since its tests migrate all tenants there are."""

import pytest

from kernel.tenancy.service import TenantService
from tests.integration.kernel.rooms.shelf import furnish, make_tenant, open_shelves


@pytest.fixture(scope="module")
def shelves(empty_database, tmp_path_factory):
    folder, url = tmp_path_factory.mktemp("applets"), empty_database()
    with open_shelves(url, folder, databases={"second": empty_database()}, data_dir=folder / "data") as kernel:
        kernel.applets_folder, kernel.url = folder, url
        yield kernel


@pytest.fixture(scope="module")
def tenants(shelves):
    return TenantService(shelves.database, shelves.directory, shelves.installation)


@pytest.fixture
def shelf(shelves):
    return furnish(shelves, make_tenant(shelves))
