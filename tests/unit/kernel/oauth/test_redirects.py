"""Redirect URIs: what may be registered, and that a request's is the very same."""

import pytest

from kernel.oauth.redirects import add_parameters, find_fault, form_target, is_registered


@pytest.mark.parametrize(
    "uri",
    [
        "https://program.example/back",
        "https://program.example:8443/back?x=1",
        "http://127.0.0.1/back",
        "http://127.0.0.1:8080/",
        "http://[::1]/back",
        "http://localhost:3000/back",
    ],
)
def test_these_may_be_registered_by_anybody(uri):
    assert (find_fault(uri, is_public=False), find_fault(uri, is_public=True)) == (None, None)


def test_a_scheme_of_ones_own_is_for_public_clients_and_looks_like_a_domain():
    assert find_fault("com.example.app:/back", is_public=True) is None
    assert find_fault("com.example.app:/back", is_public=False) is not None
    assert find_fault("app:/back", is_public=True) is not None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/back",
        "program.example/back",
        "http://program.example/back",
        "http://127.0.0.1.evil.example/back",
        "http://127.0.0.2/back",
        "https:///back",
        "https://program.example/back#",
        "https://program.example/*",
        "https://user@program.example/",
        "https://user:secret@program.example/",
        "https://program.example:port/",
        "https://program.example:99999/",
        "https://[::1/back",
        "https://program.example/a b",
        "https://program.example/\n",
        "https://prögram.example/",
        "https://a;script-src 'unsafe-inline'/",
        "https://a;b/",
        "https://program.example\\@evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://program.example/" + "x" * 2_000,
    ],
)
def test_these_may_not(uri):
    assert find_fault(uri, is_public=True) is not None


@pytest.mark.parametrize(
    ("registered", "uri", "is_same"),
    [
        ("https://p.example/back", "https://p.example/back", True),
        ("https://p.example/back", "https://p.example/back/", False),
        ("https://p.example/back", "https://p.example:443/back", False),
        ("https://p.example/back", "https://P.example/back", False),
        ("https://p.example/back", "https://p.example/%62ack", False),
        ("https://p.example/back", "https://p.example/x/../back", False),
        ("http://127.0.0.1/back", "http://127.0.0.1:5000/back", True),
        ("http://127.0.0.1:1/back", "http://127.0.0.1:5000/back", True),
        ("http://[::1]/back", "http://[::1]:5000/back", True),
        ("http://127.0.0.1/back", "http://127.0.0.1:5000/other", False),
        ("http://127.0.0.1/back", "http://127.0.0.1:5000/back?x=1", False),
        ("http://127.0.0.1/back", "http://127.0.0.1:5000/back#x", False),
        ("http://127.0.0.1/back", "https://127.0.0.1:5000/back", False),
        ("http://127.0.0.1/back", "http://[::1]:5000/back", False),
        ("http://127.0.0.1/back", "http://localhost:5000/back", False),
        ("http://127.0.0.1/back", "http://127.0.0.1:5000@evil.example/back", False),
        ("http://127.0.0.1/back", "http://user@127.0.0.1:5000/back", False),
        ("http://127.0.0.1/back", "http://127.0.0.1:99999/back", False),
        ("http://127.0.0.1/back", "http://127.0.0.1:\r\n/back", False),
        ("http://localhost/back", "http://localhost:5000/back", False),
        ("https://127.0.0.1/back", "https://127.0.0.1:5000/back", False),
        ("com.example.app:/back", "com.example.app:/back", True),
        ("com.example.app:/back", "com.example.app://back", False),
    ],
)
def test_only_the_port_of_a_loopback_address_is_free(registered, uri, is_same):
    assert is_registered([registered], uri) is is_same


def test_answers_are_added_to_what_the_uri_has():
    assert add_parameters("https://p.example/", {"code": "a&b", "state": None}) == "https://p.example/?code=a%26b"
    assert add_parameters("https://p.example/?x=1", {"code": "c"}) == "https://p.example/?x=1&code=c"


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("https://p.example:8443/back?x=1", "https://p.example:8443"),
        ("http://[::1]:5000/back", "http://[::1]:5000"),
        ("com.example.app:/back", "com.example.app:"),
    ],
)
def test_the_pages_policy_names_where_the_answer_goes(uri, target):
    assert form_target(uri) == target
