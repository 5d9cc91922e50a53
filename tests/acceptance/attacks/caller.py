"""Whoever sends requests. What comes back is held against the rules every answer has to keep to, whatever was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import httpx2

PROBLEM_MEMBERS = {"type", "title", "status", "detail", "code", "instance", "request_id"}
# What tells how the inside is made: none of it belongs into an answer.
INSIDE = re.compile(
    r"psycopg|sqlalchemy|Traceback|\bSELECT\b.*\bFROM\b|\bINSERT INTO\b|pg_catalog|site-packages|\bt_(north|south)\b"
    r"|orjson|pydantic\.dev"
)
ANSWER_BYTES_MAX = 100_000
ANSWER_S_MAX = 60


class Caller:
    """avoided: words that are in no answer, whatever is asked."""

    def __init__(self, url: str, token: str | None = None, avoided: Sequence[str] = ()) -> None:
        self.http = httpx2.Client(base_url=url, timeout=ANSWER_S_MAX)
        self.token, self.refresh_token, self.avoided = token, None, avoided

    def send(self, method: str, path: str, **given: Any) -> httpx2.Response:
        """The answer, which keeps to the rules."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        given["headers"] = {**headers, **given.get("headers", {})}
        answer = self.http.request(method, path, **given)
        check_answer(answer, path, self.avoided)
        return answer

    def good(self, method: str, path: str, **given: Any) -> Any:
        """The body of an answer that is none of a failure."""
        answer = self.send(method, path, **given)
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None

    def refusal(self, method: str, path: str, **given: Any) -> tuple[int, str]:
        """Status and code of an answer that is one."""
        answer = self.send(method, path, **given)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json().get("code") or answer.json()["error"]


def check_answer(answer: httpx2.Response, path: str, avoided: Sequence[str] = ()) -> None:
    """No failure of ours, the one shape of errors, no word that is somebody else's, nothing of the inside."""
    assert answer.status_code < 500, (path[:300], answer.status_code, answer.text[:500])
    for word in avoided:
        assert word not in answer.text.lower(), (path[:300], answer.text[:500])
    if answer.status_code < 400:
        return
    assert len(answer.content) < ANSWER_BYTES_MAX, path[:300]
    assert not INSIDE.search(answer.text), (path[:300], answer.text[:500])
    if path.startswith("/oauth"):
        check_oauth(answer)
    else:
        check_problem(answer)


def check_problem(answer: httpx2.Response) -> None:
    """RFC 9457."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text[:500]
    body = answer.json()
    assert body.keys() >= PROBLEM_MEMBERS, body
    assert (body["status"], body["type"]) == (answer.status_code, f"/errors/{body['code']}")
    assert body["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"


def check_oauth(answer: httpx2.Response) -> None:
    """RFC 6749, section 5.2; the pages of a browser are HTML."""
    if answer.headers["content-type"].startswith("text/html"):
        assert "<script" not in answer.text
        return
    body = answer.json()
    assert body.keys() >= {"error"} or body.keys() >= PROBLEM_MEMBERS, body


def without_ids(answer: httpx2.Response, *ids: str) -> tuple[int, str]:
    """What an answer tells apart from the ids that were sent, and those of the request."""
    text = answer.text
    for id in ids:
        text = text.replace(id, "ID").replace(id.replace("-", ""), "ID")
    if answer.headers["content-type"] == "application/problem+json":
        body = json.loads(text)
        body["request_id"] = ""
        text = json.dumps(body, sort_keys=True)
    return answer.status_code, text
