"""The endpoints of documents: generic, for every type of every applet; which there are says the tenant's catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response

from kernel.context import KernelContext
from kernel.documents import archive, service
from kernel.documents.bulk import create_many
from kernel.documents.graph import DIRECTIONS, read_graph
from kernel.documents.history import Past, as_of, at_revision
from kernel.documents.listing import ARCHIVED, ListRequest, list_json, list_rows
from kernel.documents.reversion import restore_revision
from kernel.documents.revisions import revisions
from kernel.documents.rows import Row, flatten, stored_row, to_document
from kernel.http.errors import CollectionUnknown, InvalidRequest
from kernel.http.headers import etag, is_known, read_if_match, require_if_match
from kernel.http.parameters import Reader, one_of, read_count, read_flag, read_moment, read_names, read_parameters
from kernel.http.requests import Reply, json_body, object_body, run
from sdk.document import Document
from sdk.errors import Violation
from sdk.nearest import nearest, nearest_or_all
from sdk.schema import DocumentType, dump
from sdk.schema.vocabulary import SYSTEM_FIELDS

if TYPE_CHECKING:
    from kernel.main import Kernel

# What somebody is told who may write a document and not read it; the id is always there.
IDENTITY = ("type", "version", "state", "number")

_LIST_PARAMETERS: dict[str, Callable[[str], Any]] = {
    "filter": str, "q": str, "sort": read_names, "limit": read_count, "cursor": str, "deleted": read_flag,
    "archived": one_of(ARCHIVED), "fields": read_names,
}  # fmt: skip


_CREATE_PARAMETERS: dict[str, Callable[[str], Any]] = {"perform": str}
_GET_PARAMETERS: dict[str, Callable[[str], Any]] = {"fields": read_names, "as_of": read_moment, "revision": read_count}


@dataclass(frozen=True)
class Endpoints:
    """One method per route; each runs in a worker thread."""

    kernel: Kernel

    def list(self, request: Request) -> Response:
        given = read_parameters(request, _LIST_PARAMETERS, prefix="param.")
        fields = given.pop("fields", ())
        wanted = ListRequest(parameters=given.pop("param."), **{"archived": "false", **given})
        return self._run(request, lambda ctx, type: _list(ctx, type, wanted, fields), read_only=True)

    def create(self, request: Request) -> Response:
        data, action = object_body(request), read_parameters(request, _CREATE_PARAMETERS).get("perform")
        return self._run(request, lambda ctx, type: _create(ctx, type, data, action))

    def create_bulk(self, request: Request) -> Response:
        items, keep_good = _bulk_body(request)
        return self._run(request, lambda ctx, type: _create_many(ctx, type, items, keep_good))

    def get(self, request: Request) -> Response:
        id = request.path_params["id"]
        given = read_parameters(request, _GET_PARAMETERS)
        fields = given.get("fields", ())
        if given.keys() <= {"fields"}:
            return self._run(request, lambda ctx, type: _get(ctx, type, id, fields, request), read_only=True)
        past = _read_past(id, given)
        return self._run(request, lambda ctx, type: _show_past(type, past(ctx, type), fields), read_only=True)

    def update(self, request: Request) -> Response:
        id, version, patch = request.path_params["id"], require_if_match(request), object_body(request)
        return self._run(
            request,
            lambda ctx, type: _reply(ctx, type, service.update(ctx, type.name, id, patch, version=version)),
        )

    def delete(self, request: Request) -> Response:
        id, version = request.path_params["id"], require_if_match(request)
        return self._run(request, lambda ctx, type: service.delete(ctx, type.name, id, version=version))

    def restore(self, request: Request) -> Response:
        id, version, revision = request.path_params["id"], read_if_match(request), _read_revision(request)
        if revision is None:
            return self._run(request, lambda ctx, type: _reply(ctx, type, service.restore(ctx, type.name, id)))
        return self._run(
            request,
            lambda ctx, type: _reply(ctx, type, restore_revision(ctx, type.name, id, revision, version=version)),
        )

    def archive(self, request: Request) -> Response:
        return self._put_away(request, archive.archive)

    def unarchive(self, request: Request) -> Response:
        return self._put_away(request, archive.unarchive)

    def _put_away(self, request: Request, verb: Callable[..., Document]) -> Response:
        id, version = request.path_params["id"], read_if_match(request)
        return self._run(request, lambda ctx, type: _reply(ctx, type, verb(ctx, type.name, id, version=version)))

    def list_links(self, request: Request) -> Response:
        id = request.path_params["id"]
        known: dict[str, Reader] = {"depth": read_count, "limit": read_count, "direction": one_of(DIRECTIONS)}
        given = read_parameters(request, known)
        return self._run(request, lambda ctx, type: read_graph(ctx, type.name, id, **given).as_json(), read_only=True)

    def perform(self, request: Request) -> Response:
        id, action = request.path_params["id"], request.path_params["action"]
        version, arguments = read_if_match(request), object_body(request)
        return self._run(
            request,
            lambda ctx, type: _reply(
                ctx, type, service.perform(ctx, type.name, id, action, arguments, version=version)
            ),
        )

    def list_revisions(self, request: Request) -> Response:
        id = request.path_params["id"]
        given = read_parameters(request, {"limit": read_count, "cursor": str, "as_of": read_moment})
        return self._run(request, lambda ctx, type: revisions(ctx, type.name, id, **given), read_only=True)

    def _run(
        self, request: Request, verb: Callable[[KernelContext, DocumentType], Any], *, read_only: bool = False
    ) -> Response:
        applet, collection = request.path_params["applet"], request.path_params["collection"]
        return run(request, self.kernel, lambda ctx: verb(ctx, find_type(ctx, applet, collection)), read_only=read_only)


def find_type(ctx: KernelContext, applet: str, collection: str) -> DocumentType:
    """The document type a URL names; raises CollectionUnknown with the nearest one there is."""
    collections = ctx.runtime.catalogue.collections
    found = collections.get((applet, collection))
    if found is None:
        known = [f"{known_applet}/{known}" for known_applet, known in collections]
        given = f"{applet}/{collection}"
        raise CollectionUnknown(collection=given, nearest=nearest(given, known) or "none like it")
    return found


def present(ctx: KernelContext, type: DocumentType, document: Document, fields: Sequence[str] = ()) -> dict[str, Any]:
    """A document as flat JSON, without what the caller may not see: of what may not be read, only which it is."""
    if not ctx.permissions.allows("read", type, document, ctx.scope()):
        fields = IDENTITY
    hidden = ctx.permissions.mask(type, "read", document, ctx.scope())
    return flatten(stored_row(document, dump(type, document.fields)), hidden, fields)


def _reply(
    ctx: KernelContext, type: DocumentType, document: Document, status: int = 200, fields: Sequence[str] = ()
) -> Reply:
    headers = {"etag": etag(document.version, type.version)}
    if status == 201:
        headers["location"] = f"/api/v1/{type.applet}/{type.collection}/{document.id}"
    return Reply(present(ctx, type, document, fields), status, headers)


def _get(ctx: KernelContext, type: DocumentType, id: str, fields: Sequence[str], request: Request) -> Reply:
    _check_fields(type, fields)
    document = service.get(ctx, type.name, id)
    tag = etag(document.version, type.version)
    if is_known(request, tag):
        return Reply(status=304, headers={"etag": tag})
    return _reply(ctx, type, document, fields=fields)


def _read_past(id: str, given: Mapping[str, Any]) -> Callable[[KernelContext, DocumentType], Past]:
    """What to read instead of the document as it is."""
    if "as_of" in given and "revision" in given:
        fault = Violation("/revision", "two_meanings", "as_of and revision exclude each other", "one of them")
        raise InvalidRequest(violations=[fault])
    if "revision" in given:
        return lambda ctx, type: at_revision(ctx, type.name, id, given["revision"])
    return lambda ctx, type: as_of(ctx, type.name, id, given["as_of"])


def _check_fields(type: DocumentType, fields: Sequence[str]) -> None:
    """Raises InvalidRequest: a misspelt field would be taken for one without a value."""
    known = (*SYSTEM_FIELDS, *type.schema.get("properties", ()))
    faults = [
        Violation("/fields", "unknown_field", f"{type.name} has no field {name[:80]}", nearest_or_all(name, known))
        for name in fields
        if name not in known
    ]
    if faults:
        raise InvalidRequest(violations=faults)


def _show_past(type: DocumentType, past: Past, fields: Sequence[str]) -> Reply:
    _check_fields(type, fields)
    return Reply(past.flatten(tuple(fields)), headers={"etag": etag(past.row.version, type.version)})


def _read_revision(request: Request) -> int | None:
    """`{"revision": 3}`, or nothing at all."""
    body = object_body(request)
    revision = body.get("revision")
    is_count = isinstance(revision, int) and not isinstance(revision, bool) and revision > 0
    if set(body) - {"revision"} or (body and not is_count):
        fault = Violation("", "revision", "this names no revision", '{"revision": 3}, or nothing to undo a delete')
        raise InvalidRequest(violations=[fault])
    return revision


def _list(ctx: KernelContext, type: DocumentType, wanted: ListRequest, fields: Sequence[str]) -> dict[str, Any]:
    if not fields and not ctx.permissions.mask(type, "read"):
        return list_json(ctx, type, wanted)
    _check_fields(type, fields)
    page = list_rows(ctx, type, wanted)
    items = [flatten(row, _hidden(ctx, type, row), fields) for row in page.rows]
    return {"items": items, "titles": page.titles, "cursor": page.cursor}


def _hidden(ctx: KernelContext, type: DocumentType, row: Row) -> frozenset[str]:
    """What of a row the caller may not see. Most may see all, and are asked about the type once only."""
    widest = ctx.permissions.mask(type, "read")
    return ctx.permissions.mask(type, "read", to_document(type, row), ctx.scope()) if widest else widest


def _create(ctx: KernelContext, type: DocumentType, data: Mapping[str, Any], action: str | None) -> Reply:
    company_id = data.get("company_id")
    if company_id is not None and not isinstance(company_id, str):
        raise InvalidRequest(violations=[Violation("/company_id", "type", "a company's id is text", "an id")])
    return _reply(ctx, type, service.create(ctx, type.name, data, company_id=company_id, perform=action), 201)


def _create_many(ctx: KernelContext, type: DocumentType, items: Sequence[Any], keep_good: bool) -> Reply:
    report = create_many(ctx, type.name, items, keep_good=keep_good)
    created = [{"index": index, "id": document.id, "number": document.number} for index, document in report.created]
    rejected = [
        {
            "index": index,
            "code": error.code,
            "detail": error.message,
            "violations": [v.as_json() for v in error.violations],
        }
        for index, error in report.rejected
    ]
    return Reply({"created": created, "rejected": rejected}, 201 if created else 200)


def _bulk_body(request: Request) -> tuple[list[Any], bool]:
    """The documents, as a list or as `{"items": […], "keep_good": true}`."""
    body = json_body(request)
    if isinstance(body, list):
        return body, False
    keep_good = body.get("keep_good", False) if isinstance(body, dict) else None
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not isinstance(keep_good, bool) or set(body) - {"items", "keep_good"}:
        expected = '[…] or {"items": […], "keep_good": true or false}'
        raise InvalidRequest(violations=[Violation("", "bulk", "this is no list of documents", expected)])
    return items, keep_good
