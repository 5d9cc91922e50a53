"""An applet's program: checked once, described once, run with fresh globals for every call that could leave something.

    program = prepare_program(sources, files, write_line=log_line)   # PolicyBroken: everything that is refused
    hooks = program.describe("parties", "hooks")                     # what the decorators say; sdk.hookset.InvalidHooks
    function = program.start_call(keeps_state=False).function("hooks", "tidy_party")
    function(ctx, document)                                          # between: nothing to clean up

`start_call` sets decimal arithmetic back. An error of the applet comes out of `describe`, `function` and the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any

from sandbox.policy.compiling import compile_sources
from sandbox.policy.packages import PACKAGE, find_module, package_of
from sandbox.runtime.builtins import builtins_of_applet
from sandbox.runtime.classes import make_class
from sandbox.runtime.decimals import reset_context
from sandbox.runtime.facade import AppletModule, Facade
from sandbox.runtime.files import path_class
from sandbox.runtime.guards import guarded_change, guarded_getattr, guarded_write
from sandbox.runtime.hooks import CALLING, DESCRIBING
from sandbox.runtime.modules import OFFERED, modules_of_applet
from sdk.hookset import collect_hooks


@dataclass(frozen=True, slots=True)
class FoundHook:
    """A function marked as a hook. parameters: its names, ctx first. line: in the module that defines it, from 1."""

    function: str
    hook: str
    subjects: tuple[str, ...]
    parameters: tuple[str, ...]
    line: int


class Run:
    """The modules of a program as one call sees them: each is executed when it is first imported."""

    def __init__(self, program: Program, offered: Mapping[str, Facade], shared: Run | None = None) -> None:
        self.offered = offered
        self._program = program
        self._shared = shared
        self._members: dict[str, dict[str, Any]] = {}

    def function(self, module: str, name: str) -> Any:
        """A function of a module, by name. Raises LookupError, ImportError, and what the module's code raises."""
        found = self.members(module).get(name)
        if name.startswith("__") or not callable(found):
            raise LookupError(f"{module} has no function {name}")
        return found

    def members(self, module: str) -> dict[str, Any]:
        """The globals of a module, executed if it was not yet; those that keep nothing are executed once for all."""
        shared = self._shared
        if shared is not None and module in self._program.stateless:
            return shared.members(module)
        members = self._members.get(module)
        if members is None:
            code = self._program.codes.get(module)
            if code is None:
                raise ImportError(f"the applet has no module {module}")
            path = f"{module.replace('.', '/')}.py"
            members = {**self._program.globals, "__name__": module, "__file__": path, "__run__": self}
            # Before it is executed, as in Python: modules may import each other as long as they ask for nothing yet.
            self._members[module] = members
            try:
                exec(code, members)
            except BaseException:
                del self._members[module]
                raise
        return members

    def import_own(self, importer: str, name: str, wanted: tuple[str, ...], level: int) -> AppletModule:
        """What `from .name import wanted` takes names from. Raises ImportError."""
        package = package_of(importer, self._program.codes, level)
        if package is None:
            raise ImportError("an applet imports what is inside of it")
        full = f"{package}.{name}" if package and name else package or name
        key = find_module(full, self._program.codes) if full else PACKAGE
        if key is None:
            raise ImportError(f"the applet has no module {full}")
        members = self.members(key) if key in self._program.codes else {}
        found: dict[str, Any] = {}
        for each in wanted:
            module = find_module(f"{full}.{each}" if full else each, self._program.codes)
            # A name of the package itself goes before a module of that name, as in Python.
            if each not in members and module in self._program.codes:
                found[each] = AppletModule(self.members(str(module)))
        return AppletModule({**members, **found} if found else members)


class Program:
    """What `prepare_program` gives. stateless: modules no call can leave anything in, executed once for all calls."""

    def __init__(
        self,
        codes: Mapping[str, CodeType],
        stateless: frozenset[str],
        files: Mapping[str, str],
        write_line: Callable[[str], None],
    ) -> None:
        self.codes = codes
        self.stateless = stateless
        path = path_class(files)
        self._calling = modules_of_applet(CALLING, path)
        self._describing = modules_of_applet(DESCRIBING, path)
        self._kept = Run(self, self._calling)
        self.globals: Mapping[str, Any] = {
            "__builtins__": builtins_of_applet(write_line), "__metaclass__": make_class,
            "_change_": guarded_change, "_getattr_": guarded_getattr, "_write_": guarded_write,
        }  # fmt: skip

    def start_call(self, keeps_state: bool = False) -> Run:
        """Modules for one call: fresh ones, unless the applet keeps state on purpose or could not keep any."""
        reset_context()
        return self._kept if keeps_state else Run(self, self._calling, self._kept)

    def describe(self, applet: str, module: str) -> list[FoundHook]:
        """The hooks of a module, by the checks of `sdk.hookset`. Raises InvalidHooks, and what the code raises."""
        reset_context()
        members = Run(self, self._describing).members(module)
        # Functions only: another object of the applet could answer whatever it likes when it is asked for its mark.
        public = {name: value for name, value in members.items() if type(value) is FunctionType}
        return [
            FoundHook(
                function=plugin.name.partition(":")[2],
                hook=plugin.hook,
                subjects=plugin.subjects,
                parameters=plugin.parameters,
                line=_line_of(public, plugin.name.partition(":")[2]),
            )
            for plugin in collect_hooks(applet, SimpleNamespace(**public))
        ]


def _line_of(members: Mapping[str, Any], name: str) -> int:
    found = (value for value in members.values() if getattr(value, "__name__", "") == name)
    code = next((value.__code__ for value in found if hasattr(value, "__code__")), None)
    return code.co_firstlineno if code is not None else 0


def _drop(line: str) -> None:
    """`print` where nobody listens."""


def prepare_program(
    sources: Mapping[str, str], files: Mapping[str, str] | None = None, write_line: Callable[[str], None] = _drop
) -> Program:
    """Check and compile an applet; nothing of it is executed. Raises PolicyBroken with every violation.

    sources: by dotted name inside the applet. files: texts of its data files by path below its folder.
    """
    checked = compile_sources(sources, OFFERED)
    return Program(checked.codes, checked.stateless, files or {}, write_line)
