"""Each step on documents as people have them, and what becomes of what is changed in between."""

import pytest

from sdk.lenses import Absent, CastFailed, Default, InvalidLenses, Kept, LensChain, Noted, Opaque, Path, Same, Stored
from sdk.lenses.functions import Pair
from tests.unit.sdk.lenses.generated import chain


def up(steps, data, kept=None, state=None):
    return chain({"2": steps}).cast(Stored(data, state, kept or {}, 1), 2)


def down(steps, data, kept=None, state=None):
    return chain({"2": steps}).cast(Stored(data, state, kept or {}, 2), 1)


RENAME = {"rename_field": {"from": "total", "to": "amount"}}
MOVE = {"move_field": {"from": "address.city", "to": "city"}}
SPLIT = {"split": {"from": "name", "into": ["first", "last"]}}
DROP = {"drop_field": {"field": "note"}}
UNIT = {"set_default": {"field": "unit", "value": "pc"}}
KIND = {"map_value": {"field": "kind", "values": {"a": "x", "b": "x", "c": "y"}}}


@pytest.mark.parametrize(
    ("step", "old", "new"),
    [
        (RENAME, {"total": "1.00"}, {"amount": "1.00"}),
        (RENAME, {"other": 1}, {"other": 1}),
        (MOVE, {"address": {"city": "Bern", "street": "A"}}, {"address": {"street": "A"}, "city": "Bern"}),
        (MOVE, {"address": {"city": "Bern"}}, {"city": "Bern"}),
        (SPLIT, {"name": "Ada Lovelace"}, {"first": "Ada", "last": "Lovelace"}),
        (SPLIT, {"name": "Ada King Lovelace"}, {"first": "Ada", "last": "King Lovelace"}),
        (SPLIT, {"name": "Ada"}, {"first": "Ada"}),
        (SPLIT, {"name": ""}, {"first": ""}),
        (SPLIT, {"name": " "}, {"first": "", "last": ""}),
        (SPLIT, {}, {}),
        (DROP, {"note": "n", "a": 1}, {"a": 1}),
        (UNIT, {}, {"unit": "pc"}),
        (UNIT, {"unit": "kg"}, {"unit": "kg"}),
        (KIND, {"kind": "c"}, {"kind": "y"}),
        (KIND, {"kind": "b"}, {"kind": "x"}),
        (KIND, {"kind": "other"}, {"kind": "other"}),
        (KIND, {"kind": ["a", "c", "z"]}, {"kind": ["x", "y", "z"]}),
        ({"rename_field": {"from": "lines.qty", "to": "lines.quantity"}},
         {"lines": [{"qty": 1}, {}, {"qty": 2}]}, {"lines": [{"quantity": 1}, {}, {"quantity": 2}]}),
        ({"move_field": {"from": "lines.item.code", "to": "lines.code"}},
         {"lines": [{"item": {"code": 1}}]}, {"lines": [{"code": 1}]}),
        ({"set_default": {"field": "lines.unit", "value": "pc"}},
         {"lines": [{}, {"unit": "kg"}]}, {"lines": [{"unit": "pc"}, {"unit": "kg"}]}),
        ({"set_default": {"field": "address.country", "value": "CH"}}, {"a": 1}, {"a": 1}),
        ({"map_value": {"field": "lines.kind", "values": {"a": "x"}}}, {"lines": [{"kind": "a"}]},
         {"lines": [{"kind": "x"}]}),
    ],
)  # fmt: skip
def test_a_step_makes_of_the_old_document_the_new_one_and_back(step, old, new):
    cast = up([step], old)
    assert (cast.data, cast.version) == (new, 2)
    assert down([step], cast.data, cast.kept) == Stored(old, None, {}, 1)


@pytest.mark.parametrize(
    ("step", "new", "old"),
    [
        (RENAME, {"amount": "1.00"}, {"total": "1.00"}),
        (SPLIT, {"first": "Ada Augusta", "last": "Lovelace"}, {"name": "Ada Augusta Lovelace"}),
        (SPLIT, {"last": "Lovelace"}, {"name": "Lovelace"}),
        (UNIT, {"unit": "kg"}, {}),
        ({"add_field": {"field": "memo"}}, {"memo": "m"}, {}),
        (KIND, {"kind": "x"}, {"kind": "a"}),
        (DROP, {"a": 1}, {"a": 1}),
    ],
)
def test_what_the_new_version_wrote_can_be_read_by_the_old_one_and_comes_back_whole(step, new, old):
    cast = down([step], new)
    assert cast.data == old
    assert up([step], cast.data, cast.kept) == Stored(new, None, {}, 2)


def test_what_was_dropped_comes_back_into_a_document_that_was_changed():
    dropped = up([DROP], {"note": "n", "a": 1})
    assert down([DROP], {"a": 2}, dropped.kept).data == {"note": "n", "a": 2}


