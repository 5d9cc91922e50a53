import pytest

from tests.sandbox.worker.client import RAW, Client, zygote_or_skip


@pytest.fixture(scope="module")
def raw_zygote():
    """Its workers run plain Python: no language policy."""
    with_raw_programs = zygote_or_skip(loader=RAW)
    yield with_raw_programs
    with_raw_programs.close()


@pytest.fixture
def raw(raw_zygote):
    with Client(raw_zygote) as client:
        yield client
