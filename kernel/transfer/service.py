"""Transfers as people ask for them: begun, looked at, cancelled. The work itself is done by jobs.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.auth.records import Identity
from kernel.context import KernelContext
from kernel.events.listener import CHANNEL
from kernel.transfer import store
from kernel.transfer.errors import TransferOver, TransfersTooMany, TransferUnknown
from kernel.transfer.files import TransferFiles
from kernel.transfer.requests import ExportOrder, ImportRequest
from kernel.transfer.store import Kind, NewTransfer, Transfer

TRANSFERS_OPEN_MAX = 20
LISTED_MAX = 100
# Before a tenant's name in a notification: it is the transfers that are to be looked at.
ANNOUNCED = "transfer:"
RESOURCE = "kernel.transfer"


def check_room(ctx: KernelContext) -> None:
    """Raises TransfersTooMany: nobody fills the disk with what waits."""
    count = store.count_open(ctx.uow)
    if count >= TRANSFERS_OPEN_MAX:
        raise TransfersTooMany(limit="transfers", count=count, maximum=TRANSFERS_OPEN_MAX)


def begin_import(ctx: KernelContext, id: str, identity: Identity, asked: ImportRequest, size: int) -> Transfer:
    """Let a worker import the file uploaded under this id."""
    check_room(ctx)
    new = NewTransfer(id, "import", asked.type, asked.as_json(), describe_actor(identity), progress={"size": size})
    return _begin(ctx, new)


def begin_export(ctx: KernelContext, id: str, identity: Identity, order: ExportOrder) -> Transfer:
    """Let a worker make the file."""
    check_room(ctx)
    return _begin(ctx, NewTransfer(id, "export", order.wanted.type, order.as_json(), describe_actor(identity)))


def _begin(ctx: KernelContext, new: NewTransfer) -> Transfer:
    store.insert(ctx.uow, new, ctx.now)
    ctx.uow.execute("SELECT pg_notify(%s, %s)", [CHANNEL, ANNOUNCED + ctx.runtime.tenant.name])
    found = store.find(ctx.uow, new.id)
    assert found is not None
    return found


def get_transfer(ctx: KernelContext, kind: Kind, id: str) -> Transfer:
    """One's own, or anybody's for who administers them. Raises TransferUnknown."""
    found = store.find(ctx.uow, id) if _is_id(id) else None
    is_seen = found is not None and (_is_own(ctx, found) or ctx.permissions.reaches_all(RESOURCE, "read"))
    if found is None or found.kind != kind or not is_seen:
        raise TransferUnknown(kind=kind, id=id)
    return found


def list_transfers(ctx: KernelContext, kind: Kind) -> list[Transfer]:
    """The latest, newest first: one's own, or everybody's for who administers them."""
    if ctx.permissions.reaches_all(RESOURCE, "read"):
        return store.list_latest(ctx.uow, kind, None, LISTED_MAX)
    return [found for found in store.list_latest(ctx.uow, kind, ctx.actor.id, LISTED_MAX) if _is_own(ctx, found)]


def cancel(ctx: KernelContext, kind: Kind, id: str) -> Transfer:
    """Stop it: what was imported stays. Waits for the batch at hand. Raises TransferOver where it has ended."""
    found = get_transfer(ctx, kind, id)
    if not _is_own(ctx, found):
        ctx.permissions.check_resource("cancel", RESOURCE)
    if not store.finish(ctx.uow, id, "cancelled", ctx.now):
        raise TransferOver(kind=kind, state=found.state)
    files = TransferFiles(ctx.kernel.settings.data_dir, ctx.runtime.tenant.id)
    ctx.uow.after_commit(lambda: files.remove(id, "upload", "export"))
    return get_transfer(ctx, kind, id)


def _is_own(ctx: KernelContext, transfer: Transfer) -> bool:
    """Whether it was asked for by the caller, with no more than the caller has: a file made with all the rights of a
    user is not for a key that has some of them.
    """
    if transfer.actor.get("id") != ctx.actor.id:
        return False
    held = ctx.identity.scopes if ctx.identity is not None else None
    used = transfer.actor.get("scopes")
    return held is None or (used is not None and set(used) <= held)


def describe_actor(identity: Identity | None) -> dict[str, Any]:
    """Who asked, so that a worker can act for them later."""
    if identity is None:
        return {"id": "operator"}
    return {
        "id": identity.actor.id,
        "email": identity.actor.email,
        "scopes": sorted(identity.scopes) if identity.scopes is not None else None,
        "key_id": identity.key_id,
    }


def present(transfer: Transfer, now: datetime) -> dict[str, Any]:
    """What the API says about it. percent: 0 to 100. eta_s: seconds it will take still, None where nobody can tell."""
    progress = transfer.progress
    share = _share(transfer)
    shown: dict[str, Any] = {
        "id": transfer.id,
        "state": transfer.state,
        "type": transfer.type,
        "percent": int(share * 100),
        "eta_s": _eta_s(transfer, share, now),
        "documents": progress.get("documents", 0),
        "created_at": transfer.created_at,
        "started_at": transfer.started_at,
        "finished_at": transfer.finished_at,
        "created_by": transfer.actor.get("id"),
        "error": transfer.error,
    }
    if transfer.kind == "import":
        return shown | {"counts": progress.get("counts", {}), "dry_run": bool(transfer.request.get("is_rehearsal"))}
    order = ExportOrder.of(transfer.request)
    return shown | {
        "total": progress.get("total"), "format": order.shape.format, "bytes": progress.get("bytes"),
        "template": order.template or None,
    }  # fmt: skip


def _share(transfer: Transfer) -> float:
    if transfer.state == "done":
        return 1.0
    progress: Mapping[str, Any] = transfer.progress
    done, all = ("bytes", "size") if transfer.kind == "import" else ("documents", "total")
    if not progress.get(all):
        return 0.0
    # Only the end itself is all of it.
    return float(min(0.99, progress.get(done, 0) / progress[all]))


def _eta_s(transfer: Transfer, share: float, now: datetime) -> int | None:
    if transfer.state != "running" or transfer.started_at is None or share <= 0:
        return None
    return max(0, round((now - transfer.started_at).total_seconds() * (1 - share) / share))


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
