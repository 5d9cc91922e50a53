"""What a hook may answer and change, checked: the process it comes from is not trusted."""

from __future__ import annotations

from collections.abc import Sequence
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


def apply_changes(found: HookFound, arguments: Sequence[Any], changes: Sequence[Change]) -> None:
    """Do to the real document what the hook has done to its own. Raises AppletFault, and nothing is changed then."""
    if found.hook not in CHANGING or not changes:
        return
    document = _document(found, arguments)
    own = [change for change in changes if _is_about(change, found, arguments, document)]
    for change in own:
        names = (*change.fields_set, *change.fields_removed)
        if not is_tree(dict(change.fields_set)) or not all(type(name) is str for name in names):
            raise AppletFault(f"{found.function} sets a field to a value that documents do not hold")
    for change in own:
        assert document is not None
        for name in change.fields_removed:
            document.fields.pop(name, None)
        for name, value in change.fields_set.items():
            document[name] = value


def _document(found: HookFound, arguments: Sequence[Any]) -> Document | None:
    # The first parameter is ctx, which is not among the arguments.
    named = dict(zip(found.parameters[1:], arguments, strict=False))
    document = named.get(_CHANGED)
    return document if isinstance(document, Document) else None


def _is_about(change: Change, found: HookFound, arguments: Sequence[Any], document: Document | None) -> bool:
    return document is not None and change.argument < len(arguments) and arguments[change.argument] is document
