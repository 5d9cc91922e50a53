"""What no client of ours would send: bodies that are no bodies, heads without end, requests that are none.

Bounds are counted in bytes and statements; how long something takes depends on the machine.
"""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest

from kernel.db.unit_of_work import UnitOfWork
from kernel.http.bodies import JSON_VALUES_MAX
from kernel.http.protocol import DISCARDED_BYTES_MAX, HEAD_BYTES_MAX
from sdk.schema.plain_words import VIOLATIONS_MAX
from tests.acceptance.attacks.world import BODY_BYTES_MAX

ITEMS = "/api/v1/vault/items"
JSON = {"content-type": "application/json", "if-match": "*"}
KIB = 1024
# What the kernel of a socket holds between a sender and a reader that has gone.
SOCKETS_BYTES_MAX = 8 * KIB * KIB
# Of any request whatever its body: who asks, BEGIN, what is read to refuse it.
STATEMENTS_MAX = 12

BODIES = [
    b"", b"null", b"1", b'"x"', b"[]", b"[[]]", b"[null]", b"{", b"{}{}", b"{} x", b"{'a':1}", b"//c\n{}",
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}", b'{"name":"\\ud800"}', b'{"\\ud800":1}', b'{"name":"\\udc00\\ud800"}',
    b'{"name":"\xed\xa0\x80"}',
    b'{"name":"\\u0000"}', b'{"\\u0000":"x"}', b'{"name":NaN}', b'{"name":Infinity}', b'{"name":-Infinity}',
    b'{"total":1e400}',
    b'{"total":1.5}', b'{"total":' + b"9" * 100_000 + b"}", b'{"total":"' + b"9" * 100_000 + b'"}',
    b'{"total":"1e400"}',
    b'{"total":"NaN"}', b'{"total":"Infinity"}', b'{"due":"9999999-01-01"}', b'{"due":"0000-00-00"}', b'{"name":1e308}',
    b"[" * 100_000, b'{"a":' * 100_000, b"[" * 65 + b"]" * 65, b'{"name":' + b"[" * 63 + b"]" * 63 + b"}",
    b'{"__proto__":{},"constructor":1}', b'{"__class__":"x"}', b'{"name":{"$ne":""}}', b'{"name":["x"]}',
    b'{"name":true}',
    b'{"lines":{"0":{}}}', b'{"lines":[null]}', b'{"lines":"x"}', b'{"owner":{"id":"x"}}', b'{"owner":"\\u0000"}',
    b'{"' + b"k" * 20_000 + b'":1}', b'{"name":"' + b"a" * 1_900_000 + b'"}',
]  # fmt: skip
# Of these the last value counts, or the field is simply text: they are taken, as documented.
TAKEN = [
    (b'{"name":"a","name":"b"}', "b"), ('{"name":"\u202e\uffff\ufffe"}'.encode(), "\u202e\uffff\ufffe"),
    (b'{"name":"\\ud83d\\ude00"}', "\U0001f600"), (b'{"name":"\'; DROP TABLE x; --"}', "'; DROP TABLE x; --"),
    (b'{"name":"{t}.documents %s %(a)s $1"}', "{t}.documents %s %(a)s $1"),
]  # fmt: skip
ROUTES = [
    ("POST", ITEMS), ("POST", f"{ITEMS}/bulk"), ("PATCH", f"{ITEMS}/{{item}}"), ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/second-factor"), ("POST", "/api/v1/auth/passkey"), ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/password"), ("POST", "/api/v1/auth/password/reset"), ("POST", "/api/v1/auth/step-up"),
    ("POST", "/api/v1/auth/mfa/webauthn"), ("POST", "/api/v1/users"), ("POST", "/api/v1/api-keys"),
    ("POST", "/api/v1/oauth/clients"), ("POST", "/api/v1/oauth/providers"), ("POST", "/api/v1/privacy/erasures"),
    ("POST", "/api/v1/exports"), ("POST", "/api/v1/kernel/roles"), ("POST", "/api/v1/kernel/custom_fields"),
    ("POST", "/api/v1/kernel/settings"), ("POST", "/api/v1/kernel/export-templates"), ("POST", "/oauth/token"),
    ("POST", "/oauth/introspect"), ("POST", "/oauth/revoke"), ("POST", "/oauth/authorize"),
]  # fmt: skip
# Content types and encodings nobody asked for.
KINDS = [
    {"content-type": "text/plain"}, {"content-type": "application/xml"},
    {"content-type": "multipart/form-data; boundary=x"},
    {"content-type": "application/x-www-form-urlencoded"}, {"content-type": "application/json; charset=utf-16"},
    {"content-type": "application/json", "content-encoding": "gzip"}, {"content-type": "a" * 10_000},
    {"content-type": "\x7f"},
    {"content-type": "application/json", "content-encoding": "deflate, br, x"},
    {"content-type": "application/problem+json+x"},
]  # fmt: skip
MANY = range(20_000)
NOWHERE = b"01890000-0000-7000-8000-"
LARGE = [
    ("misspelt fields", ITEMS, lambda: b"{" + b",".join(b'"k%d":1' % n for n in range(30_000)) + b"}", 422),
    ("bad lines", ITEMS, lambda: b'{"name":"x","lines":[' + b",".join([b'{"a":1}'] * 20_000) + b"]}", 422),
    ("links to nowhere", ITEMS,
     lambda: b'{"name":"x","lines":[' + b",".join(b'{"item":"%s%012d"}' % (NOWHERE, n) for n in MANY) + b"]}", 422),
    ("values", ITEMS, lambda: b'{"name":"x","lines":[' + b"{}," * JSON_VALUES_MAX + b"{}]}", 413),
    ("numbers", f"{ITEMS}/bulk", lambda: b"[" + b"1," * JSON_VALUES_MAX + b"1]", 413),
    ("documents", f"{ITEMS}/bulk", lambda: b"[" + b",".join([b"{}"] * 1_001) + b"]", 413),
    ("options", "/api/v1/kernel/custom_fields",
     lambda: json.dumps({"document_type": "vault.item", "name": "custom_x", "title": "x", "kind": "choice",
                         "options": [str(n) for n in range(50_000)]}).encode(), 422),
    ("heirs", "/api/v1/kernel/roles",
     lambda: json.dumps({"name": "x", "title": "x", "inherits": [str(n) for n in range(50_000)]}).encode(), 422),
    ("bytes", ITEMS, lambda: b'{"name":"' + b"a" * BODY_BYTES_MAX + b'"}', 413),
]  # fmt: skip


