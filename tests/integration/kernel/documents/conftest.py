"""Depots: tenants whose documents are of several versions of their types."""

import pytest

from tests.integration.kernel.documents.depot import open_depots


@pytest.fixture(scope="package")
def depots(empty_database, tmp_path_factory):
    with open_depots(empty_database(), tmp_path_factory.mktemp("applets")) as make:
        yield make


@pytest.fixture
def depot(depots):
    return depots()
