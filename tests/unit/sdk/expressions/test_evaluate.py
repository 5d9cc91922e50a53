"""What evaluation answers that the vector file cannot say: mixed kinds, limits, Python's own types."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from types import MappingProxyType

import pytest

from sdk.expressions import EvaluationTooLong, parse, scope_of
from sdk.expressions.casing import lower_pairs, upper_pairs
from sdk.expressions.limits import EVALUATION_STEPS_MAX
from sdk.expressions.nodes import children, free_paths, walk


def evaluate(source, **scope):
    return parse(source).evaluate(scope)


@pytest.mark.parametrize(
    "source",
    [
        "n == t", "n < t", "b == n", "b == t", "d == n", "t * n", "n + t", "t + d", "b + n", "-t", "-b", "not n",
        "lines == lines", "obj == obj", "n in t", "lower(n)", "round(t)", "abs(b)", "len(n)", "add_days(n, 1)",
        "days_between(d, n)", "obj.x.y", "t.x", "n.real", "other < 1", "nan == 1", "nan + 1", "obj + 1",
    ],
)  # fmt: skip
def test_values_of_kinds_that_do_not_meet_are_unknown(source):
    scope = {"n": Decimal(1), "t": "1", "b": True, "d": date(2026, 1, 1), "lines": [{}], "obj": {"x": 1}}
    assert evaluate(source, **scope, other=object(), nan=Decimal("NaN")) is None


def test_attributes_of_python_objects_are_out_of_reach():
    class Account:
        secret = "x"

    assert evaluate("account.secret", account=Account()) is None
    assert evaluate("account.secret", account=MappingProxyType({"secret": "y"})) == "y"


def test_a_condition_holds_only_when_it_is_true():
    assert parse("total > 1").holds({"total": Decimal(2)})
    assert not parse("total > 1").holds({})
    assert not parse("total").holds({"total": Decimal(2)})


def test_integers_and_floats_of_json_are_decimals():
    assert evaluate("a + b", a=1, b=0.1) == Decimal("1.1")
    assert evaluate("a < b", a=0.1, b=Decimal("0.1")) is False
    assert evaluate("a == b", a=10**30, b=Decimal(10**30)) is True


def test_the_callers_decimal_context_does_not_matter():
    with localcontext() as context:
        context.prec = 3
        assert evaluate("a * a + 0.001", a=Decimal(12345)) == Decimal("152399025.001")
        assert evaluate("abs(-a - 0.5)", a=Decimal(12345)) == Decimal("12345.5")


def test_instants_compare_across_offsets_and_without_one_count_as_utc():
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    east = noon.astimezone(timezone(timedelta(hours=5)))
    assert evaluate("a == b", a=noon, b=east) is True
    assert evaluate("a == b", a=noon, b=noon.replace(tzinfo=None)) is True
    assert evaluate("date(a)", a=east.replace(hour=2)) == date(2025, 12, 31)


def test_loops_end_at_the_step_bound():
    lines = [{"x": 1}] * EVALUATION_STEPS_MAX
    assert evaluate("sum(line.x for line in lines)", lines=lines) == EVALUATION_STEPS_MAX
    with pytest.raises(EvaluationTooLong) as caught:
        evaluate("sum(line.x for line in lines) + sum(line.x for line in lines)", lines=lines)
    assert (caught.value.code, caught.value.status) == ("evaluation_too_long", 429)


def test_nested_loops_share_the_bound():
    lines = [{"parts": [1] * 1000}] * 1000
    with pytest.raises(EvaluationTooLong):
        evaluate("sum(sum(part for part in line.parts) for line in lines)", lines=lines)


def test_loops_beside_each_other_do_not_mix_their_items():
    lines = [{"x": Decimal(1), "ys": [Decimal(2)]}, {"x": Decimal(3), "ys": []}]
    source = "sum(sum(y * line.x for y in line.ys) + line.x for line in lines) + sum(l.x for l in lines)"
    assert evaluate(source, lines=lines) == Decimal(10)


def test_a_huge_product_stays_exact():
    nines = Decimal("9" * 38)
    assert evaluate(" * ".join(["n"] * 40), n=nines) == Decimal(int(nines) ** 40)


def test_the_context_wins_over_fields_of_its_names():
    scope = scope_of({"today": 1, "x": 2}, actor={"id": "u"}, today=date(2026, 1, 1), parameters={"y": 3})
    assert scope == {"x": 2, "actor": {"id": "u"}, "today": date(2026, 1, 1), "param": {"y": 3}}
    assert scope_of({})["param"] == {}


def test_letters_change_case_one_by_one_as_python_does():
    for pairs, change in ((lower_pairs(), str.lower), (upper_pairs(), str.upper)):
        assert len(pairs) > 700
        assert all(change(chr(old)) == chr(new) for old, new in pairs.items())


def test_an_expression_does_not_change_what_it_reads():
    scope = {"lines": [{"x": Decimal(1)}], "names": ["b", "a"]}
    evaluate("sum(line.x for line in lines) + len(names)", **scope)
    assert scope == {"lines": [{"x": Decimal(1)}], "names": ["b", "a"]}


def test_the_tree_is_walked_whole():
    root = parse("a if not b else sum(c.x for c in d if c.y in [1, e])").root
    assert len(list(walk(root))) == 13
    assert sum(len(children(node)) for node in walk(root)) == 12
    assert free_paths(root) == {("a",), ("b",), ("d",), ("d", "x"), ("d", "y"), ("e",)}
