"""A pytest plugin: applets under test run sandboxed on the fake kernel, `pytest -p tests.sandbox.applets.sandboxed`."""

import importlib
import inspect
from collections.abc import Iterator

import pytest

import sdk.testing.kernel as fake
from registry.discovery import Release
from registry.sandboxing.programs import program_of
from sandbox.broker import Budgets
from sandbox.host.native_engine import NativeEngine
from sandbox.lockdown.levels import Level
from sandbox.pool import Pool, Sizes
from sandbox.proxy import Caller, make_module, raising
from sandbox.zygote.self_test import choose
from sdk.errors import BosError
from sdk.hookset import HookPlugin, collect_hooks
from sdk.testing.loading import load_applet as load_in_process
from sdk.testing.loading import load_lenses


class Nobody:
    """Told of violations: a test sees AppletStopped."""

    def violated(self, ctx, violation) -> None:
        violation.add_note(f"detail: {violation.detail}")

    def waited(self, ctx, seconds) -> None:
        """Nobody counts it here."""

    def killed(self, ctx) -> None:
        pass


class Loader:
    """Stands where the fake kernel loads applets."""

    def __init__(self, pool: Pool, engine: NativeEngine) -> None:
        self.pool, self.engine, self.budgets, self.calls = pool, engine, Budgets(), 0
        self._known: dict[str, tuple[HookPlugin, ...]] = {}

    def load(self, source):
        applet, in_process = load_in_process(source)
        applet = load_lenses(applet)
        if not in_process:
            return applet, ()
        release = Release(applet.name, applet.folder, applet)
        if release.digest not in self._known:
            self._known[release.digest] = self._sandboxed(release)
        self._know_errors(in_process)
        return applet, self._known[release.digest]

    def _sandboxed(self, release):
        program = program_of(release)
        worker = self.engine.spawn(program.memory_mb)
        description = worker.load(program)
        worker.close()
        module = make_module(release.name, description, Caller(self.pool, program, self.budgets, Nobody()))
        return collect_hooks(release.name, module)

    def _know_errors(self, plugins) -> None:
        """Tests of an applet expect its own classes; those that cross are known by their code."""
        for package in {plugin.package for plugin in plugins}:
            try:
                errors = importlib.import_module(f"{package}.errors")
            except ImportError:
                continue
            for found in vars(errors).values():
                if inspect.isclass(found) and issubclass(found, BosError) and found.__module__ == errors.__name__:
                    raising._KNOWN[found.code] = found


@pytest.fixture(scope="session", autouse=True)
def sandboxed() -> Iterator[None]:
    chosen = choose([Level.FULL, Level.STRONG])
    assert chosen.zygote is not None, [trial.problem for trial in chosen.trials]
    engine = NativeEngine(chosen.zygote, chosen.level)
    pool = Pool(engine, Sizes(workers_max=40))
    loader = Loader(pool, engine)
    fake.load_applet = loader.load
    yield
    calls = {one.applet: (one.calls, one.violations) for one in pool.figures().applets}
    fake.load_applet = load_in_process
    pool.close()
    # Whoever reads the output has to see that the sandbox was used at all.
    print(f"\nsandboxed calls: {calls}")
