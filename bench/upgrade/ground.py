"""Tenants with as many posted invoices as wanted, and requests of their administrators."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import Any

from bench.business import ISSUED_ON
from bench.house import House, Tenant
from registry.lifecycle import disable_applet

INVOICE = "receivables.invoice"
# It goes with receivables 1 only.
LEFT_OUT = "approvals"
ANSWER_S_MAX = 600
_COPY = """
INSERT INTO "{schema}".documents (id, type, company_id, version, schema_version, state, number, data, created_at,
                                  created_by, updated_at, updated_by)
SELECT gen_random_uuid(), type, company_id, version, schema_version, state, 'COPY-' || n,
       data || jsonb_build_object('reference', 'REF-' || n, 'memo', 'Order ' || n || ': as agreed'),
       created_at, created_by, updated_at, updated_by
  FROM "{schema}".documents, generate_series(1, %s) AS n WHERE id = %s
"""


def make_tenant(house: House, name: str, invoices: int) -> Tenant:
    """One invoice is posted as everybody does it, the others are copies of its row, without a place in the books."""
    tenant = house.tenant(name)
    plugin: Any = house.kernel.plugins.get_plugin("registry.plugin")
    with house.kernel.operate(tenant.record) as ctx:
        disable_applet(ctx, plugin.releases, LEFT_OUT)
    with house.kernel.operate(tenant.record) as ctx:
        invoice = ctx.documents.create(INVOICE, tenant.business.invoice(1))
        ctx.documents.perform(INVOICE, invoice.id, "post")
    with house.connect() as connection:
        connection.execute(_COPY.format(schema=tenant.schema), [invoices - 1, invoice.id])
        connection.execute(f'ANALYZE "{tenant.schema}".documents')
    return tenant


def client_of(tenant: Tenant) -> dict[str, Any]:
    """For `bench.upgrade.traffic`."""
    return {
        "tenant": tenant.record.name,
        "token": tenant.token,
        "customers": list(tenant.business.customers),
        "issued_on": ISSUED_ON,
    }


class Administrator:
    """Of one tenant, at one server."""

    def __init__(self, tenant: Tenant, port: int) -> None:
        self._token, self._port = tenant.token, port

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The body of a success. Raises RuntimeError."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_S_MAX)) as connection:
            connection.request(method, f"/api/v1/{path}", None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]}")
        return json.loads(text)

    def plan(self, verb: str, version: str | None = None) -> str:
        """The digest of a plan for receivables that can be applied."""
        made = self.ask("POST", "applets/plans", {"verb": verb, "name": "receivables", "version": version})
        if not made["applicable"]:
            raise RuntimeError("; ".join(f["message"] for f in made["findings"] if f["severity"] == "blocks"))
        return str(made["digest"])

    def apply(self, digest: str) -> None:
        self.ask("POST", f"applets/plans/{digest}/apply", {"consent": True})

    def runs_next(self) -> bool:
        """Whether an invoice reads as 2.0 has it."""
        (invoice,) = self.ask("GET", "receivables/invoices?limit=1")["items"]
        return "channel" in invoice
