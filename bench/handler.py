"""The raw limit over HTTP: a bare FastAPI handler that writes the rows of ours by one prepared statement, unchecked.

Run as `python -m bench.handler`; reads one line of JSON from stdin, {dsn, recipes: {path: recipe}}, prints its port and
ends when its stdin does. A recipe is {sql, parameters, names}: names are texts in the parameters that each request has
anew, namely its ids (null) and marks (how many characters of them are counted up).
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import uvicorn
from fastapi import Body, FastAPI, Response
from psycopg_pool import ConnectionPool

from sdk.identifiers import new_id

# As many as a process of ours serves at once.
CONNECTIONS = 5
JsonObject = Annotated[dict[str, Any], Body()]
_numbers = itertools.count(1)


class Recipe:
    """One statement, and what of its values is made anew for each request."""

    def __init__(self, sql: str, parameters: Mapping[str, Any], names: Mapping[str, int | None]) -> None:
        self.sql = sql
        self._names = dict(names)
        self._fixed = {name: value for name, value in parameters.items() if not self._named_in(value)}
        self._filled = [
            (name, value, self._named_in(value)) for name, value in parameters.items() if self._named_in(value)
        ]

    def fill(self) -> dict[str, Any]:
        """Values for one request."""
        fresh = {old: _fresh(width) for old, width in self._names.items()}
        return self._fixed | {name: _replaced(value, inside, fresh) for name, value, inside in self._filled}

    def _named_in(self, value: Any) -> list[str]:
        text = json.dumps(value)
        return [name for name in self._names if name in text]


def _fresh(width: int | None) -> str:
    return new_id() if width is None else f"{os.getpid() % 10_000:04}{next(_numbers):0{width - 4}}"


def _replaced(value: Any, inside: list[str], fresh: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_replaced(item, inside, fresh) for item in value]
    for old in inside if value is not None else ():
        value = value.replace(old, fresh[old])
    return value


def create_app(pool: ConnectionPool, recipes: Mapping[str, Recipe]) -> FastAPI:
    app = FastAPI(openapi_url=None)
    for path, recipe in recipes.items():
        app.post(path, status_code=201)(_handler(pool, recipe))
    return app


def _handler(pool: ConnectionPool, recipe: Recipe) -> Callable[[dict[str, Any]], Response]:
    def create(body: JsonObject) -> Response:
        with pool.connection() as connection:
            connection.execute(recipe.sql, recipe.fill(), prepare=True)
        return Response(json.dumps(body).encode(), 201, media_type="application/json")

    return create


def main() -> None:
    job = json.loads(sys.stdin.readline())
    recipes = {path: Recipe(**recipe) for path, recipe in job["recipes"].items()}
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    with ConnectionPool(job["dsn"], min_size=CONNECTIONS, max_size=CONNECTIONS, kwargs={"autocommit": True}) as pool:
        config = uvicorn.Config(create_app(pool, recipes), log_config=None, access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])


def _end_with_stdin() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
