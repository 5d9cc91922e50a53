"""Which endpoint of documents a path means. Asked before all other routes, as most requests are for documents:
FastAPI's own way through its nested routers costs 0.2 ms more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from kernel.http.documents import Endpoints

if TYPE_CHECKING:
    from kernel.main import Kernel

PREFIX = "/api/v1/"
COLLECTION = PREFIX + "{applet}/{collection}"
DOCUMENT = COLLECTION + "/{id}"

Endpoint = Callable[[Request], Response]
Table = Mapping[str, Mapping[str, Endpoint]]


class Template:
    """What metrics are labelled with: the path of a route with its parameters' names."""

    def __init__(self, path: str) -> None:
        self.path = path


def document_table(kernel: Kernel) -> Table:
    """Endpoints by path template and method."""
    endpoints = Endpoints(kernel)
    return {
        COLLECTION: {"GET": endpoints.list, "HEAD": endpoints.list, "POST": endpoints.create},
        COLLECTION + "/bulk": {"POST": endpoints.create_bulk},
        DOCUMENT: {
            "GET": endpoints.get,
            "HEAD": endpoints.get,
            "PATCH": endpoints.update,
            "DELETE": endpoints.delete,
        },
        DOCUMENT + "/revisions": {"GET": endpoints.list_revisions, "HEAD": endpoints.list_revisions},
        DOCUMENT + "/links": {"GET": endpoints.list_links, "HEAD": endpoints.list_links},
        DOCUMENT + "/restore": {"POST": endpoints.restore},
        DOCUMENT + "/archive": {"POST": endpoints.archive},
        DOCUMENT + "/unarchive": {"POST": endpoints.unarchive},
        DOCUMENT + "/{action}": {"POST": endpoints.perform},
    }


class DocumentRoute(BaseRoute):
    """One route for all of them. reserved: first segments below the prefix that belong to other routes."""

    def __init__(self, table: Table, reserved: Collection[str]) -> None:
        self._table = table
        self._templates = {path: Template(path) for path in table}
        self._reserved = frozenset(reserved)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http":
            return Match.NONE, {}
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        parts = path[len(PREFIX) :].split("/")
        if not path.startswith(PREFIX) or parts[0] in self._reserved or not all(parts):
            return Match.NONE, {}
        template = template_of(parts)
        if template is None:
            return Match.NONE, {}
        values = dict(zip(("applet", "collection", "id", "action"), parts, strict=False))
        return Match.FULL, {"route": self._templates[template], "path_params": values}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = self._table[scope["route"].path]
        endpoint = methods.get(scope["method"])
        if endpoint is None:
            raise HTTPException(405, headers={"Allow": ", ".join(methods)})
        response = await run_in_threadpool(endpoint, Request(scope, receive))
        await response(scope, receive, send)


def template_of(parts: list[str]) -> str | None:
    """The template of a path's parts below the prefix, None where no document's path looks like that."""
    match parts:
        case [_, _]:
            return COLLECTION
        case [_, _, "bulk"]:
            return COLLECTION + "/bulk"
        case [_, _, _]:
            return DOCUMENT
        case [_, _, _, "revisions" | "links" | "restore" | "archive" | "unarchive" as last]:
            return f"{DOCUMENT}/{last}"
        case [_, _, _, _]:
            return DOCUMENT + "/{action}"
        case _:
            return None


def reserved_segments(paths: Collection[str]) -> frozenset[str]:
    """First segments below the prefix of other routes' paths."""
    return frozenset(path[len(PREFIX) :].partition("/")[0] for path in paths if path.startswith(PREFIX))
