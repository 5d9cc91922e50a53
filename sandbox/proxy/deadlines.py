"""How long calls of each hook may take, of the applet's own time: what answers to its requests take is not in it."""

from __future__ import annotations

from sandbox.host.engine import Deadlines

# Somebody waits for the answer.
DECIDING = Deadlines(soft_s=0.25, hard_s=1.0)
# Nobody waits, but other deliveries do.
HEARING = Deadlines(soft_s=2.0, hard_s=5.0)
# Once in the life of an applet, with a tenant: all it creates then is answers.
LIVING = Deadlines(soft_s=30.0, hard_s=60.0, answers_s=600.0)
# From the interrupt that tells the line to the end that tells nothing.
_HARD_FACTOR, _HARD_S_MIN = 2.0, 0.5
_BY_HOOK = {
    "on_event": HEARING,
    "check_invariants": HEARING,
    "applet_enabled": LIVING,
    "applet_disabled": LIVING,
    "applet_upgraded": LIVING,
    "load_demo_data": LIVING,
}


def deadlines_of(hook: str, hook_ms: int | None = None) -> Deadlines:
    """hook_ms: `limits.hook_ms` of the manifest, for hooks that decide or hear."""
    own = _BY_HOOK.get(hook, DECIDING)
    if hook_ms is None or own is LIVING:
        return own
    soft_s = hook_ms / 1000
    return Deadlines(soft_s, soft_s + max(_HARD_S_MIN, soft_s * (_HARD_FACTOR - 1)))