@pytest.fixture
def statements(monkeypatch):
    """What was sent to PostgreSQL in units of work."""
    sent, qualified = [], UnitOfWork._qualified

    def note(self, sql):
        sent.append(sql)
        return qualified(self, sql)

    monkeypatch.setattr(UnitOfWork, "_qualified", note)
    return sent


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_body_whatever_it_is_brings_a_route_down(world, attacker, method, path):
    for body in BODIES:
        answer = attacker.send(method, path.format(item=world.shared["item"]), content=body, headers=JSON)
        assert answer.status_code >= 400 or body in (b"[]", b""), (body[:60], answer.text[:200])


@pytest.mark.parametrize(("body", "name"), TAKEN)
def test_what_only_looks_hostile_is_kept_as_it_is(attacker, body, name):
    made = attacker.good("POST", ITEMS, content=body, headers=JSON)
    assert attacker.good("GET", f"{ITEMS}/{made['id']}")["name"] == name


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_of_another_kind_is_refused(attacker, kind):
    content = (
        b"\x1f\x8b\x08" + b"\x00" * 50 if "content-encoding" in kind else b'{"name":"x"}'.decode().encode("utf-16")
    )
    answer = attacker.send("POST", ITEMS, content=content, headers=kind)
    assert answer.status_code in (400, 415), answer.text


@pytest.mark.parametrize(("what", "path", "make", "status"), LARGE, ids=[each[0] for each in LARGE])
def test_a_large_body_is_refused_by_few_statements_and_few_words(attacker, statements, what, path, make, status):
    answer = attacker.http.post(path, content=make(), headers={**JSON, "authorization": f"Bearer {attacker.token}"})
    assert answer.status_code == status, answer.text[:300]
    assert len(statements) <= STATEMENTS_MAX
    assert len(answer.json().get("violations", [])) <= VIOLATIONS_MAX


def test_a_large_answer_to_many_parameters_is_bounded(attacker):
    many = "&".join(f"p{n}=1" for n in range(4_000))
    answer = attacker.http.get(f"{ITEMS}?{many[:60_000]}", headers={"authorization": f"Bearer {attacker.token}"})
    assert answer.status_code == 422
    assert len(answer.json()["violations"]) <= VIOLATIONS_MAX


def talk(world, head, chunk=b"", times=0, tail=b""):
    """Bytes the server has taken, and what it has said before it hung up."""
    host, _, port = urlsplit(world.url).netloc.partition(":")
    taken, said = 0, b""
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        try:
            wire.sendall(head)
            for _ in range(times):
                wire.sendall(chunk)
                taken += len(chunk)
            wire.sendall(tail)
        except OSError:
            pass
        try:
            while part := wire.recv(64 * KIB):
                said += part
        except OSError:
            pass
    return taken, said


