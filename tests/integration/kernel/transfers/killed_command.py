"""Run as a process of its own: `bos import` of a file that kills itself in the middle of a batch.

Arguments: the URL, the data folder, the tenant, the file, the rejects, the number of the row it dies at.
"""

import os
import signal
import sys
from pathlib import Path

from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.transfer.caller import Caller
from kernel.transfer.command import CommandImport
from kernel.transfer.importer import ImportOptions
from kernel.transfer.mapping import ImportMapping
from kernel.transfer.records import Record
from kernel.transfer.sources import Dialect, Source

url, folder, tenant, name, rejects, last = sys.argv[1:]
make = Record.make


def deadly(self, mapping, find_link):
    if self.number == int(last) and find_link.__name__ == "find":
        os.kill(os.getpid(), signal.SIGKILL)
    return make(self, mapping, find_link)


Record.make = deadly
kernel = build_kernel(Settings(data_dir=folder), url)
caller = Caller(kernel, kernel.directory.get(tenant))
mapping = ImportMapping("parties.customer", key="code")
options = ImportOptions("parties.customer", mapping, batch_size=50)
with Path(name).open("rb") as stream:
    CommandImport(caller, options, Source(name, stream, Dialect()), Path(rejects)).run(lambda count: None)
