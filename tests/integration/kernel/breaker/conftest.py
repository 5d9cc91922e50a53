"""A shop that misbehaves on demand, with tenants of its own for each test."""

import itertools

import pytest

from tests.integration.kernel.breaker.misbehaving import STATEMENTS_MAX, broken, done, open_shop

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def shop(empty_database, tmp_path_factory):
    with open_shop(empty_database(), tmp_path_factory.mktemp("shop")) as house:
        yield house


@pytest.fixture(scope="module")
def open_shop_kernel(empty_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("open")
    limits = {"hook_ms": 5_000, "hook_statements_max": STATEMENTS_MAX}
    with open_shop(empty_database(), folder, when_suspended="fail_open", **limits) as house:
        yield house


@pytest.fixture
def new_tenant():
    done.clear()
    broken.clear()
    return lambda house: house.make_tenant(f"breaker{next(_numbers)}")
