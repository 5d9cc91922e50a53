"""What a plan costs afterwards, in the background: indexes to be built, documents to be cast and stored anew."""

from __future__ import annotations

from collections.abc import Iterator

from kernel.documents.indexes import INDEXES_PER_TENANT_MAX, HotIndex, declared_indexes
from registry.checks.census import Census, census_of
from registry.checks.sides import changed_types
from registry.plans.findings import Finding, Severity
from registry.plans.situation import Situation
from sdk.catalogue import Catalogue

# Of a partial index on an expression, with the id in it: measured on short texts and dates.
BYTES_PER_ENTRY = 64
ENTRIES_PER_S = 200_000
# One process of the worker, beside requests; see `bos applet sweep`.
SWEPT_PER_S = 2_000


def cost_findings(situation: Situation) -> Iterator[Finding]:
    """Estimates, in seconds and bytes; nobody waits for any of it."""
    changes = [change for change in changed_types(situation) if change.is_cast]
    before, after = situation.catalogue_before, situation.catalogue_after
    come = [index for index in _built(after) if index.name not in {each.name for each in _built(before)}]
    census = census_of(situation, {*(change.name for change in changes), *(index.type for index in come)})
    for change in changes:
        count = census.count_other(change.name, change.after.version)
        message = f"documents of {change.name} are stored as version {change.after.version} in the background"
        details = {"count": count, "estimate_s": round(count / SWEPT_PER_S, 1)}
        yield Finding(
            Severity.INFORMS, "documents_swept", change.name, message, "", change.after.applet, details=details
        )
    yield from _of_indexes(before, after, come, census)


def _of_indexes(before: Catalogue, after: Catalogue, come: list[HotIndex], census: Census) -> Iterator[Finding]:
    for index in come:
        count = census.count_live(index.type)
        details = {
            "documents": count,
            "bytes": count * BYTES_PER_ENTRY,
            "estimate_s": round(count / ENTRIES_PER_S, 1),
        }
        message = f"an index on {index.path} of {index.type} is built in the background"
        yield Finding(Severity.INFORMS, "index_built", _subject(index), message, "", _applet(index), details=details)
    kept = {index.name for index in declared_indexes(after.types.values())}
    for index in _built(before):
        if index.name not in kept:
            message = f"the index on {index.path} of {index.type} is dropped: nobody declares it any more"
            yield Finding(Severity.INFORMS, "index_dropped", _subject(index), message, "", _applet(index))
    over = {index.name for index in _over(before)}
    for index in _over(after):
        if index.name not in over:
            message = f"{index.path} of {index.type} gets no index: a tenant has {INDEXES_PER_TENANT_MAX} at most"
            fix = "take x-index from a field that is filtered by less, or leave an applet out"
            yield Finding(Severity.WARNS, "index_over_budget", _subject(index), message, fix, _applet(index))


def _built(catalogue: Catalogue) -> list[HotIndex]:
    return declared_indexes(catalogue.types.values())[:INDEXES_PER_TENANT_MAX]


def _over(catalogue: Catalogue) -> list[HotIndex]:
    return declared_indexes(catalogue.types.values())[INDEXES_PER_TENANT_MAX:]


def _subject(index: HotIndex) -> str:
    return f"{index.type}.{index.path}"


def _applet(index: HotIndex) -> str:
    return index.type.partition(".")[0]
