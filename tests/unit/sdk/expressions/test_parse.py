"""What is an expression, what is none, and what the refusal says."""

from decimal import Decimal

import pytest

from sdk.errors import Invalid
from sdk.expressions import InvalidExpression, from_json, parse
from sdk.expressions.limits import DEPTH_MAX, NODES_MAX, SOURCE_CHARACTERS_MAX
from sdk.expressions.nodes import Binary, Call, Compare, Literal, Name
from sdk.expressions.signatures import SIGNATURES


def refusal(source):
    with pytest.raises(InvalidExpression) as caught:
        parse(source)
    return caught.value


def test_source_becomes_a_small_tree():
    assert parse("total >= round(tax * 1.10, 2)").root == Compare(
        (">=",),
        (
            Name(("total",)),
            Call("round", (Binary("*", Name(("tax",)), Literal(Decimal("1.10"))), Literal(Decimal(2)))),
        ),
    )


def test_numbers_are_read_from_their_text():
    assert parse("0.1000000000000000000000000001").root == Literal(Decimal("0.1000000000000000000000000001"))
    assert str(parse("12.50").evaluate({})) == "12.50"


def test_names_are_told_with_paths_through_loops():
    source = "sum(line.total * param.rate for line in order.lines if line.kind == kind) > customer.limit"
    assert parse(source).names == {
        "order.lines", "order.lines.total", "order.lines.kind", "param.rate", "kind", "customer.limit",
    }  # fmt: skip


def test_equal_trees_are_equal_expressions():
    assert parse("a+b") == parse("a  +  b")
    assert hash(parse("a+b")) == hash(parse("a + b"))
    assert parse("a + b") != parse("b + a")


def test_a_refusal_is_of_kind_invalid_and_says_where_what_and_what_instead():
    error = refusal("total > 1 and roud(total)")
    assert isinstance(error, Invalid)
    assert (error.code, error.status, error.details["position"]) == ("invalid_expression", 422, 14)
    assert error.message == "At position 14: there is no function roud. Did you mean round?"


def test_positions_count_characters_not_bytes():
    assert refusal('"ä𝄞" == x[0]').details["position"] == 8
    assert refusal("  (a or\n b ** 2)").details["position"] == 9


@pytest.mark.parametrize(
    "source",
    [
        "lambda: 1", "(x := 1)", 'f"{x}"', "x[0]", "x[1:2]", "[x for x in y]", "{x for x in y}", "{1: 2}", "{1, 2}",
        "a ** 2", "a // 2", "a @ b", "a | b", "a & b", "~a", "a << 2", "await x", "yield x", "...", "b'x'", "1j",
        "*a", "a, b", "[1, 2]", "x.lower()", "__import__('os')", "open('f')", "eval('1')", "getattr(a, 'b')",
        "__class__", "a.__class__", "a.b.__globals__", "_x", "a._x", "().__class__", "'a'.join(x)", "(a).b()",
        "import os", "x = 1", "a; b", "", "   ", "a b", "a if b", "round(x, places=2)", "round()", "round(1, 2, 3)",
        "sum(*x)", "today(1)", "ünï == 1", "a\x00b", "'\\0'", "'\\ud800'", "'\\d'", "0x10", "0o7", "1e5", "1e999999",
        "'a' * 3", "3 * 'a'", "'a' - 'b'", "'a' % x", "True + 1", "None * 2", "x is True", "x is y", "x in 'abc'",
        "x in None", "x in [None]", "x == [1]", "x + [1]", "lower([1])", "min([1], 2)", "[1] == x",
    ],
)  # fmt: skip
def test_what_is_not_of_the_language_is_refused(source):
    assert refusal(source).code == "invalid_expression"


