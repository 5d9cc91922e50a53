"""State machines as data."""

import copy

import pytest

from sdk.states import ActionNotAllowed, ActionUnknown, GuardRefused, InvalidStateMachine, StateMachine

ENTRY = {
    "type": "ledger.journal_entry",
    "initial": "draft",
    "states": {"draft": {"editable": True, "deletable": True}, "posted": {}, "reversed": {"final": True}},
    "actions": {
        "post": {
            "from": ["draft"], "to": "posted", "event": "posted", "guard": "len(lines) > 1",
            "guard_message": "An entry has two lines or more.",
        },
        "remind": {"from": ["draft", "posted"], "event": "reminded"},
        "reverse": {
            "title": "Reverse it", "from": ["posted"], "to": "reversed", "event": "reversed",
            "arguments": {"properties": {"on": {"format": "date"}}, "required": ["on"]},
        },
    },
}  # fmt: skip


def changed(path, value):
    data = copy.deepcopy(ENTRY)
    *parents, last = path.split("/")
    target = data
    for key in parents:
        target = target[key]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return data


def faults_of(data):
    with pytest.raises(InvalidStateMachine) as caught:
        StateMachine.from_data(data)
    return {(violation.pointer, violation.rule): violation for violation in caught.value.violations}


def test_an_action_leads_to_its_state():
    machine = StateMachine.from_data(ENTRY)
    assert machine.check({"lines": [1, 2]}, "draft", "post") == "posted"
    assert machine.check({}, "posted", "remind") == "posted"
    assert machine.event_types == {f"ledger.journal_entry.{name}" for name in ("posted", "reminded", "reversed")}


def test_an_action_in_the_wrong_state_is_refused_naming_the_right_ones():
    with pytest.raises(ActionNotAllowed) as caught:
        StateMachine.from_data(ENTRY).check({}, "reversed", "remind")
    assert caught.value.code == "action_not_allowed"
    assert caught.value.message == "remind is not possible in state reversed; it is in draft, posted."


def test_a_guard_that_does_not_hold_speaks_its_message():
    with pytest.raises(GuardRefused) as caught:
        StateMachine.from_data(ENTRY).check({"lines": [1]}, "draft", "post")
    assert caught.value.message == "An entry has two lines or more."
    assert caught.value.status == 409
    with pytest.raises(GuardRefused, match="post is not possible now"):
        StateMachine.from_data(changed("actions/post/guard_message", None)).check({}, "draft", "post")


def test_an_unknown_action_is_refused_naming_the_nearest():
    with pytest.raises(ActionUnknown) as caught:
        StateMachine.from_data(ENTRY).check({}, "draft", "pst")
    assert caught.value.details["expected"] == "post"


def test_states_say_what_may_be_done():
    machine = StateMachine.from_data(ENTRY)
    assert [machine.is_editable(state) for state in ("draft", "posted", None)] == [True, False, False]
    assert [machine.is_deletable(state) for state in ("draft", "posted", "gone")] == [True, False, False]
    assert [action.name for action in machine.actions_from("posted")] == ["remind", "reverse"]


def test_arguments_are_read_like_documents():
    machine = StateMachine.from_data(ENTRY)
    values, violations = machine.action("reverse").read_arguments({"on": "2026-01-31"})
    assert (values["on"].isoformat(), violations) == ("2026-01-31", [])
    assert [v.pointer for v in machine.action("reverse").read_arguments({"of": 1})[1]] == ["/of", "/on"]
    assert [v.rule for v in machine.action("post").read_arguments({"on": 1})[1]] == ["unknown_argument"]
    assert machine.action("post").read_arguments(None) == ({}, [])


@pytest.mark.parametrize(
    ("path", "value", "pointer", "rule"),
    [
        ("type", "journal", "/type", "name"),
        ("type", None, "/type", "required"),
        ("initial", "drft", "/initial", "enum"),
        ("initial", 5, "/initial", "type"),
        ("state", {}, "/state", "unknown_key"),
        ("states", [], "/states", "type"),
        ("states/draft/editabel", True, "/states/draft/editabel", "unknown_key"),
        ("states/draft/editable", "yes", "/states/draft/editable", "type"),
        ("states/posted", 5, "/states/posted", "type"),
        ("states/Lost", {"final": True}, "/states/Lost", "name"),
        ("states/lost", {"final": True}, "/states/lost", "unreachable"),
        ("states/reversed/final", False, "/states/reversed", "dead_end"),
        ("states/posted/final", True, "/states/posted", "final"),
        ("actions/post/to", "postd", "/actions/post/to", "enum"),
        ("actions/post/from", ["drft"], "/actions/post/from", "unknown_state"),
        ("actions/post/from", [], "/actions/post/from", "minItems"),
        ("actions/post/from", "draft", "/actions/post/from", "type"),
        ("actions/post/from", [5], "/actions/post/from", "type"),
        ("actions/post/event", None, "/actions/post/event", "required"),
        ("actions/post/event", "Posted!", "/actions/post/event", "name"),
        ("actions/remind/event", "updated", "/actions/remind/event", "reserved_name"),
        ("actions/post/guard", "len(lines", "/actions/post/guard", "expression"),
        ("actions/post/guard", None, "/actions/post/guard_message", "guard"),
        ("actions/post/arguments", 5, "/actions/post/arguments", "type"),
        (
            "actions/post/arguments",
            {"properties": {"a": {"typ": 1}}},
            "/actions/post/arguments/properties/a/typ",
            "unknown_key",
        ),
        ("actions/delete", ENTRY["actions"]["remind"], "/actions/delete", "reserved_name"),
    ],
)
def test_a_broken_machine_is_refused(path, value, pointer, rule):
    assert (pointer, rule) in faults_of(changed(path, value))


@pytest.mark.parametrize("data", [None, [], 5, {}, {"states": {}, "actions": {"a": None}}])
def test_what_is_no_machine_is_refused(data):
    assert faults_of(data)


def test_misspelt_keys_name_the_nearest():
    assert faults_of(changed("actions/post/gard", "1 > 0"))["/actions/post/gard", "unknown_key"].expected == "guard"
