"""What a worker answers to what it is asked, over the wire, with plain Python as the applet."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sandbox.frames import MEMORY, RAISED, REFUSED, RETURNED
from sandbox.limits import FRAME_BYTES_MAX, LOG_BYTES_MAX, LOG_LINES_MAX
from sdk.document import Document
from sdk.document_errors import DocumentNotFound
from sdk.errors import Conflict, Violation
from sdk.event import Event

HOOKS = '''
from __future__ import annotations
from decimal import Decimal
from sdk import hooks
from sdk.errors import Conflict, NotFound, Invalid, Violation

class LimitBroken(Conflict):
    """{total} is above {limit}."""

@hooks.before_save("crm.deal", "crm.lead")
def total(ctx, document, previous):
    document["total"] = document["price"] * 2
    document["tags"].append("seen")
    del document["draft"]

@hooks.validate_document("crm.deal")
def refuse(ctx, document):
    document["total"] = 1
    rule = Violation("/price", "maximum", "too much", "5")
    raise LimitBroken(total=document["price"], limit=5, violations=[rule])

@hooks.invariant
def broken(ctx):
    return (f"line {n}" for n in range(3))

@hooks.resolve("price")
def price(ctx, product_id, quantity):
    return Decimal("1.50") * quantity

@hooks.resolve("tax_rate")
def mixed(ctx, document):
    if document.id == "d2":
        raise LimitBroken("no")
    if document.id == "d3":
        return {1, 2}
    return document.id
'''


def line_of(beginning):
    return next(number for number, line in enumerate(HOOKS.splitlines(), 1) if line.startswith(beginning))


def deal(**fields):
    return Document("d1", "crm.deal", {"price": Decimal("1.50"), "tags": [], "draft": True, **fields}, version=3)


@pytest.fixture
def hooked(raw):
    raw.loaded = raw.load(HOOKS)
    return raw


def test_a_load_tells_the_hooks_the_decorators_made(hooked):
    status, value, changes, logs, dropped = hooked.loaded
    assert (status, changes, logs, dropped) == (RETURNED, [], [], 0)
    assert [hook[:4] for hook in value] == [
        ["total", "before_save", ["crm.deal", "crm.lead"], ["ctx", "document", "previous"]],
        ["refuse", "validate_document", ["crm.deal"], ["ctx", "document"]],
        ["broken", "check_invariants", [], ["ctx"]],
        ["price", "resolve_price", [], ["ctx", "product_id", "quantity"]],
        ["mixed", "resolve_tax_rate", [], ["ctx", "document"]],
    ]
    assert value[0][4] == line_of("@hooks.before_save")


def test_a_hook_that_changes_its_document_sends_the_difference(hooked):
    status, value, changes, _, _ = hooked.call("total", deal(), None)
    assert (status, value) == (RETURNED, None)
    assert changes == [[0, {"total": Decimal("3.00"), "tags": ["seen"]}, ["draft"]]]


def test_a_hook_that_must_not_change_its_document_changes_nothing(hooked):
    status, error, changes, _, _ = hooked.call("refuse", deal())
    assert (status, changes) == (REFUSED, [])
    kind, code, message, details, violations, places = error
    assert (kind, code, message) == ("Conflict", "limit_broken", "1.50 is above 5.")
    assert details == {"total": Decimal("1.50"), "limit": 5}
    assert violations == [["/price", "maximum", "too much", "5"]]
    assert places == [["hooks", "refuse", line_of("    raise LimitBroken(total")]]


def test_what_an_invariant_yields_is_listed(hooked):
    assert hooked.call("broken")[1] == ["line 0", "line 1", "line 2"]


def test_values_keep_their_types(hooked):
    assert hooked.call("price", "p1", Decimal("2"))[:2] == [RETURNED, Decimal("3.00")]


def test_of_a_batch_each_has_its_own_end(hooked):
    documents = [Document(f"d{n}", "crm.deal", {}) for n in (1, 2, 3)]
    status, (first, second, third), changes, _, _ = hooked.batch("mixed", *[[document] for document in documents])
    assert (status, changes) == (RETURNED, [])
    assert first == [RETURNED, "d1", []]
    assert (second[0], second[1][1:3], second[2]) == (REFUSED, ["limit_broken", "no"], [])
    assert (third[0], third[1][0]) == (RAISED, "TypeError")


def test_a_batch_changes_each_document(hooked):
    status, results, _, _, _ = hooked.batch("total", [deal(price=1), None], [deal(price=2), None])
    assert (status, [result[2][0][1]["total"] for result in results]) == (RETURNED, [2, 4])


def test_what_of_a_batch_is_too_much_is_refused_and_the_rest_returned(raw):
    raw.load("def fill(ctx, size): return 'x' * size")
    status, results, _, _, _ = raw.batch("fill", [10], [FRAME_BYTES_MAX // 2], [FRAME_BYTES_MAX // 2], [5])
    assert status == RETURNED
    assert [result[0] for result in results] == [RETURNED, RETURNED, REFUSED, RETURNED]
    assert results[2][1][:2] == ["LimitExceeded", "too_large"]


def test_an_error_of_python_is_told_with_its_name_and_line(raw):
    raw.load("def outer(x):\n    return inner(x)\ndef inner(x):\n    return 1 / x")
    status, error, _, _, _ = raw.run("outer", 0)
    assert status == RAISED
    assert error == [
        "ZeroDivisionError",
        "",
        "division by zero",
        {},
        [],
        [["hooks", "outer", 2], ["hooks", "inner", 4]],
    ]


def test_a_function_that_is_not_there_is_an_error_of_the_call(raw):
    raw.load("x = 1")
    assert raw.run("nothing")[:2] == [
        RAISED,
        ["LookupError", "", "hooks has no function nothing", {}, [], []],
    ]


def test_a_module_that_fails_does_not_load(raw):
    status, error, *_ = raw.load("def f(): pass\n1 / 0")
    assert (status, error[0], error[5]) == (RAISED, "ZeroDivisionError", [["hooks", "<module>", 2]])


def test_a_syntax_error_is_told_though_no_file_can_be_opened(raw):
    status, error, *_ = raw.load("def f(:\n  pass")
    assert (status, error[0]) == (RAISED, "SyntaxError")


def test_globals_are_fresh_for_every_call(raw):
    source = "seen = []\ndef remember(x):\n    seen.append(x)\n    return seen"
    raw.load(source)
    assert [raw.run("remember", n)[1] for n in (1, 2)] == [[1], [2]]


def test_globals_stay_where_the_program_keeps_state(raw):
    raw.load("seen = []\ndef remember(x):\n    seen.append(x)\n    return seen", keeps_state=True)
    assert [raw.run("remember", n)[1] for n in (1, 2)] == [[1], [1, 2]]


def test_values_of_every_kind_go_in_and_out_unchanged(raw):
    raw.load("def echo(*values): return list(values)")
    values = [
        None, True, -(2**63), 2**64 - 1, 1.5, "ä\0", b"\xff", [1, [2]], {"a": {"b": []}},
        Decimal("1.50"), Decimal("-0.00"), date(2026, 2, 28), datetime(2026, 1, 1, 1, tzinfo=UTC),
    ]  # fmt: skip
    assert repr(raw.run("echo", *values)[1]) == repr(values)


def test_documents_come_out_as_they_went_in(raw):
    raw.load("def echo(document): return document")
    document = deal(on=date(2026, 1, 1))
    document.created_at = datetime(2026, 1, 1, tzinfo=UTC)
    returned = raw.run("echo", document)[1]
    assert type(returned) is Document
    assert returned.__dict__ == document.__dict__


def test_events_have_their_payload(raw):
    raw.load("def told(event): return [event.type, event.payload['amount'], event.occurred_at]")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    event = Event("e1", "crm.deal.won", "crm.deal", "d1", 3, moment, "u1", "c1", payload={"amount": Decimal(1)})
    assert raw.run("told", event)[1] == ["crm.deal.won", Decimal(1), moment]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("[{'a': {object()}}]", "object"),
        ("{(1, 2): 3}", "tuple"),
        ("object()", "object"),
        ("(n for n in ())", "generator"),
        ("lambda: 1", "function"),
        ("2**64", "64 bits"),
        ("'\\ud800'", "surrogates"),
        ("__import__('decimal').Decimal('NaN')", "not finite"),
        ("__import__('decimal').Decimal('1E+999999')", "too large"),
        ("__import__('decimal').Decimal('1' * 300)", "too many digits"),
        ("__import__('datetime').datetime(2026, 1, 1)", "time zone"),
        ("type('Text', (str,), {})('x')", "Text"),
        ("type('Number', (int,), {})(1)", "Number"),
        ("type('Rows', (list,), {})()", "Rows"),
        ("type('Fake', (), {'__class__': property(lambda self: 1 / 0)})()", "Fake"),
    ],
)
def test_what_does_not_travel_is_an_error_of_the_applet(raw, expression, message):
    raw.load(f"def give(): return {expression}")
    status, error, *_ = raw.run("give")
    assert status == RAISED
    assert message in error[2]
    assert raw.run("give")[0] == RAISED


def test_what_a_hook_returns_that_is_asked_for_nothing_stays_inside(raw):
    raw.load("from sdk import hooks\n@hooks.after_save('a.b')\ndef f(ctx): return object()")
    assert raw.call("f")[:2] == [RETURNED, None]


def test_a_function_that_is_run_may_return_what_can_be_made_data(raw):
    raw.load(
        "from collections import Counter, deque\nfrom fractions import Fraction\nfrom sdk import Balance\n"
        "def f(): return [{1}, (2, 3), deque([4]), range(2), Counter('a'), Fraction(1, 3), Balance({'a': 'b'}, {})]"
    )
    balance = {"dimensions": {"a": "b"}, "resources": {}}
    assert raw.run("f")[1] == [[1], [2, 3], [4], [0, 1], {"a": 1}, "1/3", balance]


@pytest.mark.parametrize(
    "expression",
    ["event", "{'a': event}", "{(1,): 2}", "{document: 1}", "[[]] * 1", "nested", "lambda: 1", "document2"],
)
def test_what_a_request_says_is_what_the_kernel_takes(raw, expression):
    raw.load(
        "from sdk import Document\n"
        "def f(ctx, event, document):\n    nested = []\n"
        "    for _ in range(100): nested = [nested]\n"
        "    document2 = Document('d2', 'a.b', {'inner': document})\n"
        f"    return ctx.resolve('price', given={expression})"
    )
    raw.answers = {"resolve": lambda *_: 7}
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    event = Event("e1", "crm.deal.won", "crm.deal", "d1", 3, moment, "u1", "c1")
    status, value, *_ = raw.call("f", event, deal())
    if expression == "[[]] * 1":
        assert (status, value) == (RETURNED, 7)
    else:
        assert (status, value[0] in ("TypeError", "ValueError"), raw.asked) == (RAISED, True, [])


def test_a_cyclic_result_is_an_error_of_the_applet(raw):
    raw.load("def give():\n    x = []\n    x.append(x)\n    return x")
    status, error, *_ = raw.run("give")
    assert (status, error[0]) == (RAISED, "ValueError")


def test_a_result_of_100_mb_is_refused(raw):
    raw.load("def give(): return 'x' * 100_000_000\ndef small(): return 1")
    status, error, *_ = raw.run("give")
    assert status in (REFUSED, MEMORY)
    if status == REFUSED:
        assert error[:3] == [
            "LimitExceeded",
            "too_large",
            f"The message of an applet is larger than {FRAME_BYTES_MAX} bytes.",
        ]


def test_a_document_that_is_none_any_more_is_an_error_of_the_applet(raw):
    raw.load("def rename(document): document.fields = {1: 2}\ndef swap(document): document.fields = []")
    for function in ("rename", "swap"):
        status, error, *_ = raw.run(function, deal())
        assert (status, error[0]) == (RAISED, "TypeError")


def test_a_change_is_seen_by_its_text_not_by_its_value(raw):
    raw.load(
        "from decimal import Decimal\ndef change(document):\n    document['price'] = Decimal('1.5')\n"
        "    document['draft'] = 1\n    document['same'] = 'a' * 3\n    document['rows'][0]['a'] = 1"
    )
    _, _, changes, _, _ = raw.run("change", deal(rows=[{"a": 1}], same="aaa"))
    assert repr(changes) == "[[0, {'price': Decimal('1.5'), 'draft': 1}, []]]"


@pytest.mark.parametrize(
    "statement",
    [
        "document['rows'][0]['a'] = True",
        "document['rows'][0]['a'] = None",
        "document['rows'][0]['b'] = document['rows'][0].pop('a')",
        "document['rows'][0]['b'] = 2",
        "document['rows'].append({})",
        "document['rows'][0]['list'].append(1)",
        "document['rows'].reverse()",
        "document['rows'] = [*document['rows'], 3]",
    ],
)
def test_a_change_deep_in_a_field_is_seen(raw, statement):
    raw.load(f"def change(document): {statement}\ndef look(document): return document['rows'][0]['list'][0]")
    document = deal(rows=[{"a": 1, "none": None, "list": [0]}, 2])
    assert [(place, set(changed), gone) for place, changed, gone in raw.run("change", document)[2]] == [
        (0, {"rows"}, [])
    ]
    assert raw.run("look", document)[2] == []


def test_logs_are_cut_and_counted(raw):
    raw.load(
        "def many(ctx):\n    for n in range(1000):\n        ctx.log.info('line %s of %s', n, 1000)\n"
        "def long(ctx):\n    for n in range(20):\n        ctx.log.warning('x' * 10**6)\n"
        "def odd(ctx):\n    ctx.log.error('%(a)s \\ud800', {'a': 1})\n    ctx.log.log(50, 'over')"
    )
    _, _, _, logs, dropped = raw.call("many")
    assert (len(logs), dropped, logs[7]) == (LOG_LINES_MAX, 1000 - LOG_LINES_MAX, ["info", "line 7 of 1000"])
    _, _, _, logs, dropped = raw.call("long")
    assert sum(len(text) for _, text in logs) == LOG_BYTES_MAX
    assert (logs[0][0], len(logs) + dropped) == ("warning", 20)
    assert raw.call("odd")[3] == [["error", "1 ?"], ["critical", "over"]]


def test_logs_of_a_failed_call_come_too(raw):
    raw.load("def f(ctx):\n    ctx.log.info('before')\n    raise ValueError")
    assert raw.call("f")[3] == [["info", "before"]]


def test_ctx_knows_what_came_with_the_call(raw):
    raw.load(
        "def facts(ctx): return [ctx.tenant.name, ctx.tenant.currency, ctx.actor.id, list(ctx.actor.companies),\n"
        "    ctx.company_id, ctx.now, ctx.today, ctx.settings['limit'], ctx.elevated.actor.id]"
    )
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert raw.call("facts")[1] == ["northwind", "EUR", "u1", ["c1"], "c1", now, date(2026, 1, 2), "100", "u1"]


def test_what_one_call_does_to_its_settings_the_next_does_not_see(raw):
    raw.load("def spoil(ctx):\n    ctx.settings['nested']['list'].append(2)\n    return ctx.settings['nested']['list']")
    assert [raw.call("spoil")[1] for _ in range(2)] == [[1, 2], [1, 2]]


def test_requests_are_answered_in_the_middle_of_the_call(raw):
    raw.load(
        "def f(ctx, document):\n"
        "    found = ctx.documents.get('crm.deal', 'd2', lock='shared')\n"
        "    page = ctx.elevated.documents.query('crm.deal', 'a == param.a', parameters={'a': 1}, sort=('-id',))\n"
        "    ctx.registers.record(document, 'crm.sum', occurred_at=ctx.today, dimensions={'a': 'b'}, resources={})\n"
        "    price = ctx.resolve('price', product_id='p')\n"
        "    return [found['price'], len(page.items), page.cursor, ctx.sequence('deals'), price]"
    )
    raw.answers = {
        "documents.get": lambda *_: deal(price=Decimal("7.00")),
        "elevated.documents.query": lambda *_: [[deal(), deal()], "next", {}],
        "registers.record": lambda *_: None,
        "sequence": lambda *_: 41,
        "resolve": lambda *_: Decimal("9.5"),
    }
    assert raw.call("f", deal())[1] == [Decimal("7.00"), 2, "next", 41, Decimal("9.5")]
    assert raw.asked == [
        ("documents.get", ["crm.deal", "d2", "shared"]),
        ("elevated.documents.query", ["crm.deal", "a == param.a", {"a": 1}, ["-id"], 50, None]),
        ("registers.record", [["crm.deal", "d1"], "crm.sum", date(2026, 1, 2), {"a": "b"}, {}]),
        ("resolve", ["price", {"product_id": "p"}]),
        ("sequence", ["deals"]),
    ]


def refuse(error):
    def answer(*_):
        raise error

    return answer


def test_an_error_of_a_verb_is_caught_by_the_applet_as_in_process(raw):
    raw.load(
        "from sdk.errors import NotFound\nfrom sdk.document_errors import DocumentNotFound\n"
        "def f(ctx):\n    try:\n        ctx.documents.get('a.b', 'x')\n"
        "    except DocumentNotFound as error:\n        return [error.code, error.kind, error.message, error.details]"
    )
    raw.answers = {"documents.get": refuse(DocumentNotFound(resource="a.b", id="x"))}
    message = "There is no a.b x, or it is not yours to see."
    assert raw.call("f")[1] == ["document_not_found", "NotFound", message, {"resource": "a.b", "id": "x"}]


class OfTheKernelsOwn(Conflict):
    """{what} happened."""


def test_an_error_of_a_verb_that_is_not_caught_comes_back_as_it_was(raw):
    raw.load("def f(ctx): ctx.documents.delete('a.b', 'x')")
    raw.answers = {"documents.delete": refuse(OfTheKernelsOwn(what="It", violations=[Violation("/a", "b", "c")]))}
    status, error, *_ = raw.call("f")
    assert status == REFUSED
    expected = ["Conflict", "of_the_kernels_own", "It happened.", {"what": "It"}, [["/a", "b", "c", None]]]
    assert (error[:5], error[5][-1]) == (expected, ["hooks", "f", 1])


def test_the_applets_own_error_from_another_hook_of_its_is_the_same_class(raw):
    raw.load(
        "from sdk.errors import Conflict\nclass Held(Conflict):\n    'held'\n"
        "def f(ctx):\n    try:\n        ctx.documents.perform('a.b', 'x', 'post')\n    except Held as error:\n"
        "        return error.message"
    )

    class Held(Conflict):
        """held back"""

    raw.answers = {"documents.perform": refuse(Held())}
    assert raw.call("f")[1] == "held back"


def test_a_number_that_is_taken_late_is_taken_when_it_is_read(raw):
    class Late(Document):
        late = object()

    raw.load(
        "def read(ctx, document): return [document.number, document.number]\n"
        "def leave(ctx, document): return document.copy().number"
    )
    raw.answers = {"documents.number": lambda *_: "INV-7"}
    late = Late("d1", "crm.deal", {})
    assert raw.call("leave", late)[1] is None
    assert raw.asked == []
    assert raw.call("read", late)[1] == ["INV-7", "INV-7"]
    assert raw.asked == [("documents.number", [["crm.deal", "d1"]])]


def test_a_request_too_large_for_a_frame_is_refused_to_the_applet(raw):
    raw.load(
        "from sdk.errors import TooLarge\ndef f(ctx):\n    try:\n"
        "        ctx.documents.create('a.b', {'x': 'y' * 2_000_000})\n"
        "    except TooLarge as error:\n        return error.code"
    )
    assert raw.call("f")[1] == "too_large"
    assert raw.asked == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise ValueError('x' * 50_000_000)", "x" * 2000),
        (
            "raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})()",
            "an error that cannot be shown (ZeroDivisionError)",
        ),
        (
            "raise type('E', (Exception,), {'__str__': lambda self: type('T', (str,), {})('x')})()",
            "an error that shows no text",
        ),
        ("raise ValueError('\\ud800')", "?"),
        ("raise SystemExit(3)", "3"),
        ("raise KeyboardInterrupt", ""),
        ("raise GeneratorExit", ""),
    ],
)
def test_whatever_is_raised_is_told(raw, body, told):
    raw.load(f"def f(): {body}")
    status, error, *_ = raw.run("f")
    assert (status, error[2]) == (RAISED, told)
    assert raw.run("f")[0] == RAISED


def test_an_error_of_the_sdk_that_lies_is_told_as_far_as_it_can_be(raw):
    raw.load(
        "from sdk.errors import Conflict, Violation\n"
        "class Liar(Conflict):\n    kind = property(lambda self: 'Unavailable')\nLiar.code = 7\n"
        "def f():\n    error = Liar('m')\n    error.message = 5\n"
        "    error.details = {1: 2, 'a': {3}, 'b' * 1000: object}\n"
        "    error.violations = (1, Violation(1, 'r', 'm', 2))\n    raise error"
    )
    status, error, *_ = raw.run("f")
    assert status == REFUSED
    assert error[0] == "Conflict"
    assert error[1] == ""
    assert error[3]["a"] == "{3}"
    assert all(type(part) is str or part is None for rule in error[4] for part in rule)


def test_of_too_many_broken_rules_the_first_are_told(raw):
    raw.load(
        "from sdk.errors import Conflict, Violation\n"
        "def f(): raise Conflict('m', violations=[Violation('/' + '€' * 2000, 'r', '€' * 2000, 'x' * 2000)] * 1000)"
    )
    status, error, *_ = raw.run("f")
    assert (status, error[0], len(error[4]), len(error[4][0][0])) == (REFUSED, "Conflict", 20, 2000)


def test_an_error_with_a_long_chain_is_told(raw):
    raw.load(
        "def f():\n    error = None\n    for _ in range(100_000):\n        new = ValueError('end')\n"
        "        new.__cause__, error = error, new\n    raise error"
    )
    assert raw.run("f")[:2] == [RAISED, ["ValueError", "", "end", {}, [], [["hooks", "f", 6]]]]
