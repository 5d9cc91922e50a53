"""From what is asked for to what is to be done: which applets move, to which version, in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from registry.discovery import Release
from registry.errors import (
    AppletNotEnabled,
    AppletStateWrong,
    AppletUnknown,
    AppletVersionUnknown,
    NothingToRollBack,
    PlanRequestUnclear,
)
from registry.plans.situation import Move, PlanRequest
from registry.releases import by_version
from registry.resolver.candidates import candidates_of, present_platform
from registry.resolver.conflict import NoSolution
from registry.resolver.models import ANY
from registry.resolver.resolve import resolve
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
    AppletNotEnabled, NothingToRollBack, PlanRequestUnclear.
    """
    if bool(request.name) == request.all_upgrades or (request.all_upgrades and request.verb != "upgrade"):
        named = request.name or "no name"
        given = f"{request.verb} with {named}{' and all_upgrades' if request.all_upgrades else ''}"
        raise PlanRequestUnclear(given=given)
    if request.all_upgrades:
        moves = [_move("upgrade", name, rows, version) for name, version in _newest_together(rows, known).items()]
    else:
        moves = _of_one(request, rows, known)
    moves = [move for move in moves if (move.from_state, move.from_version) != (move.to_state, move.to_version)]
    return _in_order(moves, known)


def _of_one(request: PlanRequest, rows: Rows, known: Known) -> list[Move]:
    name, row = request.name, rows.get(request.name)
    if name not in known and row is None:
        raise AppletUnknown(applet=name, nearest=nearest(name, known) or "none")
    _check_state(request, row)
    if request.verb in ("disable", "uninstall", "purge"):
        return [_move(request.verb, name, rows, row.version if row else None)]
    if request.verb == "rollback":
        return [_move("rollback", n, rows, version) for n, version in _earlier_together(request, rows, known).items()]
    # What is there already comes back as it was, unless another version is asked for.
    wanted = request.version or (_kept_version(row, known) if row is not None and request.verb != "upgrade" else None)
    release = _release(name, wanted, known)
    required = required_releases(release, rows, known) if request.with_required else []
    return [
        *(_move("enable", r.name, rows, r.version) for r in required),
        _move(request.verb, name, rows, release.version),
    ]


def required_releases(release: Release, rows: Rows, known: Known) -> list[Release]:
    """What must be enabled or moved before this one, in that order: enabled versions stay unless they must move.

    Without a solution none: what stands against it is the resolver's check to say.
    """
    running = {row.name: Version(row.version) for row in rows.values() if row.is_enabled and row.name != release.name}
    roots = {release.name: SpecifierSet(f"=={release.version}")} | {name: _range(rows[name]) for name in running}
    try:
        solution = resolve(roots, candidates_of(known), enabled=running, platform=present_platform())
    except NoSolution:
        return []
    wanted = {name: version for name, version in solution.versions.items() if name != release.name}
    found = [by_version(known, name, str(v)) for name, v in wanted.items() if running.get(name) != v]
    return [each for each in found if each is not None]


def _range(row: AppletRow) -> SpecifierSet:
    return SpecifierSet(f"=={row.pinned_to}") if row.pinned_to is not None else ANY


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


def _newest_together(rows: Rows, known: Known) -> dict[str, str]:
    """The newest versions of everything enabled that go together; what runs now where nothing does."""
    enabled = {name: row for name, row in sorted(rows.items()) if row.is_enabled}
    roots = {name: _range(row) & SpecifierSet(f">={row.version}") for name, row in enabled.items()}
    try:
        solution = resolve(roots, candidates_of(known), platform=present_platform())
    except NoSolution:
        return {name: row.version for name, row in enabled.items()}
    return {name: str(version) for name, version in solution.versions.items()}


def _earlier(request: PlanRequest, row: AppletRow | None, known: Known) -> str:
    """Only back: what is wrong with documents blocks on the way up, and merely warns on this one."""
    version = request.version or (row.previous_version if row is not None else None)
    if version is None:
        raise NothingToRollBack(applet=request.name, version=row.version if row is not None else "")
    found = _release(request.name, version, known).version
    if row is not None and Version(found) > Version(row.version):
        raise NothingToRollBack(applet=request.name, version=row.version)
    return found


def _earlier_together(request: PlanRequest, rows: Rows, known: Known) -> dict[str, str]:
    """Versions by name: the applet's earlier one, and those of whoever needs the newer and did not before."""
    targets = {request.name: _earlier(request, rows.get(request.name), known)}
    for _ in rows:
        for name, row in sorted(rows.items()):
            if row.is_enabled and name not in targets and (version := _following(row, targets, known)):
                targets[name] = version
    return targets


def _following(row: AppletRow, targets: Mapping[str, str], known: Known) -> str | None:
    """The version to go back to of one that cannot stay as it is beside these, and could be as it was before."""
    now, before = by_version(known, row.name, row.version), by_version(known, row.name, row.previous_version or "")
    if now is None or before is None or Version(before.version) > Version(now.version):
        return None
    if _goes_with(now, targets) or not _goes_with(before, targets):
        return None
    return before.version


def _goes_with(release: Release, versions: Mapping[str, str]) -> bool:
    ranges = release.applet.manifest.requires.applets if release.applet else {}
    return all(range.contains(versions[n], prereleases=True) for n, range in ranges.items() if n in versions)


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
