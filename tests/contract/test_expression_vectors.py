"""One vector file says what expressions mean; Python and PostgreSQL both answer as it says."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from sdk.expressions import from_json, parse
from sdk.expressions.signatures import SIGNATURES
from tests.integration.kernel import expression_rows as rows

FILE = json.loads((Path(__file__).parent / "expression_vectors.json").read_text(encoding="utf-8"))
VECTORS = FILE["vectors"]
KINDS, SYSTEM, CONTEXT = FILE["kinds"], FILE["system"], rows.revive(FILE["scope"])
CONTEXT["today"] = rows.READERS["date"](CONTEXT["today"])
NAMES = [f"{vector['group']}: {vector['source']}" for vector in VECTORS]


@pytest.fixture(scope="module")
def connection(empty_database):
    with rows.prepare(empty_database()) as connection:
        yield connection


def document(vector):
    return vector.get("document", FILE["document"])


def assert_same(found, expected):
    assert found == expected
    assert type(found) is type(expected) or {type(found), type(expected)} == {int, Decimal}


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_python_answers_as_the_vector_says(vector):
    found = rows.answer_in_python(vector["source"], document(vector), SYSTEM, KINDS, CONTEXT)
    assert_same(found, rows.revive(vector["expected"]))


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_postgresql_answers_as_the_vector_says(vector, connection):
    rows.store(connection, document(vector), SYSTEM)
    assert_same(rows.answer_in_sql(connection, vector["source"], KINDS, CONTEXT), rows.revive(vector["expected"]))


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_the_json_tree_means_the_same(vector):
    expression = parse(vector["source"])
    assert from_json(json.loads(json.dumps(expression.to_json()))) == expression


def test_the_vectors_are_many_and_use_every_function():
    assert len(VECTORS) >= 150
    called = " ".join(vector["source"] for vector in VECTORS)
    assert [name for name in SIGNATURES if f"{name}(" not in called] == []
