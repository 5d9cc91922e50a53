"""Names change where they are names, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdk.expressions import InvalidExpression, rename_names

NAMES = {"total": "amount", "address.city": "city", "lines.qty": "lines.quantity", "old": "lot.number", "rows": "lines"}


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("total > 5", "amount > 5"),
        ("  total+subtotal", "  amount+subtotal"),
        ('total == "total"', 'amount == "total"'),
        ("total if total else total", "amount if amount else amount"),
        ("address.city == address.country", "city == address.country"),
        ("address . city", "city"),
        ("(address\n.city) == 1", "(city) == 1"),
        ("old", "lot.number"),
        ("sum(line.qty * line.total for line in lines)", "sum(line.quantity * line.total for line in lines)"),
        (
            "sum(row.total for row in rows if row.total > total)",
            "sum(row.total for row in lines if row.total > amount)",
        ),
        ("any(total > 1 for total in lines)", "any(total > 1 for total in lines)"),
        ("sum(total.qty for total in lines)", "sum(total.quantity for total in lines)"),
        ('"ärger" == total', '"ärger" == amount'),
        ("actor.total == document.total", "actor.total == document.total"),
        ("lower(total)", "lower(amount)"),
        ("subtotal", "subtotal"),
        ("lines.qty", "lines.quantity"),
    ],
)
def test_a_field_is_called_by_its_new_name(source, result):
    assert rename_names(source, NAMES) == result


def test_two_fields_can_change_places():
    assert rename_names("a - b / a", {"a": "b", "b": "a"}) == "b - a / b"


def test_the_longest_name_counts():
    assert rename_names("x.a + x.b", {"x": "y", "x.a": "z"}) == "z + y.b"


def test_items_keep_the_name_of_a_list_that_moved():
    assert (
        rename_names("sum(i.q for i in x.lines)", {"x": "y", "x.lines.q": "y.lines.r"}) == "sum(i.r for i in y.lines)"
    )


def test_a_field_that_left_its_list_is_left_as_it_is():
    assert rename_names("sum(line.qty for line in lines)", {"lines.qty": "total"}) == "sum(line.qty for line in lines)"


def test_a_name_a_loop_has_taken_is_refused():
    with pytest.raises(InvalidExpression) as caught:
        rename_names("sum(line.a * total for line in lines)", {"total": "line"})
    assert "loop" in caught.value.message


def test_what_is_no_expression_is_refused():
    with pytest.raises(InvalidExpression) as caught:
        rename_names("total >", {"total": "amount"})
    assert caught.value.code == "invalid_expression"


def test_without_names_nothing_is_looked_at():
    assert rename_names("total >", {}) == "total >"


TERMS = st.recursive(
    st.sampled_from(["a", "b", "x.a", "( a)", "x .b", '"a"', "1", "a.b", "None"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" == ", "\n!= ", " and ", " or "]), inner).map(
            lambda parts: f"({''.join(parts)})"
        ),
        inner.map(lambda term: f"(not {term})"),
        inner.map(lambda term: f"any(item == {term} for item in b)"),
    ),
    max_leaves=6,
)


@given(TERMS)
def test_renaming_there_and_back_gives_the_same_text(source):
    there = rename_names(source, {"a": "long_name", "x": "short"})
    assert rename_names(there, {"long_name": "a", "short": "x"}) == source.replace(" .", ".")