def problem_of(said):
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head, said[:300]
    return int(head.split()[1]), json.loads(body)["code"]


LOGIN = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
# Heads and trailers that never end. 64 MiB are offered.
ENDLESS = [
    ("a header", GET + b"X: ", b"a" * 64 * KIB, HEAD_BYTES_MAX),
    ("headers", GET, b"X: y\r\n" * 10_000, HEAD_BYTES_MAX),
    ("a header's name", GET, b"a" * 64 * KIB, HEAD_BYTES_MAX),
    ("a path", b"GET /", b"a" * 64 * KIB, HEAD_BYTES_MAX),
    ("a query", b"GET /api/v1/vault/items?filter=", b"a" * 64 * KIB, HEAD_BYTES_MAX),
    ("a method", b"", b"A" * 64 * KIB, HEAD_BYTES_MAX),
    ("empty lines", b"", b"\r\n" * 32 * KIB, HEAD_BYTES_MAX),
    ("the name of a chunk", LOGIN + b"Transfer-Encoding: chunked\r\n\r\n5;x=", b"a" * 64 * KIB, HEAD_BYTES_MAX),
    ("a trailer", LOGIN + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"a" * 64 * KIB, HEAD_BYTES_MAX),
    ("trailers", LOGIN + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 10_000, HEAD_BYTES_MAX),
    ("a chunked body", LOGIN + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"a" * 64 * KIB + b"\r\n",
     BODY_BYTES_MAX + DISCARDED_BYTES_MAX),
    ("a body as long as was said", LOGIN + b"Content-Length: 99999999999\r\n\r\n", b"a" * 64 * KIB,
     BODY_BYTES_MAX + DISCARDED_BYTES_MAX),
]  # fmt: skip


@pytest.mark.parametrize(("what", "head", "chunk", "most"), ENDLESS, ids=[each[0] for each in ENDLESS])
def test_what_never_ends_is_cut_off(world, what, head, chunk, most):
    taken, said = talk(world, head, chunk, times=64 * KIB * KIB // len(chunk))
    assert taken <= most + SOCKETS_BYTES_MAX + len(chunk)
    assert said == b"" or problem_of(said)[0] in (400, 413, 431)


# Requests that are none, and what is said to them.
NO_REQUESTS = [
    b"NONSENSE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    GET + b"X\x00: y\r\n\r\n", GET + b"X: \x00\r\n\r\n", GET + b" X: y\r\n\r\n", GET + b"X : y\r\n\r\n",
    GET + b"X\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    LOGIN + b"Content-Length: -1\r\n\r\n", LOGIN + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    LOGIN + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", LOGIN + b"Content-Length: 0x5\r\n\r\nabcde",
    LOGIN + b"Content-Length: 99999999999999999999999\r\n\r\n",
    LOGIN + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n0\r\n\r\n",
    LOGIN + b"Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
    LOGIN + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    b"GET /" + b"a" * (HEAD_BYTES_MAX + 1) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    GET + b"Cookie: " + b"a" * (HEAD_BYTES_MAX + 1) + b"\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("request_bytes", NO_REQUESTS, ids=range(len(NO_REQUESTS)))
def test_what_is_no_request_is_told_so_in_the_one_shape(world, request_bytes):
    _, said = talk(world, request_bytes)
    assert problem_of(said) in ((400, "malformed_request"), (431, "head_too_large"))


def test_a_head_within_its_bound_is_read(world):
    _, said = talk(world, GET + b"X: " + b"a" * (HEAD_BYTES_MAX - KIB) + b"\r\nConnection: close\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 ")


def test_nobody_speaks_another_protocol_here(world):
    upgrade = (
        b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert talk(world, GET + upgrade)[1].startswith(b"HTTP/1.1 200 ")


# Paths that lead up, twice encoded, or nowhere.
PATHS = [
    "/../../etc/passwd", "/api/v1/%2e%2e/%2e%2e/etc/passwd", "/docs/../../../etc/passwd",
    "/docs/%2e%2e%2f%2e%2e%2fetc/passwd",
    "/api/v1/vault/items/%00", "/api/v1/vault/items/%2e%2e%2fguests", "/api/v1//vault/items",
    "/api/v1/vault/items/..;/", "//evil.example/", "/%ff%fe", "/api/v1/vault/__class__",
    "/api/v1/vault/items/' OR 1=1 --",
    "/api/v1/{t}/items", "/api/v1/vault/" + "a" * 20_000, "/api/v1/vault/items/" + "%41" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_no_path_leads_out(world, attacker, path):
    head = f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    _, said = talk(world, f"{head}Authorization: Bearer {attacker.token}\r\n\r\n".encode())
    assert problem_of(said)[0] in (404, 405, 422)
    assert b"root:" not in said
