"""The sandbox of this process: nothing of it is there until the first sandboxed release is looked at."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from kernel.breaker.stops import Stop
from kernel.db.database import Database
from kernel.settings import Settings
from kernel.telemetry.logs import get_logger
from registry.discovery import Release
from registry.sandboxing.engines import INSECURE, Opened, open_engine
from registry.sandboxing.metrics import SandboxCollector
from registry.sandboxing.programs import program_of
from registry.sandboxing.watching import KernelWatcher, strike_of
from sandbox.broker import Budgets
from sandbox.errors import SandboxOff
from sandbox.host import Description, Program, Violation, Worker
from sandbox.pool import Pool, PoolFigures, Sizes, pin_process
from sandbox.proxy import Caller, make_module
from sandbox.zygote.self_test import Trial

if TYPE_CHECKING:
    from kernel.parts import Parts

MODULES_KEPT_MAX = 500
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_COUNT_TENANTS = "SELECT count(*) FROM {p}.tenants"

_log = get_logger()


class Sandbox:
    """One per process. `attach` it to the kernel before anything runs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self._pool: Pool | None = None
        self._kernel: Parts | None = None
        self._is_closed = False
        self.budgets, self._watcher = Budgets(), KernelWatcher()
        # By the digest of a release, what its code was found to be: the same code is looked at once.
        self._modules: OrderedDict[str, ModuleType] = OrderedDict()

    def attach(self, kernel: Parts) -> None:
        """kernel: whose stops end workers here, and which tells how the sandbox does."""
        self._kernel = kernel
        kernel.breaker.stops.on_change.append(self._end_stopped)
        kernel.collectors.append(SandboxCollector(self.figures))
        kernel.health["sandbox"] = self.told_level
        if self._pool is not None:
            kernel.breaker.stops.start()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    @property
    def level(self) -> str | None:
        """full, strong, wasm or dev; None as long as nothing was started, or where there is none."""
        engine = self._opened.engine if self._opened is not None else None
        return engine.level if engine is not None else None

    @property
    def trials(self) -> tuple[Trial, ...]:
        """What the self-test has seen; nothing as long as nothing was started."""
        return self._opened.trials if self._opened is not None else ()

    def told_level(self) -> str | None:
        """As /healthz says it; None as long as nothing is sandboxed here."""
        return "insecure" if self.level == "dev" else self.level

    def figures(self) -> PoolFigures | None:
        pool = self._pool
        return pool.figures() if pool is not None else None

    def problem(self, database: Database | None = None) -> str | None:
        """Why nothing can be sandboxed here; None where it can. Starts the sandbox to find out."""
        opened = self._open()
        if opened.engine is None:
            return opened.problem
        return self._insecurity(database) if opened.engine.level == "dev" else None

    def load(self, release: Release, database: Database | None = None) -> ModuleType:
        """Its hooks, as a module of functions that call a worker.

        Raises SandboxOff, PolicyRefused, LoadFailed, and AppletStopped for what it did as it was loaded.
        """
        problem = self.problem(database)
        if problem is not None:
            raise SandboxOff(applet=release.name, reason=problem)
        found = self._modules.get(release.digest)
        return found if found is not None else self._keep(release)

    def spawn(self, memory_mb: int) -> Worker:
        """A worker of nobody's, beside the pool, to be closed by who asked for it; after `problem` has found none."""
        assert self._opened is not None
        assert self._opened.engine is not None
        return self._opened.engine.spawn(memory_mb)

    def _keep(self, release: Release) -> ModuleType:
        program = program_of(release)
        assert release.applet is not None
        assert self._pool is not None
        description = self._describe(program)
        caller = Caller(self._pool, program, self.budgets, self._watcher, release.applet.manifest.limits.hook_ms)
        module = make_module(release.name, description, caller)
        with self._lock:
            self._modules[release.digest] = module
            if len(self._modules) > MODULES_KEPT_MAX:
                self._modules.popitem(last=False)
        return module

    def _describe(self, program: Program) -> Description:
        """By a worker of its own: it is no tenant's."""
        worker = self.spawn(program.memory_mb)
        try:
            return worker.load(program)
        except Violation as violation:
            self._stop(violation)
            raise violation.told() from None
        finally:
            worker.close()

    def _stop(self, violation: Violation) -> None:
        """For what it did as it was loaded, with no call and no tenant to speak of."""
        _log.warning("sandbox.violation", message=str(violation), applet=violation.applet, version=violation.version)
        if violation.stops_for_all and self._kernel is not None:
            self._kernel.breaker.stop(strike_of(violation))

    def _open(self) -> Opened:
        with self._lock:
            if self._opened is not None:
                return self._opened
            if self._is_closed:
                return Opened(None, "Bos is stopping")
            if self._settings.sandbox_pin:
                pin_process()
            opened = self._opened = open_engine(self._settings.sandbox, self._settings.data_dir)
            if opened.engine is not None:
                sizes = Sizes(workers_max=self._settings.sandbox_workers_max, spares=self._settings.sandbox_spares)
                self._pool = Pool(opened.engine, sizes)
        self._tell(opened)
        if self._kernel is not None and opened.engine is not None:
            self._kernel.breaker.stops.start()
        return opened

    def _tell(self, opened: Opened) -> None:
        if opened.engine is None:
            _log.warning("sandbox.off", message=f"Sandboxed applets do not run: {opened.problem}.")
        elif opened.engine.level == "dev":
            message = f"BOS_SANDBOX is {INSECURE}: sandboxed applets can reach files, processes and the network."
            _log.error("sandbox.insecure", message=message)
        else:
            _log.info("sandbox.started", message=f"The sandbox is up at level {opened.engine.level}.")

    def _insecurity(self, database: Database | None) -> str | None:
        """Limits alone hold nobody back: that is for whoever writes the applet, on his own machine."""
        url = self._settings.public_url
        if self._settings.host not in _LOOPBACK or (url is not None and not url.startswith("http://")):
            return f"BOS_SANDBOX={INSECURE} is for loopback addresses only"
        if database is not None:
            with database.glance(aside=True) as uow:
                row = uow.execute(_COUNT_TENANTS).fetchone()
            if row is not None and row[0] > 1:
                return f"BOS_SANDBOX={INSECURE} is for one tenant, and there are {row[0]}"
        return None

    def _end_stopped(self, stops: Sequence[Stop]) -> None:
        pool = self._pool
        for stop in stops if pool is not None else ():
            assert pool is not None
            pool.kill(stop.reason, tenant_id=stop.tenant_id, applet=stop.applet, version=stop.version)
