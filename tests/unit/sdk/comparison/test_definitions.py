"""Machines, registers, roles and reports, and two releases of an applet as a whole."""

import json

import pytest

from sdk.applet import Applet
from sdk.comparison import (
    compare_applets,
    compare_machines,
    compare_registers,
    compare_reports,
    compare_roles,
)
from sdk.lenses import read_lenses
from sdk.registers import Register
from sdk.reports import Report
from sdk.roles import load_roles
from sdk.states import StateMachine

TEXT = {"type": "string"}
MANIFEST = 'name = "shop"\nversion = "{version}"\ntitle = "Shop"\n\n[requires]\nsdk = ">=1,<2"\n'


def found(changes):
    return [(change.impact.value, change.rule, change.path) for change in changes]


def machine(states=None, **actions):
    known = {"draft": {"editable": True, "deletable": True}, "sent": {"final": True}, **(states or {})}
    known = {name: state for name, state in known.items() if state is not None}
    send = {"from": ["draft"], "to": "sent", "event": "sent"}
    wanted = {"send": send, **actions}
    data = {"type": "shop.order", "initial": next(iter(known)), "states": known}
    return StateMachine.from_data({**data, "actions": {name: one for name, one in wanted.items() if one}})


def send(**changes):
    return {"send": {"from": ["draft"], "to": "sent", "event": "sent", **changes}}


MACHINES = [
    ({}, {}, []),
    ({}, {"states": {"late": {}}, "fix": {"from": ["draft"], "to": "late", "event": "f"}, "end": {
        "from": ["late"], "to": "sent", "event": "ended"}},
     [("compatible", "state_added", "states.late"), ("compatible", "action_added", "actions.end"),
      ("compatible", "action_added", "actions.fix")]),
    ({"note": {"from": ["draft"], "event": "noted"}}, {}, [("breaking", "action_removed", "actions.note")]),
    ({}, send(event="posted"), [("breaking", "event_changed", "actions.send")]),
    ({}, send(guard="total > 0"), [("breaking", "guard_changed", "actions.send")]),
    (send(guard="total > 0"), {}, [("compatible", "guard_removed", "actions.send")]),
    (send(guard="total > 0"), send(guard="total>0"), []),
    ({}, send(title="Post"), [("compatible", "title_changed", "actions.send")]),
    ({"note": {"from": ["draft"], "event": "noted"}}, {"note": {"from": ["draft", "sent"], "event": "noted"}},
     [("compatible", "action_source_added", "actions.note")]),
    ({"note": {"from": ["draft", "sent"], "event": "noted"}}, {"note": {"from": ["draft"], "event": "noted"}},
     [("breaking", "action_source_removed", "actions.note")]),
    ({}, {"states": {"draft": {"deletable": True}}}, [("breaking", "state_closed", "states.draft")]),
    ({"states": {"draft": {}}}, {"states": {"draft": {"editable": True}}},
     [("compatible", "state_opened", "states.draft")]),
    ({}, send(arguments={"properties": {"why": TEXT}}), [("compatible", "field_added", "actions.send.arguments.why")]),
    ({}, send(arguments={"properties": {"why": TEXT}, "required": ["why"]}),
     [("breaking", "required_field_added", "actions.send.arguments.why")]),
    (send(arguments={"properties": {"why": TEXT}}), {}, [("breaking", "field_removed", "actions.send.arguments.why")]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), MACHINES)
def test_a_change_of_a_machine_is_classed(before, after, expected):
    assert sorted(found(compare_machines(machine(**before), machine(**after)))) == sorted(expected)


def test_a_machine_that_comes_or_goes_breaks_documents():
    assert found(compare_machines(None, machine())) == [("breaking", "machine_added", "")]
    assert found(compare_machines(machine(), None)) == [("breaking", "machine_removed", "")]
    assert compare_machines(None, None) == []


def test_states_and_guards_follow_the_lenses():
    old = StateMachine.from_data(
        {
            "type": "shop.order",
            "initial": "draft",
            "states": {"draft": {}, "sent": {"final": True}},
            "actions": {"send": {"from": ["draft"], "to": "sent", "event": "sent", "guard": "total > 0"}},
        }
    )
    new = StateMachine.from_data(
        {
            "type": "shop.order",
            "initial": "open",
            "states": {"open": {}, "sent": {"final": True}},
            "actions": {"send": {"from": ["open"], "to": "sent", "event": "sent", "guard": "amount > 0"}},
        }
    )
    steps = [{"map_state": {"draft": "open"}}, {"rename_field": {"from": "total", "to": "amount"}}]
    chain = read_lenses({"type": "shop.order", "versions": {"2": steps}}, [])
    renamed = compare_machines(old, new, chain, (1, 2))
    assert found(renamed) == [
        ("cast_needed", "state_renamed", "states.draft"),
        ("compatible", "title_changed", "states.draft"),
    ]
    assert {change.rule for change in compare_machines(new, old, chain, (2, 1))} == {"state_renamed", "title_changed"}
    rules = {change.rule for change in compare_machines(old, new)}
    assert rules == {"state_removed", "state_added", "initial_changed", "guard_changed", "action_source_added"}


