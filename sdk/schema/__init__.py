"""Document types: their schemas' vocabulary, casting, validation, patches, computed fields.

Imports the standard library, jsonschema, and of the SDK errors, values, expressions, definition, nearest.
Verbs: DocumentType.from_schema, read_input, load, dump, validate, compute, fill_defaults, apply, diff, collect_links.
"""

from sdk.schema.cast import dump, load
from sdk.schema.computed import compute
from sdk.schema.defaults import fill_defaults
from sdk.schema.document_type import DocumentType, InvalidDocumentType
from sdk.schema.fields import Field
from sdk.schema.numbering import NumberRule
from sdk.schema.patch import apply, diff
from sdk.schema.paths import Link, check_writable, collect_links, find_values
from sdk.schema.plain_words import explain, merge_violations
from sdk.schema.validator import read_input, validate

__all__ = [
    "DocumentType", "Field", "InvalidDocumentType", "Link", "NumberRule",
    "apply", "check_writable", "collect_links", "compute", "diff", "dump", "explain", "fill_defaults", "find_values",
    "load", "merge_violations", "read_input", "validate",
]  # fmt: skip
