"""Where SQL looks for a field while documents of several versions are stored."""

from dataclasses import replace

import pytest

from kernel.expressions import DocumentColumns, Item, kinds_of_schema, render
from kernel.expressions.mixed import Mixture
from kernel.expressions.places import quote
from sdk.document_errors import DocumentsBeingCast
from sdk.lenses import read_lenses
from sdk.schema import DocumentType

TEXT = {"type": "string"}
SCHEMA = {
    "title": "Order",
    "x-version": 2,
    "properties": {
        "label": TEXT,
        "place": {**TEXT, "x-index": True},
        "total": {"x-decimal": {}},
        "custom_color": TEXT,
        "lines": {"type": "array", "items": {"type": "object", "properties": {"about": TEXT, "rank": TEXT}}},
    },
}
STEPS = [
    {"rename_field": {"from": "name", "to": "label"}},
    {"rename_field": {"from": "lines.what", "to": "lines.about"}},
    {"set_default": {"field": "lines.rank", "value": "1"}},
    {"map_state": {"draft": "open"}},
]


def columns(steps=STEPS, *, is_mixed=True):
    faults = []
    chain = read_lenses({"type": "shop.order", "versions": {"2": steps}}, faults)
    assert faults == []
    properties = {name: field for name, field in SCHEMA["properties"].items() if not name.startswith("custom_")}
    type = DocumentType.from_schema("shop.order", {**SCHEMA, "properties": properties})
    type = replace(type.extended({"custom_color": TEXT}), lenses=chain, is_mixed=is_mixed)
    return DocumentColumns("documents", kinds_of_schema(type.schema), mixture=Mixture.of(type))


def sql(columns, *path):
    return render(columns.resolve(path).sql)[0]


def test_a_renamed_field_is_looked_for_under_its_former_name_too():
    found = sql(columns(), "label")
    assert "CASE documents.schema_version WHEN 1 THEN coalesce((documents.data ->> 'name')" in found
    assert found.endswith("ELSE (documents.data ->> 'label') END) COLLATE \"C\"")


@pytest.mark.parametrize("name", ["place", "custom_color"])
def test_what_is_where_it_was_stays_plain_so_that_its_index_serves(name):
    assert sql(columns(), name) == f"(documents.data ->> '{name}') COLLATE \"C\""


def test_nothing_is_asked_of_the_version_where_all_documents_are_of_one():
    assert "schema_version" not in sql(columns(is_mixed=False), "label")
    assert sql(columns(is_mixed=False), "state") == "documents.state"


def test_a_state_is_read_as_the_present_version_calls_it():
    assert "WHEN 'draft' THEN 'open'" in sql(columns(), "state")


def test_a_list_is_where_it_was_whatever_has_changed_in_its_items():
    found, item = columns(), Item(("lines",), "item1.value")
    assert "'lines'" in sql(found, "lines")
    assert render(found.resolve(("about",), item).sql)[0] == (
        "(CASE documents.schema_version WHEN 1 THEN (item1.value ->> 'what') ELSE (item1.value ->> 'about') END)"
        ' COLLATE "C"'
    )


def test_what_only_casting_tells_is_refused():
    with pytest.raises(DocumentsBeingCast) as refused:
        columns().resolve(("rank",), Item(("lines",), "item1.value"))
    assert refused.value.details == {"type": "shop.order", "version": 2, "field": "lines.rank"}


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("plain text-1,0", "'plain text-1,0'"),
        ("it's", r"U&'it\+000027s'"),
        ("50% {t} :x", r"U&'50\+000025 \+00007Bt\+00007D \+00003Ax'"),
        ("\\", r"U&'\+00005C'"),
        ("é💶", r"U&'\+0000E9\+01F4B6'"),
    ],
)
def test_nothing_in_a_literal_means_anything_to_who_makes_statements(text, literal):
    assert quote(text) == literal
