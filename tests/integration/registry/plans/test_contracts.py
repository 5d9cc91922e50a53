"""A plan names the applet, the field and the line that a release of another applet would break."""

import pytest

from tests.integration.registry.plans.versions import found, item, of_rule

TEXT = {"type": "string"}
READER = """
from sdk import Context, Document, hooks


@hooks.after_save("shop.order")
def copy(ctx: Context, document: Document) -> None:
    ctx.documents.create("reader.copy", {"text": document["reference"]})
"""
MANIFEST = '[requires]\nsdk = ">=1.0,<2"\napplets = { shop = ">=1" }\n'


@pytest.fixture(scope="module")
def shop(ground):
    ground.new_tenant()
    ground.add("shop", "1.0.0", {"schemas/order.json": item({"reference": TEXT, "memo": TEXT})})
    renamed = [{"rename_field": {"from": "reference", "to": "buyer_reference"}}]
    parts = {
        "schemas/order.json": item({"buyer_reference": TEXT, "memo": TEXT}, version=2),
        "lenses/order.json": {"type": "shop.order", "versions": {"2": renamed}},
    }
    ground.add("shop", "2.0.0", parts)
    ground.add("shop", "1.1.0", {"schemas/order.json": item({"reference": TEXT, "memo": TEXT, "extra": TEXT})})
    copy = {"schemas/copy.json": item({"text": TEXT})}
    ground.add("reader", "1.0.0", copy, manifest=MANIFEST, hooks=READER)
    ground.add("reader", "1.1.0", copy, manifest=MANIFEST, hooks=READER.replace('"reference"', '"buyer_reference"'))
    ground.move("enable", "shop", "1.0.0")
    ground.move("enable", "reader", "1.0.0")
    return ground


def test_a_renamed_field_that_another_applet_reads_blocks_though_all_ranges_fit(shop):
    finding = found(shop.plan("upgrade", "shop", "2.0.0"), "field_gone")
    assert (finding["severity"], finding["applet"], finding["where"]) == ("blocks", "reader", "hooks.py:7")
    assert finding["message"] == (
        "reader reads shop.order.reference (hooks.py:7), which shop 2.0.0 calls buyer_reference"
    )
    assert finding["fix"] == "buyer_reference instead of reference"


def test_a_field_that_is_added_is_no_finding(shop):
    assert of_rule(shop.plan("upgrade", "shop", "1.1.0"), "field_gone", "dynamic_use", "check_failed") == []


def test_a_release_that_reads_what_is_not_there_yet_blocks_itself(shop):
    finding = found(shop.plan("upgrade", "reader", "1.1.0"), "field_gone")
    assert (finding["severity"], finding["subject"]) == ("blocks", "shop.order.buyer_reference")


def test_the_same_plan_has_the_same_digest_whatever_was_read_before(shop):
    assert shop.plan("upgrade", "shop", "2.0.0")["digest"] == shop.plan("upgrade", "shop", "2.0.0")["digest"]
