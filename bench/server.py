"""One server process as `bos serve` runs it: API and worker in one. Prints its port, ends when its stdin does."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

from kernel.cli.serving import serve_here
from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.telemetry.logs import configure_logs


def main() -> None:
    settings = Settings()
    if not settings.database_url:
        raise SystemExit("BOS_DATABASE_URL is not set")
    configure_logs("api", level=settings.log_level)
    kernel = build_kernel(settings, settings.database_url)
    listener = socket.create_server((settings.host, 0), backlog=128)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    try:
        serve_here(kernel, listener, has_worker=os.environ.get("BENCH_WORKER", "1") == "1")
    finally:
        kernel.close()


def _end_with_stdin() -> None:
    """Whoever started this process holds the other end; when that process dies, however it dies, so does this one."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
