"""Runs the tests of dependants against a provider, in a process of its own. Imports nothing but the SDK it is given.

Reads `{"provider": folder, "dependants": {name: folder}}`, one a line, and answers each by a line `{"fault": why the
provider itself does not work, "broken": {name: first failure}, "unclear": {name: first failure}}`. A failure counts as
the dependant's when its code took part or an assertion about its work failed; what fails while a test prepares
something is unclear. Each provider is tried in a child, so that no module of it is left for the next.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from sdk.applet import Applet
from sdk.testing import FakeKernel
from sdk.testing.loading import load_applet, load_kernel_types, package_of

SAMPLES = ("an_item", "a_contract", "an_active_contract", "a_returned_contract")


def try_provider(provider: str, dependants: Mapping[str, str]) -> dict[str, Any]:
    """Whether the provider works by itself, and which dependants fail beside it, with their first failure each."""
    broken: dict[str, str] = {}
    unclear: dict[str, str] = {}
    try:
        applet = load_applet(provider)[0]
        rental = importlib.import_module(f"{package_of(applet.folder)}.examples")
        _use(applet, rental)
    except Exception as error:  # reason: whatever is wrong with it, it is no change anybody would release
        return {"fault": _tell(error), "broken": broken, "unclear": unclear}
    for name, folder in dependants.items():
        for is_own, failure in _failures(applet, rental, Path(folder)):
            (broken if is_own else unclear).setdefault(name, failure)
            if is_own:
                unclear.pop(name, None)
                break
    return {"fault": "", "broken": broken, "unclear": unclear}


def _use(applet: Applet, rental: ModuleType) -> None:
    kernel = FakeKernel(applet)
    kernel.add_company()
    for name in SAMPLES:
        getattr(rental, name)(kernel)
    rental.an_inspection(kernel, rental.an_item(kernel))
    rental.every_action(kernel)
    for name, register in applet.registers.items():
        dimensions = [dimension.name for dimension in register.dimensions]
        sums = kernel.registers.balance(name, group_by=dimensions)
        assert sums, f"nothing is recorded in {name}"
        assert all(all(each.dimensions.values()) for each in sums), f"a dimension of {name} is empty"
    for report in applet.reports:
        kernel.reports.run(report)


def _failures(provider: Applet, rental: ModuleType, folder: Path) -> Iterator[tuple[bool, str]]:
    """(whether the dependant's code took part, what failed)."""
    try:
        dependant = _load(folder)
        FakeKernel(provider, dependant)
    except Exception as error:  # reason: an applet that cannot be loaded is as broken as one whose tests fail
        yield True, f"load: {_tell(error)}"
        return
    for test in _tests(folder):
        try:
            rental.LEFT_OUT.clear()
            kernel = FakeKernel(provider, dependant)
            kernel.add_company()
            given = {"kernel": kernel, "rental": rental}
            test(**{name: given[name] for name in inspect.signature(test).parameters})
        except Exception as error:  # reason: a test fails with whatever it fails with
            # What follows from data that a test could not give any more says nothing of the applet.
            yield _is_own(error, folder) and not rental.LEFT_OUT, f"{test.__name__}: {_tell(error)}"


def _is_own(error: BaseException | None, folder: Path) -> bool:
    """Whether code of the applet, not of its tests, was at work, or an assertion failed."""
    while error is not None:
        files = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
        applet = any(file.is_relative_to(folder) and "tests" not in file.parts for file in files)
        # The examples give valid input only: what is refused of it, a hook of the applet has put there.
        if isinstance(error, AssertionError) or applet or "examples.py" in {file.name for file in files}:
            return True
        error = error.__cause__ or error.__context__
    return False


@cache
def _load(folder: Path) -> Applet:
    return Applet.load(folder)


def _tests(folder: Path) -> Iterator[Callable[..., None]]:
    for path in sorted((folder / "tests").glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"tests_of_{folder.name}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield from (test for name, test in vars(module).items() if name.startswith("test_"))


def _tell(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    violations = "; ".join(f"{each.pointer} {each.rule}" for each in getattr(error, "violations", ())[:3])
    return f"{type(error).__name__}: {str(error)[:200]} {violations} ({Path(last.filename).name}:{last.lineno})"


def _prepare(dependants: Mapping[str, str]) -> None:
    """In the parent, what every child needs."""
    load_kernel_types()
    for folder in dependants.values():
        try:
            _load(Path(folder))
        except Exception:  # reason: the child tells what is wrong with it
            continue


def _answer(job: Mapping[str, Any]) -> None:
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        print(json.dumps(try_provider(**job)), flush=True)
    finally:
        os._exit(0)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        wanted = json.loads(line)
        _prepare(wanted["dependants"])
        _answer(wanted)