def register(dimensions, resources, **more):
    data = {"name": "shop.stock", "title": "Stock", **more}
    dims = [{"name": name} for name in dimensions.split()]
    return Register.from_data({**data, "dimensions": dims, "resources": [{"name": name} for name in resources.split()]})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (("a b", "q"), ("a b", "q"), []),
        (("a b", "q"), ("a b c", "q p"), [("compatible", "dimension_added"), ("compatible", "resource_added")]),
        (("a b", "q"), ("b a", "q"), [("breaking", "dimension_moved"), ("breaking", "dimension_moved")]),
        (("a b", "q"), ("a", "q"), [("breaking", "dimension_removed")]),
        (("a b", "q"), ("a c b", "q"), [("breaking", "dimension_moved"), ("breaking", "dimension_inserted")]),
        (("a", "q p"), ("a", "p q"), [("breaking", "resource_moved"), ("breaking", "resource_moved")]),
    ],
)
def test_places_in_a_register_are_what_movements_are_stored_by(before, after, expected):
    changes = compare_registers(register(*before), register(*after))
    assert [(change.impact.value, change.rule) for change in changes] == expected


def test_rules_and_scales_of_a_register_are_classed():
    plain, ruled = register("a", "q"), register("a", "q", balanced="q", non_negative="q")
    assert found(compare_registers(plain, ruled)) == [
        ("breaking", "rule_added", "balanced"), ("breaking", "rule_added", "non_negative"),
    ]  # fmt: skip
    assert {change.rule for change in compare_registers(ruled, plain)} == {"rule_removed"}
    data = {"name": "shop.stock", "title": "Stock", "dimensions": [{"name": "a"}]}
    fine, rough = (Register.from_data({**data, "resources": [{"name": "q", "scale": n}]}) for n in (3, 2))
    assert found(compare_registers(rough, fine)) == [("compatible", "scale_raised", "resources.q")]
    assert found(compare_registers(fine, rough)) == [("breaking", "scale_lowered", "resources.q")]
    linked = Register.from_data({**data, "dimensions": [{"name": "a", "link": "shop.b"}], "resources": [{"name": "q"}]})
    assert found(compare_registers(plain, linked)) == [("compatible", "dimension_link_changed", "dimensions.a")]


def roles(*permissions, **more):
    return load_roles({"shop.clerk": {"title": "Clerk", "permissions": list(permissions), **more}})


def permission(*actions, **more):
    return {"type": "shop.order", "actions": list(actions), **more}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (permission("read"), permission("read"), []),
        (permission("read"), permission("read", "update"), [("compatible", "permission_added")]),
        (permission("read", "update"), permission("read"), [("breaking", "permission_removed")]),
        (permission("read", "update"), permission("*"), [("compatible", "permission_added")]),
        (permission("*"), permission("read"), [("breaking", "permission_removed")]),
        (permission("read"), permission("read", condition="total > 0"), [("breaking", "condition_changed")]),
        (permission("read", condition="total > 0"), permission("read"), [("compatible", "condition_removed")]),
        (permission("read", condition="total > 0"), permission("read", condition="amount > 0"), []),
        (permission("read"), permission("read", mask=["a"]), [("breaking", "field_masked")]),
        (permission("read", mask=["a"]), permission("read"), [("compatible", "field_unmasked")]),
        (permission("read", mask=["total"]), permission("read", mask=["amount"]), []),
    ],
)
def test_a_change_of_a_role_is_classed_by_what_who_has_it_may(before, after, expected):
    changes = compare_roles(roles(before), roles(after), {"shop.order": {"total": "amount"}})
    assert [(change.impact.value, change.rule) for change in changes] == expected


def test_roles_come_and_go():
    assert found(compare_roles(roles(), {})) == [("breaking", "role_removed", "")]
    assert found(compare_roles({}, roles())) == [("compatible", "role_added", "")]
    assert found(compare_roles(roles(), roles(inherits=["shop.other"]))) == [
        ("compatible", "permission_added", "inherits")
    ]
    assert found(compare_roles(roles(inherits=["shop.other"]), roles())) == [
        ("breaking", "permission_removed", "inherits")
    ]


