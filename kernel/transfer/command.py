"""An import by a command: the transfer it is kept as, so that a killed one can be continued."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from kernel.context import KernelContext
from kernel.transfer import store
from kernel.transfer.caller import Caller
from kernel.transfer.errors import NothingToResume, SourceChanged
from kernel.transfer.importer import Importer, ImportOptions, ImportReport
from kernel.transfer.records import Records
from kernel.transfer.rejects import Rejects
from kernel.transfer.service import describe_actor
from kernel.transfer.sessions import end, hold, keep
from kernel.transfer.sources import STDIN, Source
from kernel.transfer.store import NewTransfer
from sdk.identifiers import new_id

SAMPLE_BYTES = 1 << 20


@dataclass
class CommandImport:
    """One run of `bos import`. report: how far it has come, also when it is stopped. mapping: its file's content."""

    caller: Caller
    options: ImportOptions
    source: Source
    rejects: Path
    mapping: bytes = b""
    is_resumed: bool = False

    def __post_init__(self) -> None:
        self.report = ImportReport()
        self._holder = f"command {os.getpid()} {secrets.token_hex(4)}"

    def run(self, progress: Callable[[int], None]) -> ImportReport:
        """Raises NothingToResume, SourceChanged, and what stops an import; a batch that was committed stays."""
        with self._kept() as kept:
            id, start, rejects_bytes = kept
            with self.caller.begin() as uow:
                today = self.caller.context(uow).today
            with (
                Records(self.source, self.options.mapping, today) as records,
                Rejects(self.rejects, rejects_bytes) as rejects,
            ):
                checkpoint = _Checkpoint(id, self._holder) if id else None
                importer = Importer(self.caller, self.options, rejects, progress, start=start, checkpoint=checkpoint)
                self.report = start
                try:
                    importer.run(islice(records, start.seen, None))
                finally:
                    self.report = importer.report
            return self.report

    @contextmanager
    def _kept(self) -> Iterator[tuple[str, ImportReport, int]]:
        """The id of the transfer, and where it goes on. A rehearsal leaves no trace, and so has none."""
        if self.options.is_rehearsal:
            yield "", ImportReport(), 0
            return
        with self.caller.begin() as uow:
            ctx = self.caller.context(uow)
            found = self._resume(ctx) if self.is_resumed else self._begin(ctx)
            uow.commit()
        yield found
        with self.caller.begin() as uow:
            end(self.caller.context(uow), found[0], self._holder)
            uow.commit()

    def _begin(self, ctx: KernelContext) -> tuple[str, ImportReport, int]:
        identity = self.caller.identity
        new = NewTransfer(
            new_id(), "import", self.options.type, self._request(), describe_actor(identity), "command",
            holder=self._holder,
        )  # fmt: skip
        store.insert(ctx.uow, new, ctx.now)
        return new.id, ImportReport(), 0

    def _resume(self, ctx: KernelContext) -> tuple[str, ImportReport, int]:
        request = self._request()
        found = store.find_unfinished(ctx.uow, self.options.type, request["file"])
        if found is None:
            raise NothingToResume(resource="import", id=self.source.name, file=self.source.name)
        if found.request != request:
            raise SourceChanged(file=self.source.name)
        # Whoever was at it cannot commit any more, dead or alive.
        store.take_over(ctx.uow, found.id, self._holder, ctx.now)
        counts = found.progress.get("counts", {})
        return found.id, ImportReport(**counts), found.progress.get("rejects_bytes", 0)

    def _request(self) -> dict[str, Any]:
        """What has to be the same for a run to be continued."""
        options = self.options
        file = self.source.name if self.source.name == STDIN else str(Path(self.source.name).absolute())
        return {
            "file": file,
            "content": "" if file == STDIN else _digest_of(self.source),
            "dialect": asdict(self.source.dialect),
            "mapping": hashlib.sha256(self.mapping).hexdigest(),
            "key": options.mapping.key,
            "on_existing": options.on_existing,
            "company_id": options.company_id,
            "rejects": str(self.rejects.absolute()),
        }


@dataclass(frozen=True)
class _Checkpoint:
    id: str
    holder: str

    def hold(self, ctx: KernelContext) -> None:
        hold(ctx, self.id, self.holder)

    def keep(self, ctx: KernelContext, report: ImportReport, rejects_bytes: int) -> None:
        progress = {"documents": report.seen, "counts": asdict(report), "rejects_bytes": rejects_bytes}
        keep(ctx, self.id, self.holder, progress)


def _digest_of(source: Source) -> str:
    """Of the size, the beginning and the end: enough to tell files apart, and as fast for large ones."""
    stream, size = source.stream, source.size() or 0
    digest = hashlib.sha256(str(size).encode())
    digest.update(stream.read(SAMPLE_BYTES))
    stream.seek(max(0, size - SAMPLE_BYTES))
    digest.update(stream.read(SAMPLE_BYTES))
    stream.seek(0)
    return digest.hexdigest()
