"""Every place a text enters, and every text that has ever meant something to an interpreter behind such a place."""

from __future__ import annotations

import pytest

from kernel.db.unit_of_work import UnitOfWork
from sdk.expressions.limits import DEPTH_MAX, NODES_MAX, SOURCE_CHARACTERS_MAX
from tests.acceptance.attacks.vault import FILES

ITEMS = "/api/v1/vault/items"
STRINGS = [
    "'", '"', "\\", "`", "' OR true --", "'; DROP TABLE x; --", "x' union select password_hash from bos.users --",
    "/*", "--", ";",
    "\x00", "a\x00b", "%s", "%(a)s", "%", "{t}", "{p}", "{0.__class__}", "{{7*7}}", "${7*7}", "$1", ":a", "?", "*",
    "..", "../../x",
    "\ufeff", "\uffff", "\U0001f4a9", "\u202e", "\r\nX: y", "1e400", "9" * 400, "-1", "NaN", "Infinity", "0x10",
    "null", "[]", "{}",
    "(" * 5_000, "a" * 20_000, "name == '", "name.__class__", "__import__('os')", "lambda: 0", "[x for x in y]",
    "pg_sleep(9)",
    "name == 'x' or pg_sleep(9)", "set_config('role','x',true)", "current_user", "data->>'secret'", "id::text",
    "x as y", "::1",
    "2026-13-45", "99999-01-01", "0000-00-00", "2026-01-01T00:00:00+99:99", "true", "kernel.*", "vault.item'",
    "\ud7ff", "<script>",
]  # fmt: skip
# path, and the parameter the text is sent as; {item} is a document of ours.
PLACES = [
    *((ITEMS, name) for name in ("filter", "q", "sort", "limit", "cursor", "fields", "deleted", "archived", "param.x",
    "nonsense")),
    *((f"{ITEMS}/{{item}}", name) for name in ("fields", "as_of", "revision")),
    *((f"{ITEMS}/{{item}}/revisions", name) for name in ("limit", "cursor", "as_of")),
    *((f"{ITEMS}/{{item}}/links", name) for name in ("depth", "limit", "direction")),
    *(("/api/v1/search", name) for name in ("q", "types", "company", "archived", "limit", "cursor")),
    *(("/api/v1/events", name) for name in ("type", "aggregate_type", "aggregate_id", "actor", "since", "cursor",
    "correlation_id")),
    *(("/api/v1/deliveries", name) for name in ("state", "limit", "cursor")),
    *(("/api/v1/registers/vault.stock/balance", name) for name in ("at", "group_by", "company_id", "where.item",
    "where.x")),
    *(("/api/v1/registers/vault.stock/movements", name) for name in ("since", "until", "cursor", "where.shelf")),
    *(("/api/v1/reports/vault.items", name) for name in ("like", "format", "company_id", "nonsense")),
    *(("/api/v1/users", name) for name in ("limit", "cursor")),
    *(("/api/v1/auth/events", name) for name in ("user_id", "cursor")),
    *(("/api/v1/audit/seals", name) for name in ("limit", "cursor")),
    *(("/api/v1/audit/verify", name) for name in ("after", "limit")),
    *(("/api/v1/permissions/explain", name) for name in ("action", "type", "id", "actor")), ("/api/v1/openapi.json",
    "version"),
    ("/api/v1/oauth/providers/x/links", "subject"), ("/oauth/login/south/x", "next"), ("/oauth/callback", "state"),
]  # fmt: skip
# The text stands in the path, in a header, or in a body.
PATHS = [
    "/api/v1/{}/items", "/api/v1/vault/{}", f"{ITEMS}/{{}}", f"{ITEMS}/{{}}/revisions", "/api/v1/reports/{}",
    "/api/v1/users/{}",
    "/api/v1/registers/{}/balance", "/api/v1/privacy/subjects/{}/x", "/api/v1/privacy/subjects/vault.guest/{}",
    "/api/v1/audit/proof/{}", "/api/v1/audit/trail/{}", "/api/v1/exports/{}/file", "/api/v1/imports/{}",
    "/oauth/login/{}/{}",
    "/api/v1/oauth/providers/{}/links",
]  # fmt: skip
HEADERS = [
    "if-match",
    "if-none-match",
    "idempotency-key",
    "x-request-id",
    "traceparent",
    "accept",
    "user-agent",
    "origin",
    "cookie",
    "host",
    "forwarded",
]
BODIES = [
    (ITEMS, lambda text: {"name": "x", text: text}), (ITEMS, lambda text: {"name": text, "code": text, "secret": text,
    "pin": text}),
    (ITEMS, lambda text: {"name": "x", "owner": text}), (ITEMS, lambda text: {"name": "x", "total": text, "due": text}),
    (ITEMS, lambda text: {"name": "x", "lines": [{"text": text, text: 1}]}), (ITEMS, lambda text: {"name": "x",
    "company_id": text}),
    ("/api/v1/kernel/custom_fields", lambda text: {"document_type": text, "name": text, "title": text, "kind": text}),
    ("/api/v1/kernel/custom_fields",
     lambda text: {"document_type": "vault.loan", "name": f"custom_{text}", "title": "x", "kind": "text",
     "index": True}),
    ("/api/v1/kernel/roles",
     lambda text: {"name": "r", "title": text, "permissions": [{"type": text, "actions": [text], "condition": text,
     "mask": [text]}]}),
    ("/api/v1/kernel/export-templates",
     lambda text: {"name": text, "document_type": "vault.item", "format": "csv", "columns": [{"title": text,
     "path": text}],
                   "filter": text, "sort": [text], "lines": text, "sheet": text[:31]}),
    ("/api/v1/kernel/retention_rules",
     lambda text: {"title": text, "document_type": "vault.guest", "years": 1, "action": "keep", "condition": text,
     "from_field": text}),
    ("/api/v1/kernel/settings", lambda text: {"applet": text, "values": {text: text}}),
    ("/api/v1/exports", lambda text: {"type": "vault.item", "filter": text, "fields": [text], "sort": [text],
    "lines": text}),
    ("/api/v1/exports", lambda text: {"type": text, "template": text}),
    ("/api/v1/privacy/erasures", lambda text: {"subject_type": text, "subject_id": text, "dry_run": True}),
    ("/api/v1/oauth/clients", lambda text: {"name": text, "redirect_uris": [text], "scopes": [text],
    "resources": [text]}),
    ("/api/v1/oauth/providers", lambda text: {"name": text, "title": text, "issuer": text, "client_id": text,
    "client_secret": text}),
    ("/api/v1/api-keys", lambda text: {"name": text, "scopes": [text]}), ("/api/v1/users",
    lambda text: {"email": text, "name": text}),
]  # fmt: skip
# Larger than any expression of a person.
EXPRESSIONS = [
    "(" * (DEPTH_MAX + 1) + "1" + ")" * (DEPTH_MAX + 1), " or ".join(["1 == 1"] * NODES_MAX), "not " * 500 + "True",
    "x" * (SOURCE_CHARACTERS_MAX + 1), "-" * 1_000 + "1", "9" * 400 + " == total", "[" * 200 + "]" * 200, "name[" * 200,
    "name == " + "'a' + " * 300 + "'a'", "total ** 99999999", "'a' * 999999999", "round(total, 99999)", "f'{name}'",
    "(x := 1)",
    "sum(a.b for a in lines for c in lines)", "any(any(x == y for y in lines) for x in lines)",
    "name.upper().lower()", "exec('x')",
    "open('/etc/passwd')", "().__class__.__bases__", "actor.__init__.__globals__", "await name", "yield",
    "name if name else", "*name",
]  # fmt: skip
# Statements of a request whatever its text: BEGIN, who asks, and what a list or a graph reads.
STATEMENTS_MAX = 15


