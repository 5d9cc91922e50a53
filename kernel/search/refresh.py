"""Keeping the index: what changed is written within a second, by whoever does the upkeep of the tenant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kernel.db.database import Database
from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.casting import cast_stored
from kernel.events.horizon import Horizon
from kernel.runtime import Runtimes, TenantRuntime
from kernel.search import store
from kernel.search.shape import FALLBACK, TEXT_CHARACTERS_MAX, Shape, digest_of_all, language_of, shapes_of
from kernel.search.store import Entry, Stale
from kernel.tenancy.record import TenantRecord
from sdk.document_errors import DocumentUncastable
from sdk.lenses import Stored

REFRESH_EVENTS_MAX = 5_000
REBUILD_DOCUMENTS_MAX = 2_000
_BEFORE_ALL = "00000000-0000-0000-0000-000000000000"
_POSITION_MAX = 2**63 - 1


@dataclass(frozen=True)
class Plan:
    """What is searched now. trigrams: the schema of the extension, None where the database has none."""

    language: str
    shapes: Mapping[str, Shape]
    trigrams: str | None

    @property
    def digest(self) -> int:
        return digest_of_all(self.shapes)


def plan_of(uow: UnitOfWork, runtime: TenantRuntime) -> Plan:
    """Kept with the generation, and made anew when the tenant's locale changes."""
    key = ("search", runtime.tenant.locale)
    found: Plan | None = runtime.compiled.get(key)
    if found is None:
        language = language_of(runtime.tenant.locale)
        trigrams, is_known = store.read_capabilities(uow, language)
        language = language if is_known else FALLBACK
        found = Plan(language, shapes_of(runtime.catalogue.types.values(), language), trigrams)
        runtime.remember(key, found)
    return found


@dataclass
class Refresher:
    """Of one tenant in one process. What it remembers only saves work: the database knows how far the index is."""

    horizon: Horizon
    _seen: int = field(default=0, repr=False)
    _rebuilt: str = field(default=_BEFORE_ALL, repr=False)

    def refresh(self, uow: UnitOfWork, runtime: TenantRuntime) -> bool:
        """Write one bite of what is missing; whether there is more to do at once. The caller commits."""
        plan = plan_of(uow, runtime)
        progress = store.read_progress(uow)
        decided = self.horizon.look(uow.execute)
        is_idle = max(decided, self._seen) <= progress.position and not self._is_ahead(uow)
        if is_idle and (progress.shape == plan.digest or runtime.unavailable):
            return False
        if not store.try_lock(uow):
            return False
        has_more = self._follow(uow, plan, progress.position, decided)
        # Where an applet cannot be loaded, its types only seem to be gone.
        if progress.shape == plan.digest or runtime.unavailable:
            return has_more
        return self._reshape(uow, plan) or has_more

    @property
    def is_waiting(self) -> bool:
        """Whether somebody who was writing may yet commit something at a position that was passed."""
        return self._seen > self.horizon.decided

    def _is_ahead(self, uow: UnitOfWork) -> bool:
        """Whether anything visible was not seen yet, although it is not decided."""
        return store.find_span(uow, max(self._seen, self.horizon.decided), _POSITION_MAX, 1)[1] > 0

    def _follow(self, uow: UnitOfWork, plan: Plan, position: int, decided: int) -> bool:
        """Twice: what is visible now, so that a long transaction holds up nobody else's documents; and once more
        whatever has become certain, since a late commit may have come between.
        """
        start = max(position, self._seen)
        end, count = store.find_span(uow, start, _POSITION_MAX, REFRESH_EVENTS_MAX)
        if count:
            _write(uow, plan, store.find_stale(uow, start, end, list(plan.shapes)))
            self._seen = end
        certain = goal = min(decided, max(self._seen, position))
        if start > position and certain > position:
            bite, late = store.find_span(uow, position, certain, REFRESH_EVENTS_MAX)
            certain = bite if late == REFRESH_EVENTS_MAX else certain
            _write(uow, plan, store.find_stale(uow, position, certain, list(plan.shapes)))
        if certain > position:
            store.write_progress(uow, "position", certain)
        return count == REFRESH_EVENTS_MAX or position < certain < goal

    def _reshape(self, uow: UnitOfWork, plan: Plan) -> bool:
        """Entries of other declarations or another language: one bite; whether more is left."""
        shapes = {name: shape.digest for name, shape in plan.shapes.items()}
        found = store.find_other_shapes(uow, shapes, self._rebuilt, REBUILD_DOCUMENTS_MAX, all=False)
        _write(uow, plan, found)
        if len(found) == REBUILD_DOCUMENTS_MAX:
            self._rebuilt = found[-1].id
            return True
        store.delete_other_types(uow, list(shapes))
        store.write_progress(uow, "shape", plan.digest)
        self._rebuilt = _BEFORE_ALL
        return False


def rebuild(database: Database, tenant: TenantRecord, runtimes: Runtimes, advance: Callable[[int], None]) -> int:
    """Write every entry anew, bite by bite, while requests and upkeep go on; how many there are. Repeatable.

    advance: told how many more documents are done.
    """
    after, count = _BEFORE_ALL, 0
    while True:
        with database.transaction(tenant) as uow:
            plan = plan_of(uow, runtimes.get(uow))
            store.hold_lock(uow)
            shapes = {name: shape.digest for name, shape in plan.shapes.items()}
            found = store.find_other_shapes(uow, shapes, after, REBUILD_DOCUMENTS_MAX, all=True)
            _write(uow, plan, found)
            if len(found) < REBUILD_DOCUMENTS_MAX:
                store.delete_orphans(uow, list(shapes))
                store.write_progress(uow, "shape", plan.digest)
            uow.commit()
        count += len(found)
        advance(len(found))
        if len(found) < REBUILD_DOCUMENTS_MAX:
            return count
        after = found[-1].id


def count_searchable(database: Database, tenant: TenantRecord, runtimes: Runtimes) -> int:
    """How many documents `rebuild` will go through."""
    with database.transaction(tenant) as uow:
        return store.count_documents(uow, list(plan_of(uow, runtimes.get(uow)).shapes))


def _write(uow: UnitOfWork, plan: Plan, found: Sequence[Stale]) -> None:
    store.delete_entries(uow, [each.id for each in found if each.is_deleted])
    present = [cast for each in found if (cast := _present(plan, each)) is not None]
    store.write_entries(uow, [_entry(plan.shapes[each.type], each) for each in present], plan.language)


def _present(plan: Plan, found: Stale) -> Stale | None:
    """As the present version of its type has it; None for one that is deleted, or that its lenses do not fit."""
    type = plan.shapes[found.type].type
    if found.is_deleted or found.schema_version == type.version:
        return None if found.is_deleted else found
    try:
        cast = cast_stored(type, Stored(found.data, None, found.kept or {}, found.schema_version), found.id)
    except DocumentUncastable:
        # Found once it is swept: the sweep tells of it until somebody has mended the lens.
        return None
    return found._replace(data=cast.data)


def _entry(shape: Shape, found: Stale) -> Entry:
    lines = shape.lines(found.number, found.data)
    places = list(enumerate(("", *shape.paths)))
    title = " ".join(lines[place] for place, path in places if path == "" or path in shape.titles)
    rest = " ".join(lines[place] for place, path in places if path and path not in shape.titles)
    text = "\n".join(lines)[:TEXT_CHARACTERS_MAX]
    return Entry(found.id, found.type, shape.digest, found.version, title, rest[:TEXT_CHARACTERS_MAX], text)
