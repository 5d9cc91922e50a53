"""A shop that misbehaves on demand, with tenants of its own for each test."""

import itertools

import pytest

from tests.integration.kernel.breaker.misbehaving import done, open_shop

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def shop(empty_database, tmp_path_factory):
    with open_shop(empty_database(), tmp_path_factory.mktemp("shop")) as house:
        yield house


@pytest.fixture(scope="module")
def open_shop_kernel(empty_database, tmp_path_factory):
    with open_shop(empty_database(), tmp_path_factory.mktemp("open"), when_suspended="fail_open") as house:
        yield house


@pytest.fixture
def new_tenant():
    done.clear()
    return lambda house: house.make_tenant(f"breaker{next(_numbers)}")
