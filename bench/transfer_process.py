"""Run as a process of its own: one export or import, so that its memory is nobody else's.

Arguments: the URL, the tenant, `export` or `import`, the file. Prints documents, seconds and the most memory it had.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path

from kernel.main import Kernel, build_kernel
from kernel.settings import Settings
from kernel.tenancy.record import TenantRecord
from kernel.transfer.caller import Caller
from kernel.transfer.command import CommandImport
from kernel.transfer.exporter import ExportRequest, FileShape, export, open_sink
from kernel.transfer.importer import ImportOptions
from kernel.transfer.mapping import ImportMapping
from kernel.transfer.sources import Dialect, Source, guess_format

TYPE = "parties.customer"
KIB = 1024


def main() -> None:
    url, tenant, direction, name = sys.argv[1:]
    path = Path(name)
    kernel = build_kernel(Settings(database_url=url, data_dir=path.parent), url)
    record = kernel.directory.get(tenant)
    with kernel.operate(record) as ctx:
        # What every process does once is no part of how fast it is.
        ctx.runtime.catalogue.type(TYPE)
    # As `bos import` does, see kernel/cli/script.py.
    gc.freeze()
    started = time.perf_counter()
    done = (_export if direction == "export" else _import)(kernel, record, path)
    seconds = time.perf_counter() - started
    kernel.close()
    print(json.dumps({"documents": done, "seconds": seconds, "rss_mib": _most_memory_mib()}))


def _most_memory_mib() -> float:
    """Of this program alone: what getrusage tells begins with what the process it was forked from had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / KIB


def _export(kernel: Kernel, record: TenantRecord, path: Path) -> int:
    with kernel.operate(record) as ctx, path.open("wb") as file:
        wanted = ExportRequest(TYPE)
        sink = open_sink(ctx, wanted, FileShape(guess_format(path.name)), file)
        count = export(ctx, wanted, sink)
        sink.close()
    return count


def _import(kernel: Kernel, record: TenantRecord, path: Path) -> int:
    mapping = ImportMapping(TYPE, key="code")
    with path.open("rb") as file:
        source = Source(str(path), file, Dialect(guess_format(path.name)))
        run = CommandImport(
            Caller(kernel, record), ImportOptions(TYPE, mapping), source, path.with_suffix(".rejects.jsonl")
        )  # fmt: skip
        return run.run(lambda count: None).created


if __name__ == "__main__":
    main()
