"""XML of a spreadsheet's parts, as a stream of events by expat: no tree, no document type, no entities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO
from xml.parsers import expat

from kernel.transfer.errors import SourceUnreadable

CHUNK_BYTES = 1 << 16
# One tag with all its attributes; expat keeps it in memory until it ends.
TAG_BYTES_MAX = 1 << 20

Start = Callable[[str, Mapping[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


class XmlEvents:
    """Feeds a stream to handlers, a chunk at a time. Raises SourceUnreadable."""

    def __init__(self, name: str, start: Start, end: End | None = None, text: Text | None = None) -> None:
        self._name, self._start, self._end = name, start, end
        self._local: dict[str, str] = {}
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._started
        if end is not None:
            self._parser.EndElementHandler = self._ended
        if text is not None:
            self._parser.CharacterDataHandler = text
        # Without a document type there are no entities but the five of XML, inner or outer.
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._fed = 0

    def feed(self, stream: BinaryIO) -> bool:
        """Take one chunk; False once there is no more."""
        chunk = stream.read(CHUNK_BYTES)
        try:
            self._parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            raise SourceUnreadable(file=self._name, reason=f"its XML is broken: {error}") from None
        self._fed += len(chunk)
        if chunk and self._fed - self._parser.CurrentByteIndex > TAG_BYTES_MAX + CHUNK_BYTES:
            raise SourceUnreadable(file=self._name, reason="its XML has a tag without end")
        return bool(chunk)

    def run(self, stream: BinaryIO) -> None:
        """Take all of it."""
        while self.feed(stream):
            pass

    def _started(self, name: str, attributes: dict[str, str]) -> None:
        self._start(self._local.get(name) or self._shorten(name), attributes)

    def _ended(self, name: str) -> None:
        assert self._end is not None
        self._end(self._local.get(name) or self._shorten(name))

    def _shorten(self, name: str) -> str:
        """The name without its namespace: there are two sets of them for the same elements."""
        if len(self._local) < 1_000:
            self._local[name] = name.rpartition(" ")[2]
        return name.rpartition(" ")[2]

    def _refuse(self, *declared: Any) -> None:
        raise SourceUnreadable(file=self._name, reason="its XML declares a document type, which no spreadsheet has")
