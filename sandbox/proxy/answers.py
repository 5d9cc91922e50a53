"""What a hook may answer and change, checked: the process it comes from is not trusted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sandbox.broker.arguments import is_text, is_tree
from sandbox.host.outcome import Change, HookFound
from sandbox.proxy.raising import AppletFault
from sdk.document import Document

SENTENCES_MAX = 1_000
# Those that may change their `document`; to others it is a copy.
CHANGING = frozenset({"before_save", "perform_action"})
_CHANGED = "document"
_PLAIN = frozenset({bool, int, Decimal, date, datetime})


def is_asked(found: HookFound) -> bool:
    """Whether anybody looks at what the hook returns."""
    return found.hook.startswith("resolve_") or found.hook == "check_invariants"


def read_answer(found: HookFound, value: Any) -> Any:
    """The answer as its hook specification types it. Raises AppletFault."""
    if found.hook.startswith("resolve_"):
        if value is None or (type(value) is Decimal and value.is_finite()):
            return value
        if type(value) is int:
            return Decimal(value)
        raise AppletFault(f"{found.function} answers a Decimal or None, not a {type(value).__name__}")
    if found.hook == "check_invariants":
        return _sentences(found, value)
    return None


def _sentences(found: HookFound, value: Any) -> list[str]:
    if value is None:
        return []
    if type(value) is not list or len(value) > SENTENCES_MAX or not all(map(is_text, value)):
        raise AppletFault(f"{found.function} answers up to {SENTENCES_MAX} sentences, or None")
    return value


def document_place(found: HookFound) -> int:
    """Which of the arguments after ctx the hook may change, -1 if none."""
    names = found.parameters[1:]
    return names.index(_CHANGED) if found.hook in CHANGING and _CHANGED in names else -1


def apply_changes(found: HookFound, place: int, arguments: Sequence[Any], changes: Sequence[Change]) -> None:
    """Do to the real document what the hook has done to its own. Raises AppletFault, and nothing is changed then.

    place: what `document_place` says of the hook.
    """
    document = arguments[place] if 0 <= place < len(arguments) else None
    if not isinstance(document, Document):
        return
    own = [change for change in changes if change.argument == place]
    for change in own:
        if not _is_fit(change):
            raise AppletFault(f"{found.function} sets a field to a value that documents do not hold")
    for change in own:
        for name in change.fields_removed:
            document.fields.pop(name, None)
        for name, value in change.fields_set.items():
            document[name] = value


def _is_fit(change: Change) -> bool:
    # Names and scalars have been read as such from the wire, and decimals as finite.
    for name, value in change.fields_set.items():
        kind = type(value)
        if "\0" in name or not ("\0" not in value if kind is str else kind in _PLAIN or is_tree(value)):
            return False
    return True
