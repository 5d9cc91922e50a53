"""The anchor that is always there: signed lines in files of the data folder, one file per tenant.

It holds against whoever can change the database and not the files. Copy the files elsewhere, or give an anchor that is
elsewhere to begin with.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from kernel.audit.errors import AnchorUnwritable
from kernel.audit.signing import SigningKey, is_signed_by, open_key
from sdk.audit import Receipt, SealedRoot

FORMAT = 1
FOLDER = "audit"
# A line has some 700.
LINE_BYTES_MAX = 65_536


class FileAnchor:
    """An `AuditAnchor`. Lines are appended and synced; nothing is ever rewritten."""

    name = "file"

    def __init__(self, folder: Path, installation: str) -> None:
        self._folder, self._installation = folder, installation

    @property
    def key(self) -> SigningKey:
        return open_key(self._folder)

    def record(self, root: SealedRoot) -> Receipt:
        # Seals come in order: only one that is not the newest may be there already.
        newest = self._newest(root.tenant_id)
        if newest is None or newest >= root.number:
            for place, line in self._lines(root.tenant_id):
                if (line["number"], line.get("hash")) == (root.number, root.hash):
                    return self._receipt(place, line)
        signed = describe(root, self._installation, self.key)
        return self._receipt(self._append(root.tenant_id, signed), signed)

    def verify(self, root: SealedRoot) -> bool:
        public, wanted = self.key.public, asdict(root)
        return any(
            all(line.get(name) == value for name, value in wanted.items()) and is_signed_by(public, line)
            for _, line in self._lines(root.tenant_id)
        )

    def last(self, tenant_id: str) -> Receipt | None:
        lines = sorted(self._lines(tenant_id), key=_number_of, reverse=True)
        return next(self._genuine(tenant_id, lines), None)

    def trail(self, document_id: str, roots: Sequence[SealedRoot]) -> Sequence[Receipt]:
        """A recorded seal covers all before it, so the first one from each root on is its receipt."""
        if not roots:
            return []
        tenant_id = roots[0].tenant_id
        lines = sorted(self._lines(tenant_id), key=_number_of)
        starts = (bisect_left(lines, root.number, key=_number_of) for root in roots)
        covering = (next(self._genuine(tenant_id, lines[start:]), None) for start in sorted(set(starts)))
        return list({receipt.number: receipt for receipt in covering if receipt is not None}.values())

    def _genuine(self, tenant_id: str, lines: Iterable[tuple[int, dict[str, Any]]]) -> Iterator[Receipt]:
        """Checked one by one, as they are asked for: a check takes as long as reading fifty lines."""
        public = self.key.public
        for place, line in lines:
            if line.get("tenant_id") == tenant_id and is_signed_by(public, line):
                yield self._receipt(place, line)

    def _receipt(self, place: int, line: dict[str, Any]) -> Receipt:
        return Receipt(self.name, line["tenant_id"], line["number"], line["hash"], f"byte {place}", line)

    def _path(self, tenant_id: str) -> Path:
        return self._folder / f"{tenant_id}.jsonl"

    def _lines(self, tenant_id: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """What can be read, and where it begins; half a line, left by a crash, is none."""
        path, place = self._path(tenant_id), 0
        if not path.exists():
            return
        with path.open("rb") as file:
            for text in file:
                if (line := _parse(text)) is not None:
                    yield place, line
                place += len(text)

    def _newest(self, tenant_id: str) -> int | None:
        """The number of the last line; 0 without any, None where it cannot be read."""
        path = self._path(tenant_id)
        if not path.exists() or not path.stat().st_size:
            return 0
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LINE_BYTES_MAX))
            line = _parse(file.read().rpartition(b"\n")[2])
        return line["number"] if line is not None else None

    def _append(self, tenant_id: str, line: dict[str, Any]) -> int:
        """Where it begins."""
        try:
            with self._path(tenant_id).open("ab") as file:
                # After half a line, begin a new one.
                file.write(b"\n" if file.tell() else b"")
                place = file.tell()
                file.write(orjson.dumps(line))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise AnchorUnwritable(folder=self._folder, reason=error.strerror or str(error)) from None
        return place


def _parse(text: bytes) -> dict[str, Any] | None:
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return line if isinstance(line, dict) and isinstance(line.get("number"), int) else None


def _number_of(found: tuple[int, dict[str, Any]]) -> int:
    number: int = found[1]["number"]
    return number


def describe(root: SealedRoot, installation: str, key: SigningKey) -> dict[str, Any]:
    """A seal as a signed JSON object."""
    return key.sign({"format": FORMAT, "installation": installation, **asdict(root)})
