"""What an applet raised in its process, raised here: as callers would have met it from an applet in this one."""

from __future__ import annotations

import re
from functools import lru_cache
from inspect import isclass
from typing import Any, NoReturn

from sandbox.host.outcome import AppletFailure
from sdk import document_errors, errors
from sdk.errors import KINDS, BosError, StaleVersion, TooLarge, VersionRequired

LEAVES_MAX = 1_024
_CODE = re.compile(r"[a-z][a-z0-9_]{0,99}")
_KINDS = {kind.__name__: kind for kind in (*KINDS, StaleVersion, VersionRequired, TooLarge)}
# Those an applet imports from the SDK and raises, or lets pass: whoever catches them catches their class.
_KNOWN: dict[str, type[BosError]] = {
    found.code: found
    for module in (errors, document_errors)
    for found in vars(module).values()
    if isclass(found) and issubclass(found, BosError) and found not in (BosError, *KINDS)
}
# What errors take beside their details.
_TAKEN = frozenset({"self", "message", "violations", "count"})


class AppletFault(Exception):
    """An error nobody meant, of an applet in its own process; the text names its class and where it was."""


def raise_failure(failure: AppletFailure) -> NoReturn:
    """A refusal as a leaf of its kind with the applet's own code and message, anything else as AppletFault."""
    kind = _KINDS.get(failure.kind)
    if kind is None or not failure.code:
        raise_fault(failure)
    if not _CODE.fullmatch(failure.code):
        raise AppletFault(f"{failure.kind} with the code {failure.code[:50]!r}, which is no snake_case name")
    details = {name: value for name, value in failure.details.items() if name.isidentifier() and name not in _TAKEN}
    raise leaf_of(kind, failure.code)(failure.message, violations=failure.violations, **details)


def raise_fault(failure: AppletFailure) -> NoReturn:
    where = f" at {failure.place}" if failure.place else ""
    raise AppletFault(f"{failure.kind}: {failure.message}{where}")


@lru_cache(maxsize=LEAVES_MAX)
def leaf_of(kind: type[BosError], code: str) -> type[BosError]:
    """The class of errors of this kind and code: that of the SDK where there is one, else one made for it."""
    known = _KNOWN.get(code)
    if known is not None and issubclass(known, kind):
        return known
    name = "".join(part.capitalize() for part in code.split("_"))
    members: dict[str, Any] = {"__doc__": kind.__doc__, "__module__": "bos_sandboxed"}
    made: type[BosError] = type(name, (kind,), members)
    # The way back from a name to a code is not always the same: Http2Gone.
    made.code = code
    return made
