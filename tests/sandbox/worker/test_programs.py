"""The shipped worker: language policy, runtime and walls together, and the traps that showed when they were built."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.frames import LOAD, POLICY, RAISED, REFUSED, RETURNED
from sandbox.limits import LOG_LINES_MAX
from sdk.document import Document
from tests.sandbox.worker.client import FACTS, Client, zygote_or_skip

APPLETS = Path(__file__).resolve().parents[3] / "applets"


@pytest.fixture(scope="module")
def zygote():
    made = zygote_or_skip()
    yield made
    made.close()


@pytest.fixture
def client(zygote):
    with Client(zygote) as made:
        yield made


def load_applet(client, name):
    root = APPLETS / name
    paths = [path for path in sorted(root.rglob("*.py")) if path.relative_to(root).parts[0] != "tests"]
    names = {path: ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__") for path in paths}
    modules = {name: path.read_text(encoding="utf-8") for path, name in names.items() if name != "__init__"}
    files = {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in root.rglob("*.json")}
    return client.ask(LOAD, [name, "1.0.0", modules, files, "hooks", False])


@pytest.mark.parametrize("name", ["approvals", "parties", "catalog", "ledger", "receivables"])
def test_an_applet_of_the_house_loads_behind_all_walls(client, name):
    status, hooks, *_ = load_applet(client, name)
    assert status == RETURNED
    assert hooks


def test_approvals_refuses_as_it_does_in_process(client):
    load_applet(client, "approvals")
    client.answers = {"elevated.documents.query": lambda *_: [[], None, {}]}
    values = {"currency": "EUR", "base_currency": "EUR", "total": Decimal(200), "issued_on": date(2026, 1, 1)}
    client.facts = FACTS._replace(settings={"approval_limit": Decimal(100), "four_eyes": True})
    status, error, *_ = client.call("hold_unapproved", Document("i1", "receivables.invoice", values))
    assert (status, error[:2]) == (REFUSED, ["Conflict", "approval_missing"])
    assert error[2] == "200.00 EUR is above the limit of 100.00, and nobody has approved it yet."
    assert client.asked[0][0] == "elevated.documents.query"
    assert error[5][0][:2] == ["hooks", "hold_unapproved"]


def test_what_the_policy_refuses_is_told_with_file_line_and_a_way_out(client):
    status, error, *_ = client.load("import os\n\ndef f():\n    return eval('1')")
    assert status == POLICY
    assert [rule[0] for rule in error[4]] == ["/hooks.py:1", "/hooks.py:4"]
    assert all(rule[3] for rule in error[4])


def test_a_syntax_error_is_a_refusal_and_opens_no_file(client):
    status, error, *_ = client.load("def f(:\n    pass")
    assert (status, error[4][0][:2]) == (POLICY, ["/hooks.py:1", "syntax"])


def test_modules_import_each_other(client):
    client.load("from .rules import double\ndef f(x): return double(x)", rules="def double(x): return x * 2")
    assert client.run("f", 21)[1] == 42


def test_print_goes_to_the_log_of_the_call(client):
    client.load("def f():\n    print('a', 1)\ndef g():\n    for n in range(1000): print(n)")
    assert client.run("f")[3] == [["info", "a 1"]]
    _, _, _, logs, dropped = client.run("g")
    assert (len(logs), dropped) == (LOG_LINES_MAX, 1000 - LOG_LINES_MAX)


def test_nothing_stays_in_modules_between_two_calls(client):
    client.load("seen = []\ndef f(x):\n    seen.append(x)\n    return seen")
    assert [client.run("f", n)[1] for n in (1, 2)] == [[1], [2]]


def test_arithmetic_is_as_it_always_is_for_every_call(client):
    client.load(
        "from decimal import Decimal, localcontext\n"
        "def f(x):\n    with localcontext() as context:\n        context.prec = 3\n        kept.append(context)\n"
        "    return Decimal(1) / 3\nkept = []",
        keeps_state=True,
    )
    assert client.run("f", 1)[1] == client.run("f", 1)[1] == Decimal(1) / 3


def test_state_stays_where_an_applet_asks_for_it(client):
    client.load("seen = []\ndef f(x):\n    seen.append(x)\n    return seen", keeps_state=True)
    assert [client.run("f", n)[1] for n in (1, 2)] == [[1], [1, 2]]


def test_what_the_library_puts_off_needs_no_file_any_more(client):
    client.load(
        "import base64, calendar, hashlib, hmac, html, json, math, random, statistics, string, unicodedata, uuid\n"
        "from collections import Counter, defaultdict, namedtuple\n"
        "from datetime import datetime, timezone, UTC\n"
        "from decimal import Decimal\n"
        "from fractions import Fraction\n"
        "def f():\n"
        "    Counter('abca').most_common(1)\n"
        "    datetime.strptime('2 Jan 2026', '%d %b %Y').strftime('%A %c')\n"
        "    datetime.now(UTC).astimezone()\n"
        "    datetime.now()\n"
        "    for name in ('utf-8', 'utf-16', 'latin-1', 'cp1252', 'idna', 'punycode', 'ascii'):\n"
        "        'abc'.encode(name).decode(name)\n"
        "    for digest in (hashlib.sha256, hashlib.md5, hashlib.sha3_256, hashlib.blake2b, hashlib.sha512):\n"
        "        digest(b'x').hexdigest()\n"
        "    hmac.new(b'k', b'm', 'sha256').hexdigest()\n"
        "    uuid.uuid4(), uuid.uuid5(uuid.NAMESPACE_DNS, 'x'), random.random()\n"
        "    statistics.median([1, 2, 3]), statistics.stdev([1, 2, 3]), Fraction('1/3')\n"
        "    unicodedata.name('a'), html.unescape('&eacute;'), calendar.monthrange(2026, 2)\n"
        "    f'{Decimal(\"1234.5\"):>12,.2f}', 'ß'.casefold(), str(Decimal(1) / 3)\n"
        "    json.loads(json.dumps({'a': [1.5, None]}))\n"
        "    return 'all of it'\n"
    )
    ended = client.run("f")
    assert ended is not None, f"ended with {client.status()}"
    assert ended[:2] == [RETURNED, "all of it"]


def test_a_codec_nobody_knows_is_an_error_and_no_look_at_files(client):
    client.load("def f(): return 'a'.encode('no-such-codec')")
    status, error, *_ = client.run("f")
    assert (status, error[0]) == (RAISED, "LookupError")


def test_two_workers_draw_different_numbers(zygote):
    drawn = []
    for _ in range(2):
        with Client(zygote) as client:
            client.load("import random\ndef f(): return random.random()")
            drawn.append(client.run("f")[1])
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize(
    "body",
    [
        "def __str__(self): return 1 / 0",
        "def __repr__(self): return 1 / 0",
        "def __eq__(self, other): return 1 / 0",
        "def __hash__(self): return 1 / 0",
        "def __len__(self): return 1 / 0",
        "def __iter__(self): return 1 / 0",
        "def __bool__(self): return 1 / 0",
    ],
)
def test_no_method_of_a_value_runs_while_it_leaves(client, body):
    client.load(f"class Odd:\n    {body}\ndef f(): return [Odd()]\ndef g(): return 1")
    status, error, *_ = client.run("f")
    assert (status, error[0]) == (RAISED, "TypeError")
    assert client.run("g")[1] == 1


def test_a_document_with_a_hostile_value_is_an_error_of_the_applet(client):
    client.load(
        "from sdk import hooks\nclass Odd:\n    def __eq__(self, other): return True\n"
        "@hooks.before_save('a.b')\ndef f(ctx, document): document['total'] = Odd()"
    )
    status, error, *_ = client.call("f", Document("d1", "a.b", {"total": 1}))
    assert (status, error[0]) == (RAISED, "TypeError")


def test_a_worker_stays_as_large_as_it_is(client):
    client.load("from decimal import Decimal\nrows = []\ndef f(n): return sum(Decimal(i) for i in range(n))")
    for _ in range(50):
        client.run("f", 200)
    before = resident(client.worker.pid)
    for _ in range(500):
        client.run("f", 200)
    assert resident(client.worker.pid) - before < 1 << 20


def resident(pid):
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096


@pytest.mark.parametrize("source", ["().__class__.__base__", "def f(): return __import__('os').system('id')"])
def test_the_shipped_loader_runs_nothing_unchecked(client, source):
    # The way the tests of the walls take is not there.
    assert client.load(source)[0] == POLICY


def test_a_worker_loads_once(client):
    client.load("def f(): return 1")
    status, error, *_ = client.load("def f(): return 2")
    assert (status, error[0]) == (RAISED, "RuntimeError")
    assert client.run("f")[1] == 1
