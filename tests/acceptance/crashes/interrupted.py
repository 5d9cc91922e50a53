"""Run as a process of its own: the command `bos`, which kills itself in the middle of what it is at.

Arguments: where it dies and at which time it gets there, then those of the command. For `fold` there is no command.
"""

import os
import signal
import sys

from kernel.cli.main import main
from kernel.main import build_kernel
from kernel.registers.service import fold
from kernel.settings import Settings
from kernel.tenancy import migration

# As in test_interrupted_work.py.
BITE = 4


def die_at(module, name, time, *, is_after):
    """Replace a function by one that ends the process: before or after its own work."""
    original, times = getattr(module, name), iter(range(1, time + 1))

    def deadly(*arguments, **options):
        is_time = next(times) == time
        if is_time and not is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **options)
        if is_time:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(module, name, deadly)


def fold_until(time):
    """Fold in small bites; die between a bite and its commit."""
    settings = Settings()
    kernel = build_kernel(settings, settings.database_url)
    tenant = kernel.directory.list()[0]
    for bite in range(1, time + 1):
        with kernel.database.transaction(tenant) as uow:
            assert fold(uow, batch=BITE) == BITE
            if bite == time:
                os.kill(os.getpid(), signal.SIGKILL)
            uow.commit()


where, time = sys.argv[1], int(sys.argv[2])
if where == "fold":
    fold_until(time)
elif where == "within":
    die_at(migration, "apply_steps", time, is_after=True)
elif where == "between":
    die_at(migration, "note_steps", time, is_after=False)
sys.argv = ["bos", *sys.argv[3:]]
main()
