"""How much one call may ask for."""

from __future__ import annotations

from dataclasses import dataclass

REQUESTS_PER_CALL_MAX = 200
WRITES_PER_CALL_MAX = 100
EVENTS_PER_CALL_MAX = 100
# Of what is done once for a tenant, with nobody waiting: an upgrade, demo data.
REQUESTS_PER_LIFE_CALL_MAX = 20_000
WRITES_PER_LIFE_CALL_MAX = 5_000
EVENTS_PER_LIFE_CALL_MAX = 5_000
_LIFE = frozenset({"applet_enabled", "applet_disabled", "applet_upgraded", "load_demo_data"})


@dataclass(frozen=True, slots=True)
class Quotas:
    """Counts per call. Beyond `requests` the call is ended as a violation; beyond the others the request is refused."""

    requests: int = REQUESTS_PER_CALL_MAX
    writes: int = WRITES_PER_CALL_MAX
    events: int = EVENTS_PER_CALL_MAX


DECIDING = Quotas()
LIVING = Quotas(REQUESTS_PER_LIFE_CALL_MAX, WRITES_PER_LIFE_CALL_MAX, EVENTS_PER_LIFE_CALL_MAX)


def quotas_of(hook: str) -> Quotas:
    """What calls of this hook may ask for."""
    return LIVING if hook in _LIFE else DECIDING
