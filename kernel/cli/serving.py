"""Running the HTTP server in this process, or in several."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import signal
import socket
import threading
from contextlib import ExitStack

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from kernel.cli.garbage import shorten_collections
from kernel.http.app import create_app
from kernel.http.protocol import BoundedProtocol
from kernel.main import Kernel, build_kernel
from kernel.postgres import open_database
from kernel.settings import Settings
from kernel.telemetry.logs import configure_logs

STOP_S_MAX = 10
# By name, since each process imports it for itself.
_FACTORIES = {
    True: "kernel.cli.serving:create_app_with_worker",
    False: "kernel.cli.serving:create_app_without_worker",
}


def serve_here(kernel: Kernel, taken: socket.socket, *, has_worker: bool) -> None:
    """Serve until a signal comes; requests at hand are finished first."""
    shorten_collections()
    app = create_app(kernel, has_worker=has_worker)
    uvicorn.Server(configure_server(app)).run(sockets=[taken])


def serve_beside(taken: socket.socket, processes: int, *, has_worker: bool) -> None:
    """Serve in several processes, each with a kernel of its own; one that dies is started again."""
    config = configure_server(_FACTORIES[has_worker], workers=processes, factory=True)
    Multiprocess(config, [taken]).run()


def create_app_with_worker() -> FastAPI:
    return _create_served_app(has_worker=True)


def create_app_without_worker() -> FastAPI:
    return _create_served_app(has_worker=False)


def _create_served_app(*, has_worker: bool) -> FastAPI:
    """What each of several processes serves. Settings come from the environment, as they did for their parent."""
    threading.Thread(target=_end_with_parent, name="bos-parent-watch", daemon=True).start()
    shorten_collections()
    settings = Settings()
    configure_service_logs(settings, "api")
    stack = ExitStack()
    kernel = build_kernel(settings, stack.enter_context(open_database(settings)))
    stack.callback(kernel.close)
    atexit.register(stack.close)
    return create_app(kernel, has_worker=has_worker)


def _end_with_parent() -> None:
    """Nobody else stops this process when the one that started it is killed; the next would find the port taken."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def configure_service_logs(settings: Settings, service: str) -> None:
    """JSON for machines as set. At a terminal, where nothing was set, text for people."""
    format = settings.log_format
    if "log_format" not in settings.model_fields_set and os.isatty(2):
        format = "text"
    configure_logs(service, level=settings.log_level, format=format)
    # uvicorn's own lines ("Started server process") say nothing a reader of these logs needs.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def configure_server(app: FastAPI | str, *, workers: int = 1, factory: bool = False) -> uvicorn.Config:
    """How every process serves."""
    return uvicorn.Config(
        app,
        factory=factory,
        workers=workers,
        log_config=None,
        access_log=False,
        lifespan="on",
        http=BoundedProtocol,
        # Nothing here speaks it, and each protocol is one more reader of what strangers send.
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=STOP_S_MAX,
    )
