"""Three customers with posted invoices, one of whom has an applet of their own, and a server for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.upgrade.release import CUSTOM, write_custom_applet
from tests.acceptance.installation import Client, Installation, Server

INVOICES = "receivables/invoices"
THREADS = 6
CUSTOMERS = 8
# Of what a person sees of an invoice in 1.0; the rest follows from it.
SHOWN = (
    "id", "number", "state", "version", "customer", "issued_on", "reference", "memo", "lines", "total", "outstanding",
    "journal_entry", "created_at", "updated_at",
)  # fmt: skip


@dataclass
class Customer:
    """A tenant, and its administrator."""

    name: str
    client: Client
    parties: Sequence[str]
    invoices: list[str] = field(default_factory=list)

    def write_invoices(self, count: int) -> None:
        """Posted ones, each with a reference and a text of its own."""
        with ThreadPoolExecutor(THREADS) as threads:
            self.invoices = list(threads.map(self._write_invoice, range(count)))

    def _write_invoice(self, number: int) -> str:
        lines = [{"description": "Part", "quantity": str(number % 5 + 1), "unit_price": "20.50"}]
        body = {
            "customer": self.parties[number % len(self.parties)], "issued_on": "2026-03-02", "lines": lines,
            "reference": f"REF-{number}", "memo": f"Order {number}: as agreed: by telephone",
        }  # fmt: skip
        return self.client.post(f"{INVOICES}?perform=post", body)["id"]

    def read_invoices(self) -> dict[str, Any]:
        """By id, all that there are."""
        return {item["id"]: item for item in self.client.every(INVOICES)}

    def trial_balance(self) -> dict[str, Any]:
        """The sums of debit and credit, and each account's."""
        report = self.client.report("ledger.trial_balance")
        return {"totals": report["totals"], "rows": [row["values"] for row in report["rows"]]}

    def version(self, applet: str = "receivables") -> str:
        """What it runs."""
        (row,) = [row for row in self.client.get("applets")["items"] if row["name"] == applet]
        return row.get("enabled_version", row["version"])

    def plan(self, verb: str, name: str = "", version: str | None = None, **options: Any) -> Any:
        wanted = {"verb": verb, **({"name": name} if name else {}), **({"version": version} if version else {})}
        return self.client.post("applets/plans", wanted | options)

    def apply(self, plan: Any) -> Any:
        return self.client.post(f"applets/plans/{plan['digest']}/apply", {"consent": True})


@dataclass
class Site:
    """What the story happens to."""

    installation: Installation
    server: Server
    folder: Path
    a: Customer
    b: Customer
    c: Customer

    @property
    def port(self) -> int:
        port = urlsplit(self.server.url).port
        assert port is not None
        return port

    @property
    def all(self) -> tuple[Customer, Customer, Customer]:
        return self.a, self.b, self.c

    def clients(self, count: int) -> list[dict[str, Any]]:
        """So many, half of them at A."""
        who = [self.a if number % 2 == 0 else (self.b, self.c)[number // 2 % 2] for number in range(count)]
        return [{"tenant": each.name, "token": each.client.token, "customers": each.parties} for each in who]


def shown(invoice: Any) -> dict[str, Any]:
    return {name: invoice.get(name) for name in SHOWN}


@contextmanager
def open_site(installation: Installation, folder: Path, invoices: int) -> Iterator[Site]:
    """Served; each customer has so many posted invoices, and A and B write letters of them."""
    own = write_custom_applet(folder / "dunning-1", version="1.0.0", field="reference", range=">=1")
    passwords = {name: installation.create_tenant(name, name.title(), "EUR", f"ada@{name}.example") for name in "abc"}
    installation.run("applet", "add", own, "--trust")
    with installation.serve() as server:
        customers = [_furnish(server, name, password, invoices) for name, password in passwords.items()]
        yield Site(installation, server, folder, *customers)


def _furnish(server: Server, name: str, password: str, invoices: int) -> Customer:
    client = server.log_in(name, f"ada@{name}.example", password)
    client.post("applets/receivables/enable", {"with_required": True})
    if name != "c":
        client.enable(CUSTOM)
    chart = client.post("ledger/charts", {"name": "Ours", "template": "standard"})
    client.post(f"ledger/charts/{chart['id']}/load")
    codes = [{"code": f"C{number}", "name": f"Shop {number}"} for number in range(CUSTOMERS)]
    parties = [client.post("parties/customers", code)["id"] for code in codes]
    customer = Customer(name, client, parties)
    customer.write_invoices(invoices)
    return customer
