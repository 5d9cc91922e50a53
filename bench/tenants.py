"""What a tenant costs to make: the tenth as it is, and the thousandth beside the tenth."""

from __future__ import annotations

import time

from bench.figures import Figure
from bench.house import House
from bench.rounds import Effort, say
from kernel.db.migrate import fill_names, steps
from kernel.tenancy.service import NewTenant, TenantService

# The goal: a tenant with a company in a second, since somebody waits for it at a sign-up page.
GOAL_MS = 1000.0
FIRST, FAR = 10, 1000
# So many are measured at either end, one after the other, and the median is taken.
MEASURED = 9


def create_tenants(house: House, effort: Effort) -> list[Figure]:
    """A tenant with its first company. raw: the schema's steps alone, as one script by bare psycopg."""
    count = max(2, effort.repeats)
    ours = [_made_in_ms(house, f"made{number}") for number in range(count + 1)][1:]
    raw = [_bare_in_ms(house, f"bare{number}") for number in range(count + 1)][1:]
    return [Figure("tenant.create", "ms", ours, raw, f"the schema's steps as scripts; goal {GOAL_MS:.0f} ms")]


def thousandth_tenant(house: House, effort: Effort) -> list[Figure]:
    """The time to make the thousandth tenant; raw: that of the tenth."""
    far = FIRST + MEASURED + effort.rows(FAR - FIRST - MEASURED)
    for number in range(FIRST):
        _made_in_ms(house, f"many{number}")
    tenth = [_made_in_ms(house, f"many{number}") for number in range(FIRST, FIRST + MEASURED)]
    for number in range(FIRST + MEASURED, far):
        _made_in_ms(house, f"many{number}")
        if number % 100 == 0:
            say(f"  {number} tenants")
    thousandth = [_made_in_ms(house, f"many{number}") for number in range(far, far + MEASURED)]
    return [Figure("tenant.thousandth", "ms", thousandth, tenth, f"the {FIRST}th; this is number {far + 1}")]


def _made_in_ms(house: House, name: str) -> float:
    kernel = house.kernel
    started = time.perf_counter()
    service = TenantService(kernel.database, kernel.directory, kernel.installation)
    tenant = service.create_tenant(NewTenant(name, name), kernel.clock())
    with kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.company", {"name": name, "currency": "EUR"})
    return (time.perf_counter() - started) * 1000


def _bare_in_ms(house: House, name: str) -> float:
    """The same tables, without a role, a ledger or a row in the directory."""
    names = {"t": f"t_{name}", "role": "bare_role", "app": "bare_role", "p": "bos"}
    with house.connect() as connection:
        connection.execute("DO $$ BEGIN CREATE ROLE bare_role; EXCEPTION WHEN duplicate_object THEN END $$")
        started = time.perf_counter()
        texts = [fill_names(path.read_text(), names) for path in steps("tenant")]
        connection.execute(f"CREATE SCHEMA t_{name};" + ";".join(texts), prepare=False)
        return (time.perf_counter() - started) * 1000
