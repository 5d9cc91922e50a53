"""A lazy module is imported with the first attribute asked for, and not before."""

from __future__ import annotations

import pytest

from kernel.lazy import LazyModule


def test_the_module_is_imported_when_it_is_first_used() -> None:
    module = LazyModule("antigravity_that_is_not_there")
    with pytest.raises(ModuleNotFoundError):
        _ = module.anything

    json = LazyModule("json")
    assert vars(json) == {"_name": "json"}
    assert json.loads("[1]") == [1]


def test_what_was_asked_for_once_is_not_looked_for_again() -> None:
    json = LazyModule("json")
    loads = json.loads

    assert vars(json)["loads"] is loads
    assert json.loads is loads
