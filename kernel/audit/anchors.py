"""The anchors of an installation: its file, and those that system plugins bring."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from kernel.audit import store
from kernel.audit.errors import AnchorUnreadable
from kernel.audit.file_anchor import FOLDER, FileAnchor, describe
from kernel.audit.seals import Seal, to_root
from kernel.audit.signing import is_signed_by
from kernel.audit.store import Execute
from kernel.audit.verify import Fault
from kernel.parts import Parts
from kernel.tenancy.record import TenantRecord
from sdk.audit import AuditAnchor, SealedRoot

ANCHOR_FILE_BYTES_MAX = 50_000_000
_NAMES = tuple(SealedRoot.__dataclass_fields__)
_log = logging.getLogger("bos.audit")


def file_anchor(kernel: Parts) -> FileAnchor:
    """The one in the data folder; its key signs what is exported."""
    return FileAnchor(Path(kernel.settings.data_dir) / FOLDER, kernel.installation.id)


def anchors_of(kernel: Parts) -> list[AuditAnchor]:
    """All of them, the file first."""
    brought: list[AuditAnchor] = kernel.plugins.hook.register_audit_anchor(kernel=kernel)
    return [file_anchor(kernel), *brought]


def record_everywhere(kernel: Parts, tenant: TenantRecord, seal: Seal) -> None:
    """Tell every anchor of a seal. One that fails is told of a later seal, which covers this one."""
    for anchor in anchors_of(kernel):
        try:
            anchor.record(to_root(tenant, seal))
        except Exception:  # reason: an anchor is somebody else's service; its trouble must not stop sealing
            _log.exception("the seal %s of %s was not recorded by the anchor %s", seal.number, tenant.name, anchor.name)


def export_anchors(kernel: Parts, tenants: Sequence[TenantRecord]) -> dict[str, Any]:
    """The newest seal of each tenant that has one, signed: to be kept where nobody of this machine can change it."""
    anchor = file_anchor(kernel)
    signed = []
    for tenant in tenants:
        with kernel.database.transaction(tenant) as uow:
            last = store.last_seal(uow.execute)
        if last is not None:
            signed.append(describe(to_root(tenant, last), kernel.installation.id, anchor.key))
    return {"format": 1, "installation": kernel.installation.id, "anchors": signed}


def read_anchors(path: Path) -> list[dict[str, Any]]:
    """What was exported, or a file of the file anchor. Raises AnchorUnreadable."""
    try:
        if path.stat().st_size > ANCHOR_FILE_BYTES_MAX:
            raise AnchorUnreadable(file=path, reason=f"it is larger than {ANCHOR_FILE_BYTES_MAX} bytes")
        found = list(_parse(path.read_bytes()))
    except OSError as error:
        raise AnchorUnreadable(file=path, reason=error.strerror or str(error)) from None
    except orjson.JSONDecodeError as error:
        raise AnchorUnreadable(file=path, reason=f"it is no JSON: {error}") from None
    if not found:
        raise AnchorUnreadable(file=path, reason="there is none in it")
    for each in found:
        if not isinstance(each, dict) or not isinstance(each.get("number"), int) or not {*_NAMES} <= {*each}:
            raise AnchorUnreadable(file=path, reason="something in it is no anchor")
    return found


def _parse(content: bytes) -> Iterator[Any]:
    try:
        whole = orjson.loads(content)
    except orjson.JSONDecodeError:
        yield from (orjson.loads(line) for line in content.splitlines() if line.strip())
        return
    yield from whole["anchors"] if isinstance(whole, dict) and isinstance(whole.get("anchors"), list) else [whole]


def faults_of_anchors(
    execute: Execute, tenant: TenantRecord, given: Sequence[Mapping[str, Any]], public: str
) -> Iterator[Fault]:
    """Whether the seals are those that were exported. public: the key that must have signed."""
    for anchor in given:
        number = int(anchor["number"])
        if not is_signed_by(public, dict(anchor)):
            yield Fault("anchor_forged", number, "its signature is not of this installation's key")
            continue
        yield from _faults_of_record(execute, tenant, number, str(anchor["hash"]), "a given anchor")


def faults_of_records(execute: Execute, tenant: TenantRecord, anchors: Sequence[AuditAnchor]) -> Iterator[Fault]:
    """Whether the newest seal each anchor has recorded is there, as it was."""
    for anchor in anchors:
        receipt = anchor.last(tenant.id)
        if receipt is not None:
            yield from _faults_of_record(execute, tenant, receipt.number, receipt.hash, f"the anchor {anchor.name}")


def _faults_of_record(execute: Execute, tenant: TenantRecord, number: int, hash: str, who: str) -> Iterator[Fault]:
    found = store.list_seals(execute, number + 1, 1)
    if not found or found[0].number != number:
        yield Fault("anchor_missing", number, f"{who} knows this seal, the database does not: the log was cut off")
    elif to_root(tenant, found[0]).hash != hash:
        yield Fault("anchor_differs", number, f"{who} has the hash {hash}, the database {found[0].hash.hex()}")


def receipts_of(kernel: Parts, document_id: str, roots: Sequence[SealedRoot]) -> list[dict[str, Any]]:
    """What all anchors have of a document."""
    return [asdict(receipt) for anchor in anchors_of(kernel) for receipt in anchor.trail(document_id, roots)]
