"""What a plan finds about requirements."""

from datetime import UTC, datetime

import pytest

from registry.discovery import Release
from registry.plans.findings import Severity
from registry.plans.situation import Move, PlanRequest, Situation
from registry.resolver.check import resolution_findings
from registry.rows import AppletRow
from sdk.applet import Applet
from sdk.catalogue import Catalogue

EMPTY = Catalogue.build([])
MANIFEST = """
name = "{name}"
version = "{version}"
title = "{name}"
[requires]
sdk = "{sdk}"
[requires.applets]
"""


@pytest.fixture
def release(tmp_path):
    def make(text, *requires, sdk=">=0.1"):
        name, version = text.split()
        folder = tmp_path / text.replace(" ", "-")
        folder.mkdir(exist_ok=True)
        lines = [f'{other} = "{range}"' for other, range in (each.split() for each in requires)]
        manifest = MANIFEST.format(name=name, version=version, sdk=sdk) + "\n".join(lines)
        (folder / "applet.toml").write_text(manifest, encoding="utf-8")
        return Release(name, folder, Applet.load(folder))

    return make


def by_name(releases):
    return {each.name: each for each in releases}


def findings(before, after, known=(), verb="upgrade", name="receivables", pinned=()):
    everything = {}
    for each in (*before, *after, *known):
        if each not in everything.setdefault(each.name, []):
            everything[each.name].append(each)
    old, new = by_name(before), by_name(after)
    moved = [each for each in sorted({*old, *new}) if old.get(each) != new.get(each)]
    moves = [Move(each, verb, "enabled", "enabled" if each in new else "disabled", None, None) for each in moved]
    rows = {
        each.name: AppletRow(
            each.name, each.version, "enabled", (), datetime(2026, 1, 1, tzinfo=UTC), "x",
            pinned_to=each.version if each.name in pinned else None,
        )
        for each in before
    }  # fmt: skip
    request = PlanRequest(verb, name)
    situation = Situation(None, request, rows, everything, old, new, moves, EMPTY, EMPTY)
    return list(resolution_findings(situation))


def test_where_all_requirements_hold_nothing_is_found(release):
    receivables, custom = release("receivables 1.0"), release("custom 1.0", "receivables >=1")
    assert findings([receivables], [receivables, custom], name="custom") == []


def test_who_requires_an_older_version_is_named_with_what_to_move_along(release):
    custom = release("custom 1.0", "receivables <2")
    better = release("custom 1.1", "receivables >=1")
    (found,) = findings([release("receivables 1.0"), custom], [release("receivables 2.0"), custom], [better])
    assert (found.severity, found.rule, found.subject, found.applet) == (
        Severity.BLOCKS, "requirement_range", "receivables", "custom",
    )  # fmt: skip
    assert found.message == "custom 1.0 requires receivables <2, and receivables 2.0 is what will run"
    assert found.fix == "in the same plan, upgrade to custom 1.1"


def test_where_no_release_would_help_the_smallest_conflict_is_told(release):
    custom = release("custom 1.0", "receivables <2")
    first, second = findings([release("receivables 1.0"), custom], [release("receivables 2.0"), custom])
    assert (first.rule, first.subject) == ("no_solution", "receivables")
    assert first.message == (
        "No versions of the applets go together: because receivables ==2.0 is asked for, custom is asked for and "
        "custom 1.0 requires receivables <2. Nearest fix: take receivables 1.0 (asked for: ==2.0)."
    )
    assert second.rule == "requirement_range"
    assert second.fix == "Nearest fix: take receivables 1.0 (asked for: ==2.0)."


def test_what_a_rollout_has_pinned_does_not_move_along(release):
    custom = release("custom 1.0", "receivables <2")
    better = release("custom 1.1", "receivables >=1")
    found = findings(
        [release("receivables 1.0"), custom], [release("receivables 2.0"), custom], [better], pinned=["custom"]
    )
    assert found[0].fix == "Nearest fix: take custom 1.1 (asked for: ==1.0)."


def test_who_needs_what_goes_away_is_named(release):
    receivables, custom = release("receivables 1.0"), release("custom 1.0", "receivables >=1")
    (found,) = findings([receivables, custom], [custom], verb="disable")
    assert (found.severity, found.rule, found.applet) == (Severity.BLOCKS, "requirement_gone", "custom")
    assert found.message == "custom 1.0 requires receivables >=1, which will not run any more"
    assert found.fix == "disable custom first"


def test_what_is_required_and_here_is_to_be_enabled_too(release):
    custom = release("custom 1.0", "receivables >=1")
    (found,) = findings([], [custom], [release("receivables 1.0"), release("receivables 2.0")], "enable", "custom")
    assert (found.rule, found.subject) == ("requirement_missing", "receivables")
    assert found.fix == "in the same plan, enable receivables 2.0"


def test_what_is_required_and_not_here_is_to_be_installed(release):
    found = findings([], [release("custom 1.0", "ghost >=1")], verb="enable", name="custom")
    assert [each.rule for each in found] == ["no_solution", "requirement_missing"]
    assert found[1].fix == "Nearest fix: install ghost >=1, which is not here."


def test_a_release_for_a_later_sdk_does_not_count_as_help(release):
    found = findings(
        [], [release("custom 1.0", "receivables >=1")], [release("receivables 1.0", sdk=">=99")], "enable", "custom"
    )
    assert found[0].rule == "no_solution"
    assert "receivables 1.0 requires sdk >=99" in found[0].message


def test_what_was_unmet_before_does_not_stop_another_plan(release):
    broken, other = release("custom 1.0", "ghost >=1"), release("till 1.0")
    (found,) = findings([broken], [broken, other], verb="enable", name="till")
    assert (found.severity, found.rule) == (Severity.WARNS, "requirement_missing")
    assert found.fix == "enable ghost >=1"


def test_disabling_what_is_broken_finds_nothing(release):
    assert findings([release("custom 1.0", "ghost >=1")], [], verb="disable", name="custom") == []
