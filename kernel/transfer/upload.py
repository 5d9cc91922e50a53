"""The body of an upload, streamed to the disk: neither its size nor its name is believed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from kernel.transfer.errors import UploadTooLarge

# Written at once; less would cost a thread for every packet.
CHUNK_BYTES = 1 << 20


async def receive_file(
    request: Request, partial: Path, final: Path, maximum: int, note: Callable[[bytes], object] | None = None
) -> int:
    """Keep the body under the final name once it is whole; its bytes. Raises UploadTooLarge, ClientDisconnect.

    note: told every part of it, in the thread that writes it.
    """
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > maximum:
        raise UploadTooLarge(limit="upload", maximum=maximum)
    try:
        size = await _write(request, partial, maximum, note)
        partial.replace(final)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return size


async def _write(request: Request, partial: Path, maximum: int, note: Callable[[bytes], object] | None) -> int:
    size, parts, waiting = 0, [], 0
    with partial.open("wb") as file:

        def keep(data: bytes) -> None:
            file.write(data)
            if note:
                note(data)

        async for chunk in request.stream():
            size += len(chunk)
            if size > maximum:
                raise UploadTooLarge(limit="upload", maximum=maximum)
            parts.append(chunk)
            waiting += len(chunk)
            if waiting >= CHUNK_BYTES:
                await run_in_threadpool(keep, b"".join(parts))
                parts, waiting = [], 0
        await run_in_threadpool(keep, b"".join(parts))
        file.flush()
        # What is answered with 201 is stored.
        await run_in_threadpool(os.fsync, file.fileno())
    return size
