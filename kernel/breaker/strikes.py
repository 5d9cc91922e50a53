"""What a sandboxed applet did that no honest one does, and how often before it is suspended."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass

STRIKES_MAX = 3
WINDOW_S = 600.0
# Tenants and applets remembered at once; a strike that was forgotten is one more that is forgiven.
REMEMBERED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Strike:
    """kind: `deadline`, `memory`, `crashed` or `quota` for one strike; what stops the version everywhere is grave.

    reason: for people. line: in the applet's code, 0 where unknown. evidence: what the worker sent last, as text.
    """

    applet: str
    version: str
    kind: str
    reason: str
    line: int = 0
    is_grave: bool = False
    evidence: str = ""

    @property
    def text(self) -> str:
        return f"AppletStopped: {self.reason}"


class Strikes:
    """One per process: strikes by tenant, applet and version."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str, str], deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, tenant_id: str, strike: Strike, now: float) -> bool:
        """now: seconds of a clock that does not go back. Whether that was one too many; then counting begins anew."""
        key = (tenant_id, strike.applet, strike.version)
        with self._lock:
            given = self._given.setdefault(key, deque(maxlen=STRIKES_MAX))
            self._given.move_to_end(key)
            given.append(now)
            is_too_much = len(given) == STRIKES_MAX and now - given[0] <= WINDOW_S
            if is_too_much:
                del self._given[key]
            elif len(self._given) > REMEMBERED_MAX:
                self._given.popitem(last=False)
        return is_too_much
