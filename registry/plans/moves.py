"""From what is asked for to what is to be done: which applets move, to which version, in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packaging.version import Version

from registry.discovery import Release
from registry.errors import (
    AppletNotEnabled,
    AppletStateWrong,
    AppletUnknown,
    AppletVersionUnknown,
    NothingToRollBack,
)
from registry.plans.situation import Move, PlanRequest
from registry.releases import by_version
from registry.rows import AVAILABLE, DISABLED, ENABLED, INSTALLED, UNINSTALLED, AppletRow
from sdk.nearest import nearest

Known = Mapping[str, Sequence[Release]]
Rows = Mapping[str, AppletRow]
# Which states each verb leads from, and to.
TRANSITIONS: Mapping[str, tuple[frozenset[str], str]] = {
    "install": (frozenset({AVAILABLE, UNINSTALLED}), INSTALLED),
    "enable": (frozenset({AVAILABLE, INSTALLED, DISABLED, UNINSTALLED}), ENABLED),
    "disable": (frozenset({ENABLED}), DISABLED),
    "upgrade": (frozenset({ENABLED, INSTALLED, DISABLED}), ""),
    "rollback": (frozenset({ENABLED, INSTALLED, DISABLED}), ""),
    "uninstall": (frozenset({INSTALLED, ENABLED, DISABLED}), UNINSTALLED),
    "purge": (frozenset({UNINSTALLED}), AVAILABLE),
}


def find_moves(request: PlanRequest, rows: Rows, known: Known) -> list[Move]:
    """In the order they are to be made: what is required first, and last where things go away.

    None where the tenant stands as asked for. Raises AppletUnknown, AppletVersionUnknown, AppletStateWrong,
    AppletNotEnabled, NothingToRollBack.
    """
    if request.all_upgrades:
        targets = {name: _newest(name, row, known) for name, row in rows.items() if row.is_enabled}
        moves = [_move("upgrade", name, rows, target) for name, target in targets.items()]
    else:
        moves = _of_one(request, rows, known)
    moves = [move for move in moves if (move.from_state, move.from_version) != (move.to_state, move.to_version)]
    return _in_order(moves, known)


def _of_one(request: PlanRequest, rows: Rows, known: Known) -> list[Move]:
    name, row = request.name, rows.get(request.name)
    if name not in known and row is None:
        raise AppletUnknown(applet=name, nearest=nearest(name, known))
    _check_state(request, row)
    if request.verb in ("disable", "uninstall", "purge"):
        return [_move(request.verb, name, rows, row.version if row else None)]
    if request.verb == "rollback":
        return [_move("rollback", name, rows, _earlier(request, row, known))]
    # What is there already comes back as it was, unless another version is asked for.
    wanted = request.version or (_kept_version(row, known) if row is not None and request.verb != "upgrade" else None)
    release = _release(name, wanted, known)
    required = required_releases(release, rows, known) if request.with_required else []
    return [
        *(_move("enable", r.name, rows, r.version) for r in required),
        _move(request.verb, name, rows, release.version),
    ]


def required_releases(release: Release, rows: Rows, known: Known) -> list[Release]:
    """What must be enabled before this one and is not, in the order in which to enable it."""
    missing: dict[str, Release] = {}

    def visit(current: Release) -> None:
        ranges = current.applet.manifest.requires.applets if current.applet else {}
        for name, range in sorted(ranges.items()):
            row = rows.get(name)
            if (row is not None and row.is_enabled) or name in missing:
                continue
            fitting = [r for r in known.get(name, ()) if r.applet and range.contains(r.version, prereleases=True)]
            if fitting:
                visit(fitting[0])
                missing[name] = fitting[0]

    visit(release)
    return list(missing.values())


def _check_state(request: PlanRequest, row: AppletRow | None) -> None:
    state = row.state if row is not None else AVAILABLE
    sources, target = TRANSITIONS[request.verb]
    if state in sources or state == target:
        return
    if request.verb in ("disable", "upgrade", "rollback"):
        raise AppletNotEnabled(applet=request.name)
    raise AppletStateWrong(applet=request.name, state=state, verb=request.verb, allowed=", ".join(sorted(sources)))


def _move(verb: str, name: str, rows: Rows, version: str | None) -> Move:
    row = rows.get(name)
    state = row.state if row is not None else AVAILABLE
    target = TRANSITIONS[verb][1] or state
    if verb == "enable" and row is not None and row.is_enabled and version != row.version:
        verb = "upgrade"
    if verb == "install" and state not in TRANSITIONS["install"][0]:
        target = state
    return Move(name, verb, state, target, row.version if row is not None else None, version)


def _release(name: str, version: str | None, known: Known) -> Release:
    found = by_version(known, name, version)
    if found is None and version is None:
        # It cannot be read; what is wrong with it is the plan's to say.
        found = next(iter(known.get(name, ())), None)
    if found is None:
        there = ", ".join(release.version for release in known.get(name, ())) or "none"
        raise AppletVersionUnknown(applet=name, version=version or "", known=there)
    return found


def _kept_version(row: AppletRow, known: Known) -> str | None:
    return row.version if by_version(known, row.name, row.version) is not None else None


def _newest(name: str, row: AppletRow, known: Known) -> str:
    newest = by_version(known, name, row.pinned_to)
    if newest is None or Version(newest.version) < Version(row.version):
        return row.version
    return newest.version


def _earlier(request: PlanRequest, row: AppletRow | None, known: Known) -> str:
    version = request.version or (row.previous_version if row is not None else None)
    if version is None:
        raise NothingToRollBack(applet=request.name)
    return _release(request.name, version, known).version


def _in_order(moves: Sequence[Move], known: Known) -> list[Move]:
    by_name = {move.applet: move for move in moves}
    ordered: dict[str, Move] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in ordered or name in path or name not in by_name:
            return
        release = by_version(known, name, by_name[name].to_version)
        for required in sorted(release.applet.manifest.requires.applets) if release and release.applet else ():
            visit(required, (*path, name))
        ordered[name] = by_name[name]

    for move in moves:
        visit(move.applet, ())
    return list(ordered.values())
