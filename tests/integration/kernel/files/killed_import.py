"""Run as a process of its own: imports customers from standard input, and kills itself while it makes one of them.

Arguments: the URL, the tenant, the batch size, the number of the row it dies at, in the middle of a transaction.
"""

import os
import signal
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kernel.transfer.caller import Caller
from kernel.transfer.importer import Importer, ImportOptions
from kernel.transfer.mapping import ImportMapping
from kernel.transfer.records import Record, Records
from kernel.transfer.rejects import Rejects
from kernel.transfer.sources import Source
from tests.integration.kernel.shipped import open_shipped

url, tenant, batch_size, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
mapping = ImportMapping("parties.customer", key="code")


@dataclass(frozen=True)
class Deadly(Record):
    """A record is made twice: once to look up its links, then, within its savepoint, to be written."""

    def make(self, mapping, find_link):
        if find_link.__name__ == "find":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().make(mapping, find_link)


def deadly(records):
    for record in records:
        is_last = record.number == last
        yield Deadly(record.number, record.raw, record.scope, record.faults) if is_last else record


with open_shipped(url) as kernel, Rejects(Path(os.devnull)) as rejects:
    caller = Caller(kernel, kernel.directory.get(tenant))
    options = ImportOptions(mapping.type, mapping, batch_size=batch_size)
    with Records(Source("-", sys.stdin.buffer), mapping, date(2026, 3, 1)) as records:
        Importer(caller, options, rejects).run(deadly(records))