@pytest.mark.parametrize(
    "source",
    [
        "(x for x in y)", "len(x for x in y)", "lower(x for x in y)", "sum((x for x in y), 1)", "not (x for x in y)",
        "sum(x for x in y for z in x)", "sum(x for a, b in y)", "sum(x for x in [1, 2])", "sum(x for x in lower(y))",
        "sum(sum(x for x in x.y) for x in z)", "sum(1 for actor in y)", "sum(1 for _x in y)", "any([x for x in y])",
        "sum(x async for x in y)", "1 in (x for x in y)", "sum((y for y in z) for x in w)",
    ],
)  # fmt: skip
def test_loops_stand_only_where_something_folds_them(source):
    refusal(source)


@pytest.mark.parametrize(
    "source",
    ["(" * 150 + "1" + ")" * 150 + "+ (", "(" * 3000, "-" * 3000 + "1", "not " * 900 + "a", "[" * 3000, "a." * 1500],
)
def test_deep_nesting_is_refused_and_not_suffered(source):
    refusal(source)


def test_bounds_are_exact():
    parse("1" + " + 1" * (DEPTH_MAX - 1))
    assert str(DEPTH_MAX) in refusal("1" + " + 1" * DEPTH_MAX).message
    items = (NODES_MAX - 2) // 1
    parse(f"a in [{', '.join(['1'] * (items - 1))}]")
    assert str(NODES_MAX) in refusal(f"a in [{', '.join(['1'] * (items + 1))}]").message
    parse("a" + " " * (SOURCE_CHARACTERS_MAX - 1))
    assert str(SOURCE_CHARACTERS_MAX) in refusal("a" + " " * SOURCE_CHARACTERS_MAX).message
    parse("9" * 38)
    refusal("9" * 39)
    refusal("0." + "1" * 39)


def test_a_chain_in_the_middle_of_a_chain_is_refused():
    parse("(a < b < c) == d")
    assert "chained" in refusal("a == (b < c < d) == e").message


@pytest.mark.parametrize("name", SIGNATURES)
def test_every_function_refuses_too_many_arguments(name):
    assert refusal(f"{name}({', '.join(['a'] * 51)})").details["instead"].startswith("Write ")


def test_fields_may_be_called_like_functions():
    assert parse("date(date) == month").names == {"date", "month"}


@pytest.mark.parametrize(
    "tree",
    [
        None, [], 1, {}, {"node": "exec"}, {"node": "literal"}, {"node": "literal", "value": 1.5},
        {"node": "literal", "value": {"decimal": "NaN"}}, {"node": "literal", "value": {"decimal": "1e9999"}},
        {"node": "literal", "value": {"decimal": "x"}}, {"node": "literal", "value": "\0"},
        {"node": "literal", "value": None, "more": 1}, {"node": "name", "path": []},
        {"node": "name", "path": ["__class__"]}, {"node": "name", "path": ["a'b"]}, {"node": "name", "path": "a"},
        {"node": "name", "path": [1]}, {"node": "call", "function": "eval", "arguments": []},
        {"node": "list", "items": []}, {"node": "bool", "operator": "and", "operands": []},
        {"node": "unary", "operator": "~", "operand": {"node": "name", "path": ["a"]}},
        {"node": "compare", "operators": ["<"], "operands": [{"node": "name", "path": ["a"]}]},
        {"node": "compare", "operators": ["like"], "operands": [{"node": "name", "path": ["a"]}] * 2},
    ],
)  # fmt: skip
def test_a_hostile_json_tree_is_refused(tree):
    with pytest.raises(InvalidExpression):
        from_json(tree)


def test_a_json_tree_may_not_be_deep():
    tree = {"node": "name", "path": ["a"]}
    for _ in range(5000):
        tree = {"node": "unary", "operator": "not", "operand": tree}
    with pytest.raises(InvalidExpression):
        from_json(tree)


def test_the_json_tree_is_plain():
    assert parse("a.b == 1.50").to_json() == {
        "node": "compare",
        "operators": ["=="],
        "operands": [{"node": "name", "path": ["a", "b"]}, {"node": "literal", "value": {"decimal": "1.50"}}],
    }
