"""/api/v1/search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.events.api import read_id
from kernel.http.operations import Query, describe
from kernel.http.parameters import Reader, read_count, read_flag, read_names, read_parameters
from kernel.http.requests import run
from kernel.http.shapes import AMOUNT, COUNT, FLAG, ID, TEXT, listed, members, one_of_words, page_of
from kernel.search import service
from kernel.search.service import SearchRequest

if TYPE_CHECKING:
    from kernel.main import Kernel


def _read_archived(text: str) -> bool | None:
    """`true`, `false`, or `all`."""
    try:
        return None if text == "all" else read_flag(text)
    except ValueError:
        raise ValueError("true, false or all") from None


_PARAMETERS: dict[str, Reader] = {
    "q": str, "types": read_names, "company": read_id, "archived": _read_archived, "limit": read_count, "cursor": str,
}  # fmt: skip
_QUERY: Query = {**_PARAMETERS, "company": ID, "archived": one_of_words("true", "false", "all")}
_HIGHLIGHT = members(field=TEXT, text=TEXT, marks=listed(listed(COUNT)))
_HIT = members(
    {"number": TEXT, "state": TEXT, "company_id": ID},
    type=TEXT, id=ID, title=TEXT, rank=AMOUNT, highlights=listed(_HIGHLIGHT),
)  # fmt: skip
_PAGE = page_of(_HIT, pending=COUNT, is_complete=FLAG)


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["search"])

    @routes.get(
        "/search",
        summary="Find documents of any type by text: q, types, company, archived, limit, cursor",
        openapi_extra=describe(_PAGE, query=_QUERY, required=("q",)),
    )
    def search(request: Request) -> Response:
        wanted = _read(request)
        return run(request, kernel, lambda ctx: service.describe(service.search(ctx, wanted)), read_only=True)

    return routes


def _read(request: Request) -> SearchRequest:
    given = read_parameters(request, _PARAMETERS)
    archived: dict[str, Any] = {"archived": given.pop("archived")} if "archived" in given else {}
    company = given.pop("company", None)
    return SearchRequest(**{"q": "", **given}, company_id=company, **archived)
