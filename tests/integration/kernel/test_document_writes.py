"""What is written is valid whoever has filled it in, belongs where it was meant to, and leaves nothing half done."""

import random
import string

import pytest

from kernel.documents.bulk import create_many
from kernel.documents.check import INDEXED_CHARACTERS_MAX
from kernel.registers.service import fold
from sdk.document_errors import (
    CompanyRequired,
    DimensionTooLong,
    DocumentInvalid,
    DocumentLinked,
    DocumentNotFound,
    PermissionDenied,
    UniqueKeyTaken,
)
from sdk.errors import BosError
from sdk.registers import DIMENSION_BYTES_MAX

# Of random characters: PostgreSQL would compress others into what it can index.
LONG = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=6_000))


def make_company(yard, name="Second Ltd"):
    with yard.operate() as ctx:
        return ctx.documents.create("kernel.company", {"name": name, "currency": "EUR"})


def tools(yard):
    with yard.operate() as ctx:
        return sorted(tool["name"] for tool in ctx.documents.query("yard.tool").items)


def test_limits_hold_for_computed_fields_too(yard):
    with pytest.raises(DocumentInvalid) as refused, yard.operate() as ctx:
        ctx.documents.create("yard.tool", {"price": "99.99"})
    assert [(v.pointer, v.rule) for v in refused.value.violations] == [("/above_hundred", "decimal_min")]


def test_a_computed_field_may_name_today(yard):
    with yard.operate() as ctx:
        tool = ctx.documents.create("yard.tool", {"bought_on": str(ctx.today)})
        assert tool["days_old"] == 0


def test_true_is_another_value_than_one(yard):
    with yard.operate() as ctx:
        tool = ctx.documents.create("yard.tool", {"custom_checked": 1})
        assert ctx.documents.update("yard.tool", tool.id, {"custom_checked": True}).version == 2
        assert ctx.documents.get("yard.tool", tool.id)["custom_checked"] is True


def test_a_text_too_long_for_its_index_is_refused(yard):
    with yard.operate() as ctx:
        ctx.documents.create("yard.tool", {"place": LONG[:INDEXED_CHARACTERS_MAX]})
        with pytest.raises(DocumentInvalid) as refused, ctx.uow.savepoint():
            ctx.documents.create("yard.tool", {"place": LONG})
    assert [(v.pointer, v.rule) for v in refused.value.violations] == [("/place", "indexed_length")]


def test_unique_values_may_be_long(yard):
    with yard.operate() as ctx:
        ctx.documents.create("yard.tool", {"code": LONG})
        ctx.documents.create("yard.tool", {"code": LONG[1:]})
        with pytest.raises(UniqueKeyTaken), ctx.uow.savepoint():
            ctx.documents.create("yard.tool", {"code": LONG})


def test_a_dimension_is_refused_before_it_stops_the_folding(yard):
    with yard.operate() as ctx:
        ctx.documents.create("yard.loan", {"shelf": LONG[:DIMENSION_BYTES_MAX]})
        with pytest.raises(DimensionTooLong), ctx.uow.savepoint():
            ctx.documents.create("yard.loan", {"shelf": LONG[: DIMENSION_BYTES_MAX + 1]})
        assert fold(ctx.uow) == 1


def test_a_document_belongs_to_the_company_its_data_name(yard):
    second = make_company(yard)
    with yard.operate() as ctx:
        assert ctx.documents.create("yard.loan", {"company_id": second.id}).company_id == second.id
        with pytest.raises(CompanyRequired):
            ctx.documents.create("yard.loan", {})


def test_a_company_that_is_no_text_is_one_rejected_document_of_many(yard):
    second = make_company(yard)
    with yard.operate() as ctx:
        report = create_many(
            ctx, "yard.loan", [{"company_id": ["x"]}, {"company_id": second.id}, {"company_id": 1}], keep_good=True
        )
    assert [(index, error.code) for index, error in report.rejected] == [
        (0, "company_required"),
        (2, "company_required"),
    ]
    assert [index for index, _ in report.created] == [1]


def test_a_company_is_not_deleted_while_documents_belong_to_it(yard):
    second = make_company(yard)
    with yard.operate() as ctx:
        loan = ctx.documents.create("yard.loan", {"company_id": second.id})
    with yard.operate() as ctx, pytest.raises(DocumentLinked) as refused:
        ctx.documents.delete("kernel.company", second.id)
    assert refused.value.details["links"] == [{"id": loan.id, "type": "yard.loan", "field": "company_id"}]


def test_the_condition_to_create_is_about_what_the_document_becomes(yard):
    with yard.as_user(yard.make_user("yard.buyer")) as ctx:
        assert ctx.documents.create("yard.tool", {"price": "149.99"})["above_hundred"] < 50
        with pytest.raises(PermissionDenied):
            ctx.documents.create("yard.tool", {"price": "150.00"})


def test_a_deleted_document_is_not_found_whether_it_is_locked_or_not(yard):
    with yard.operate() as ctx:
        tool = ctx.documents.create("yard.tool", {"name": "saw"})
        ctx.documents.delete("yard.tool", tool.id)
        for lock in (False, True):
            with pytest.raises(DocumentNotFound):
                ctx.documents.get("yard.tool", tool.id, lock=lock)


def test_a_refused_deletion_leaves_nothing_of_what_its_hooks_had_done(yard):
    with yard.operate() as ctx:
        loan = ctx.documents.create("yard.loan", {"name": "plain"})
    with (
        pytest.raises(RuntimeError, match="passed over"),
        yard.operate() as ctx,
        pytest.raises(BosError, match="guarded"),
    ):
        ctx.documents.delete("yard.loan", loan.id)
    assert tools(yard) == []


def test_a_deletion_refused_before_any_hook_can_be_gone_on_from(yard):
    with yard.operate() as ctx:
        blade = ctx.documents.create("yard.tool", {"name": "blade"})
        ctx.documents.create("yard.tool", {"name": "saw", "goes_with": blade.id})
    with yard.operate() as ctx:
        with pytest.raises(DocumentLinked):
            ctx.documents.delete("yard.tool", blade.id)
        ctx.documents.update("yard.tool", blade.id, {"name": "old blade"})
    assert tools(yard) == ["old blade", "saw"]


def test_movements_of_a_refused_write_are_not_written_with_the_next_one(yard):
    with yard.operate() as ctx:
        loan = ctx.documents.create("yard.loan", {"name": "plain"})
        with pytest.raises(BosError, match="guarded"), ctx.uow.savepoint():
            ctx.documents.update("yard.loan", loan.id, {"name": "guarded"})
        ctx.documents.update("yard.loan", loan.id, {"name": "fine"})
        assert ctx.registers.balance("yard.stock")[0].resources == {"quantity": 2}


@pytest.mark.parametrize(
    ("applet", "values", "faults"),
    [
        ("yard", {"limit": "lots"}, [("/values/limit", "decimal_text")]),
        ("yard", {"limits": "5"}, [("/values/limits", "unknown_field")]),
        ("yard", {"limit": "5"}, []),
        ("yard", {}, []),
        ("elsewhere", {"anything": 1}, []),
    ],
)
def test_settings_are_as_their_applet_declares_them(yard, applet, values, faults):
    found = []
    with yard.operate() as ctx:
        try:
            with ctx.uow.savepoint():
                ctx.documents.create("kernel.setting", {"applet": applet, "values": values})
        except DocumentInvalid as refused:
            found = [(v.pointer, v.rule) for v in refused.violations]
    assert found == faults
