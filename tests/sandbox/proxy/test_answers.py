"""What a hook answers and changes is checked before anybody uses it."""

from decimal import Decimal

import pytest

from sandbox.host import Change, HookFound
from sandbox.proxy import AppletFault, answers
from sandbox.proxy.answers import read_answer
from sandbox.proxy.deadlines import DECIDING, HEARING, LIVING, deadlines_of
from sdk import Document


def apply_changes(found, arguments, changes):
    answers.apply_changes(found, answers.document_place(found), arguments, changes)


def found(hook, *parameters):
    return HookFound("check", hook, (), ("ctx", *parameters), 1)


def order(**fields):
    return Document(id="d1", type="shop.order", fields=fields)


@pytest.mark.parametrize(("value", "answer"), [(None, None), (Decimal("19.5"), Decimal("19.5")), (7, Decimal(7))])
def test_questions_are_answered_with_decimals(value, answer):
    read = read_answer(found("resolve_price"), value)
    assert (read, type(read)) == (answer, type(answer))


@pytest.mark.parametrize("value", ["19", 1.5, True, Decimal("NaN"), [], {}])
def test_anything_else_is_no_answer(value):
    with pytest.raises(AppletFault):
        read_answer(found("resolve_tax_rate"), value)


def test_invariants_answer_sentences():
    assert read_answer(found("check_invariants"), ["The book is off by 3."]) == ["The book is off by 3."]
    assert read_answer(found("check_invariants"), None) == []
    for value in ("one sentence", [1], ["x" * 5_000], ["x"] * 2_000):
        with pytest.raises(AppletFault):
            read_answer(found("check_invariants"), value)


def test_what_other_hooks_return_is_dropped():
    assert read_answer(found("before_save", "document"), {"total": 1}) is None


def test_fields_are_set_and_removed_in_the_document_itself():
    document = order(total=Decimal(1), note="x", lines=[{"n": 1}])
    change = Change(1, {"total": Decimal(2), "note": None, "lines": [{"n": 1}, {"n": 2}]}, ("lines2",))
    apply_changes(found("before_save", "previous", "document"), [order(total=Decimal(9)), document], [change])
    assert dict(document) == {"total": Decimal(2), "lines": [{"n": 1}, {"n": 2}]}


def test_fields_are_removed():
    document = order(total=Decimal(1), note="x")
    apply_changes(found("perform_action", "document", "arguments"), [document, {}], [Change(0, {}, ("note",))])
    assert dict(document) == {"total": Decimal(1)}


def test_what_is_not_the_document_to_be_saved_stays_as_it_is():
    document, previous = order(total=1), order(total=2)
    changes = [Change(1, {"total": 5}), Change(7, {"total": 5})]
    apply_changes(found("before_save", "document", "previous"), [document, previous], changes)
    assert (document["total"], previous["total"]) == (1, 2)


def test_hooks_that_only_look_change_nothing():
    document = order(total=1)
    for hook in ("validate_document", "after_save", "validate_action", "after_action", "before_delete"):
        apply_changes(found(hook, "document"), [document], [Change(0, {"total": 5})])
    assert document["total"] == 1


def test_one_value_that_does_not_fit_leaves_all_as_they_were():
    document = order(total=1)
    changes = [Change(0, {"total": 5}), Change(0, {"note": float("nan")})]
    with pytest.raises(AppletFault):
        apply_changes(found("before_save", "document"), [document], changes)
    assert dict(document) == {"total": 1}


def test_deadlines_are_those_of_the_hook_unless_the_manifest_says_otherwise():
    assert (deadlines_of("before_save"), deadlines_of("on_event"), deadlines_of("load_demo_data")) == (
        DECIDING,
        HEARING,
        LIVING,
    )
    assert deadlines_of("applet_upgraded", 100) == LIVING
    own = deadlines_of("validate_action", 100)
    assert (own.soft_s, own.hard_s) == (0.1, 0.6)
