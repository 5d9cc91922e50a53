"""Documents by a field's value, many at once: the targets of links, and what was imported before."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from kernel.context import KernelContext
from kernel.documents.casting import stored_name
from kernel.documents.listing import ListRequest, list_rows
from kernel.series.service import NO_COMPANY
from kernel.transfer.errors import MappingInvalid
from sdk.document_errors import NotUnambiguous
from sdk.errors import Violation
from sdk.nearest import nearest_or_all
from sdk.schema import DocumentType

LINKS_REMEMBERED_MAX = 200_000

_BY_KEY = """
SELECT value, document_id::text FROM {t}.keys
 WHERE type = %s AND field = %s AND company_id = %s AND value = ANY(%s)
"""


class Wanted(NamedTuple):
    """A document of a type by the value of a field."""

    type: str
    field: str
    value: str


class Lookups:
    """Finds ids and remembers them. company_id: whose documents are meant where a field is unique in a company."""

    def __init__(self, company_id: str | None = None) -> None:
        self._company_id = company_id
        self._found: OrderedDict[Wanted, str] = OrderedDict()
        self._wanted: set[Wanted] = set()

    def note(self, type: str, field: str, value: str) -> str | None:
        """Note what will be asked for; always answers something, so that a first pass finds everything to look up."""
        wanted = Wanted(type, field, value)
        if wanted not in self._found:
            self._wanted.add(wanted)
        return "noted"

    def fetch(self, ctx: KernelContext) -> None:
        """Look up everything noted: one statement for each type and field."""
        grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
        for wanted in self._wanted:
            grouped[wanted.type, wanted.field].append(wanted.value)
        self._wanted.clear()
        for (type, field), values in grouped.items():
            # Which record has the value that is ambiguous is told when its turn comes.
            with suppress(NotUnambiguous):
                self._remember(type, field, find_ids(ctx, type, field, values, self._company_id))

    def find(self, ctx: KernelContext, wanted: Wanted) -> str | None:
        """The id, asked for again when it was not there before: an earlier row may have created it."""
        found = self._found.get(wanted)
        if found is None:
            ids = find_ids(ctx, wanted.type, wanted.field, [wanted.value], self._company_id)
            found = ids.get(wanted.value)
        return found

    def forget(self) -> None:
        """After a rollback nothing that was found in it is certain."""
        self._found.clear()
        self._wanted.clear()

    def _remember(self, type: str, field: str, ids: dict[str, str]) -> None:
        for value, id in ids.items():
            self._found[Wanted(type, field, value)] = id
        while len(self._found) > LINKS_REMEMBERED_MAX:
            self._found.popitem(last=False)


def find_ids(
    ctx: KernelContext, type_name: str, field: str, values: Iterable[str], company_id: str | None
) -> dict[str, str]:
    """Ids by value, of those the caller may read. Raises NotUnambiguous, MappingInvalid."""
    type = ctx.runtime.catalogue.type(type_name)
    _check_field(type, field)
    wanted = sorted(set(values))
    unique = next((each.unique for each in type.unique if each.path == field and not each.encrypted), None)
    # Keys answer from an index, but know nothing of permissions, of encrypted values, nor of how a value of another
    # version reads now.
    is_plain = ctx.permissions.filter("read", type) is None and not type.is_mixed
    if unique and is_plain and (unique == "tenant" or company_id):
        about = [type_name, stored_name(type, field), company_id if unique == "company" else NO_COMPANY, wanted]
        return dict(ctx.uow.execute(_BY_KEY, about).fetchall())
    found: dict[str, str] = {}
    for part in _parts(wanted, ctx.kernel.settings.page_size_max):
        found.update(_find_listed(ctx, type, field, part, company_id))
    return found


def _check_field(type: DocumentType, field: str) -> None:
    """The name becomes part of an expression: it must be a name, of a field that stands at the top."""
    known = ["number", *(path for path in type.fields if "." not in path)]
    if field not in known and not (field.startswith("custom_") and field.isidentifier()):
        fault = Violation("", "unknown_field", f"{type.name} has no field {field}", nearest_or_all(field, known))
        raise MappingInvalid(violations=[fault])


def _find_listed(
    ctx: KernelContext, type: DocumentType, field: str, values: Sequence[str], company_id: str | None
) -> dict[str, str]:
    filter, parameters = f"{field} in param.values", {"values": list(values), "company": company_id}
    if type.company == "required" and company_id:
        filter += " and company_id == param.company"
    limit = ctx.kernel.settings.page_size_max
    found: dict[str, str] = {}
    for row in list_rows(ctx, type, ListRequest(filter, parameters, limit=limit)).rows:
        value = str(row.number if field == "number" else row.data[field])
        if value in found:
            raise NotUnambiguous(type=type.name, fields={field: value})
        found[value] = row.id
    return found


def _parts(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))
