from pathlib import Path

import pytest

from sdk.testing import FakeKernel


@pytest.fixture
def kernel():
    return FakeKernel(Path(__file__).parents[1])
