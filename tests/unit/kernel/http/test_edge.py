"""The outermost layer, around an application of three lines."""

import asyncio

import orjson
import pytest
from starlette.responses import Response

from kernel.http.edge import Edge
from kernel.http.exchange import SCOPE_KEY
from kernel.telemetry.metrics import Metrics
from sdk.errors import Conflict


def serve(app, *chunks, headers=(), path="/x", limit=100, disconnects=False):
    """One request; (status, headers, body)."""
    waiting = [{"type": "http.request", "body": c, "more_body": True} for c in chunks]
    waiting.append({"type": "http.disconnect"} if disconnects else {"type": "http.request", "body": b""})
    sent = []

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": list(headers), "client": ("10.0.0.1", 5)}
    asyncio.run(Edge(app, metrics=Metrics(), body_bytes_max=limit)(scope, receive, send))
    start, *rest = sent
    return start["status"], dict(start["headers"]), b"".join(message.get("body", b"") for message in rest)


async def echo(scope, receive, send):
    """What the edge knows, and what a framework below would read."""
    message = await receive()
    exchange = scope[SCOPE_KEY]
    body = {"exchange": exchange.body.decode(), "read": message["body"].decode(), **exchange.record.as_json()}
    await Response(orjson.dumps(body))(scope, receive, send)


def test_the_body_is_there_for_endpoints_and_for_frameworks():
    status, _, body = serve(echo, b"ab", b"cd")
    assert status == 200
    assert orjson.loads(body)["exchange"] == orjson.loads(body)["read"] == "abcd"


def test_the_record_says_where_a_request_came_from():
    agent = b"x" * 500
    _, headers, body = serve(echo, headers=[(b"x-request-id", b"r-1"), (b"user-agent", agent)])
    record = orjson.loads(body)
    assert (record["request_id"], record["address"]) == ("r-1", "10.0.0.1")
    assert record["user_agent"] == "x" * 200
    assert headers[b"x-request-id"] == b"r-1"
    assert headers[b"traceparent"].split(b"-")[1].decode() == record["trace_id"]


def test_a_body_is_refused_as_soon_as_it_is_too_large():
    async def unreached(scope, receive, send):
        raise AssertionError

    status, _, body = serve(unreached, b"x" * 60, b"x" * 60, b"never read")
    assert (status, orjson.loads(body)["code"]) == (413, "body_too_large")
    assert serve(echo, b"x" * 100)[0] == 200


def test_a_client_that_goes_away_breaks_nothing():
    assert serve(echo, b"half", disconnects=True)[0] == 400


@pytest.mark.parametrize(
    ("error", "status", "code"), [(ValueError("secret"), 500, "internal_error"), (Conflict("no"), 409, "conflict")]
)
def test_every_error_is_a_problem(error, status, code):
    async def fail(scope, receive, send):
        raise error

    answered, headers, body = serve(fail)
    problem = orjson.loads(body)
    assert (answered, problem["code"], problem["instance"]) == (status, code, "/x")
    assert problem["request_id"].encode() == headers[b"x-request-id"]
    assert "secret" not in body.decode()


def test_an_error_after_half_an_answer_breaks_the_connection():
    async def half(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        serve(half)
