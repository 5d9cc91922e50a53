"""The SDK keeps what it promised applets: nothing goes or asks for more unless that was announced in time."""

import json
from pathlib import Path

from packaging.version import Version

from registry.contracts import Offer, offered_sdk
from registry.contracts.breaks import PROMISED, find_breaks, promised, unannounced
from sdk.deprecations import DEPRECATIONS

RECORDED = Path(__file__).parent / "sdk_contract.json"


def recorded():
    return Offer.from_json(json.loads(RECORDED.read_text(encoding="utf-8")))


def test_nothing_of_the_recorded_sdk_is_gone_without_having_been_announced():
    broken = unannounced(recorded(), offered_sdk())
    hint = (
        "register a Deprecation in sdk/deprecations.py and keep it until removed_in; `make sdk-contract` records anew"
    )
    assert not broken, "\n".join([*(one.sentence for one in broken), hint])


def test_every_deprecation_names_something_that_is_or_was_promised_and_gives_time():
    before, present = recorded(), offered_sdk()
    for entry in DEPRECATIONS:
        assert Version(entry.since) < Version(entry.removed_in), entry
        assert entry.replacement, entry
        parts = entry.symbol.split(".")
        modules = [".".join(parts[:length]) for length in range(1, len(parts))]
        assert any(module in offer.symbols for module in modules for offer in (before, present)), entry


def test_the_record_holds_what_is_promised_and_no_more():
    assert set(recorded().symbols) <= set(PROMISED)
    assert {"Context", "Document", "Event", "hooks"} <= set(recorded().symbols["sdk"])
    assert "before_save" in recorded().hooks


def test_the_sdk_does_not_break_itself():
    present = promised(offered_sdk())
    assert list(find_breaks(present, offered_sdk())) == []