@pytest.fixture(scope="module")
def statements():
    """Sent to PostgreSQL in units of work since it was cleared."""
    sent, qualified = [], UnitOfWork._qualified

    def note(self, sql):
        sent.append(qualified(self, sql))
        return sent[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UnitOfWork, "_qualified", note)
        yield sent


@pytest.fixture(scope="module", autouse=True)
def north_stays(world):
    before = world.fingerprint(world.north)
    yield
    assert world.fingerprint(world.north) == before


def send(attacker, statements, text, *asked, **given):
    """The answer keeps to the rules; no statement has the text in it."""
    statements.clear()
    answer = attacker.send(*asked, **given)
    assert len(statements) <= STATEMENTS_MAX
    if any(sign in text for sign in ("DROP", "union", "pg_sleep", "set_config", "__", "{0.", "</")):
        assert not [sql for sql in statements if text in sql]
    return answer


@pytest.mark.parametrize(("path", "name"), PLACES)
def test_a_text_in_a_query_is_a_value_or_refused(world, attacker, statements, path, name):
    for text in STRINGS:
        send(attacker, statements, text, "GET", path.format(item=world.shared["second"]), params={name: text})


@pytest.mark.parametrize("path", PATHS)
def test_a_text_in_a_path_names_nothing(attacker, statements, path):
    for text in STRINGS:
        quoted = "".join(f"%{byte:02x}" for byte in text[:2_000].encode("utf-8", "surrogatepass"))
        answer = send(attacker, statements, text, "GET", path.replace("{}", quoted))
        assert answer.status_code in (404, 405, 422, 400) or "search" in path, answer.text[:200]


@pytest.mark.parametrize("name", HEADERS)
def test_a_text_in_a_header_is_kept_out_of_the_answer_or_refused(world, attacker, statements, name):
    for text in STRINGS:
        value = text[:8_000].encode("utf-8", "surrogatepass").strip(b" \r\n\x00")
        if any(byte < 32 or byte == 127 for byte in value) or not value:
            continue
        answer = send(
            attacker,
            statements,
            text,
            "PATCH",
            f"{ITEMS}/{world.shared['item']}",
            json={},
            headers={name: value, "if-match": '"9"'} | {name: value},
        )
        assert answer.headers["x-request-id"].isascii()


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_a_text_in_a_body_is_a_value_or_refused(attacker, statements, number):
    path, make = BODIES[number]
    for text in STRINGS:
        send(attacker, statements, text, "POST", path, json=make(text))


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("where", ["filter", "condition", "export"])
def test_an_expression_beyond_its_bounds_is_refused_before_anything_is_asked(attacker, statements, expression, where):
    statements.clear()
    if where == "filter":
        answer = attacker.send("GET", ITEMS, params={"filter": expression})
    elif where == "condition":
        rule = {"type": "vault.item", "actions": ["read"], "condition": expression[:4_000]}
        answer = attacker.send("POST", "/api/v1/kernel/roles", json={"name": "r", "title": "r", "permissions": [rule]})
    else:
        answer = attacker.send("POST", "/api/v1/exports", json={"type": "vault.item", "filter": expression[:4_000]})
    assert answer.status_code == 422, answer.text
    assert not [sql for sql in statements if "INSERT" in sql]


def test_after_all_this_the_types_are_those_they_were(attacker):
    paths = attacker.good("GET", "/api/v1/openapi.json")["paths"]
    assert {path for path in paths if path.startswith("/api/v1/vault/")} >= {
        ITEMS,
        "/api/v1/vault/guests",
        "/api/v1/vault/loans",
    }
    assert len(FILES) == 8
