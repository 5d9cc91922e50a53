"""What becomes of states, registers and lenses that documents and movements were made with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from kernel.context import KernelContext
from registry.checks.census import Census, census_of
from registry.checks.sides import Side, Sides, sides_of
from registry.plans.findings import Finding, Severity
from registry.plans.situation import Situation
from sdk.comparison import compare_registers
from sdk.lenses import LensChain
from sdk.schema import DocumentType
from sdk.states import StateMachine

_HAS_MOVEMENTS = "SELECT EXISTS (SELECT FROM {t}.movements WHERE register = %s)"

# Of what `compare_registers` calls a change: other columns where movements have theirs.
_MISREAD = ("_moved", "_inserted")


def structure_findings(situation: Situation) -> Iterator[Finding]:
    """Documents left in states there are none of, columns of registers that mean something else, lenses that changed.

    Going back is held up only by what would make numbers wrong.
    """
    ctx = situation.ctx
    moving = [(each, each.before, each.after) for each in sides_of(situation) if each.before and each.after]
    census = census_of(situation, {name for _, before, after in moving for name in _read_anew(before, after)})
    for sides, before, after in moving:
        yield from _states(sides, before, after, census)
        yield from _lenses(sides, before, after, census)
        if not sides.is_rollback:
            yield from _forked(sides, after)
        yield from _registers(ctx, sides, before, after)


def _read_anew(before: Side, after: Side) -> list[str]:
    """Types whose documents may stand in states that are not there any more, or were read by other lenses."""
    return [
        name
        for name, type in after.types.items()
        if (old := before.types.get(name)) is not None
        and (
            _state_names(before.applet.machines.get(name)) != _state_names(after.applet.machines.get(name))
            or old.version != type.version
            or bool(_changed_lenses(old, type))
        )
    ]


def _states(sides: Sides, before: Side, after: Side, census: Census) -> Iterator[Finding]:
    for name in _read_anew(before, after):
        lost = _lost_states(after.types[name], after.applet.machines.get(name), census)
        if lost:
            severity = Severity.WARNS if sides.is_rollback else Severity.BLOCKS
            told = ", ".join(f"{count} in {state}" for state, count in sorted(lost.items()))
            message = f"{sum(lost.values())} documents of {name} stand in states it does not have then: {told}"
            fix = "say by map_state what they become, or bring them into another state before"
            details = {"count": sum(lost.values()), "states": dict(sorted(lost.items()))}
            yield Finding(severity, "states_lost", name, message, fix, sides.name, details=details)


def _lost_states(type: DocumentType, machine: StateMachine | None, census: Census) -> Counter[str]:
    """How many documents stand in each state, as they read then, that is none."""
    lost: Counter[str] = Counter()
    for group in census.of(type.name):
        if group.state is None or machine is None:
            continue
        names: Mapping[str, str] = {}
        if type.lenses is not None and group.version != type.version and group.version <= type.lenses.latest:
            names = type.lenses.state_source(at=group.version, now=type.version) or {}
        state = names.get(group.state, group.state)
        if state not in machine.states:
            lost[state] += group.size
    return lost


def _state_names(machine: StateMachine | None) -> frozenset[str]:
    return frozenset(machine.states) if machine is not None else frozenset()


def _lenses(sides: Sides, before: Side, after: Side, census: Census) -> Iterator[Finding]:
    for name, type in after.types.items():
        old = before.types.get(name)
        changed = _changed_lenses(old, type) if old is not None else []
        read = [version for version in changed if any(group.version >= version for group in census.of(name))]
        if read:
            told = ", ".join(f"{version - 1} to {version}" for version in read)
            message = f"the lens of {name} from {told} is not the one documents were read by: going back would fail"
            fix = "leave a lens as it was released; lead on to a new version of the type"
            yield Finding(Severity.BLOCKS, "lens_changed", name, message, fix, sides.name)


def _changed_lenses(before: DocumentType, after: DocumentType) -> list[int]:
    """The versions that another lens than before leads to."""
    return _that_differ(before.lenses, after.lenses)


def _forked(sides: Sides, after: Side) -> Iterator[Finding]:
    """Versions that the release means otherwise than the newest the tenant ever had, by whose lenses it is read."""
    for name, type in after.types.items():
        if differ := _that_differ(after.applet.lenses.get(name), type.lenses):
            told = " and ".join(map(str, differ))
            message = f"{name} had another version {told} in the newest release that ran here, whose lenses still count"
            fix = "go to a release from that one on; a lens stays as it was released"
            yield Finding(Severity.BLOCKS, "lens_changed", name, message, fix, sides.name)


def _that_differ(one: LensChain | None, other: LensChain | None) -> list[int]:
    if one is None or other is None or one is other:
        return []
    versions = range(2, min(one.latest, other.latest) + 1)
    return [version for version in versions if one.digest(version - 1, version) != other.digest(version - 1, version)]


def _registers(ctx: KernelContext, sides: Sides, before: Side, after: Side) -> Iterator[Finding]:
    for name, old in sorted(before.applet.registers.items()):
        new = after.applet.registers.get(name)
        changes = [change for change in compare_registers(old, new) if change.is_breaking] if new is not None else []
        if new is not None and not changes:
            continue
        row = ctx.uow.execute(_HAS_MOVEMENTS, [name]).fetchone()
        has_movements = row is not None and row[0]
        if new is None:
            severity = Severity.BLOCKS if has_movements and not sides.is_rollback else Severity.WARNS
            message = f"the register {name} goes{', which has movements' if has_movements else ''}"
            yield Finding(severity, "register_gone", name, message, "keep it" if has_movements else "", sides.name)
        for change in changes:
            # Another column under the same name makes numbers wrong, whichever way one goes.
            is_held = has_movements and (change.rule.endswith(_MISREAD) or not sides.is_rollback)
            severity = Severity.BLOCKS if is_held else Severity.WARNS
            message = f"{name}{', which has movements' if has_movements else ''}: {change.message}"
            subject = f"{name}.{change.path}"
            yield Finding(severity, "register_changed", subject, message, change.fix, sides.name)
