"""Whatever comes in is answered by violations, never by another exception."""

from hypothesis import given
from hypothesis import strategies as st

from sdk.errors import Invalid
from sdk.manifest import read_manifest
from sdk.registers import read_register
from sdk.report_checks import check_report
from sdk.reports import read_report
from sdk.roles import read_roles
from sdk.schema import DocumentType, dump, read_input, validate
from sdk.schema.numbering import NUMBER_KEYS
from sdk.schema.vocabulary import KNOWN_AT_FIELD, KNOWN_AT_TYPE
from sdk.states import ACTION_KEYS, MACHINE_KEYS, STATE_KEYS, read_machine

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(
        ["string", "object", "array", "date", "decimal", "a.b", "1.50", "{number}", "x > 1", "2026-01-31"]
    )
)


def json_of(names):
    keys = st.sampled_from(names) | st.text(max_size=3)
    return st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
    )


ORDER = DocumentType.from_schema(
    "shop.order",
    {
        "properties": {
            "on": {"format": "date"},
            "at": {"format": "date-time"},
            "total": {"x-decimal": {"scale": 2, "max": 10}},
            "open": {"type": "object"},
            "to": {"properties": {"on": {"format": "email"}}},
            "lines": {"items": {"properties": {"on": {"format": "date"}, "total": {"format": "decimal"}}}},
            "tags": {"items": {"x-link": "*"}, "uniqueItems": True},
            "sum": {"format": "decimal", "x-computed": "sum(line.total for line in lines)"},
        }
    },
)
DEFINITION_KEYS = [
    "name", "title", "type", "source", "register", "parameters", "columns", "measures", "sections", "results", "value",
    "drill_down", "permissions", "inherits", "dimensions", "resources", "requires", "limits", "applets", "sdk",
    *MACHINE_KEYS, *STATE_KEYS, *ACTION_KEYS,
]  # fmt: skip


@given(json_of(["on", "at", "total", "open", "to", "lines", "tags", "custom_a"]))
def test_documents(data):
    values, violations = read_input(ORDER, data)
    if not violations:
        canonical = dump(ORDER, values)
        assert read_input(ORDER, canonical) == (values, [])
        assert validate(ORDER, canonical) == []


def reads_or_tells(schema):
    try:
        return DocumentType.from_schema("shop.order", schema)
    except Invalid as error:
        return error.violations


@given(json_of([*KNOWN_AT_TYPE, *KNOWN_AT_FIELD, *NUMBER_KEYS]))
def test_schemas(data):
    assert reads_or_tells(data)


@given(json_of([*KNOWN_AT_FIELD, *NUMBER_KEYS]))
def test_schemas_of_fields(data):
    assert reads_or_tells({"properties": {"f": data}, "x-number": data})


@given(json_of(DEFINITION_KEYS))
def test_definitions(data):
    faults = []
    read_manifest(data, faults)
    read_register(data, faults)
    read_machine(data, faults)
    read_roles(data, faults)
    check_report(read_report(data, faults), faults)
    assert faults
