"""The README's first applet is a real one, and its links lead somewhere."""

import re
from datetime import date
from pathlib import Path

import pytest

from sdk.testing import FakeKernel

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
FILES = {"toml": "applet.toml", "json": "schemas/card.json", "python": "hooks.py"}


def block(language: str) -> str:
    """The one code block of a language, without the line that names its file."""
    (text,) = re.findall(rf"```{language}\n(.*?)```", README, re.S)
    return text.partition("\n")[2]


@pytest.fixture
def loyalty(tmp_path):
    folder = tmp_path / "loyalty"
    for language, name in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block(language))
    return folder


def test_the_first_applet_works_as_it_stands(loyalty):
    shipped = [ROOT / "applets" / name for name in ("parties", "catalog", "ledger", "receivables")]
    kernel = FakeKernel(*shipped, loyalty, today=date(2026, 3, 15))
    kernel.add_company()
    with kernel.transaction() as ctx:
        chart = ctx.documents.create("ledger.chart", {"name": "Standard", "template": "standard"})
        ctx.documents.perform("ledger.chart", chart.id, "load")
        customer = ctx.documents.create("parties.customer", {"code": "CORNER", "name": "Corner Shop"})
        card = ctx.documents.create("loyalty.card", {"customer": customer.id})
        line = {"description": "Advice", "quantity": "2", "unit_price": "90.00"}
        data = {"customer": customer.id, "issued_on": "2026-03-10", "lines": [line]}
        invoice = ctx.documents.create("receivables.invoice", data)
        ctx.documents.perform("receivables.invoice", invoice.id, "post")
    kernel.deliver_events()
    assert kernel.documents.get("loyalty.card", card.id)["points"] == 180
    assert not kernel.dead_letters


def test_the_first_applet_is_as_short_as_it_says():
    code = [line for language in FILES for line in block(language).splitlines() if line.strip()]
    assert len(code) <= 22


def test_links_lead_to_files_that_are_there():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []
