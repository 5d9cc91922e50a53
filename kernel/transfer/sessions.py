"""A transfer at work: opened where its last committed batch has left it, and done batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta
from itertools import islice
from typing import Any, Protocol

from kernel.context import KernelContext
from kernel.db.unit_of_work import UnitOfWork
from kernel.transfer import store
from kernel.transfer.caller import Caller
from kernel.transfer.errors import SourceUnreadable, TransferLost
from kernel.transfer.exporter import open_sink
from kernel.transfer.files import TransferFiles
from kernel.transfer.importer import BATCH_SIZE, Importer, ImportReport
from kernel.transfer.reading import Pages, check_may_read, count_documents
from kernel.transfer.records import Record, Records
from kernel.transfer.rejects import Rejects
from kernel.transfer.requests import ExportOrder, ImportRequest
from kernel.transfer.sources import Source
from kernel.transfer.store import Transfer

# Longer than any batch takes; a process that was killed is missed after that.
LEASE_S = 120
REHEARSED_MAX = 10_000


class Session(Protocol):
    """One transfer in this process."""

    def step(self, caller: Caller) -> bool:
        """Do a batch and commit it with the progress; whether that was the last. Raises TransferLost."""

    def close(self) -> None:
        """Let go of files, whatever the transfer's state."""


class ImportSession:
    """The source stays open from batch to batch; in a new process the records done already are read past."""

    def __init__(self, caller: Caller, transfer: Transfer, files: TransferFiles, holder: str) -> None:
        self._id, self._holder = transfer.id, holder
        self._size = transfer.progress.get("size", 0)
        self._stack = ExitStack()
        asked = ImportRequest.of(transfer.request)
        self._options = asked.options(BATCH_SIZE)
        # A rehearsal leaves nothing behind to go on from.
        progress = {} if self._options.is_rehearsal else transfer.progress
        start = ImportReport(**progress.get("counts", {}))
        try:
            stream = self._stack.enter_context(files.path(transfer.id, "upload").open("rb"))
        except OSError as error:
            raise SourceUnreadable(file="the uploaded file", reason=error.strerror or str(error)) from error
        self._source = Source("the uploaded file", stream, asked.dialect)
        with caller.begin() as uow:
            today = caller.context(uow).today
        records = self._stack.enter_context(Records(self._source, self._options.mapping, today))
        self._records: Iterator[Record] = islice(records, start.seen, None)
        kept = progress.get("rejects_bytes", 0)
        self._rejects = self._stack.enter_context(Rejects(files.path(transfer.id, "rejects"), kept))
        self._report = start

    def step(self, caller: Caller) -> bool:
        importer = Importer(caller, self._options, self._rejects, start=self._report, checkpoint=self)
        if self._options.is_rehearsal:
            self._report = importer.run(islice(self._records, REHEARSED_MAX))
            self._finish(caller)
            return True
        batch = list(islice(self._records, self._options.batch_size))
        if batch:
            importer.run_batch(batch)
            self._report = importer.report
        if len(batch) == self._options.batch_size:
            return False
        self._finish(caller)
        return True

    def close(self) -> None:
        self._stack.close()

    def hold(self, ctx: KernelContext) -> None:
        hold(ctx, self._id, self._holder)

    def keep(self, ctx: KernelContext, report: ImportReport, rejects_bytes: int) -> None:
        progress = {
            "size": self._size,
            "bytes": self._source.position(),
            "documents": report.seen,
            "counts": asdict(report),
            "rejects_bytes": rejects_bytes,
        }
        keep(ctx, self._id, self._holder, progress)

    def _finish(self, caller: Caller) -> None:
        with caller.begin() as uow:
            ctx = caller.context(uow)
            self.keep(ctx, self._report, self._rejects.keep())
            end(ctx, self._id, self._holder)
            uow.commit()


class ExportSession:
    """The file grows page by page, and is cut back to the last committed page by whoever goes on after a crash.

    A workbook is not complete before its end, so one that was interrupted is begun anew.
    """

    def __init__(self, caller: Caller, transfer: Transfer, files: TransferFiles, holder: str) -> None:
        self._id, self._holder = transfer.id, holder
        self._order = ExportOrder.of(transfer.request)
        self._final, self._partial = files.path(transfer.id, "export"), files.partial(transfer.id, "export")
        self._stack = ExitStack()
        is_workbook = self._order.shape.format == "xlsx"
        # The file may have its final name already, although the transaction that said so was not committed.
        is_begun = not is_workbook and self._partial.exists()
        progress: Mapping[str, Any] = transfer.progress if is_begun else {}
        self._documents = progress.get("documents", 0)
        self._total: int | None = transfer.progress.get("total")
        written = progress.get("bytes", 0)
        self._pages = Pages(self._order.wanted, progress.get("cursor", ""))
        self._file = None
        with caller.begin() as uow:
            ctx = caller.context(uow)
            # While it is held nobody else writes to the file.
            hold(ctx, self._id, self._holder)
            if not is_workbook:
                self._file = self._stack.enter_context(self._partial.open("r+b" if written else "wb"))
                self._file.seek(written)
                self._file.truncate()
            self._sink = open_sink(
                ctx, self._order.wanted, self._order.shape, self._file, self._partial, has_header=not written
            )
        self._stack.callback(self._sink.discard)

    def step(self, caller: Caller) -> bool:
        with caller.begin() as uow:
            ctx = caller.context(uow)
            hold(ctx, self._id, self._holder)
            check_may_read(ctx, ctx.runtime.catalogue.type(self._order.wanted.type))
            if self._total is None:
                self._total = count_documents(ctx, self._order.wanted)
            if self._pages.cursor is not None:
                self._documents += self._sink.write(self._pages.read(ctx))
            self._sink.flush()
            is_last = self._pages.cursor is None
            if is_last:
                self._sink.close()
            self._keep(ctx)
            if is_last:
                self._publish(uow)
                end(ctx, self._id, self._holder)
            uow.commit()
        return is_last

    def close(self) -> None:
        self._stack.close()

    def _keep(self, ctx: KernelContext) -> None:
        if self._file is not None:
            self._file.flush()
        progress = {
            "documents": self._documents,
            "total": self._total,
            "cursor": self._pages.cursor,
            "bytes": self._partial.stat().st_size if self._partial.exists() else 0,
        }
        keep(ctx, self._id, self._holder, progress)

    def _publish(self, uow: UnitOfWork) -> None:
        """Before the commit: a file nobody is told of is removed with the rest, one that is told of must be there."""
        self._stack.close()
        self._partial.replace(self._final)


def hold(ctx: KernelContext, id: str, holder: str) -> None:
    """Before its files are written to: nobody else claims it in this transaction's time. Raises TransferLost."""
    if not store.hold(ctx.uow, id, holder):
        raise TransferLost


def keep(ctx: KernelContext, id: str, holder: str, progress: Mapping[str, Any]) -> None:
    """Note in the batch's own transaction how far it is. Raises TransferLost, so that the batch rolls back."""
    until = ctx.now + timedelta(seconds=LEASE_S)
    if not store.keep_progress(ctx.uow, id, holder, progress, ctx.now, until):
        raise TransferLost


def end(ctx: KernelContext, id: str, holder: str) -> None:
    """It is done. Raises TransferLost."""
    if not store.finish(ctx.uow, id, "done", ctx.now, holder=holder):
        raise TransferLost
