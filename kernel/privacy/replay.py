"""Erasures after a restore: a backup knows the persons who were erased since, so they are erased once more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kernel.context import KernelContext
from kernel.documents.rows import COLUMNS
from kernel.privacy.erasure import ERASURE, erase
from kernel.privacy.errors import NoSubject
from kernel.privacy.subjects import Subject
from sdk.document_errors import DocumentNotFound
from sdk.errors import NotFound

ERASURES_AT_ONCE = 500
_READ = f"SELECT {COLUMNS} FROM {{t}}.documents WHERE type = '{ERASURE}' AND id > %s ORDER BY id LIMIT %s"


@dataclass
class Replay:
    """missing: who is not there, as the backup is older than they are."""

    erased: int = 0
    missing: int = 0


def list_erasures(ctx: KernelContext) -> Iterator[dict[str, Any]]:
    """Who was erased, and when: what has to be kept apart from backups."""
    ctx.permissions.check("read", ctx.runtime.catalogue.type(ERASURE))
    after = "00000000-0000-0000-0000-000000000000"
    while rows := ctx.uow.execute(_READ, [after, ERASURES_AT_ONCE]).fetchall():
        for row in rows:
            data = row[7]
            yield {name: data[name] for name in ("subject_type", "subject_id", "erased_at")}
        after = rows[-1][0]


def replay_erasures(ctx: KernelContext, erasures: Iterable[Mapping[str, Any]]) -> Replay:
    """Erase those persons who are there again; what the rules keep today is kept. Repeatable."""
    report = Replay()
    for each in erasures:
        try:
            erase(ctx, Subject(str(each["subject_type"]), str(each["subject_id"])))
        except (DocumentNotFound, NoSubject, NotFound):
            report.missing += 1
        else:
            report.erased += 1
    return report
