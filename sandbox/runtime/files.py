"""`pathlib.Path` for an applet that reads its own data files: paths inside of the applet, and nothing outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class DataPath:
    """A path below the applet's folder. There is no disk under it: it looks into the files the applet came with."""

    __slots__ = ("_parts",)
    _files: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *parts: str | DataPath) -> None:
        texts = [_text(part) for part in parts]
        self._parts = tuple(piece for text in texts for piece in text.split("/") if piece not in ("", "."))

    def __truediv__(self, other: str | DataPath) -> DataPath:
        return type(self)(str(self), other)

    def joinpath(self, *others: str) -> DataPath:
        return type(self)(str(self), *others)

    def __str__(self) -> str:
        return "/".join(self._parts)

    def __repr__(self) -> str:
        return f"Path({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash(self._parts)

    @property
    def parent(self) -> DataPath:
        return type(self)("/".join(self._parts[:-1]))

    @property
    def name(self) -> str:
        return self._parts[-1] if self._parts else ""

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0] or self.name

    @property
    def suffix(self) -> str:
        _, dot, ending = self.name.rpartition(".")
        return dot + ending if dot else ""

    def is_file(self) -> bool:
        return str(self) in self._files

    exists = is_file

    def read_text(self, encoding: str = "utf-8") -> str:
        """The file's text. Raises FileNotFoundError."""
        del encoding
        if not self.is_file():
            raise FileNotFoundError(f"the applet has no file {self}")
        return self._files[str(self)]


def _text(part: object) -> str:
    if isinstance(part, DataPath):
        return str(part)
    if type(part) is not str:
        raise TypeError("a path is made of texts")
    return part


def path_class(files: Mapping[str, str]) -> type[DataPath]:
    """The class for one applet's files, by their paths below its folder."""
    return type("Path", (DataPath,), {"__slots__": (), "_files": dict(files)})
