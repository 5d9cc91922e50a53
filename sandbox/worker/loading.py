"""The loader of shipped workers: sources through the language policy, then into the runtime's globals."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.policy import PolicyBroken
from sandbox.runtime import FoundHook, Program, Run, plain_value, prepare_program

_WARM = '''
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sdk import Context, Document, hooks
from sdk.errors import Conflict


class Refused(Conflict):
    """No {what}."""


@dataclass(frozen=True)
class Line:
    amount: Decimal


@hooks.before_save("a.b")
def total(ctx: Context, document: Document) -> None:
    lines = [Line(Decimal(text)) for text in ("1.50", "2")]
    document["total"] = sum((line.amount for line in lines), Decimal(0))
    datetime.strptime("2020-01-02", "%Y-%m-%d").strftime("%A")
    json.loads(json.dumps({"a": [1, f"{document['total']:>10}"]}))
    if re.search("a+", "caat") is None:
        raise Refused(what="match")
'''


class Programs:
    """A `sandbox.worker.serving.Loader`."""

    def __init__(self, seal: Callable[[], None], log: Callable[[str, str], None]) -> None:
        self._seal, self._log = seal, log
        self._program: Program
        self._run: Run
        self._keeps_state = False
        self._modules: dict[str, str] = {}

    def load(
        self, applet: str, modules: Mapping[str, str], files: Mapping[str, str], hooks_module: str, keeps_state: bool
    ) -> Sequence[FoundHook]:
        """Raises PolicyBroken, and what the modules raise."""
        self._program = prepare_program(modules, files, self._print)
        self._modules = {f"{name.replace('.', '/')}.py": name for name in modules}
        self._keeps_state = keeps_state
        self._seal()
        return self._program.describe(applet, hooks_module) if hooks_module in modules else ()

    def begin(self) -> None:
        self._run = self._program.start_call(self._keeps_state)

    def function(self, module: str, name: str) -> Callable[..., Any]:
        """Raises LookupError, ImportError, and what the module raises."""
        found: Callable[..., Any] = self._run.function(module, name)
        return found

    def plain(self, value: Any) -> Any:
        """Raises TypeError."""
        return plain_value(value)

    def module_of(self, file_name: str) -> str | None:
        return self._modules.get(file_name)

    def _print(self, line: str) -> None:
        self._log("info", line)


def warm() -> None:
    """Compile and run a program of many parts, so that a worker finds all of it ready."""
    # Without RE2 the language has no regular expressions, and everything else.
    for source in (_WARM, _WARM.replace("import re\n", "").replace('re.search("a+", "caat")', "document")):
        with contextlib.suppress(PolicyBroken):
            program = prepare_program({"hooks": source})
            program.describe("a", "hooks")
            program.start_call().function("hooks", "total")(None, {})
