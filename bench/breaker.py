"""breaker.neighbour_p95: what others notice of a tenant whose applets were suspended for looping, raising, being slow.

A neighbour's requests are timed while another tenant sends a steady stream to those applets: once a tenant for whom
they are well, once the one for whom they are suspended, in turn. Beside it stands the same with two that are well.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from bench.figures import Figure
from bench.house import House, Tenant
from bench.load import Connection, RequestRefused
from bench.rounds import Effort, say
from bench.traffic import Load, Step, open_servers
from bench.writes import CREATE
from registry.lifecycle import enable_applet

PAIRS = 10
PROCESSES, CLIENTS = 2, 4
# Of the other tenant, to all of its applets together.
STREAM_PER_S = 20.0
STREAM_S_MIN = 1.0
# A percentile needs more requests than a rate does.
LONGER = 2
TRIP_ATTEMPTS_MAX = 40
BUDGET_MS = 100
TENANT = "trade"
MANIFEST = """
name = "{name}"
version = "1.0.0"
title = "{name}"
[requires]
sdk = ">=1"
[limits]
hook_ms = {budget}
"""
NOTE = {"title": "Note", "type": "object", "x-title": "text", "properties": {"text": {"type": "string"}}}
HOOKS = """
import time

from sdk import hooks


@hooks.before_save("{name}.note")
def act(ctx, document):
    if document["text"] == "well":
        return
    {act}
"""
APPLETS = {
    "looping": "while True:\n        pass",
    "raising": "raise ValueError('no such luck')",
    "slow": f"time.sleep({BUDGET_MS / 1000 * 2})",
}


@dataclass(frozen=True)
class Moved(Figure):
    """In percent of what it was before; none is best, so shares are taken of the whole."""

    @property
    def ratio(self) -> float:
        return (100 + self.limit) / (100 + self.value)

    @property
    def spread(self) -> float:
        return (max(self.ours) - min(self.ours)) / 100


@dataclass(frozen=True)
class Scene:
    """figure: its name. acts: by applet, what it does when it is to misbehave. steps: what the neighbours do."""

    figure: str
    acts: Mapping[str, str]
    manifest: str
    hooks: str
    steps: Sequence[Step]


SCENE = Scene("breaker.neighbour_p95", APPLETS, MANIFEST, HOOKS, CREATE)


def neighbour_p95(house: House, effort: Effort) -> list[Figure]:
    """One neighbour, with applets that come with Bos."""
    add_applets(house, SCENE)
    return measure_moved(house, effort, SCENE, [house.tenant(TENANT)])


def measure_moved(house: House, effort: Effort, scene: Scene, neighbours: Sequence[Tenant]) -> list[Figure]:
    """Pairs in turn, their order changing with each; the median and the interval that holds half of them."""
    well, twin, ill = (with_applets(house, name, scene.acts) for name in ("well", "twin", "ill"))
    pairs = PAIRS if effort.scale == 1 else effort.repeats
    tokens = [each.token for each in neighbours]
    with open_servers(house.dsn, house.folder, PROCESSES) as ports, Load(ports, *tokens) as load:
        _trip(ports, ill, scene)
        rate = load_rate(load, effort, scene.steps)
        count = max(CLIENTS, int(rate * max(LONGER * effort.seconds, STREAM_S_MIN)))

        def p95(tenant: Tenant, text: str) -> float:
            with _stream(ports, tenant, text, scene):
                return quantiles(load.time(scene.steps, count, clients=CLIENTS), n=20)[-1] * 1000

        moved: tuple[list[float], list[float]] = ([], [])
        for number in range(pairs):
            for found, other, text in ((moved[0], ill, "ill"), (moved[1], twin, "well")):
                sides = [(well, "well"), (other, text)]
                times = {tenant.record.name: p95(tenant, said) for tenant, said in sides[:: 1 - 2 * (number % 2)]}
                found.append((times[other.record.name] / times["well"] - 1) * 100)
            say(f"  {scene.figure} {number + 1}/{pairs}: {moved[0][-1]:+.1f} %, A/A {moved[1][-1]:+.1f} %")
    for name, values in (("beside a suspended applet", moved[0]), ("A/A", moved[1])):
        say(f"  {name}: median {median(values):+.2f} %, half of the pairs in {_interval(values)}")
    return [Moved(scene.figure, "% moved", *moved, "the same with nobody suspended (A/A)")]


def load_rate(load: Load, effort: Effort, steps: Sequence[Step]) -> float:
    """Requests of the neighbours' in a second, after a warm-up."""
    count = max(CLIENTS, effort.rows(400))
    load.run(steps, count, clients=CLIENTS)
    return count / load.run(steps, count, clients=CLIENTS)


def _interval(values: Sequence[float]) -> str:
    low, _, high = quantiles(values, n=4)
    return f"[{low:+.2f}, {high:+.2f}]"


def add_applets(house: House, scene: Scene) -> None:
    """Made known to every process by the database."""
    releases: Any = house.kernel.plugins.get_plugin("registry.plugin")
    for name, act in scene.acts.items():
        folder = house.folder / "misbehaving" / name
        (folder / "schemas").mkdir(parents=True)
        (folder / "applet.toml").write_text(scene.manifest.format(name=name, budget=BUDGET_MS))
        (folder / "schemas" / "note.json").write_text(json.dumps(NOTE))
        (folder / "hooks.py").write_text(scene.hooks.format(name=name, act=act))
        releases.releases.add(house.kernel.database, Path(folder), house.kernel.clock(), "bench")


def with_applets(house: House, name: str, applets: Iterable[str]) -> Tenant:
    tenant = house.tenant(name)
    plugin: Any = house.kernel.plugins.get_plugin("registry.plugin")
    with house.kernel.operate(tenant.record) as ctx:
        for applet in applets:
            enable_applet(ctx, plugin.releases, applet, version="1.0.0")
    return tenant


def _trip(ports: Sequence[int], tenant: Tenant, scene: Scene) -> None:
    """Until all its applets are suspended in every process."""
    for applet, port in itertools.product(scene.acts, ports):
        connection = Connection(port, tenant.token)
        for attempt in range(TRIP_ATTEMPTS_MAX + 1):
            if "applet_suspended" in _answer(connection, applet, "ill"):
                say(f"  {applet} is suspended at {port} after {attempt} request(s)")
                break
        else:
            raise RuntimeError(f"{applet} was not suspended after {TRIP_ATTEMPTS_MAX} failures")
        connection.close()


def _answer(connection: Connection, applet: str, text: str) -> str:
    path = f"/api/v1/{applet}/notes".encode()
    try:
        return connection.ask(b"POST", path, json.dumps({"text": text}).encode()).decode()
    except RequestRefused as refused:
        return str(refused)


@contextmanager
def _stream(ports: Sequence[int], tenant: Tenant, text: str, scene: Scene) -> Iterator[None]:
    """Requests at a steady pace, however they are answered, for as long as the block runs."""
    is_over = threading.Event()

    def send() -> None:
        with ExitStack() as stack:
            connections = [Connection(port, tenant.token) for port in ports]
            for connection in connections:
                stack.callback(connection.close)
            began = time.monotonic()
            for number, applet in enumerate(itertools.cycle(scene.acts)):
                if is_over.wait(max(0.0, began + number / STREAM_PER_S - time.monotonic())):
                    return
                _answer(connections[number % len(connections)], applet, text)

    thread = threading.Thread(target=send, name="stream")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
