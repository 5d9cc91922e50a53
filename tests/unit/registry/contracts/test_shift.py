"""Arguments given by position may get another meaning although the call still works."""

import copy

import pytest

from registry.contracts import Offer, check_change
from registry.contracts.lookup import find_shift
from tests.unit.registry.contracts.conftest import SALES

SHIFTS = {
    "one more before": (["type", "filter="], ["purpose", "type", "filter="], 2, "the positional argument 1 is purpose"),
    "one more between": (["type", "filter="], ["type", "lock=", "filter="], 2, "the positional argument 2 is lock"),
    "two in another order": (["left", "right"], ["right", "left"], 2, "the positional argument 1 is right"),
    "one less before": (["type", "id", "patch"], ["id", "patch"], 1, "the positional argument 1 is id"),
    "one before any number": (["*questions"], ["purpose", "*questions"], 2, "the positional argument 1 is purpose"),
    "not reached": (["type", "filter="], ["type", "lock=", "filter="], 1, None),
    "another name": (["type", "id"], ["kind", "id"], 2, None),
    "one more behind": (["type", "id"], ["type", "id", "lock="], 2, None),
    "required instead of not": (["type", "id="], ["type", "id"], 2, None),
    "by name only": (["type", "id"], ["type", "*", "id"], 1, None),
    "any number": (["*questions"], ["*asked"], 3, None),
}


@pytest.mark.parametrize(("before", "after", "positional", "fault"), SHIFTS.values(), ids=SHIFTS)
def test_a_shift_is_told_and_another_name_is_none(before, after, positional, fault):
    assert find_shift(before, after, positional) == fault


@pytest.mark.parametrize(
    ("code", "member", "after"),
    [
        ('ctx.documents.query("sales.invoice", "total > 1")', "query", ["purpose", "type", "filter=", "*", "sort="]),
        ("ctx.registers.balances(1, 2)", "balances", ["purpose", "*questions"]),
    ],
)
def test_who_calls_by_position_is_told_of_a_parameter_put_before(custom, make, world, code, member, after):
    head = '\n@hooks.on("sales.invoice.posted")\ndef hear(ctx: Context, event: Event) -> None:\n    '
    user = custom(f"{head}{code}\n")
    before = world(user, make(SALES))
    data = copy.deepcopy(before.by_name["sdk"].as_json())
    cls = "Registers" if member == "balances" else "Documents"
    data["symbols"]["sdk.context"][cls]["members"][member]["parameters"] = after
    found = check_change(user, before, before.with_offer(Offer.from_json(data)))
    assert [(one.rule, one.subject) for one in found if one.rule == "argument_gone"] == [
        ("argument_gone", f"sdk.context.{cls}.{member}")
    ]
    assert "the positional argument 1 is purpose" in found[0].message
