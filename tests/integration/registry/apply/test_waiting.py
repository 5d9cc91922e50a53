"""Who waits for whom while a plan is applied."""

import psycopg
import pytest

from registry.plans.store import read_plan

ASK = "SELECT value FROM \"{schema}\".meta WHERE name = 'generation' FOR UPDATE NOWAIT"


@pytest.fixture
def role(memo):
    """One that names the field which is renamed, so that applying the plan writes it anew."""
    with memo.world.operate() as ctx:
        may = [{"type": "memo.note", "actions": ["read"], "mask": ["text"]}]
        return ctx.documents.create("kernel.role", {"name": "reader", "title": "Reader", "permissions": may}).id


def test_nobody_who_changes_settings_waits_for_guards(memo, role):
    asked = []

    def ask(step):
        if step in ("begin", "keys", "tombstones", "guards", "rewriting"):
            with memo.kernel.database.owner() as connection:
                connection.execute(ASK.format(schema=memo.world.tenant.schema))
            asked.append(step)

    memo.move("upgrade", "2.0.0", on_step=ask)
    assert asked == ["begin", "keys", "tombstones", "guards", "rewriting"]
    with memo.world.operate() as ctx:
        assert ctx.documents.get("kernel.role", role)["permissions"][0]["mask"] == ["body"]


@pytest.mark.parametrize("error", [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure])
def test_whoever_loses_against_another_transaction_looks_again(memo, error):
    steps = []

    def lose(step):
        steps.append(step)
        if steps.count("rewriting") == 1 and step == "rewriting":
            raise error

    memo.move("upgrade", "2.0.0", on_step=lose)
    assert (steps.count("look"), steps.count("committed"), memo.row().version) == (2, 1, "2.0.0")


@pytest.mark.parametrize("verb", ["upgrade", "rollback", "disable", "uninstall"])
def test_whatever_was_applied_is_not_applied_again_when_it_is_tried_again(memo, verb):
    memo.move("upgrade", "2.0.0")
    if verb == "upgrade":
        memo.move("rollback")
    digest = memo.plan(verb, "2.0.0" if verb == "upgrade" else None)["digest"]

    def die(step):
        if step == "note":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        memo.apply(digest, on_step=die)
    row, recorded = memo.row(), len(memo.moves_recorded())
    assert memo.apply(digest)["digest"] == digest
    assert (memo.row(), len(memo.moves_recorded())) == (row, recorded)
    shown = read_plan(memo.kernel.database, memo.world.tenant, digest)[2]
    assert (shown["applied_at"], shown["applied_by"]) == (row.changed_at, row.changed_by)
