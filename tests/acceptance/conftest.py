"""Every story has an installation of its own."""

from collections.abc import Callable

import pytest

from tests.acceptance.installation import Installation


@pytest.fixture(scope="module")
def installation(empty_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(empty_database(), tmp_path_factory.mktemp("installation"))
