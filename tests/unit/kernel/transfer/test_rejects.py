"""The rejects file."""

import json

import psycopg

from kernel.transfer.errors import RowRefused
from kernel.transfer.records import Record
from kernel.transfer.rejects import Rejects, describe_reject
from sdk.document_errors import UniqueKeyTaken
from sdk.errors import Violation

RECORD = Record(7, [{"code": "A"}])


def test_a_reject_names_row_field_rule_and_the_row_itself():
    refusal = RowRefused(violations=[Violation("/price", "decimal", "this is none", "a decimal")])
    assert describe_reject(RECORD, refusal) == {
        "row": 7,
        "code": "row_refused",
        "message": "The row breaks 1 rule(s).",
        "violations": [{"field": "/price", "rule": "decimal", "message": "this is none", "expected": "a decimal"}],
        "values": {"code": "A"},
    }


def test_a_refusal_without_violations_tells_its_code_as_the_rule():
    told = describe_reject(RECORD, UniqueKeyTaken(type="test.thing", field="code", value="A"))
    assert told["violations"] == [
        {"field": "", "rule": "unique_key_taken", "message": "Another test.thing has A as its code already."}
    ]


def test_all_rows_of_a_group_are_kept():
    assert describe_reject(Record(1, [{"a": "1"}, {"a": "2"}]), RowRefused())["values"] == [{"a": "1"}, {"a": "2"}]


def test_what_the_database_refuses_is_told_without_its_statement():
    assert describe_reject(RECORD, psycopg.DataError("out of range"))["code"] == "value_unstorable"


def test_the_file_is_made_with_the_first_reject(tmp_path):
    path = tmp_path / "x.rejects.jsonl"
    with Rejects(path) as rejects:
        assert not path.exists()
        rejects.add(RECORD, RowRefused())
        rejects.add(RECORD, RowRefused())
    assert rejects.count == 2
    assert [json.loads(line)["row"] for line in path.read_text().splitlines()] == [7, 7]
