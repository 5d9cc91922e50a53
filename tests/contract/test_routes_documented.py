"""docs/http.md and the application have the same routes, both ways."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.openapi.utils import get_openapi
from starlette.routing import Mount, Route

from kernel.http.app import create_app
from kernel.http.routing import document_table
from kernel.main import build_kernel
from kernel.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "http.md"
ROW = re.compile(r"^\| (GET|POST|PATCH|PUT|DELETE) \| `([^`]+)` \| .{3,} \|$", re.MULTILINE)
IMPLIED = ("HEAD", "OPTIONS")


@pytest.fixture(scope="module")
def routes(empty_database, tmp_path_factory):
    """(method, path) of everything the application answers to, with the routes of the system plugins."""
    kernel = build_kernel(Settings(data_dir=tmp_path_factory.mktemp("data")), empty_database())
    try:
        return set(answered(kernel))
    finally:
        kernel.close()


def answered(kernel) -> Iterator[tuple[str, str]]:
    app = create_app(kernel, has_worker=False)
    tables = [document_table(kernel), get_openapi(title="", version="", routes=app.routes)["paths"]]
    for table in tables:
        for path, methods in table.items():
            yield from ((method.upper(), path) for method in methods if method.upper() not in IMPLIED)
    for route in app.routes:
        if isinstance(route, Route) and not hasattr(route, "dependant"):
            yield from ((method, route.path) for method in route.methods or () if method not in IMPLIED)
        elif isinstance(route, Mount):
            yield "GET", f"{route.path}/{{path}}"


def documented() -> set[tuple[str, str]]:
    return set(ROW.findall(DOCUMENT.read_text(encoding="utf-8")))


def test_every_route_is_documented(routes):
    missing = [f"| {method} | `{path}` | (what it does) |" for method, path in sorted(routes - documented())]
    assert not missing, "docs/http.md lacks these rows:\n" + "\n".join(missing)


def test_no_route_is_documented_that_is_not_there(routes):
    assert sorted(documented() - routes) == []


def test_a_route_is_documented_once():
    rows = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert len(rows) == len(set(rows))
