"""What is wrong with a lens is said when it is read, all of it at once."""

import pytest

from sdk.lenses import read_lenses


def faults_of(data):
    faults = []
    read_lenses(data, faults)
    return [(fault.pointer, fault.rule) for fault in faults]


def step(**said):
    return faults_of({"type": "shop.order", "versions": {"2": [said]}})


AT = "/versions/2/0"


@pytest.mark.parametrize(
    ("said", "pointer", "rule"),
    [
        ({"rename_feld": {}}, f"{AT}/rename_feld", "unknown_step"),
        ({}, AT, "step"),
        ({"drop_field": {"field": "a"}, "add_field": {"field": "b"}}, AT, "step"),
        ({"drop_field": "a"}, f"{AT}/drop_field", "type"),
        ({"drop_field": {}}, f"{AT}/drop_field/field", "required"),
        ({"drop_field": {"field": "A b"}}, f"{AT}/drop_field/field", "path"),
        ({"drop_field": {"field": 1}}, f"{AT}/drop_field/field", "type"),
        ({"drop_field": {"field": "custom_color"}}, f"{AT}/drop_field/field", "reserved_name"),
        ({"rename_field": {"from": "custom_color", "to": "color"}}, f"{AT}/rename_field/from", "reserved_name"),
        ({"split": {"from": "a", "into": ["b", "custom_c"]}}, f"{AT}/split/into", "reserved_name"),
        ({"drop_field": {"field": "a", "feld": 1}}, f"{AT}/drop_field/feld", "unknown_key"),
        ({"rename_field": {"from": "a"}}, f"{AT}/rename_field/to", "required"),
        ({"rename_field": {"from": "a", "to": "a"}}, f"{AT}/rename_field/to", "overlap"),
        ({"rename_field": {"from": "a", "to": "b.a"}}, f"{AT}/rename_field/to", "other_object"),
        ({"move_field": {"from": "a", "to": "a.b"}}, f"{AT}/move_field/to", "overlap"),
        ({"split": {"from": "a", "into": ["b"]}}, f"{AT}/split/into", "count"),
        ({"split": {"from": "a", "into": ["b", "b"]}}, f"{AT}/split/into", "count"),
        ({"split": {"from": "a", "into": ["a", "b"]}}, f"{AT}/split/into", "overlap"),
        ({"split": {"from": "a", "into": ["b", "b.c"]}}, f"{AT}/split/into", "overlap"),
        ({"split": {"from": "a", "into": ["b", "?"]}}, f"{AT}/split/into", "path"),
        ({"split": {"from": "a", "into": ["b", "c"], "separator": ""}}, f"{AT}/split/separator", "minLength"),
        ({"set_default": {"field": "a"}}, f"{AT}/set_default/value", "required"),
        ({"set_default": {"field": "a", "value": None}}, f"{AT}/set_default/value", "type"),
        ({"map_value": {"field": "a", "values": {"x": 1}}}, f"{AT}/map_value/values/x", "type"),
        ({"map_state": {"x": 1}}, f"{AT}/map_state/x", "type"),
        ({"map_state": "x"}, f"{AT}/map_state", "type"),
    ],
)
def test_a_wrong_step_is_told_with_its_place(said, pointer, rule):
    assert (pointer, rule) in step(**said)


@pytest.mark.parametrize(
    ("data", "pointer", "rule"),
    [
        ([], "", "type"),
        ({"versions": {}}, "/type", "required"),
        ({"type": "shop.order"}, "/versions", "required"),
        ({"type": "order", "versions": {}}, "/type", "name"),
        ({"type": "shop.order", "versions": {"1": []}}, "/versions/1", "version"),
        ({"type": "shop.order", "versions": {"two": []}}, "/versions/two", "version"),
        ({"type": "shop.order", "versions": {"2": {}}}, "/versions/2", "type"),
        ({"type": "shop.order", "versions": {"2": ["a"]}}, "/versions/2/0", "type"),
        ({"type": "shop.order", "versions": {}, "touches": {"2": "a"}}, "/touches/2", "type"),
        ({"type": "shop.order", "versions": {"2": [{"drop_field": {"field": "a"}}] * 201}}, "/versions/2", "count"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(data, pointer, rule):
    assert (pointer, rule) in faults_of(data)


def test_all_faults_are_told_at_once():
    steps = [{"drop_field": {"field": "?"}}, {"rename_field": {"from": "a", "to": "a"}}, {"nothing": 1}]
    assert len(faults_of({"type": "shop.order", "versions": {"2": steps, "0": []}})) >= 4


def test_what_can_be_read_is_read():
    faults = []
    chain = read_lenses(
        {"type": "shop.order", "versions": {"2": [{"nothing": 1}, {"drop_field": {"field": "a"}}]}}, faults
    )
    assert (chain.type, chain.latest, len(chain.steps[2])) == ("shop.order", 2, 1)
    assert chain.missing == ()
    assert read_lenses({"type": "shop.order", "versions": {"3": []}}, []).missing == (2,)
