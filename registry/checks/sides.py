"""An applet that moves as the tenant has it now and as it would have it, whether it is enabled or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from registry.plans.running import running_release
from registry.plans.situation import Move, Situation
from registry.releases import by_version
from registry.rows import AVAILABLE, ENABLED, UNINSTALLED
from sdk.applet import Applet
from sdk.catalogue import Catalogue
from sdk.schema import DocumentType

# Of a schema, what says nothing about which documents are right.
_TOLD_ONLY = frozenset(
    ("title", "description", "default", "examples", "$comment", "x-index", "x-search", "x-title", "x-collection",
     "x-cached", "x-version")
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """applet: its release, as it stands in the catalogue it is or would be part of."""

    applet: Applet
    catalogue: Catalogue

    @property
    def types(self) -> dict[str, DocumentType]:
        """With the tenant's own fields and the lenses that read its documents."""
        return {name: self.catalogue.types[name] for name in self.applet.types}


@dataclass(frozen=True)
class Sides:
    """before: None where it was never here; after: None where nothing of it will be."""

    move: Move
    before: Side | None
    after: Side | None

    @property
    def name(self) -> str:
        return self.move.applet

    @property
    def is_rollback(self) -> bool:
        return self.move.verb == "rollback"

    @property
    def is_hidden(self) -> bool:
        """Whether all of it stays, but out of sight until it is enabled again."""
        return self.after is not None and self.move.from_state == ENABLED and self.move.to_state != ENABLED


@dataclass(frozen=True)
class TypeChange:
    """A document type of which another version, or another schema, will read the documents there are.

    before: None where the release that wrote them is not here.
    """

    before: DocumentType | None
    after: DocumentType
    is_rollback: bool

    @property
    def name(self) -> str:
        return self.after.name

    @property
    def is_cast(self) -> bool:
        """Whether documents are stored in another version than the type will have."""
        return self.before is None or self.before.version != self.after.version


def sides_of(situation: Situation) -> list[Sides]:
    """Of each applet that moves, in the order of the moves."""
    return [Sides(move, _before(situation, move), _after(situation, move)) for move in situation.moves]


def changed_types(situation: Situation) -> list[TypeChange]:
    """Those whose documents may be read otherwise than now, by name."""
    found = [
        TypeChange(before, type, sides.is_rollback)
        for sides in sides_of(situation)
        if sides.after is not None and sides.move.from_state != AVAILABLE
        for name, type in sides.after.types.items()
        for before in [sides.before.types.get(name) if sides.before is not None else None]
        if _differ(before, type)
    ]
    return sorted(found, key=lambda change: change.name)


def _differ(before: DocumentType | None, after: DocumentType) -> bool:
    if before is None or before.version != after.version:
        return True
    return meaning_of(before.schema) != meaning_of(after.schema)


def meaning_of(schema: Mapping[str, object]) -> bytes:
    """What decides which documents are right, the same whenever that is."""
    return orjson.dumps(_bare(schema), option=orjson.OPT_SORT_KEYS)


def _bare(schema: object, *, is_names: bool = False) -> object:
    """is_names: of an object whose keys are names of fields."""
    if isinstance(schema, list):
        return [_bare(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: _bare(value, is_names=key in ("properties", "patternProperties") and not is_names)
        for key, value in schema.items()
        if is_names or key not in _TOLD_ONLY
    }


def _before(situation: Situation, move: Move) -> Side | None:
    if move.from_state == AVAILABLE:
        return None
    if move.from_state == ENABLED:
        return _in(situation.catalogue_before, move.applet)
    return _aside(situation, move.applet, move.from_version)


def _after(situation: Situation, move: Move) -> Side | None:
    if move.to_state in (AVAILABLE, UNINSTALLED):
        return None
    if move.to_state == ENABLED:
        return _in(situation.catalogue_after, move.applet)
    return _aside(situation, move.applet, move.to_version)


def _in(catalogue: Catalogue, name: str) -> Side | None:
    applet = catalogue.applet(name)
    return Side(applet, catalogue) if applet is not None else None


def _aside(situation: Situation, name: str, version: str | None) -> Side | None:
    """Of one that is not enabled: as if it were, alone. Nothing can be said of a release that is not here."""
    release = by_version(situation.known, name, version) if version is not None else None
    if release is None:
        return None
    ctx = situation.ctx
    running = running_release(situation.rows.get(name), release)
    catalogue, unavailable = ctx.kernel.runtimes.preview(ctx.uow, [running])
    return _in(catalogue, name) if not unavailable else None
