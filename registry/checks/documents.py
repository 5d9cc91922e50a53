"""Whether every stored document of a type that changes can be read, and written again, as the type will be."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from kernel.context import KernelContext
from kernel.documents.validator import violations_of
from kernel.secrets.reveal import reveal
from registry.checks.census import census_of
from registry.checks.sides import TypeChange, changed_types
from registry.plans.findings import Finding, Severity
from registry.plans.situation import Situation
from sdk.errors import Violation
from sdk.lenses import CastFailed, Stored
from sdk.schema import DocumentType

# Read at once, so that a type of any size needs no more memory than this.
BATCH = 1_000
# The first that do not fit are named, the rest are counted.
FAILURES_NAMED_MAX = 10
# Going back is what helps when something is on fire: what is not looked at by then is told and not waited for.
ROLLBACK_CHECK_S_MAX = 2.0
TYPES_REMEMBERED_MAX = 256

_COLUMNS = "SELECT id::text, schema_version, state, data, kept, deleted_at IS NOT NULL FROM {t}.documents"
_FORWARD = f"{_COLUMNS} WHERE type = %s AND id > %s::uuid ORDER BY id LIMIT %s"
# What was written last was most likely written by the version that is left.
_BACKWARD = f"{_COLUMNS} WHERE type = %s AND id < %s::uuid ORDER BY id DESC LIMIT %s"
_THESE = f"{_COLUMNS} WHERE type = %s AND id = ANY(%s::uuid[]) ORDER BY id"
_WRITTEN = "SELECT DISTINCT aggregate_id::text FROM {t}.events WHERE position > %s AND aggregate_type = %s"
_FIRST, _LAST = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"

# id, version of its schema, state, fields, keep-box, whether it is deleted.
_Row = tuple[str, int, str | None, dict[str, Any], dict[str, Any] | None, bool]

UNFIT, UNFIT_DELETED, UNFIT_BACK = "documents_unfit", "deleted_documents_unfit", "documents_unfit_for_rollback"
CHECKED = "documents_checked"


@dataclass
class _Failures:
    """count of those that do not fit; first: of them, the ones that are named."""

    count: int = 0
    first: list[dict[str, str]] = field(default_factory=list)

    def add(self, id: str, violation: Violation) -> None:
        self.count += 1
        if len(self.first) < FAILURES_NAMED_MAX:
            self.first.append({"id": id, "pointer": violation.pointer, "message": violation.message})


@dataclass
class _Tally:
    """Of one type. checked: documents looked at. is_whole: all of them, not only those that were written since."""

    is_whole: bool
    checked: int = 0
    seconds: float = 0.0
    live: _Failures = field(default_factory=_Failures)
    deleted: _Failures = field(default_factory=_Failures)


def document_findings(situation: Situation) -> Iterator[Finding]:
    """Of each changed type: how many documents do not fit, the first of them, and how many were looked at."""
    changes = changed_types(situation)
    census = census_of(situation, {change.name for change in changes})
    deadline = time.monotonic() + ROLLBACK_CHECK_S_MAX
    for change in changes:
        tally = _look(situation, change, census.count(change.name), deadline)
        yield from _tell(change, tally, census.count(change.name))


def _look(situation: Situation, change: TypeChange, total: int, deadline: float) -> _Tally:
    until = deadline if change.is_rollback else None
    began = time.monotonic()
    if situation.since:
        told = _told_before(situation, change)
        tally = _Tally(is_whole=False)
        ids = [*_written_since(situation, change.name), *(each["id"] for found in told.values() for each in found)]
        _check(situation, change, _read_these(situation.ctx, change.name, ids), tally, len(ids), None)
        still = {UNFIT: tally.live, UNFIT_BACK: tally.live, UNFIT_DELETED: tally.deleted}
        # Of what was found before only the first are known by name: when these are mended, the rest may not be.
        if all(still[rule].count for rule in told):
            tally.seconds = time.monotonic() - began
            return tally
    tally = _Tally(is_whole=True)
    _check(situation, change, _read_all(situation.ctx, change), tally, total, until)
    tally.seconds = time.monotonic() - began
    return tally


def _check(
    situation: Situation,
    change: TypeChange,
    batches: Iterator[Sequence[_Row]],
    tally: _Tally,
    total: int,
    until: float | None,
) -> None:
    type, label = _fillable(change.after), f"documents of {change.name}"
    for rows in batches:
        for row in rows:
            violation = _violation_of(situation.ctx, type, row)
            if violation is not None:
                (tally.deleted if row[-1] else tally.live).add(row[0], violation)
        tally.checked += len(rows)
        situation.progress(label, tally.checked, max(total, tally.checked))
        if until is not None and time.monotonic() > until:
            return


def _violation_of(ctx: KernelContext, type: DocumentType, row: _Row) -> Violation | None:
    """The first thing that is wrong with a document."""
    id, version, state, data, kept, _ = row
    if version != type.version:
        try:
            data = dict(type.cast(Stored(data, state, kept or {}, version)).data)
        except CastFailed as error:
            return Violation(error.details["pointer"] or "", "cast", error.message)
    if type.encrypted:
        data = reveal(ctx, type, id, data)
    found = violations_of(type, data, as_input=True, most=1)
    return found[0] if found else None


@lru_cache(maxsize=TYPES_REMEMBERED_MAX)
def _fillable(type: DocumentType) -> DocumentType:
    """The type without what only callers must give: documents may be without it, and are until they are written."""
    return type.extended({}) if type.demanded else type


def _read_all(ctx: KernelContext, change: TypeChange) -> Iterator[Sequence[_Row]]:
    sql, place = (_BACKWARD, _LAST) if change.is_rollback else (_FORWARD, _FIRST)
    while rows := ctx.uow.execute(sql, [change.name, place, BATCH]).fetchall():
        yield rows
        place = rows[-1][0]


def _read_these(ctx: KernelContext, type: str, ids: Sequence[str]) -> Iterator[Sequence[_Row]]:
    wanted = iter(dict.fromkeys(ids))
    while some := list(islice(wanted, BATCH)):
        yield ctx.uow.execute(_THESE, [type, some]).fetchall()


def _written_since(situation: Situation, type: str) -> list[str]:
    return [id for (id,) in situation.ctx.uow.execute(_WRITTEN, [situation.since, type])]


def _told_before(situation: Situation, change: TypeChange) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """The documents that the earlier plan has named, by rule."""
    return {
        finding["rule"]: finding.get("details", {}).get("first", ())
        for finding in situation.earlier
        if finding["subject"] == change.name and finding["rule"] in (UNFIT, UNFIT_BACK, UNFIT_DELETED)
    }


def _tell(change: TypeChange, tally: _Tally, total: int) -> Iterator[Finding]:
    applet, version = change.after.applet, change.after.version
    unseen = max(0, total - tally.checked) if tally.is_whole else 0
    details = {"checked": tally.checked, "of": total, "unseen": unseen, "seconds": round(tally.seconds, 3)}
    message = f"documents of {change.name} were read as version {version} of it"
    fix = f"{unseen} were not looked at, so that going back does not take long" if unseen else ""
    yield Finding(Severity.INFORMS, CHECKED, change.name, message, fix, applet, details=details)
    severity, rule = (Severity.WARNS, UNFIT_BACK) if change.is_rollback else (Severity.BLOCKS, UNFIT)
    if tally.live.count:
        message = f"{tally.live.count} documents of {change.name} do not fit version {version}: {_say(tally.live)}"
        fix = "mend these documents, or ask for a release whose lenses do"
        yield Finding(severity, rule, change.name, message, fix, applet, details=vars(tally.live))
    if tally.deleted.count:
        message = f"{tally.deleted.count} deleted documents of {change.name} could not be restored: "
        fix = "restore and mend them before, if they may be needed again"
        told = message + _say(tally.deleted)
        yield Finding(Severity.WARNS, UNFIT_DELETED, change.name, told, fix, applet, details=vars(tally.deleted))


def _say(failures: _Failures) -> str:
    first = failures.first[0]
    return f"{first['id']}{first['pointer'] and ' at '}{first['pointer']}: {first['message']}"
