"""sandbox.neighbour_p95: what twenty tenants notice of applets that spin, eat memory, flood and crash, once suspended.

All of them run sandboxed. How it is measured is told in bench/breaker.py.
"""

from __future__ import annotations

from bench.breaker import MANIFEST, Scene, add_applets, measure_moved, with_applets
from bench.figures import Figure
from bench.house import House
from bench.rounds import Effort
from bench.traffic import Step

NEIGHBOURS = 20
GOOD = "good"
HOOKS = """
from sdk import hooks


@hooks.before_save("{name}.note")
def act(ctx, document):
    if document["text"] != "ill":
        return
    {act}
"""
# Nobody sends "ill" to the good one, which the neighbours have too.
ACTS = {
    "spinning": "while True:\n        pass",
    "hungry": "kept = []\n    while True:\n        kept.append('x' * 10_000_000)",
    "flooding": "while True:\n        ctx.documents.query('flooding.note')",
    "crashing": "items = iter([1])\n    for _ in range(300_000):\n        items = map(str, items)\n    list(items)",
}
CREATE: list[Step] = [("POST", f"/api/v1/{GOOD}/notes", '{"text": "note ##"}')]
_MANIFEST = MANIFEST.replace("title =", 'trust = "sandboxed"\ntitle =')
SCENE = Scene("sandbox.neighbour_p95", ACTS, _MANIFEST, HOOKS, CREATE)
_WELL = Scene(SCENE.figure, {GOOD: "return"}, _MANIFEST, HOOKS, CREATE)


def sandboxed_neighbours_p95(house: House, effort: Effort) -> list[Figure]:
    """Twenty tenants whose documents a sandboxed hook looks at, beside one tenant with all offenders."""
    add_applets(house, SCENE)
    add_applets(house, _WELL)
    neighbours = [with_applets(house, f"neighbour{number}", [GOOD]) for number in range(NEIGHBOURS)]
    return measure_moved(house, effort, SCENE, neighbours)
