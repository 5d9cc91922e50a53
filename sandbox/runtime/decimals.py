"""Decimal arithmetic with settings that end with the block, and with the call."""

from __future__ import annotations

import decimal
from typing import Any

PRECISION_MAX = 200
_ROUNDINGS = frozenset({
    decimal.ROUND_05UP, decimal.ROUND_CEILING, decimal.ROUND_DOWN, decimal.ROUND_FLOOR, decimal.ROUND_HALF_DOWN,
    decimal.ROUND_HALF_EVEN, decimal.ROUND_HALF_UP, decimal.ROUND_UP,
})  # fmt: skip
_FRESH = decimal.Context()
# Whether settings were made since: asked at every call, and setting a context takes longer than most of them.
_touched: list[bool] = []


def reset_context() -> None:
    """Arithmetic as it is at the start of every call, whatever the one before has left."""
    if _touched:
        decimal.setcontext(_FRESH.copy())
        _touched.clear()


class DecimalSettings:
    """What `with localcontext() as settings` gives; the context itself has methods that change what others use."""

    __slots__ = ()

    @property
    def prec(self) -> int:
        """Digits, 1 to 200."""
        return decimal.getcontext().prec

    @prec.setter
    def prec(self, digits: int) -> None:
        if type(digits) is not int or not 1 <= digits <= PRECISION_MAX:
            raise ValueError(f"the precision is a number from 1 to {PRECISION_MAX}")
        decimal.getcontext().prec = digits

    @property
    def rounding(self) -> str:
        """One of the ROUND_ constants."""
        return decimal.getcontext().rounding

    @rounding.setter
    def rounding(self, rounding: str) -> None:
        if type(rounding) is not str or rounding not in _ROUNDINGS:
            raise ValueError("the rounding is one of the ROUND_ constants")
        decimal.getcontext().rounding = rounding


class LocalContext:
    """Settings for one block."""

    __slots__ = ("_inner", "_settings")

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._inner: Any = None

    def __enter__(self) -> DecimalSettings:
        _touched[:] = [True]
        self._inner = decimal.localcontext()
        self._inner.__enter__()
        settings = DecimalSettings()
        for name, value in self._settings.items():
            setattr(settings, name, value)
        return settings

    def __exit__(self, *error: object) -> None:
        self._inner.__exit__(None, None, None)


def localcontext(*, prec: int | None = None, rounding: str | None = None) -> LocalContext:
    """`decimal.localcontext`, for precision and rounding."""
    given = {"prec": prec, "rounding": rounding}
    return LocalContext({name: value for name, value in given.items() if value is not None})
