"""Export: documents of a type to a file in any format, page by page: any number of them takes the same memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kernel.context import KernelContext
from kernel.transfer.reading import ExportRequest, Line, Pages, check_fields, read_documents
from kernel.transfer.sinks import CsvSink, JsonlSink, Packed, Sink
from kernel.transfer.table import columns_of
from kernel.transfer.workbook import XlsxSink

__all__ = ["ExportRequest", "FileShape", "export", "open_sink", "read_documents", "write_csv", "write_jsonl"]

Progress = Callable[[int], None]


@dataclass(frozen=True)
class FileShape:
    """How a file is written. is_raw: a CSV's texts stand as they are, though a spreadsheet may compute some.

    title: of an XLSX sheet.
    """

    format: str = "csv"
    is_packed: bool = False
    is_raw: bool = False
    title: str = ""


def export(ctx: KernelContext, wanted: ExportRequest, sink: Sink, progress: Progress | None = None) -> int:
    """Write all documents the caller may read; how many there were. The sink stays open."""
    pages, count = Pages(wanted), 0
    while pages.cursor is not None:
        written = sink.write(_told(pages.read(ctx), progress) if progress else pages.read(ctx))
        count += written
    sink.flush()
    return count


def open_sink(
    ctx: KernelContext, wanted: ExportRequest, shape: FileShape, stream: BinaryIO | None, path: Path | None = None,
    *, has_header: bool = True,
) -> Sink:  # fmt: skip
    """The sink of a shape: to the stream, or to the path where it is XLSX. Raises MappingInvalid."""
    type = ctx.runtime.catalogue.type(wanted.type)
    check_fields(type, wanted.shown)
    columns = columns_of(type, wanted)
    if shape.format == "xlsx":
        assert path is not None
        return XlsxSink(path, columns, wanted.lines, title=shape.title or type.title)
    assert stream is not None
    below = Packed(stream) if shape.is_packed else stream
    if shape.format == "jsonl":
        return JsonlSink(below, columns if wanted.columns else (), wanted.lines)
    return CsvSink(below, columns, wanted.lines, is_raw=shape.is_raw, has_header=has_header)


def write_jsonl(ctx: KernelContext, wanted: ExportRequest, stream: BinaryIO, progress: Progress | None = None) -> int:
    """One JSON object a line; how many there were."""
    with _closing(open_sink(ctx, wanted, FileShape("jsonl"), stream)) as sink:
        return export(ctx, wanted, sink, progress)


def write_csv(ctx: KernelContext, wanted: ExportRequest, stream: BinaryIO, progress: Progress | None = None) -> int:
    """A header and a row for each document, or for each of its lines; how many documents there were."""
    with _closing(open_sink(ctx, wanted, FileShape("csv"), stream)) as sink:
        return export(ctx, wanted, sink, progress)


@contextmanager
def _closing(sink: Sink) -> Iterator[Sink]:
    yield sink
    sink.close()


def _told(lines: Iterable[Line], progress: Progress) -> Iterator[Line]:
    for line in lines:
        yield line
        progress(1)
