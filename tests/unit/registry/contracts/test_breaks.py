"""Which changes of the SDK break somebody, and which of those were announced in time."""

import pytest

from registry.contracts.breaks import find_breaks, unannounced
from registry.contracts.notices import describe_notices, notices_of
from registry.contracts.record import record
from registry.contracts.surface import offered_sdk
from registry.plans.findings import Severity
from sdk import deprecations
from sdk.deprecations import Deprecation, DeprecationUnknown, deprecated, warn_deprecated

BEFORE = """
from dataclasses import dataclass

def add(first, second=0, *, third=None): ...

class Base:
    def shared(self, name): ...

class Thing(Base):
    size: int

    def grow(self, by, *, until=None): ...

@dataclass
class Pair:
    left: str
    right: str = ""
"""
CHANGES = {
    "a function goes": ("def add(first, second=0, *, third=None): ...", "", {"sdk.errors.add"}),
    "an argument goes": (", *, third=None", "", {"sdk.errors.add.third"}),
    "an argument is renamed": ("second=0", "other=0", {"sdk.errors.add.second"}),
    "an argument moves": (
        "add(first, second=0",
        "add(second=0, first=0",
        {"sdk.errors.add.first", "sdk.errors.add.second"},
    ),
    "an argument is asked for": ("by, *", "by, why, *", {"sdk.errors.Thing.grow.why"}),
    "a default goes": ("until=None", "until", {"sdk.errors.Thing.grow.until"}),
    "a method goes": ("def grow", "def shrink", {"sdk.errors.Thing.grow"}),
    "an inherited method goes": ("def shared", "def private", {"sdk.errors.Base.shared"}),
    "a base class goes": ("Thing(Base)", "Thing", set()),
    "an attribute goes": ("size: int", "length: int", {"sdk.errors.Thing.size"}),
    "a field is asked for": (
        "left: str",
        "middle: str\n    left: str",
        {"sdk.errors.Pair.middle", "sdk.errors.Pair.left", "sdk.errors.Pair.right"},
    ),
    "a class becomes a function": (
        "class Base:\n    def shared(self, name): ...",
        "def Base(): ...",
        {"sdk.errors.Base"},
    ),
}
HARMLESS = {
    "an argument more": ("third=None", "third=None, fourth=None"),
    "a default more": ("add(first,", "add(first=1,"),
    "a function more": ("class Base", "def more(): ...\n\nclass Base"),
    "a method that moves to its base": (
        "    def shared(self, name): ...",
        "    def shared(self, name): ...\n\n    size = 1",
    ),
    "a field more": ('right: str = ""', 'right: str = ""\n    third: str = ""'),
}


def sdk_of(folder, errors, version="1.0.0"):
    """An SDK of one module."""
    folder.mkdir()
    (folder / "__init__.py").write_text(f'__version__ = "{version}"\n', encoding="utf-8")
    (folder / "errors.py").write_text(errors, encoding="utf-8")
    return offered_sdk(folder)


@pytest.mark.parametrize("way", CHANGES)
def test_what_breaks_a_caller_is_found(tmp_path, way):
    old, new, expected = CHANGES[way]
    text = BEFORE.replace(old, new)
    found = {one.symbol for one in find_breaks(sdk_of(tmp_path / "a", BEFORE), sdk_of(tmp_path / "b", text))}
    assert found == expected


@pytest.mark.parametrize("way", HARMLESS)
def test_what_breaks_nobody_is_not(tmp_path, way):
    text = BEFORE.replace(*HARMLESS[way])
    assert list(find_breaks(sdk_of(tmp_path / "a", BEFORE), sdk_of(tmp_path / "b", text))) == []


@pytest.mark.parametrize(("version", "is_covered"), [("1.9.0", False), ("2.0.0", True), ("2.1.0", True)])
def test_a_break_is_announced_once_the_version_of_its_deprecation_has_come(tmp_path, version, is_covered):
    text = BEFORE.replace("def grow", "def shrink")
    entries = [Deprecation("sdk.errors.Thing.grow", "1.5.0", "2.0.0", "shrink")]
    broken = unannounced(sdk_of(tmp_path / "a", BEFORE), sdk_of(tmp_path / "b", text, version), entries)
    assert (broken == []) is is_covered


def test_the_record_is_the_same_whenever_the_sdk_is(tmp_path):
    record(tmp_path / "one.json")
    record(tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


FIND = Deprecation("sdk.context.Documents.find", "1.0.0", "2.0.0", "use query")
PREVIOUS = Deprecation("sdk.hookspecs.after_save.previous", "1.0.0", "2.0.0", "read the event")
GONE = Deprecation("sdk.context.Documents.find", "0.1.0", "0.2.0", "use query")
CODE = """
@hooks.after_save("sales.invoice")
def run(ctx: Context, document: Document, previous) -> None:
    ctx.documents.find("sales.customer", code="A")
"""


def test_what_goes_is_told_with_applet_place_and_replacement(custom):
    found = {(one.subject, one.where, one.severity, one.fix) for one in notices_of([custom(CODE)], [FIND, PREVIOUS])}
    assert found == {
        (FIND.symbol, "hooks.py:5", Severity.INFORMS, "use query"),
        (PREVIOUS.symbol, "hooks.py:4", Severity.INFORMS, "read the event"),
    }


def test_notices_name_applets_and_the_documents_concerned(custom):
    (notice,) = describe_notices([custom(CODE)], [FIND])
    assert {key: notice[key] for key in ("symbol", "since", "removed_in", "replacement")} == FIND.as_json()
    assert notice["applets"] == [
        {"name": "custom", "version": "1.0.0", "places": ["hooks.py:5"], "types": ["sales.customer", "sales.invoice"]}
    ]


def test_what_is_gone_already_is_no_notice(custom):
    assert list(notices_of([custom(CODE)], [GONE])) == []


def test_a_warning_needs_an_entry_behind_it(monkeypatch):
    with pytest.raises(DeprecationUnknown):
        warn_deprecated("sdk.values.nothing")
    with pytest.raises(DeprecationUnknown):
        deprecated("sdk.values.nothing")
    monkeypatch.setattr(deprecations, "DEPRECATIONS", (FIND,))

    @deprecated(FIND.symbol)
    def find(name):
        return name.upper()

    with pytest.warns(DeprecationWarning, match=r"sdk.context.Documents.find goes with SDK 2.0.0: use query") as told:
        assert find("a") == "A"
    assert told[0].filename == __file__
