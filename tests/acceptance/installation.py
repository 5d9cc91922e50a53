"""An installation as its operator has it: the command `bos`, servers in processes of their own, and clients of them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"
BOS = (sys.executable, "-c", "from kernel.cli.main import main; main()")
COMMAND_S_MAX = 120
ANSWER_S_MAX = 30
STOP_S_MAX = 15
LISTINGS_MAX = 500
TRIES_MAX = 400


def shared_data(*parts: str) -> Path:
    """A folder or file of the real data beside the repository; the test is skipped where it is not there."""
    path = SHARED_DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the shared data are not beside the repository: {path} is missing")
    return path


def as_json(name: str) -> Any:
    return json.loads(shared_data(*name.split("/")).read_text())


@dataclass(frozen=True)
class Answer:
    """The status, and the body as JSON (None when there is none)."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        """Of a problem."""
        return self.body["code"]


class Client:
    """One person at one server."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.address, self.token = urlsplit(url).netloc, token

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """What the server answers, whatever it is."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body)
        if data is not None:
            sent["Content-Type"] = "application/json"
        # A connection for each request: a server may close one that was idle while the test was at something else.
        with closing(http.client.HTTPConnection(self.address, timeout=ANSWER_S_MAX)) as connection:
            connection.request(method, f"/api/v1/{path}", data, sent)
            answer = connection.getresponse()
            content = answer.read()
        return Answer(answer.status, json.loads(content) if content else None)

    def get(self, path: str, **parameters: str) -> Any:
        """The body of a 200."""
        return self._succeed("GET", path + ("?" + urlencode(parameters) if parameters else ""))

    def post(self, path: str, body: Any = None) -> Any:
        """The body of a 200 or 201."""
        return self._succeed("POST", path, {} if body is None else body)

    def refused(self, path: str, body: Any = None) -> tuple[int, str]:
        """The status and error code of a POST that fails."""
        answer = self.send("POST", path, {} if body is None else body)
        assert answer.status >= 400, answer.body
        return answer.status, answer.code

    def change(self, path: str, **fields: Any) -> Any:
        """The body of a document changed as it stands now."""
        answer = self.send("PATCH", path, fields, If_Match="*")
        assert answer.status == 200, answer.body
        return answer.body

    def every(self, path: str, **parameters: str) -> list[Any]:
        """All items of a list, page by page."""
        items: list[Any] = []
        cursor: str | None = ""
        for _ in range(LISTINGS_MAX):
            page = self.get(path, limit="500", **parameters, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["cursor"]
            if cursor is None:
                return items
        raise AssertionError(f"{path} does not end")

    def one(self, path: str, filter: str, **parameters: str) -> Any:
        """The only document a filter holds for."""
        (item,) = self.get(path, filter=filter, **parameters)["items"]
        return item

    def deliver_all(self) -> None:
        """Return when nothing is left to be delivered, and nothing has failed.

        An answer takes a while and costs the server little: asking again is all the waiting that is needed.
        """
        for _ in range(TRIES_MAX):
            if not self.get("deliveries")["items"]:
                return
        raise AssertionError(f"not delivered: {self.get('deliveries')['items']}")

    def report(self, name: str, **parameters: str) -> Any:
        return self.get(f"reports/{name}", **parameters)

    def enable(self, applet: str) -> Any:
        return self.post(f"applets/{applet}/enable")

    def disable(self, applet: str) -> Any:
        return self.post(f"applets/{applet}/disable")

    def _succeed(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.send(method, path, body)
        assert answer.status in (200, 201), answer.body
        return answer.body


@dataclass
class Server:
    """A running `bos serve`."""

    url: str
    process: subprocess.Popen[str]

    def log_in(self, tenant: str, email: str, password: str) -> Client:
        """A client with an access token."""
        tokens = Client(self.url).post("auth/login", {"tenant": tenant, "email": email, "password": password})
        return Client(self.url, tokens["access_token"])


class Installation:
    """url: of the database. folder: where its files go, and where commands run."""

    command_s_max = COMMAND_S_MAX

    def __init__(self, url: str, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        paths = [str(REPOSITORY), *((environment or {}).get("PYTHONPATH") or "").split(os.pathsep)]
        self.environment = {
            **os.environ,
            "BOS_DATABASE_URL": url,
            "BOS_DATA_DIR": str(folder / "data"),
            # Passwords are hashed as weakly as they may be: these are no secrets, and hashing well takes long.
            "BOS_PASSWORD_MEMORY_KIB": "64",
            "BOS_PASSWORD_PASSES": "1",
            "BOS_PASSWORD_LANES": "1",
            "BOS_LOG_LEVEL": "error",
            # Importing many accounts takes longer than a token lives by default, on a slow machine.
            "BOS_ACCESS_TOKEN_TTL_S": "86400",
            **(environment or {}),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }

    def run(self, *arguments: str | Path, code: int = 0, stdin: str | None = None) -> str:
        """What a command writes; it must end with this code."""
        done = subprocess.run(
            [*BOS, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment,
            timeout=self.command_s_max,
            check=False,
        )
        assert done.returncode == code, f"bos {arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def ask(self, *arguments: str | Path, code: int = 0, stdin: str | None = None) -> Any:
        """What a command answers as JSON."""
        return json.loads(self.run(*arguments, "--json", code=code, stdin=stdin))

    def create_tenant(self, name: str, title: str, currency: str, admin: str) -> str:
        """The administrator's password."""
        made = self.ask("tenant", "create", name, "--title", title, "--currency", currency, "--admin-email", admin)
        return made["password"]

    @contextmanager
    def serve(self, *options: str) -> Iterator[Server]:
        """A server on a free port, stopped at the end as an operator stops it."""
        process = subprocess.Popen(
            [*BOS, "serve", "--port", "0", *options],
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environment,
        )
        server = Server(_read_url(process), process)
        try:
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                _, rest = process.communicate(timeout=STOP_S_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                raise
        assert process.returncode == 0, f"the server ended with {process.returncode}:\n{rest}"


def _read_url(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Serving at "):
            return line.removeprefix("Serving at ").strip()
    raise AssertionError(f"the server ended with {process.wait()} before it served")
