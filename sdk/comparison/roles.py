"""Roles an applet offers: what who has them may do."""

from __future__ import annotations

from collections.abc import Mapping

from sdk.comparison.changes import Changes, SchemaChange, said
from sdk.comparison.machines import renamed_source
from sdk.roles import Permission, Role

# The fields renamed between the two releases, by document type.
Renames = Mapping[str, Mapping[str, str]]


def compare_roles(
    old: Mapping[str, Role], new: Mapping[str, Role], renames: Renames | None = None
) -> list[SchemaChange]:
    """Every change of the roles. renames: of fields that conditions and masks name."""
    found = []
    for name in [*old, *(name for name in new if name not in old)]:
        changes = Changes("role", name)
        if name not in new:
            changes.breaking("role_removed", "", f"there is no role {name} any more, and who has it loses it")
        elif name not in old:
            changes.compatible("role_added", "", f"there is a role {name}")
        else:
            _compare_role(old[name], new[name], changes, renames or {})
        found += changes.found
    return found


def _compare_role(old: Role, new: Role, changes: Changes, renames: Renames) -> None:
    if lost := set(old.inherits) - set(new.inherits):
        changes.breaking("permission_removed", "inherits", f"{new.name} has no more what {said(lost)} may")
    if gained := set(new.inherits) - set(old.inherits):
        changes.compatible("permission_added", "inherits", f"{new.name} has what {said(gained)} may")
    if (old.title, old.description) != (new.title, new.description):
        changes.compatible("title_changed", "", f"the title of {new.name} is another one")
    before, after = _by_resource(old), _by_resource(new)
    for key in [*before, *(key for key in after if key not in before)]:
        _compare_permissions(key[1], before.get(key, []), after.get(key, []), changes, renames.get(key[1], {}))


def _by_resource(role: Role) -> dict[tuple[str, str], list[Permission]]:
    found: dict[tuple[str, str], list[Permission]] = {}
    for permission in role.permissions:
        found.setdefault((permission.resource_kind, permission.resource), []).append(permission)
    return found


def _compare_permissions(
    resource: str, old: list[Permission], new: list[Permission], changes: Changes, names: Mapping[str, str]
) -> None:
    was, now = ({action for one in permissions for action in one.actions} for permissions in (old, new))
    if "*" not in now and (lost := was - now):
        what = "anything" if "*" in lost else said(lost)
        changes.breaking("permission_removed", resource, f"{changes.subject} may no more {what} {resource}")
    if "*" not in was and (gained := now - was):
        what = "do anything with" if "*" in gained else said(gained)
        changes.compatible("permission_added", resource, f"{changes.subject} may {what} {resource}")
    if not old or not new:
        return
    if [renamed_source(one.condition, names) for one in old] != [renamed_source(one.condition, {}) for one in new]:
        if any(one.condition is None for one in new):
            changes.compatible("condition_removed", resource, f"{changes.subject} sees more of {resource}")
        else:
            changes.breaking("condition_changed", resource, f"{changes.subject} sees other documents of {resource}")
    masks = [{names.get(path, path) for one in old for path in one.mask}, {path for one in new for path in one.mask}]
    if hidden := masks[1] - masks[0]:
        changes.breaking("field_masked", resource, f"{changes.subject} does not see {said(hidden)} of {resource}")
    if shown := masks[0] - masks[1]:
        changes.compatible("field_unmasked", resource, f"{changes.subject} sees {said(shown)} of {resource}")
