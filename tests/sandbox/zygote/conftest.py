import pytest

from tests.sandbox.worker.client import RAW, zygote_or_skip


@pytest.fixture(scope="module")
def zygote():
    made = zygote_or_skip(loader=RAW)
    yield made
    made.close()
