from pathlib import Path

import pytest

from sdk.testing import FakeKernel


@pytest.fixture
def kernel():
    return FakeKernel(Path(__file__).parents[1])


@pytest.fixture
def mug(kernel):
    return kernel.documents.create("catalog.product", {"code": "MUG", "name": "Mug", "sales_price": "12.5"})
