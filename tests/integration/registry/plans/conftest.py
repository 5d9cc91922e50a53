import sys

import pytest

from tests.integration.registry.plans.versions import Field


@pytest.fixture(scope="module")
def ground(empty_database, tmp_path_factory):
    """A kernel of a module's own."""
    field = Field(empty_database(), tmp_path_factory.mktemp("field"))
    yield field
    field.kernel.close()
    for name in [name for name in sys.modules if name.startswith("bos_applets.")]:
        del sys.modules[name]


@pytest.fixture
def field(ground):
    """The same with a fresh tenant."""
    ground.new_tenant()
    return ground
