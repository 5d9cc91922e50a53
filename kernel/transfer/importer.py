"""Import: records become documents through the documents room, in batches, each row in a savepoint of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal, Protocol

import psycopg

from kernel.context import KernelContext, Work
from kernel.documents import service as documents
from kernel.documents.bulk_write import BulkRefused, BulkWrites
from kernel.transfer.caller import Caller
from kernel.transfer.coerce import coerce, without_filled
from kernel.transfer.errors import RowExists
from kernel.transfer.lookups import Lookups, Wanted, find_ids
from kernel.transfer.mapping import ImportMapping
from kernel.transfer.records import Record
from kernel.transfer.rehearsal import rehearse
from kernel.transfer.rejects import Refusal, Rejects
from sdk.errors import BosError, Unavailable, Violation
from sdk.schema import DocumentType

BATCH_SIZE = 500
BATCH_TRIES_MAX = 3

OnExisting = Literal["skip", "update", "reject"]
# What another transaction's luck decides: the batch is tried again.
_TRANSIENT = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
# What no row is to blame for: it is not told as a reject of each, but ends the import, which can be resumed.
_STOPPING = (*_TRANSIENT, Unavailable)
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

    def added_to(self, report: ImportReport) -> ImportReport:
        counts = Counter(self.outcomes)
        rejected = report.rejected + len(self.refused)
        return ImportReport(
            report.created + counts["created"],
            report.updated + counts["updated"],
            report.skipped + counts["skipped"],
            rejected,
        )


class Checkpoint(Protocol):
    """What a transfer is told in the transaction of each batch. Both raise what stops the import."""

    def hold(self, ctx: KernelContext) -> None:
        """Rejects are about to be written: nobody else may be at the same file until the transaction ends."""

    def keep(self, ctx: KernelContext, report: ImportReport, rejects_bytes: int) -> None:
        """How far it is once that is committed, and the bytes of its rejects."""


class Importer:
    """One run. progress: called after each batch with how many records it had. start: the report of the run that this
    one continues.
    """

    def __init__(
        self,
        caller: Caller,
        options: ImportOptions,
        rejects: Rejects,
        progress: Callable[[int], None] | None = None,
        *,
        start: ImportReport | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self._caller, self._options, self._rejects = caller, options, rejects
        self._progress = progress or (lambda count: None)
        self._checkpoint = checkpoint
        self._lookups = Lookups(options.company_id)
        self.report = start or ImportReport()

    def run(self, records: Iterable[Record]) -> ImportReport:
        """Import all of them: good ones go in, bad ones are rejected. `report` says how far a failed run came."""
        if self._options.is_rehearsal:
            # One transaction for all, so that later rows find what earlier ones have created.
            with self._caller.begin() as uow:
                ctx = rehearse(self._caller.context(uow))
                for batch in _batches(records, self._options.batch_size):
                    # What was changed is not in any cache, however many batches ago that was.
                    work = Work(changed_types=ctx.work.changed_types)
                    self._settle(self._write(replace(ctx, work=work), batch))
        else:
            for batch in _batches(records, self._options.batch_size):
                self.run_batch(batch)
        return self.report

    def run_batch(self, records: Sequence[Record]) -> None:
        """One transaction. Raises what stops an import: the right is gone, the transfer is another's now."""
        self._settle(self._commit(records))

    def _commit(self, records: Sequence[Record]) -> _Batch:
        kept = self._rejects.keep()
        for last in (*[False] * (BATCH_TRIES_MAX - 1), True):
            try:
                with self._caller.begin() as uow:
                    ctx = self._caller.context(uow)
                    # Whoever may no longer do it at all is stopped, instead of having every row rejected.
                    ctx.permissions.check("create", ctx.runtime.catalogue.type(self._options.type))
                    done = self._write(ctx, records)
                    if self._checkpoint:
                        self._keep(ctx, done)
                    uow.commit()
                    return done
            except _TRANSIENT:
                self._lookups.forget()
                self._rejects.go_back(kept)
                if last:
                    raise
        raise AssertionError("unreachable")

    def _keep(self, ctx: KernelContext, batch: _Batch) -> None:
        """Rejects are on the disk before they are counted. What is written of a batch that is not committed, whoever
        goes on writes over.
        """
        assert self._checkpoint is not None
        if batch.refused:
            self._checkpoint.hold(ctx)
        for record, refusal in batch.refused:
            self._rejects.add(record, refusal)
        self._checkpoint.keep(ctx, batch.added_to(self.report), self._rejects.keep())

    def _keep_beside(self, batch: _Batch) -> None:
        """The same of a rehearsal, whose own transaction leaves nothing behind."""
        with self._caller.kernel.database.transaction(self._caller.tenant, aside=True) as uow:
            self._keep(self._caller.context(uow), batch)
            uow.commit()

    def _settle(self, batch: _Batch) -> None:
        if self._checkpoint and self._options.is_rehearsal:
            self._keep_beside(batch)
        self.report = batch.added_to(self.report)
        if not self._checkpoint:
            for record, refusal in batch.refused:
                self._rejects.add(record, refusal)
        self._progress(len(batch.outcomes) + len(batch.refused))

    def _write(self, ctx: KernelContext, records: Sequence[Record]) -> _Batch:
        batch = _Batch()
        type = ctx.runtime.catalogue.type(self._options.type)
        existing = self._prepare(ctx, type, records)
        place = 0
        while place < len(records):
            done, alone = self._write_together(ctx, type, records[place:], existing, batch)
            for record in records[place + done : place + done + alone]:
                self._write_alone(ctx, type, record, existing, batch)
            place += done + alone
        return batch

    def _write_together(
        self, ctx: KernelContext, type: DocumentType, records: Sequence[Record], existing: dict[str, str], batch: _Batch
    ) -> tuple[int, int]:
        """Write new documents in one statement, up to the first record that is refused: how many records these were,
        and how many after them are to be written alone.

        Whether a record is refused does not depend on that: hooks and links see all that was written before.
        """
        if self._options.mapping.perform:
            # An action reads the document it is about, so nothing could be written together.
            return 0, len(records)
        outcomes, is_known = self._try_together(ctx, type, records, existing)
        count = len(outcomes)
        if is_known and 0 < count < len(records):
            outcomes, is_known = self._try_together(ctx, type, records[:count], existing)
            is_known = is_known and len(outcomes) == count
        if not is_known:
            # The statement itself was refused: which of them it was shows when each is written alone.
            return 0, len(records)
        batch.outcomes += outcomes
        return count, min(1, len(records) - count)

    def _try_together(
        self, ctx: KernelContext, type: DocumentType, records: Sequence[Record], existing: dict[str, str]
    ) -> tuple[list[str], bool]:
        """Outcomes up to the first refusal, all undone unless there was none; False: nobody knows whose it was."""
        outcomes: list[str] = []
        known, bulk = dict(existing), BulkWrites(ctx.uow)
        ctx.work.bulk = bulk
        try:
            with ctx.uow.savepoint():
                for record in records:
                    outcomes.append(self._write_one(ctx, type, record, known))
                bulk.flush()
        except _STOPPING:
            raise
        except (BulkRefused, *_REFUSALS):
            bulk.forget()
            return outcomes, not bulk.has_failed
        finally:
            ctx.work.bulk = None
        existing |= known
        return outcomes, True

    def _write_alone(
        self, ctx: KernelContext, type: DocumentType, record: Record, existing: dict[str, str], batch: _Batch
    ) -> None:
        try:
            with ctx.uow.savepoint():
                outcome = self._write_one(ctx, type, record, existing)
            batch.outcomes.append(outcome)
        except _STOPPING:
            raise
        except _REFUSALS as refusal:
            batch.refused.append((record, refusal))

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