def test_a_note_about_a_value_that_was_changed_is_forgotten():
    mapped = up([KIND], {"kind": "b"})
    assert down([KIND], {"kind": "x"}, mapped.kept).data == {"kind": "b"}
    changed = down([KIND], {"kind": "y"}, mapped.kept)
    assert (changed.data, changed.kept) == ({"kind": "c"}, {})
    joined = down([SPLIT], {"first": "Ada Augusta", "last": "King"})
    assert up([SPLIT], {"name": "Ada Lovelace"}, joined.kept).data == {"first": "Ada", "last": "Lovelace"}


LINES = {"drop_field": {"field": "lines.note"}}
THREE = {"lines": [{"id": 1, "note": "a"}, {"id": 2, "note": "b"}, {"id": 3, "note": "c"}]}


@pytest.mark.parametrize(
    ("meanwhile", "notes"),
    [
        ([1, 2, 3], ["a", "b", "c"]),
        ([2, 3], ["b", "c"]),
        ([1, 3], ["a", "c"]),
        ([9, 1, 2, 3], [None, "a", "b", "c"]),
        ([1, 9, 2, 3], ["a", None, "b", "c"]),
        ([1, 9, 3], ["a", "b", "c"]),
        ([2, 9], ["b", "c"]),
        ([7, 8, 9], ["a", "b", "c"]),
        ([1, 8, 9, 10], ["a", "b", "c", None]),
        ([8, 9], [None, None]),
        ([3], ["c"]),
        ([], []),
    ],
)
def test_what_was_dropped_from_items_finds_them_again(meanwhile, notes):
    kept = up([LINES], THREE).kept
    back = down([LINES], {"lines": [{"id": id} for id in meanwhile]}, kept)
    assert [(item["id"], item.get("note")) for item in back.data["lines"]] == list(zip(meanwhile, notes, strict=True))


def test_many_items_that_are_the_same_are_told_apart_in_no_time():
    items = [{"id": 1, "note": str(number)} for number in range(20_000)]
    cast = up([LINES], {"lines": items})
    lines = [{"id": 0}, *cast.data["lines"][1:]]
    back = down([LINES], {"lines": lines}, cast.kept).data["lines"]
    assert back == [{"id": 0, "note": "0"}, *items[1:]]


def test_nothing_is_kept_where_nothing_is_lost():
    assert up([RENAME, SPLIT, MOVE], {"total": "1", "name": "A B", "address": {"city": "C"}}).kept == {}


def test_states_are_called_otherwise_and_several_that_became_one_are_told_apart():
    step = {"map_state": {"new": "open", "draft": "open"}}
    cast = up([step], {}, state="draft")
    assert (cast.state, down([step], {}, cast.kept, "open").state) == ("open", "draft")
    assert down([step], {}, state="open").state == "new"
    assert up([step], {}, state=None).state is None


def test_versions_there_are_none_of_are_refused():
    for start, to in ((1, 3), (3, 1), (0, 1)):
        with pytest.raises(CastFailed) as caught:
            chain({"2": []}).cast(Stored({}, None, {}, start), to)
        assert caught.value.code == "cast_failed"
    stored = Stored({}, None, {}, 2)
    assert chain({"2": []}).cast(stored, 2) is stored


class Module:
    """As `lenses.py` is, once imported."""

    @staticmethod
    def up_order_1_to_2(document):
        document["total"] = str(int(document.pop("cents")) / 100)
        document.pop("lost", None)

    @staticmethod
    def down_order_2_to_1(document):
        document["cents"] = str(int(float(document.pop("total")) * 100))


def functional(touches=None):
    more = {"touches": {"2": touches}} if touches is not None else {}
    known = chain({"2": [RENAME, DROP]} if touches is None else {"2": []}, **more)
    return LensChain(known.type, 2, known.steps, {2: None}, known.touches)


def test_functions_come_after_the_steps_and_before_them_on_the_way_back():
    pair = Pair(2, lambda document: document.update(b=document["amount"]), lambda document: document.pop("b"))
    lens = LensChain("shop.order", 2, chain({"2": [RENAME]}).steps, {2: pair})
    cast = lens.cast(Stored({"total": 1}, None, {}, 1), 2)
    assert cast == Stored({"amount": 1, "b": 1}, None, {}, 2)
    assert lens.cast(cast, 1) == Stored({"total": 1}, None, {}, 1)


def test_what_a_function_loses_is_noted_field_by_field():
    lens = functional(["total", "cents", "lost"]).with_functions(Module)
    cast = lens.cast(Stored({"cents": "150", "lost": "l", "a": 1}, None, {}, 1), 2)
    assert cast.data == {"total": "1.5", "a": 1}
    assert lens.cast(Stored({"total": "2.0", "a": 2}, None, cast.kept, 2), 1).data == {
        "cents": "200",
        "lost": "l",
        "a": 2,
    }
    cents = Stored({"cents": "0150"}, None, {}, 1)
    assert lens.cast(lens.cast(cents, 2), 1) == cents


