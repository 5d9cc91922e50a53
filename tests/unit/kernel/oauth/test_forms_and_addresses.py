"""Parameters as they come, addresses that may be called, and tokens told apart."""

import ipaddress
from datetime import UTC, datetime

import pytest

from kernel.auth.opaque import OpaqueToken, read_token
from kernel.auth.tokens import Claims, sign_access_token
from kernel.oauth.access import is_access_token
from kernel.oauth.errors import ProviderAddressRefused
from kernel.oauth.forms import read_fields, read_form
from kernel.oauth.outbound import Outbound, is_public
from kernel.oauth.refresh_tokens import REFRESH_TOKEN, make_refresh_token, was_issued
from kernel.oauth.refusals import Refusal
from sdk.identifiers import new_id

FORM = "application/x-www-form-urlencoded"


def test_fields_are_read_and_empty_ones_left_out():
    assert read_form(b"a=1&b=&c=%C3%A9+x", FORM + "; charset=utf-8") == {"a": "1", "c": "é x"}


def test_what_stands_there_twice_is_named():
    assert read_fields(b"a=1&b=2&a=3") == ({"a": "3", "b": "2"}, frozenset({"a"}))


@pytest.mark.parametrize("media_type", [None, "", "text/plain", "multipart/form-data", "application/json"])
def test_only_forms_are_forms(media_type):
    with pytest.raises(Refusal, match="send application"):
        read_form(b"a=1", media_type)


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
    ],
)
def test_only_addresses_of_the_internet_are_public(address, is_open):
    assert is_public(ipaddress.ip_address(address)) is is_open


@pytest.mark.parametrize(
    "url", ["http://identity.example/", "ftp://identity.example/", "https://a:b@c/", "x", "https://"]
)
def test_other_urls_are_not_called(url):
    with pytest.raises(ProviderAddressRefused):
        Outbound().check(url)


def test_without_tls_only_loopback_addresses_are_called_and_only_if_the_operator_says_so():
    outbound = Outbound(may_be_private=True)
    with pytest.raises(ProviderAddressRefused, match="without TLS"):
        outbound.get("http://93.184.216.34/")
    with pytest.raises(ProviderAddressRefused, match="not https"):
        Outbound().get("http://127.0.0.1/")


def test_a_refresh_token_is_told_from_a_made_up_one():
    key, grant_id = b"k" * 32, new_id()
    token = make_refresh_token(key, grant_id)
    sent = read_token(REFRESH_TOKEN, token.text)
    assert (sent.id, was_issued(key, sent)) == (grant_id, True)
    assert not was_issued(b"o" * 32, sent)
    assert not was_issued(key, OpaqueToken(REFRESH_TOKEN, new_id(), sent.secret))
    assert not was_issued(key, OpaqueToken(REFRESH_TOKEN, grant_id, "A" * 43))


def test_access_tokens_of_sessions_are_not_taken_for_those_of_clients():
    token = sign_access_token("s" * 40, Claims(new_id(), "acme", new_id()), datetime(2026, 3, 10, tzinfo=UTC), 60)
    assert not is_access_token(token)
    assert not is_access_token("bos_" + "0" * 32)
