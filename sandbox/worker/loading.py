"""The loader of shipped workers: sources through the language policy, then into the runtime's globals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.runtime import FoundHook, Program, Run, plain_value, prepare_program
from sandbox.worker.rehearsal import rehearse

_REHEARSED = '''
from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from sdk import Context, Document, decimal_text, hooks, round_half_up
from sdk.errors import Conflict, NotFound, Violation

RATES = {"a": Decimal("0.19"), "b": Decimal("0.07")}


class Refused(Conflict):
    """No {what}."""


class Kind(Enum):
    ONE = "one"
    TWO = "two"


@dataclass(frozen=True)
class Line:
    amount: Decimal
    text: str = ""

    def doubled(self) -> Line:
        return replace(self, amount=self.amount * 2)


@hooks.before_save("a.b")
def total(ctx: Context, document: Document, previous: Document | None) -> None:
    lines = [Line(row["amount"], row.get("text", "")).doubled() for row in document["rows"]]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for number, line in enumerate(lines):
        sums[line.text] += line.amount
        document["rows"][number]["amount"] = line.amount
    document["total"] = round_half_up(sum((line.amount for line in lines), Decimal(0)), 2)
    document["note"] = f"{decimal_text(document['total'], 2):>10} {ctx.today + timedelta(days=1)} {ctx.settings}"
    ctx.log.info("%s of %s", document["total"], len(lines))
    print(json.dumps(json.loads('{"a": [1, null]}')), datetime.strptime("2020-01-02", "%Y-%m-%d").strftime("%A"))
    try:
        ctx.documents.find("a.b", code=Kind.ONE.value)
        ctx.elevated.documents.get_many({"a.b": [document.id]})
        ctx.resolve("price", product_id="p", quantity=Decimal(1), on=ctx.today, currency="EUR")
    except NotFound as error:
        raise Refused(what=error.code, violations=[Violation("/a", "b", "c")]) from error
    match document.state:
        case None:
            pass
        case other if other in RATES:
            raise Refused(what="state")
    if not re.search("a+", "caat"):
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
    """Load and call a program of many parts, so that a worker finds all of it ready."""
    # Where there is no RE2 the language has no regular expressions; the rest of it is as ready.
    rehearse(Programs, _REHEARSED)
    rehearse(Programs, _REHEARSED.replace("import re\n", "").replace('re.search("a+", "caat")', "ctx"))
