"""The anchor that is always there: signed lines in files of the data folder, one file per tenant.

It holds against whoever can change the database and not the files. Copy the files elsewhere, or give an anchor that is
elsewhere to begin with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from kernel.audit.errors import AnchorUnwritable
from kernel.audit.signing import SigningKey, is_signed_by, open_key
from sdk.audit import Receipt, SealedRoot

FORMAT = 1
FOLDER = "audit"


class FileAnchor:
    """An `AuditAnchor`. Lines are appended and synced; nothing is ever rewritten."""

    name = "file"

    def __init__(self, folder: Path, installation: str) -> None:
        self._folder, self._installation = folder, installation

    @property
    def key(self) -> SigningKey:
        return open_key(self._folder)

    def record(self, root: SealedRoot) -> Receipt:
        lines = list(self._lines(root.tenant_id))
        for place, line in enumerate(lines, 1):
            if (line.get("number"), line.get("hash")) == (root.number, root.hash):
                return self._receipt(place, line)
        signed = describe(root, self._installation, self.key)
        self._append(root.tenant_id, signed)
        return self._receipt(len(lines) + 1, signed)

    def verify(self, root: SealedRoot) -> bool:
        public = self.key.public
        wanted = asdict(root)
        return any(
            is_signed_by(public, line) and all(line.get(name) == value for name, value in wanted.items())
            for line in self._lines(root.tenant_id)
        )

    def last(self, tenant_id: str) -> Receipt | None:
        public = self.key.public
        genuine = [
            self._receipt(place, line)
            for place, line in enumerate(self._lines(tenant_id), 1)
            if is_signed_by(public, line) and line.get("tenant_id") == tenant_id
        ]
        return max(genuine, key=lambda receipt: receipt.number, default=None)

    def trail(self, document_id: str, roots: Sequence[SealedRoot]) -> Sequence[Receipt]:
        """A recorded seal covers all before it, so the first one from each root on is its receipt."""
        if not roots:
            return []
        public = self.key.public
        lines = [
            self._receipt(place, line)
            for place, line in enumerate(self._lines(roots[0].tenant_id), 1)
            if is_signed_by(public, line)
        ]
        lines.sort(key=lambda receipt: receipt.number)
        covering = (next((each for each in lines if each.number >= root.number), None) for root in roots)
        return list({receipt.number: receipt for receipt in covering if receipt is not None}.values())

    def _receipt(self, place: int, line: dict[str, Any]) -> Receipt:
        return Receipt(self.name, line["tenant_id"], line["number"], line["hash"], f"line {place}", line)

    def _path(self, tenant_id: str) -> Path:
        return self._folder / f"{tenant_id}.jsonl"

    def _lines(self, tenant_id: str) -> Iterator[dict[str, Any]]:
        """What can be read; half a line, left by a crash, is none."""
        path = self._path(tenant_id)
        if not path.exists():
            return
        for text in path.read_bytes().splitlines():
            try:
                line = orjson.loads(text)
            except orjson.JSONDecodeError:
                continue
            if isinstance(line, dict) and isinstance(line.get("number"), int):
                yield line

    def _append(self, tenant_id: str, line: dict[str, Any]) -> None:
        try:
            with self._path(tenant_id).open("ab") as file:
                # After half a line, begin a new one.
                file.write((b"\n" if file.tell() else b"") + orjson.dumps(line))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise AnchorUnwritable(folder=self._folder, reason=error.strerror or str(error)) from None


def describe(root: SealedRoot, installation: str, key: SigningKey) -> dict[str, Any]:
    """A seal as a signed JSON object."""
    return key.sign({"format": FORMAT, "installation": installation, **asdict(root)})