def report(**more):
    columns = {"customer": {"value": "customer"}, "day": {"value": "day", "type": "date"}}
    data = {"name": "shop.sales", "title": "Sales", "source": {"type": "shop.order"}, "columns": columns}
    return Report.from_data({**data, "measures": {"total": {"sum": "total"}}, **more})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, []),
        ({}, {"title": "Other"}, [("compatible", "title_changed", "")]),
        ({}, {"filter": "total > 0"}, [("compatible", "content_changed", "")]),
        ({}, {"measures": {"total": {"count": True}}}, [("compatible", "content_changed", "measures.total")]),
        ({}, {"measures": {"sum": {"sum": "total"}}},
         [("breaking", "measure_removed", "measures.total"), ("compatible", "measure_added", "measures.sum")]),
        ({}, {"columns": {"customer": {"value": "customer"}, "day": {"value": "day", "type": "text"}}},
         [("breaking", "column_changed", "columns.day")]),
        ({}, {"columns": {"customer": {"value": "customer"}}}, [("breaking", "column_removed", "columns.day")]),
        ({}, {"parameters": {"a": {"type": "date"}}}, [("compatible", "parameter_added", "parameters.a")]),
        ({}, {"parameters": {"a": {"type": "date", "required": True}}},
         [("breaking", "parameter_required", "parameters.a")]),
        ({"parameters": {"a": {"type": "date"}}}, {}, [("breaking", "parameter_removed", "parameters.a")]),
        ({"parameters": {"a": {"type": "date"}}}, {"parameters": {"a": {"type": "text"}}},
         [("breaking", "parameter_changed", "parameters.a")]),
        ({"parameters": {"a": {"type": "date"}}}, {"parameters": {"a": {"type": "date", "required": True}}},
         [("breaking", "parameter_required", "parameters.a")]),
        ({"parameters": {"a": {"type": "text", "choices": ["x", "y"]}}},
         {"parameters": {"a": {"type": "text", "choices": ["y", "z"]}}},
         [("breaking", "choice_removed", "parameters.a")]),
    ],
)  # fmt: skip
def test_a_change_of_a_report_is_classed(before, after, expected):
    assert found(compare_reports(report(**before), report(**after))) == expected


def write(folder, schema, lenses=None, version="1.0.0"):
    folder.mkdir(parents=True)
    (folder / "applet.toml").write_text(MANIFEST.format(version=version), encoding="utf-8")
    (folder / "schemas").mkdir()
    (folder / "schemas" / "order.json").write_text(json.dumps(schema), encoding="utf-8")
    first = next(iter(schema["properties"]))
    role = {"title": "Clerk", "permissions": [permission("read", condition=f"{first} == 'x'")]}
    (folder / "roles.json").write_text(json.dumps({"shop.clerk": role}), encoding="utf-8")
    if lenses:
        (folder / "lenses").mkdir()
        (folder / "lenses" / "order.json").write_text(json.dumps(lenses), encoding="utf-8")
    return Applet.load(folder)


def test_two_releases_are_compared_by_the_lenses_of_the_newer_one_in_both_directions(tmp_path):
    steps = [{"rename_field": {"from": "name", "to": "title"}}]
    old = write(tmp_path / "1", {"properties": {"name": TEXT}})
    lenses = {"type": "shop.order", "versions": {"2": steps}}
    new = write(tmp_path / "2", {"x-version": 2, "properties": {"title": TEXT}}, lenses, "2.0.0")
    changes = compare_applets(old, new)
    assert [(change.about, change.subject, change.rule) for change in changes] == [
        ("type", "shop.order", "field_renamed")
    ]
    assert [(change.rule, change.path) for change in compare_applets(new, old)] == [("field_renamed", "title")]
    assert compare_applets(new, new) == []


def test_whole_definitions_come_and_go(tmp_path):
    old = write(tmp_path / "1", {"properties": {"name": TEXT}})
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "applet.toml").write_text(MANIFEST.format(version="2.0.0"), encoding="utf-8")
    new = Applet.load(tmp_path / "2")
    assert [(change.about, change.rule) for change in compare_applets(old, new)] == [
        ("type", "type_removed"), ("role", "role_removed"),
    ]  # fmt: skip
    assert [(change.about, change.rule) for change in compare_applets(new, old)] == [
        ("type", "type_added"), ("role", "role_added"),
    ]  # fmt: skip
