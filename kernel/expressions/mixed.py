"""Fields of documents while other versions of their type are stored too: the SQL of each, by version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from kernel.expressions.places import Place, Record, json_of, mapped_text, text_of
from sdk.document_errors import DocumentsBeingCast
from sdk.lenses import Absent, Kept, LensChain, Opaque, Path, Same, Source
from sdk.lenses.aside import ASIDE
from sdk.lenses.places import OWN
from sdk.lenses.steps import MapState
from sdk.schema import DocumentType

Make = Callable[[Source, Record, Place], str]


@dataclass(frozen=True)
class Mixture:
    """The versions there may be of the documents of one type.

    version: the present one. steady: fields that are where they are said to be, whatever the keep-box holds: those with
    an index, which would serve no other way of asking for them, and a tenant's own.
    """

    type: str
    lenses: LensChain
    version: int
    steady: frozenset[str]

    @classmethod
    def of(cls, type: DocumentType | None) -> Mixture | None:
        """None for a type all of whose documents are of its present version."""
        if type is None or not type.is_mixed or type.lenses is None:
            return None
        steady = {field.path for field in type.indexed} | {path for path in type.fields if path.startswith(OWN)}
        return cls(type.name, type.lenses, type.version, frozenset(steady))

    def whole(self) -> Mixture:
        """The same, with every value wherever it waits, if it takes longer: for sums, and for who may see what."""
        return replace(self, steady=frozenset(path for path in self.steady if path.startswith(OWN)))

    def text(self, record: Record, path: Place) -> str | None:
        """The text of a field; None where it is at the same place in all versions. Raises DocumentsBeingCast."""
        return self._sql(record, path, list(self._sources(record, path)), text_of)

    def json(self, record: Record, path: Place) -> str | None:
        """The same as jsonb: of objects and lists, and of lists of objects whatever the objects hold by now."""
        return self._sql(record, path, list(self._sources(record, path, is_whole=True)), json_of)

    def _sql(self, record: Record, path: Place, found: Sequence[tuple[int, Source]], make: Make) -> str | None:
        plain = make(Same(), record, path)
        cases = []
        for version, source in found:
            sql = make(source, record, path)
            if version < self.version and not record.within and ".".join(path) not in self.steady:
                aside = [make(kept, record, path) for kept in _aside(source, path)]
                sql = f"coalesce({', '.join([sql, *aside])})" if aside else sql
            if sql != plain:
                cases.append((version, sql))
        return _by_version(record, cases, plain) if cases else None

    def state(self, record: Record) -> str | None:
        """The same for the state."""
        cases = [(version, self._state(record, version)) for version in self._others]
        changed = [(version, sql) for version, sql in cases if sql != record.state]
        return _by_version(record, changed, record.state) if changed else None

    @property
    def _others(self) -> list[int]:
        return [version for version in range(1, self.lenses.latest + 1) if version != self.version]

    def _sources(self, record: Record, path: Place, *, is_whole: bool = False) -> Iterator[tuple[int, Source]]:
        for version in self._others:
            found = self._of_item(record, path, version) if record.within else self._of(path, version, is_whole)
            if isinstance(found, Opaque):
                raise DocumentsBeingCast(type=self.type, version=self.version, field=".".join((*record.within, *path)))
            yield version, found

    def _of(self, path: Place, version: int, is_whole: bool) -> Source:
        dotted = ".".join(path)
        found = self.lenses.source(dotted, at=version, now=self.version)
        if is_whole and isinstance(found, Opaque) and not self._has_functions(dotted, version):
            # Something in it is another, but it stands where it stood; what is in it is looked for by itself.
            there = self.lenses.trace(dotted, start=self.version, to=version)
            return found if there is None else Same() if there == dotted else Path(there)
        return found

    def _of_item(self, record: Record, path: Place, version: int) -> Source:
        """Of an element of an array, relative to it."""
        if not path:
            return Same()
        array = self._of(record.within, version, is_whole=True)
        found = self.lenses.source(".".join((*record.within, *path)), at=version, now=self.version)
        if not isinstance(array, Same | Path) or not isinstance(found, Same | Path):
            return found if isinstance(found, Absent) else Opaque()
        above = ".".join(record.within) if isinstance(array, Same) else array.path
        whole = ".".join((*record.within, *path)) if isinstance(found, Same) else found.path
        if not whole.startswith(f"{above}."):
            return Opaque()
        place = whole.removeprefix(f"{above}.")
        return Same() if place == ".".join(path) else Path(place)

    def _has_functions(self, path: str, version: int) -> bool:
        """Whether functions between the two versions may change what is at the path."""
        there = self.lenses.trace(path, start=self.version, to=version)
        names = {path.partition(".")[0], (there or path).partition(".")[0]}
        first, last = sorted((version, self.version))
        between = [each for each in range(first + 1, last + 1) if self.lenses.has_functions(each)]
        touched = (self.lenses.touches.get(each) for each in between)
        return any(each is None or names & each for each in touched)

    def _state(self, record: Record, version: int) -> str:
        """As a cast takes the steps, with what the keep-box says where several states have become one."""
        sql, upward = record.state, version < self.version
        numbers = range(version, self.version + 1) if upward else range(version, self.version - 1, -1)
        for one, other in pairwise(numbers):
            newer = max(one, other)
            steps = list(enumerate(self.lenses.steps.get(newer, ())))
            for index, step in steps if upward else reversed(steps):
                if isinstance(step, MapState):
                    sql = mapped_text(record, sql, step, f"{newer}.{index}", upward=upward)
        return sql


def _aside(source: Source, path: Place) -> Iterator[Source]:
    """Where a value waits that a version before had no field for when the document was cast down to it."""
    there = path if isinstance(source, Same) else tuple(source.path.split(".")) if isinstance(source, Path) else ()
    for length in range(1, len(there) + 1):
        yield Kept((ASIDE + ".".join(there[:length]), "was", *there[length - 1 :]))


def _by_version(record: Record, cases: list[tuple[int, str]], plain: str) -> str:
    whens = " ".join(f"WHEN {version} THEN {sql}" for version, sql in cases)
    return f"(CASE {record.table}.schema_version {whens} ELSE {plain} END)"
