"""What of the tenant's own makes use of what goes."""

from __future__ import annotations

from collections.abc import Iterator

from registry.checks.deliveries import delivery_findings
from registry.checks.names import going_names
from registry.checks.possessions import CUSTOM_FIELD, ROLE, RULE, SETTING, TEMPLATE, read_possessions
from registry.checks.roles import grant_findings, role_findings, scope_findings
from registry.checks.saved import custom_field_findings, retention_findings, settings_findings, template_findings
from registry.checks.sides import sides_of
from registry.plans.findings import Finding
from registry.plans.situation import Situation


def usage_findings(situation: Situation) -> Iterator[Finding]:
    """Roles, grants, scopes, templates, retention rules, own fields, settings and deliveries."""
    ctx, sides, going = situation.ctx, sides_of(situation), going_names(situation)
    things = read_possessions(ctx, ROLE, TEMPLATE, RULE, CUSTOM_FIELD, SETTING)
    roles = things.get(ROLE, ())
    yield from role_findings(going, roles)
    yield from grant_findings(ctx, going, roles)
    yield from scope_findings(ctx, going)
    yield from template_findings(going, things.get(TEMPLATE, ()))
    yield from retention_findings(going, things.get(RULE, ()))
    yield from custom_field_findings(going, things.get(CUSTOM_FIELD, ()))
    yield from settings_findings(sides, things.get(SETTING, ()))
    yield from delivery_findings(ctx, sides)
