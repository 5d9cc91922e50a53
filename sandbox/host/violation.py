"""The abnormal ends of a call: what a worker did that no honest one does, or that cost too much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from sandbox.errors import AppletStopped

ViolationKind = Literal["syscall", "protocol", "deadline", "memory", "crashed", "quota"]
KINDS: tuple[ViolationKind, ...] = get_args(ViolationKind)
# Something got past the language policy: the code is not to run for anybody until somebody has looked.
STOPPING_FOR_ALL: frozenset[ViolationKind] = frozenset({"syscall", "protocol"})


class Violation(Exception):
    """reason: for people, after "was stopped:". detail: for whoever looks into it. line: in the applet, 0 if unknown.

    frames: the last ones that came from the worker, newest last, kept where somebody has to look at them. is_strike:
    False when the machine was too busy to blame the applet.
    """

    def __init__(
        self,
        kind: ViolationKind,
        reason: str,
        *,
        applet: str = "",
        version: str = "",
        function: str = "",
        line: int = 0,
        detail: str = "",
        frames: Sequence[bytes] = (),
        is_strike: bool = True,
    ) -> None:
        super().__init__(f"{kind}: {reason}: {detail}" if detail else f"{kind}: {reason}")
        self.kind, self.reason, self.detail = kind, reason, detail
        self.applet, self.version, self.function, self.line = applet, version, function, line
        self.frames = tuple(frames)
        self.is_strike = is_strike

    @property
    def stops_for_all(self) -> bool:
        return self.kind in STOPPING_FOR_ALL

    def told(self) -> AppletStopped:
        """As callers of the kernel learn of it."""
        return AppletStopped(applet=self.applet, reason=self.reason, kind=self.kind)
