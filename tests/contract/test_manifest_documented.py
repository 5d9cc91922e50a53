"""docs/manifest.md and docs/document-types.md say what the code accepts: every key, and no other."""

import json
import re
from pathlib import Path

import pytest

from sdk import manifest, registers, reports, roles, states
from sdk.manifest import Manifest
from sdk.schema import DocumentType
from sdk.schema.formats import FORMATS
from sdk.schema.numbering import NUMBER_KEYS
from sdk.schema.vocabulary import DECIMAL_KEYS, SYSTEM_FIELDS, X_KEYS

DOCS = Path(__file__).parents[2] / "docs"
ROW = re.compile(r"^\| `([a-z_.-]+)` \|", re.MULTILINE)


def text_of(name):
    return (DOCS / name).read_text(encoding="utf-8")


def block_of(name, language):
    found = re.search(rf"```{language}\n(.*?)```", text_of(name), re.DOTALL)
    assert found is not None
    return found[1]


def words_of(name):
    return set(re.findall(r"[\w-]+", text_of(name)))


def test_every_manifest_key_is_documented_and_no_other():
    declared = {
        *manifest.MANIFEST_KEYS,
        *(f"requires.{key}" for key in manifest.REQUIRES_KEYS),
        *(f"limits.{key}" for key in manifest.LIMITS_KEYS),
    }
    assert set(ROW.findall(text_of("manifest.md"))) == declared


def test_every_capability_is_documented_and_no_other():
    declared = {f"{resource}:{verb}" for resource, verbs in manifest.CAPABILITY_VERBS.items() for verb in verbs}
    documented = re.findall(r"^\| `(\w+:\w+):<", text_of("manifest.md"), re.MULTILINE)
    assert set(documented) == declared


def test_the_documented_manifest_is_read():
    assert Manifest.from_toml(block_of("manifest.md", "toml")).name == "receivables"


def test_every_key_of_the_vocabulary_is_documented_and_no_other():
    assert set(re.findall(r"^\| `(x-[a-z]+)` \|", text_of("document-types.md"), re.MULTILINE)) == set(X_KEYS)
    assert set(re.findall(r"x-[a-z]+", text_of("document-types.md"))) == set(X_KEYS)


def test_the_documented_type_is_read():
    invoice = DocumentType.from_schema("shop.invoice", json.loads(block_of("document-types.md", "json")))
    assert [field.path for field in invoice.computed] == ["lines.amount", "total"]


@pytest.mark.parametrize(
    ("page", "keys"),
    [
        ("document-types.md", (*NUMBER_KEYS, *DECIMAL_KEYS, *FORMATS, *SYSTEM_FIELDS)),
        ("document-types.md", (*states.MACHINE_KEYS, *states.STATE_KEYS, *states.ACTION_KEYS)),
        ("document-types.md", (*registers.REGISTER_KEYS, *registers.DIMENSION_KEYS, *registers.RESOURCE_KEYS)),
        ("document-types.md", (*roles.ROLE_KEYS, *roles.PERMISSION_KEYS)),
        ("reports.md", (*reports.REPORT_KEYS, *reports.SOURCE_KEYS, *reports.PARAMETER_KEYS, *reports.COLUMN_KEYS)),
        ("reports.md", (*reports.SECTION_KEYS, *reports.RESULT_KEYS, *reports.DRILL_DOWN_KEYS)),
        ("reports.md", (*reports.MEASURE_OPTIONS, *reports.REGISTER_SUMMARY, *reports.REGISTER_LISTING)),
        ("reports.md", (*reports.DOCUMENT_SUMMARY, *reports.DOCUMENT_LISTING, *reports.PARAMETER_TYPES)),
    ],
)
def test_every_key_of_a_definition_is_documented(page, keys):
    assert set(keys) - words_of(page) == set()
