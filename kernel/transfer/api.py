"""/api/v1/imports and /api/v1/exports."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from kernel.auth.service import authenticate
from kernel.context import KernelContext
from kernel.http.exchange import exchange_of
from kernel.http.idempotency import HEADER
from kernel.http.operations import describe
from kernel.http.requests import Reply, parse_body, run
from kernel.transfer import answers, service
from kernel.transfer.errors import TransferNotReady
from kernel.transfer.files import FileKind, TransferFiles
from kernel.transfer.requests import ExportOrder, check_export, check_import
from kernel.transfer.schemas import MEDIA_TYPES, NewExport, read_import
from kernel.transfer.store import Kind, Transfer
from kernel.transfer.upload import receive_file
from sdk.identifiers import new_id

if TYPE_CHECKING:
    from kernel.main import Kernel

UPLOAD = ("POST", "/api/v1/imports")


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["transfers"])
    _add_imports(routes, kernel)
    _add_exports(routes, kernel)
    for kind in ("import", "export"):
        _add_common(routes, kernel, kind)
    return routes


def _add_imports(routes: APIRouter, kernel: Kernel) -> None:
    @routes.post(
        "/imports",
        summary="Upload a file, to be imported by a worker",
        status_code=201,
        openapi_extra=describe(
            answers.IMPORT, query=answers.IMPORT_QUERY, required=("type",), status=201, refusals=(404,)
        ),
    )
    async def create_import(request: Request) -> Response:
        return await _upload(request, kernel)

    @routes.get(
        "/imports/{id}/rejects",
        summary="The rows that were rejected, with the reasons, as JSONL",
        openapi_extra=describe(media_types=("application/x-ndjson",), refusals=(409,)),
    )
    def read_rejects(request: Request, id: str) -> Response:
        found = _ask(request, kernel, lambda ctx: service.get_transfer(ctx, "import", id))
        return _file(kernel, request, found, "rejects", f"rejects-{id}.jsonl", MEDIA_TYPES["jsonl"])


def _add_exports(routes: APIRouter, kernel: Kernel) -> None:
    @routes.post(
        "/exports",
        summary="Have a worker make a file of documents",
        status_code=201,
        openapi_extra=describe(answers.EXPORT, body=NewExport, status=201, refusals=(404,)),
    )
    def create_export(request: Request) -> Response:
        asked, identity = parse_body(request, NewExport), authenticate(kernel, request.headers.get("authorization"))

        def begin(ctx: KernelContext) -> Reply:
            order = asked.order(ctx)
            check_export(ctx, order)
            return _created(ctx, service.begin_export(ctx, new_id(), identity, order))

        return run(request, kernel, begin)

    @routes.get(
        "/exports/{id}/file",
        summary="The file, once it is done",
        openapi_extra=describe(media_types=answers.FILES, refusals=(409,)),
    )
    def read_file(request: Request, id: str) -> Response:
        found = _ask(request, kernel, lambda ctx: service.get_transfer(ctx, "export", id))
        shape = ExportOrder.of(found.request).shape
        packed = shape.is_packed and shape.format != "xlsx"
        name = f"{found.type}.{shape.format}{'.gz' if packed else ''}"
        return _file(
            kernel, request, found, "export", name, "application/gzip" if packed else MEDIA_TYPES[shape.format]
        )


def _add_common(routes: APIRouter, kernel: Kernel, kind: Kind) -> None:
    @routes.get(
        f"/{kind}s",
        summary=f"The latest {kind}s, newest first",
        operation_id=f"list_{kind}s",
        openapi_extra=describe(answers.LISTS[kind]),
    )
    def list_transfers(request: Request) -> Response:
        return run(
            request, kernel, lambda ctx: {"items": [_present(ctx, t) for t in service.list_transfers(ctx, kind)]},
            read_only=True,
        )  # fmt: skip

    @routes.get(
        f"/{kind}s/{{id}}",
        summary=f"How far an {kind} is",
        operation_id=f"get_{kind}",
        openapi_extra=describe(answers.ONE[kind]),
    )
    def get_transfer(request: Request, id: str) -> Response:
        return run(request, kernel, lambda ctx: _present(ctx, service.get_transfer(ctx, kind, id)), read_only=True)

    @routes.post(
        f"/{kind}s/{{id}}/cancel",
        summary=f"Stop an {kind}",
        operation_id=f"cancel_{kind}",
        openapi_extra=describe(answers.ONE[kind]),
    )
    def cancel_transfer(request: Request, id: str) -> Response:
        return run(request, kernel, lambda ctx: _present(ctx, service.cancel(ctx, kind, id)))


async def _upload(request: Request, kernel: Kernel) -> Response:
    """What is asked for is checked before a byte of the file is read, and once more when it is all there."""
    asked = read_import(request)

    def check(ctx: KernelContext) -> str:
        check_import(ctx, asked)
        service.check_room(ctx)
        return ctx.runtime.tenant.id

    tenant_id = await run_in_threadpool(_ask, request, kernel, check)
    id, files = new_id(), TransferFiles(kernel.settings.data_dir, tenant_id)
    digest = hashlib.sha256() if HEADER in request.headers else None
    size = await receive_file(
        request, files.partial(id, "upload"), files.path(id, "upload"), kernel.settings.upload_bytes_max,
        digest.update if digest else None,
    )  # fmt: skip
    if digest:
        # What an Idempotency-Key compares of the body: it is too long to be held in memory.
        exchange_of(request).body = digest.digest()
    is_kept: list[bool] = []

    def begin(ctx: KernelContext) -> Reply:
        identity = authenticate(kernel, request.headers.get("authorization"))
        ctx.uow.after_commit(lambda: is_kept.append(True))
        return _created(ctx, service.begin_import(ctx, id, identity, check_import(ctx, asked), size))

    try:
        return await run_in_threadpool(run, request, kernel, begin)
    finally:
        # Refused, or sent again and answered as the first time.
        if not is_kept:
            files.remove(id)


def _ask(request: Request, kernel: Kernel, verb: Callable[[KernelContext], Any]) -> Any:
    """What a verb finds, where the answer is not made of it alone."""
    found: list[Any] = []
    run(request, kernel, lambda ctx: found.append(verb(ctx)), read_only=True)
    return found[0]


def _file(
    kernel: Kernel, request: Request, found: Transfer, kind: FileKind, name: str, media_type: str
) -> Response:  # fmt: skip
    tenant_id = authenticate(kernel, request.headers.get("authorization")).tenant.id
    path = TransferFiles(kernel.settings.data_dir, tenant_id).path(found.id, kind)
    if (found.is_open and kind == "export") or not path.is_file():
        raise TransferNotReady(kind=found.kind, state=found.state)
    return FileResponse(path, media_type=media_type, filename=name, headers={"cache-control": "no-store"})


def _created(ctx: KernelContext, transfer: Transfer) -> Reply:
    return Reply(_present(ctx, transfer), 201, {"location": f"/api/v1/{transfer.kind}s/{transfer.id}"})


def _present(ctx: KernelContext, transfer: Transfer) -> dict[str, Any]:
    return service.present(transfer, ctx.now)
