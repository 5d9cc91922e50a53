"""What was exported is imported into an empty tenant, type by type, and is there as it was."""

import json
import re

import pytest

from kernel.cli.demo import DEMO_SEED
from kernel.transfer.caller import Caller
from kernel.transfer.coerce import without_filled
from kernel.transfer.exporter import write_csv
from kernel.transfer.mapping import ImportMapping
from sdk.document import SYSTEM_FIELDS
from tests.integration.kernel.files.desk import bring, take
from tests.integration.kernel.shipped import make_tenant

# Entries and payments are made by posting other documents; a chart makes the accounts, which come by themselves.
TYPES = (
    "catalog.unit", "catalog.product", "catalog.price_list", "parties.customer", "parties.supplier", "parties.contact",
    "ledger.account", "ledger.journal", "ledger.fiscal_year", "ledger.period", "receivables.tax_rate",
    "receivables.invoice",
)  # fmt: skip
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def demo(office):
    """A caller in a tenant with the demo data of every applet."""
    tenant = make_tenant(office, "roundsource", "receivables", "approvals")
    with office.operate(tenant) as ctx:
        for applet in ctx.runtime.catalogue.applets:
            ctx.runtime.catalogue.hooks.call_applet("load_demo_data", applet.name, ctx=ctx, seed=DEMO_SEED)
    return Caller(office, tenant)


def parsed(text):
    return [json.loads(line) for line in text.splitlines()]


def translated(text, ids):
    """The text with the ids the linked documents have in the other tenant."""
    return _ID.sub(lambda found: ids.get(found[0], found[0]), text)


def given(caller, type, document):
    """What somebody has typed into a document; all of it where nothing is filled in later."""
    with caller.begin() as uow:
        ctx = caller.context(uow)
        found = ctx.runtime.catalogue.type(type)
        if type in ctx.runtime.catalogue.machines:
            document = without_filled(found, document)
    return {name: value for name, value in document.items() if name not in SYSTEM_FIELDS}


def in_order(found):
    """By code where there is one, else in the order they were created in."""
    return sorted(found, key=lambda document: document.get("code", ""))


def bring_all(source, target, type, ids, rejects):
    """Import a type, and note its new ids. Documents that link to others of the type come after those."""
    rejected = None
    while rejected != 0:
        text = translated(take(source, type), ids)
        wanted = [line for line in text.splitlines(keepends=True) if json.loads(line)["id"] not in ids.values()]
        report = bring(target, "".join(wanted), ImportMapping(type), rejects, format="jsonl")
        assert report.created, rejects.read_text()[:600]
        rejected = report.rejected
        refused = {json.loads(line)["values"]["id"] for line in rejects.read_text().splitlines()} if rejected else ()
        made = [id for id in map(id_of, wanted) if id not in refused]
        ids |= zip(made, map(id_of, take(target, type).splitlines()[-report.created :]), strict=True)


def id_of(line):
    return json.loads(line)["id"]


def test_every_demo_type_that_is_typed_in_comes_back_as_it_went_out(office, demo, tmp_path):
    other = Caller(office, make_tenant(office, "roundtarget", "receivables"))
    ids = {}
    sources, targets = parsed(take(demo, "kernel.company")), parsed(take(other, "kernel.company"))
    ids |= {source["id"]: target["id"] for source, target in zip(sources, targets, strict=True)}
    for type in TYPES:
        bring_all(demo, other, type, ids, tmp_path / f"{type}.jsonl")
        expected, found = (in_order(parsed(text)) for text in (translated(take(demo, type), ids), take(other, type)))
        assert [given(other, type, each) for each in found] == [given(demo, type, each) for each in expected]
    assert len(ids) > 400


def test_nothing_of_the_demo_was_left_out_that_could_be_typed_in(demo):
    with demo.begin() as uow:
        found = {type for (type,) in uow.execute("SELECT DISTINCT type FROM {t}.documents").fetchall()}
    made = {"ledger.chart", "ledger.journal_entry", "receivables.payment", "receivables.credit_note", "kernel.company"}
    assert found == {*TYPES, *made}


def test_a_csv_says_the_same_as_jsonl(office, demo):
    from_csv, from_jsonl = (Caller(office, make_tenant(office, f"round{kind}", "parties")) for kind in ("csv", "jsonl"))
    mapping = ImportMapping("parties.customer")
    assert bring(from_csv, take(demo, "parties.customer", write_csv), mapping).created == 40
    assert bring(from_jsonl, take(demo, "parties.customer"), mapping, format="jsonl").created == 40
    one, other = (parsed(take(caller, "parties.customer")) for caller in (from_csv, from_jsonl))
    assert [given(from_csv, "parties.customer", each) for each in one] == [
        given(from_jsonl, "parties.customer", each) for each in other
    ]
