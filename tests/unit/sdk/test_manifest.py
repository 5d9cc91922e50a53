"""The manifest: what an applet may say of itself."""

import pytest
from packaging.version import Version

from sdk.manifest import Capability, InvalidManifest, Manifest, parse_capability
from sdk.nearest import nearest, nearest_or_all

RIGHT = """
name = "receivables"
version = "1.2.0"
title = "Receivables"
author = "Ada"
license = "Apache-2.0"
trust = "sandboxed"
capabilities = ["documents:write:ledger.journal_entry", "documents:read:parties.*"]
[requires]
sdk = ">=1.0,<2"
[requires.applets]
ledger = ">=1"
[limits]
hook_ms = 500
"""
SHORT = 'name = "a"\nversion = "1"\ntitle = "A"\n{}\n[requires]\nsdk = ">=1"\n'


def faults_of(text):
    with pytest.raises(InvalidManifest) as caught:
        Manifest.from_toml(text)
    return {(violation.pointer, violation.rule): violation for violation in caught.value.violations}


def test_a_manifest_is_read():
    manifest = Manifest.from_toml(RIGHT)
    assert (manifest.name, manifest.version, manifest.trust) == ("receivables", Version("1.2.0"), "sandboxed")
    assert (manifest.author, manifest.license, manifest.hooks) == ("Ada", "Apache-2.0", "hooks")
    assert manifest.requires.sdk.contains("1.9")
    assert not manifest.requires.sdk.contains("2.0")
    assert manifest.requires.kernel.contains("99")
    assert manifest.requires.applets["ledger"].contains("1.0")
    assert (manifest.limits.hook_ms, manifest.limits.memory_mb) == (500, None)
    assert str(manifest.capabilities[0]) == "documents:write:ledger.journal_entry"


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (("documents", "write", "ledger.journal_entry"), True),
        (("documents", "read", "ledger.journal_entry"), True),
        (("documents", "write", "ledger.account"), False),
        (("documents", "read", "parties.party"), True),
        (("documents", "write", "parties.party"), False),
        (("documents", "read", "partiesx.party"), False),
        (("registers", "read", "ledger.postings"), False),
        (("documents", "write", "receivables.invoice"), True),
    ],
)
def test_an_applet_may_do_what_it_was_given_and_all_with_its_own(asked, allowed):
    assert Manifest.from_toml(RIGHT).allows(*asked) is allowed


@pytest.mark.parametrize(
    ("text", "capability"),
    [
        ("reports:run:ledger.trial_balance", Capability("reports", "run", "ledger.trial_balance")),
        ("documents:read:*", Capability("documents", "read", "*")),
        ("documents:delete:a.b", None), ("document:read:a.b", None), ("documents:read:a", None),
        ("documents:read:a.b*", None), ("documents:read", None), ("", None), ("a:b:c:d", None),
    ],
)  # fmt: skip
def test_capabilities_are_read_strictly(text, capability):
    assert parse_capability(text) == capability


@pytest.mark.parametrize(
    ("line", "pointer", "rule", "expected"),
    [
        ('capabilites = []', "/capabilites", "unknown_key", "capabilities"),
        ('capabilities = ["documents:reed:a.b"]', "/capabilities", "capability", "documents:read:…"),
        ('capabilities = [5]', "/capabilities", "type", None),
        ('capabilities = "documents:read:*"', "/capabilities", "type", None),
        ('trust = "trustd"', "/trust", "enum", "trusted"),
        ('hooks = "my.hooks"', "/hooks", "name", None),
        ('author = 5', "/author", "type", None),
        ('limits = 5', "/limits", "type", None),
        ('limits = {hook_s = 5}', "/limits/hook_s", "unknown_key", "hook_ms"),
        ('limits = {hook_ms = 0}', "/limits/hook_ms", "range", "10 to 60000"),
    ],
)  # fmt: skip
def test_a_broken_key_is_refused_naming_what_is_known(line, pointer, rule, expected):
    violation = faults_of(SHORT.format(line))[pointer, rule]
    assert expected is None or violation.expected == expected


@pytest.mark.parametrize(
    ("old", "new", "pointer", "rule"),
    [
        ('"receivables"', '"Receivables"', "/name", "name"),
        ('"receivables"', '"reports"', "/name", "reserved_name"),
        ('"1.2.0"', '"one"', "/version", "version"),
        ('"1.2.0"', "1.2", "/version", "type"),
        (">=1.0,<2", "^1", "/requires/sdk", "version_range"),
        ('sdk = ">=1.0,<2"', "", "/requires/sdk", "required"),
        ("sdk = ", "skd = ", "/requires/skd", "unknown_key"),
        ('ledger = ">=1"', "ledger = 1", "/requires/applets/ledger", "type"),
        ('ledger = ">=1"', 'receivables = ">=1"', "/requires/applets/receivables", "name"),
        ('title = "Receivables"', "", "/title", "required"),
    ],
)
def test_a_broken_value_is_refused(old, new, pointer, rule):
    assert (pointer, rule) in faults_of(RIGHT.replace(old, new))


def test_all_faults_come_at_once():
    assert {pointer for pointer, _ in faults_of('nam = "a"\nversion = "x"')} == {
        "/nam", "/name", "/version", "/title", "/requires",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["name = ", "[[[", "\x00", "a = " + "[" * 5_000])
def test_what_is_no_toml_is_refused(text):
    assert ("", "toml") in faults_of(text)


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [("titel", ["title", "trust"], "title"), ("zzz", ["title"], None), ("x", [], None), (5, ["title"], None)],
)
def test_the_nearest_known_name_is_found(name, known, found):
    assert nearest(name, known) == found
    assert nearest_or_all(name, known) == (found or ", ".join(known) or "nothing here")


def test_only_so_many_known_names_are_shown():
    shown = nearest_or_all("zzz", [f"a{number:03}" for number in range(100)])
    assert shown.endswith("a029, …")