def test_a_function_that_fails_names_itself_and_the_version():
    lens = functional().with_functions(Module)
    with pytest.raises(CastFailed) as caught:
        lens.cast(Stored({"cents": "many"}, None, {}, 1), 2)
    assert caught.value.details["step"] == "up_order_1_to_2"
    assert (caught.value.details["to"], caught.value.details["type"]) == (2, "shop.order")


def test_a_function_keeps_to_the_fields_it_touches():
    lens = functional(["total", "cents"]).with_functions(Module)
    with pytest.raises(CastFailed) as caught:
        lens.cast(Stored({"cents": "1", "lost": 1}, None, {}, 1), 2)
    assert caught.value.details["pointer"] == "/lost"


def test_a_function_sees_nothing_of_the_tenant_s_own_fields():
    seen = []

    def clear(document):
        seen.append(dict(document))
        document.clear()

    lens = LensChain("shop.order", 2, {}, {2: Pair(2, clear, clear)})
    stored = Stored({"a": 1, "custom_color": "red"}, None, {}, 1)
    cast = lens.cast(stored, 2)
    assert (cast.data, seen[0]) == ({"custom_color": "red"}, {"a": 1})
    assert lens.cast(cast, 1) == stored
    assert lens.source("custom_color", at=1, now=2) == Same()
    assert lens.source("a", at=1, now=2) == Opaque()


def test_functions_that_are_not_loaded_cast_nothing_and_half_a_pair_is_refused():
    with pytest.raises(CastFailed):
        functional().cast(Stored({}, None, {}, 1), 2)
    with pytest.raises(InvalidLenses) as caught:
        functional().with_functions(type("Half", (), {"up_order_1_to_2": print}))
    assert caught.value.violations[0].rule == "function_missing"
    with pytest.raises(InvalidLenses):
        functional().with_functions(type("None", (), {}))


def test_a_source_says_where_a_field_is():
    lens = chain({"2": [RENAME, DROP], "3": [UNIT]})
    assert lens.source("amount", at=1, now=3) == Path("total")
    assert lens.source("total", at=3, now=1) == Path("amount")
    assert lens.source("note", at=2, now=1) == Kept(("2.1", "was", "note"))
    assert lens.source("other", at=1, now=3) == Same()
    assert lens.source("amount", at=2, now=2) == Same()
    assert lens.source("total", at=1, now=3) == Noted(Absent(), "2.0", "total")


def test_a_default_is_found_only_where_there_is_no_value():
    source = chain({"2": [UNIT]}).source("unit", at=1, now=2)
    assert source == Noted(Default(Same(), "pc"), "2.0", "unit", (("unit", Same()),))
    assert chain({"2": [UNIT]}).source("unit", at=2, now=1) == Noted(Absent(), "2.0", "unit")


@pytest.mark.parametrize("is_new", [True, False])
def test_what_is_in_an_object_that_a_default_may_have_made_is_told_by_casting_alone(is_new):
    step = {"set_default": {"field": "place", "value": {"city": "Bern"}, "is_new": is_new}}
    lens = chain({"2": [step]})
    assert lens.cast(Stored({}, None, {}, 1), 2).data == {"place": {"city": "Bern"}}
    assert lens.source("place.city", at=1, now=2) == Opaque()


def test_what_functions_touch_is_opaque_and_the_rest_is_not():
    assert functional().source("any", at=1, now=2) == Opaque()
    touching = functional(["total"])
    assert touching.source("total.x", at=1, now=2) == Opaque()
    assert touching.source("other", at=2, now=1) == Same()
    before = chain({"2": [], "3": [SPLIT]}, touches={"2": ["name"]})
    lens = LensChain(before.type, 3, before.steps, {2: None}, before.touches)
    assert lens.source("first", at=1, now=3) == Opaque()


def test_a_field_keeps_the_name_it_first_had():
    lens = chain(
        {"2": [RENAME], "3": [{"rename_field": {"from": "amount", "to": "sum"}}, {"add_field": {"field": "total"}}]}
    )
    assert (lens.origin("sum", 3), lens.origin("amount", 2), lens.origin("total", 1)) == ("total",) * 3
    assert lens.origin("total", 3) == "total@2.0"
    assert lens.renames(1, 3) == {"total": "sum"}
    assert lens.renames(3, 1) == {"sum": "total"}


def test_a_digest_tells_lenses_apart():
    digests = {
        chain({"2": steps}).digest(1, 2)
        for steps in ([], [RENAME], [UNIT], [KIND], [{"set_default": {"field": "unit", "value": "kg"}}])
    }
    assert len(digests) == 5
    assert chain({"2": [RENAME]}).digest(1, 2) == chain({"2": [RENAME], "3": [UNIT]}).digest(1, 2)
    assert chain({"2": [RENAME]}).digest(1, 2) != chain({"2": [RENAME]}).digest(2, 1)
    assert functional().with_functions(Module).digest(1, 2) != functional().digest(1, 2)
