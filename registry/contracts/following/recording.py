"""Collects what is found while code is followed, each thing once."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from typing import Any

from registry.contracts.model import Unresolved, Use
from registry.contracts.sources import Passed
from sdk.schema.vocabulary import SYSTEM_FIELDS

UNKNOWN_TYPE = "of a document whose type is not known"


class Recorder:
    """Uses and places left open. `path` and `line` are where the machine is.

    passed: what parts of events and registers were seen to be made of, by event or register and by part.
    handed: places that take an object whole, by document type and path; they matter where there is anything below.
    """

    def __init__(self, applet: str) -> None:
        self.applet = applet
        self.path, self.line = "", 1
        self.uses: dict[tuple[str, ...], Use] = {}
        self.unresolved: dict[tuple[str, ...], Unresolved] = {}
        self.handed: dict[tuple[str, str, str], str] = {}
        self.emitted: dict[str, set[str]] = {}
        self.passed: dict[str, dict[str, Passed]] = {}
        self.filled: dict[str, set[str]] = {}
        # Types and paths the variable at hand may be of, where there are several.
        self.among: set[tuple[str, str]] = set()
        self.iterated: set[tuple[str, str]] = set()

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}"

    def use(
        self, kind: str, target: str, name: str = "", mode: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        key = (kind, target, name, mode, self.where, json.dumps(details, sort_keys=True, default=str))
        if key not in self.uses:
            self.uses[key] = Use(kind, target, name, mode, (self.where,), dict(details or {}))

    def leave_open(self, reason: str, target: str = "", name: str = "") -> None:
        key = (reason, target, name, self.where)
        self.unresolved.setdefault(key, Unresolved(reason, target, name, self.where))

    def field(self, type: str, path: str, mode: str) -> None:
        """A field read or written; custom and system fields of a document are nobody's promise."""
        if not type:
            root = path.partition(".")[0]
            if root not in SYSTEM_FIELDS:
                self.leave_open(f"uses the field {path} {UNKNOWN_TYPE}", "", path)
            return
        others = sorted(other for other, its_path in self.among if other != type)
        self.use("field", type, path, mode, {"among": others} if others else None)

    def hand_over(self, type: str, path: str, reason: str) -> None:
        """Something takes a whole document or a part of one, and may read anything of it."""
        if type and path:
            self.handed.setdefault((type, path, reason), self.where)
        elif not path:
            self.leave_open(reason, type)

    def act(self, type: str, verb: str) -> None:
        """What a capability is needed for, unless it is the applet's own."""
        if type and not type.endswith("*") and type.partition(".")[0] != self.applet:
            self.use("capability", type, "", verb)

    def emit(self, event: str, members: Iterable[str]) -> None:
        self.emitted.setdefault(event, set()).update(members)
        self.use("event", event, "", "emitted")

    def fills(self, target: str, names: Iterable[str]) -> None:
        """Parts of a register that movements have, or fields of a type that are set; `*`: others too."""
        self.filled.setdefault(target, set()).update(names)

    def pass_on(self, target: str, name: str) -> Passed:
        """What is known of a part of an event or register, to be added to."""
        return self.passed.setdefault(target, {}).setdefault(name, Passed())

    def at(self, path: str, node: ast.AST) -> None:
        self.path, self.line = path, int(getattr(node, "lineno", self.line))
