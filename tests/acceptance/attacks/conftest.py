"""One world for all files of a worker. Whatever a file tries, the tenant under attack is afterwards as it was."""

from __future__ import annotations

import pytest

from tests.acceptance.attacks.world import open_world


@pytest.fixture(scope="session")
def world(empty_database, tmp_path_factory):
    with open_world(empty_database(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


@pytest.fixture(scope="module")
def attacker(world):
    """The administrator of the other tenant."""
    return world.caller(world.south, "admin")
