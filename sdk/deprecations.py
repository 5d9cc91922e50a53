"""What the SDK will take away: since when that is known, with which version it goes, and what to write instead.

Nothing an applet can import is removed, renamed or given other arguments unless it stood here and its time has come;
a contract test holds that. Entries stay after the removal, as the record of it. Plans and `GET /applets/notices` name
the applets that use what is still there.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Deprecation:
    """symbol: dotted, `sdk.context.Documents.find_all`; of an argument with it at the end, `….find_all.fields`; of a
    hook `sdk.hookspecs.before_save` and `sdk.hookspecs.before_save.previous`. since, removed_in: versions of the SDK.
    """

    symbol: str
    since: str
    removed_in: str
    replacement: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


DEPRECATIONS: tuple[Deprecation, ...] = ()


class DeprecationUnknown(LookupError):
    """A warning was asked for that no entry of DEPRECATIONS stands behind: a mistake in the SDK itself."""


def find_deprecation(symbol: str) -> Deprecation:
    """Raises DeprecationUnknown."""
    for entry in DEPRECATIONS:
        if entry.symbol == symbol:
            return entry
    raise DeprecationUnknown(f"{symbol} is not among sdk.deprecations.DEPRECATIONS")


def warn_deprecated(symbol: str, *, stack_level: int = 2) -> None:
    """Tell whoever calls the function that calls this. Raises DeprecationUnknown."""
    entry = find_deprecation(symbol)
    message = f"{symbol} goes with SDK {entry.removed_in}: {entry.replacement}"
    warnings.warn(message, DeprecationWarning, stacklevel=stack_level + 1)


def deprecated(symbol: str) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Decorator of what goes: it works as before, and says so when it is called. Raises DeprecationUnknown at once."""
    find_deprecation(symbol)

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @functools.wraps(function)
        def warned(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            warn_deprecated(symbol)
            return function(*args, **kwargs)

        return warned

    return decorate
