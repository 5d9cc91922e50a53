"""Import: records become documents through the documents room, in batches, each row in a savepoint of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal

import psycopg

from kernel.context import KernelContext, Work
from kernel.documents import service as documents
from kernel.transfer.caller import Caller
from kernel.transfer.coerce import coerce, without_filled
from kernel.transfer.errors import RowExists
from kernel.transfer.lookups import Lookups, Wanted, find_ids
from kernel.transfer.mapping import ImportMapping
from kernel.transfer.records import Record
from kernel.transfer.rehearsal import rehearse
from kernel.transfer.rejects import Refusal, Rejects
from sdk.errors import BosError, Violation
from sdk.schema import DocumentType

BATCH_SIZE = 200
BATCH_TRIES_MAX = 3

OnExisting = Literal["skip", "update", "reject"]
# What another transaction's luck decides: the batch is tried again.
_TRANSIENT = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
_REFUSALS = (BosError, psycopg.DataError, psycopg.IntegrityError)


@dataclass(frozen=True)
class ImportOptions:
    """is_rehearsal: everything is done and rolled back. batch_size: documents in one transaction."""

    type: str
    mapping: ImportMapping = field(default_factory=ImportMapping)
    on_existing: OnExisting = "skip"
    company_id: str | None = None
    batch_size: int = BATCH_SIZE
    is_rehearsal: bool = False


@dataclass
class ImportReport:
    """Counts of documents."""

    created: int = 0
    updated: int = 0
    skipped: int = 0
    rejected: int = 0

    @property
    def seen(self) -> int:
        return self.created + self.updated + self.skipped + self.rejected


@dataclass
class _Batch:
    """What became of the records of one transaction; counted when that is certain."""

    outcomes: list[str] = field(default_factory=list)
    refused: list[tuple[Record, Refusal]] = field(default_factory=list)


class Importer:
    """One run. progress: called after each batch with how many records it had."""

    def __init__(
        self, caller: Caller, options: ImportOptions, rejects: Rejects, progress: Callable[[int], None] | None = None
    ) -> None:
        self._caller, self._options, self._rejects = caller, options, rejects
        self._progress = progress or (lambda count: None)
        self._lookups = Lookups(options.company_id)
        self.report = ImportReport()

    def run(self, records: Iterable[Record]) -> ImportReport:
        """Import all of them: good ones go in, bad ones are rejected. `report` says how far a failed run came."""
        if self._options.is_rehearsal:
            # One transaction for all, so that later rows find what earlier ones have created.
            with self._caller.begin() as uow:
                ctx = rehearse(self._caller.context(uow))
                for batch in _batches(records, self._options.batch_size):
                    self._settle(self._write(replace(ctx, work=Work()), batch))
        else:
            for batch in _batches(records, self._options.batch_size):
                self._settle(self._commit(batch))
        return self.report

    def _commit(self, records: Sequence[Record]) -> _Batch:
        for last in (*[False] * (BATCH_TRIES_MAX - 1), True):
            try:
                with self._caller.begin() as uow:
                    done = self._write(self._caller.context(uow), records)
                    uow.commit()
                    return done
            except _TRANSIENT:
                self._lookups.forget()
                if last:
                    raise
        raise AssertionError("unreachable")

    def _settle(self, batch: _Batch) -> None:
        for outcome in batch.outcomes:
            setattr(self.report, outcome, getattr(self.report, outcome) + 1)
        for record, refusal in batch.refused:
            self.report.rejected += 1
            self._rejects.add(record, refusal)
        self._progress(len(batch.outcomes) + len(batch.refused))

    def _write(self, ctx: KernelContext, records: Sequence[Record]) -> _Batch:
        batch = _Batch()
        type = ctx.runtime.catalogue.type(self._options.type)
        existing = self._prepare(ctx, type, records)
        for record in records:
            try:
                with ctx.uow.savepoint():
                    batch.outcomes.append(self._write_one(ctx, type, record, existing))
            except _TRANSIENT:
                raise
            except _REFUSALS as refusal:
                batch.refused.append((record, refusal))
        return batch

    def _prepare(self, ctx: KernelContext, type: DocumentType, records: Sequence[Record]) -> dict[str, str]:
        """Look up all links of the batch at once, then which of its documents are there already: ids by key."""
        mapping = self._options.mapping
        keys = []
        for record in records:
            # What is wrong with a record is told when its turn comes.
            with suppress(BosError):
                keys.append(record.make(mapping, self._lookups.note).get(mapping.key))
        self._lookups.fetch(ctx)
        wanted = [str(key) for key in keys if key is not None]
        if not mapping.key or not wanted:
            return {}
        return find_ids(ctx, type.name, mapping.key, wanted, self._options.company_id)

    def _write_one(self, ctx: KernelContext, type: DocumentType, record: Record, existing: dict[str, str]) -> str:
        mapping = self._options.mapping
        data = self._make(ctx, type, record)
        key = str(data[mapping.key]) if data.get(mapping.key) is not None else None
        if key is not None and key in existing:
            return self._meet(ctx, type, existing[key], data)
        company_id = data.pop("company_id", None) or self._options.company_id
        document = documents.create(ctx, type.name, data, company_id=company_id)
        for step in mapping.perform:
            documents.perform(ctx, type.name, document.id, step.action, step.arguments)
        if key is not None:
            existing[key] = document.id
        return "created"

    def _make(self, ctx: KernelContext, type: DocumentType, record: Record) -> dict[str, Any]:
        mapping = self._options.mapping

        def find(target: str, field: str, value: str) -> str | None:
            return self._lookups.find(ctx, Wanted(target, field, value))

        data = coerce(type, record.make(mapping, find))
        return data if mapping.make else without_filled(type, data)

    def _meet(self, ctx: KernelContext, type: DocumentType, id: str, data: dict[str, Any]) -> str:
        """The document is there already."""
        key = self._options.mapping.key
        if self._options.on_existing == "reject":
            fault = Violation(f"/{key}", "exists", f"there is a document with {key} {data[key]} already", "another one")
            raise RowExists(type=type.name, field=key, violations=[fault])
        if self._options.on_existing == "skip":
            return "skipped"
        data.pop("company_id", None)
        version = documents.get(ctx, type.name, id).version
        changed = documents.update(ctx, type.name, id, data)
        return "updated" if changed.version > version else "skipped"


def _batches(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    remaining = iter(records)
    while batch := list(islice(remaining, size)):
        yield batch
