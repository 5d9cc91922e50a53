"""`fake.documents.create(...)`: one call in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any


class Shorthand:
    """Looks like one part of `ctx`; every call opens a transaction of the operator and commits it."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Any]], part: str) -> None:
        self._begin = begin
        self._part = part

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            with self._begin() as ctx:
                return getattr(getattr(ctx, self._part), verb)(*arguments, **options)

        return call
