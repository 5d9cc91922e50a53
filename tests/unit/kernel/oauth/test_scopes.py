"""Scopes: what is within what, and how people are told."""

import pytest

from kernel.oauth.refusals import Refusal
from kernel.oauth.scopes import covers, narrow, permission_scopes
from kernel.oauth.words import put_in_words


@pytest.mark.parametrize(
    ("allowed", "wanted", "is_within"),
    [
        ("*", "sales.order:read", True),
        ("*", "*", True),
        ("*", "reports:run", True),
        ("*", "openid", False),
        ("openid", "openid", True),
        ("openid", "profile", False),
        ("*:*", "*", False),
        ("*:*", "sales.order:read", True),
        ("*:read", "sales.order:read", True),
        ("*:read", "sales.order:update", False),
        ("*:read", "*:*", False),
        ("sales.*:*", "sales.order:read", True),
        ("sales.*:*", "sales.*:read", True),
        ("sales.*:read", "sales.*:*", False),
        ("sales.*:*", "salesforce.order:read", False),
        ("sales.*:*", "*:read", False),
        ("sales.order:*", "sales.order:post", True),
        ("sales.order:*", "sales.orders:post", False),
        ("sales.order:read", "sales.*:read", False),
        ("sales.order:read", "", False),
        ("sales.*:*", "nonsense", False),
    ],
)
def test_a_scope_covers_what_permits_no_more(allowed, wanted, is_within):
    assert covers(allowed, wanted) is is_within


def test_a_request_gets_what_it_names_once_each_or_all_there_is():
    assert narrow(["sales.*:*", "openid"], "openid sales.order:read openid") == ("openid", "sales.order:read")
    assert narrow(["sales.*:*", "openid"], None) == ("sales.*:*", "openid")


@pytest.mark.parametrize(
    "wanted", ["*", "sales.order:read *", " ", "sales.order:read  openid", " ".join(map(str, range(200)))]
)
def test_a_request_for_more_is_refused(wanted):
    with pytest.raises(Refusal) as refused:
        narrow(["sales.*:*", "openid"], wanted)
    assert (refused.value.error, refused.value.status) == ("invalid_scope", 400)


def test_scopes_of_identity_permit_nothing():
    assert permission_scopes(["openid", "sales.order:read", "email", "profile"]) == ["sales.order:read"]


def test_people_are_told_in_words():
    words = put_in_words(
        ["*", "openid", "reports:run", "sales.order:read", "sales.order:mark_paid", "sales.*:*", "*:read", "x.y:*"],
        {"sales.order": "Sales order"},
    )
    assert words == [
        "do everything you may do", "know which user you are", "run reports", "read: Sales order",
        "mark paid: Sales order", "do anything with: everything of sales", "read: documents of all kinds",
        "do anything with: x.y",
    ]  # fmt: skip
