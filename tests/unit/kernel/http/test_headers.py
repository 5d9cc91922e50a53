"""Entity tags are versions."""

import pytest
from fastapi import Request

from kernel.http.errors import InvalidHeader
from kernel.http.headers import etag, is_known, read_if_match, require_if_match
from sdk.errors import VersionRequired


def request(**headers: str) -> Request:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": given})


def test_a_version_is_a_strong_tag():
    assert etag(3) == '"3"'


def test_the_same_version_reads_otherwise_as_another_version_of_its_type():
    tag = etag(3, schema_version=2)
    assert tag == '"3-2"'
    assert not is_known(request(if_none_match='"3"'), tag)
    assert is_known(request(if_none_match=tag), tag)


@pytest.mark.parametrize(
    ("value", "version"), [('"3"', 3), ('"3-2"', 3), (' "12" ', 12), ("*", None), ('"999999999"', 999_999_999)]
)
def test_if_match_is_read(value, version):
    assert read_if_match(request(if_match=value)) == version


def test_without_the_header_there_is_no_version():
    assert read_if_match(request()) is None


@pytest.mark.parametrize(
    "value", ["3", 'W/"3"', '"3", "4"', '""', '"x"', '"-1"', '"0"', '"1.5"', '"3" ; x', '"９"', '"9999999999"', "'3'"]
)
def test_any_other_tag_is_refused(value):
    with pytest.raises(InvalidHeader) as caught:
        read_if_match(Request({"type": "http", "headers": [(b"if-match", value.encode("utf-8"))]}))
    assert (caught.value.code, caught.value.status) == ("invalid_header", 400)


def test_a_change_needs_the_version_that_was_read():
    with pytest.raises(VersionRequired) as caught:
        require_if_match(request())
    assert caught.value.status == 428
    assert require_if_match(request(if_match='"2"')) == 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [('"2"', True), ('W/"2"', True), ('"1", "2"', True), ("*", True), ('"1"', False), ("2", False), ("", False)],
)
def test_a_known_version_is_recognized(value, expected):
    assert is_known(request(if_none_match=value), etag(2)) is expected
