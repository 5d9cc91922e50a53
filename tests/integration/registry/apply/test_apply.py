"""A plan is applied as it was looked at, or not at all."""

import threading

import pytest

from kernel.tenancy.service import NewTenant, TenantService
from registry.errors import (
    AppletNotEnabled,
    AppletStateWrong,
    AppletVersionUnknown,
    ConsentMissing,
    NothingToRollBack,
    PlanBlocked,
    PlanDrifted,
    PlanUnknown,
    ReleaseTaken,
)
from sdk.catalogue import DocumentTypeUnknown
from sdk.errors import Conflict
from tests.integration.registry.apply.conftest import STAMP, Memo, write_version
from tests.integration.registry.conftest import World

NO_STEPS = {"type": "memo.note", "versions": {"2": []}}
SECOND = {"field": "body", "schema_version": 2, "lenses": NO_STEPS}


def test_an_upgrade_reads_what_the_older_version_wrote_and_a_rollback_what_the_newer_one_did(memo):
    old = memo.note(text="written by 1.0")
    memo.move("upgrade", "2.0.0")
    assert memo.read(old.id)["body"] == "written by 1.0"
    new = memo.note(body="written by 2.0")
    assert new["stamped"] == "2.0.0"
    memo.move("rollback")
    assert (memo.read(old.id)["text"], memo.read(new.id)["text"]) == ("written by 1.0", "written by 2.0")
    assert memo.note(text="again")["stamped"] == "1.0.0"


def test_the_row_says_which_version_ran_before_whose_lenses_cast_and_which_plan_made_it_so(memo):
    made = memo.plan("upgrade", "2.0.0")
    memo.apply(made["digest"])
    row = memo.row()
    assert (row.version, row.previous_version, row.lens_version) == ("2.0.0", "1.0.0", "2.0.0")
    assert (row.unswept, row.plan) == (("memo.note",), made["digest"])
    memo.move("rollback")
    row = memo.row()
    assert (row.version, row.previous_version, row.lens_version) == ("1.0.0", "2.0.0", "2.0.0")


def test_a_plan_changes_nothing_and_is_the_same_each_time(memo):
    before = memo.generation(), memo.row()
    first, second = memo.plan("upgrade", "2.0.0"), memo.plan("upgrade", "2.0.0")
    assert first["digest"] == second["digest"]
    assert (memo.generation(), memo.row()) == before
    assert [(move["verb"], move["from_version"], move["to_version"]) for move in first["moves"]] == [
        ("upgrade", "1.0.0", "2.0.0")
    ]


def test_new_documents_do_not_make_a_plan_another_one(memo):
    made = memo.plan("upgrade", "2.0.0")
    memo.note(text="meanwhile")
    assert memo.apply(made["digest"])["digest"] == made["digest"]


def test_a_plan_is_refused_when_the_state_has_drifted(memo):
    made = memo.plan("upgrade", "2.0.0")
    memo.move("disable")
    with pytest.raises(PlanDrifted):
        memo.apply(made["digest"])
    assert memo.row().version == "1.0.0"


def test_a_plan_applied_twice_changes_nothing_the_second_time(memo):
    made = memo.plan("upgrade", "2.0.0")
    memo.apply(made["digest"])
    generation, recorded = memo.generation(), len(memo.moves_recorded())
    assert memo.apply(made["digest"])["digest"] == made["digest"]
    assert (memo.generation(), len(memo.moves_recorded())) == (generation, recorded)


def test_what_blocks_is_told_by_the_plan_and_refused_when_applied(memo, tmp_path):
    hooks = STAMP.replace("document, previous", "document, previuos")
    memo.add(
        tmp_path,
        "3.0.0",
        hooks=hooks,
        field="body",
        schema_version=2,
        lenses=NO_STEPS,
    )
    made = memo.plan("upgrade", "3.0.0")
    assert not made["applicable"]
    assert "unknown_hook_argument" in {finding["rule"] for finding in made["findings"]}
    with pytest.raises(PlanBlocked) as refused:
        memo.apply(made["digest"])
    assert "unknown_hook_argument" in {violation.rule for violation in refused.value.violations}


def test_a_capability_that_is_new_needs_consent(memo, tmp_path):
    memo.add(tmp_path, "1.1.0", capabilities=["documents:read:kernel.company"])
    made = memo.plan("upgrade", "1.1.0")
    (needed,) = made["needs_consent"]
    assert needed == "capability_growth:memo:documents:read:kernel.company"
    with pytest.raises(ConsentMissing):
        memo.apply(made["digest"])
    memo.apply(made["digest"], consent=[needed])
    assert memo.row().capabilities == ("documents:read:kernel.company",)


def test_who_moved_what_when_and_why_is_recorded_with_the_plan(memo):
    made = memo.plan("upgrade", "2.0.0")
    memo.apply(made["digest"], reason="asked for by accounting")
    type, payload = memo.moves_recorded()[-1]
    assert type == "kernel.applet.upgraded"
    assert payload == {
        "applet": "memo", "from": "enabled", "to": "enabled", "from_version": "1.0.0", "to_version": "2.0.0",
        "plan": made["digest"], "reason": "asked for by accounting",
    }  # fmt: skip


def test_what_began_before_the_switch_ends_on_the_version_it_began_with(memo):
    with memo.world.operate() as early:
        memo.move("upgrade", "2.0.0")
        written = early.documents.create("memo.note", {"text": "begun on 1.0"})
        assert written["stamped"] == "1.0.0"
    assert memo.read(written.id)["body"] == "begun on 1.0"


def test_a_veto_while_moving_leaves_the_old_state_whole(memo, tmp_path):
    veto = STAMP + (
        "from sdk.errors import Conflict\n\n\nclass NotToday(Conflict):\n"
        '    """Not today."""\n\n\n@hooks.upgraded\ndef refuse(ctx, previous):\n    raise NotToday\n'
    )
    memo.add(tmp_path, "1.2.0", hooks=veto)
    before = memo.row(), memo.generation(), memo.moves_recorded()
    with pytest.raises(Conflict, match="Not today"):
        memo.move("upgrade", "1.2.0")
    assert (memo.row(), memo.generation(), memo.moves_recorded()) == before


def test_the_hook_of_the_new_version_is_told_where_the_tenant_comes_from(memo, tmp_path):
    tells = STAMP + (
        '\n\n@hooks.upgraded\ndef tell(ctx, previous):\n    ctx.documents.create("memo.note", {{"text": previous}})\n'
    )
    memo.add(tmp_path, "1.3.0", hooks=tells)
    memo.move("upgrade", "1.3.0")
    with memo.world.operate() as ctx:
        assert [note["text"] for note in ctx.documents.query("memo.note").items] == ["1.0.0"]


def test_tenants_run_different_versions_in_one_process(memo):
    tenants = TenantService(memo.kernel.database, memo.kernel.directory, memo.kernel.installation)
    other_tenant = tenants.create_tenant(NewTenant("other", "Other"), memo.kernel.clock())
    other = Memo(World(memo.kernel, other_tenant, memo.world.url))
    other.move("enable", "1.0.0")
    memo.move("upgrade", "2.0.0")
    assert memo.note(body="new")["stamped"] == "2.0.0"
    assert other.note(text="old")["stamped"] == "1.0.0"


def test_of_two_that_apply_at_once_one_does_and_both_see_the_same(memo):
    digest = memo.plan("upgrade", "2.0.0")["digest"]
    outcomes = []
    barrier = threading.Barrier(2)

    def apply():
        barrier.wait()
        try:
            outcomes.append(memo.apply(digest)["digest"])
        except PlanDrifted as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=apply) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(digest) >= 1
    assert [type for type, _ in memo.moves_recorded()].count("kernel.applet.upgraded") == 1


def test_wrong_names_versions_and_states_are_told(memo):
    with pytest.raises(AppletVersionUnknown):
        memo.plan("upgrade", "9.9.9")
    with pytest.raises(NothingToRollBack):
        memo.plan("rollback")
    with pytest.raises(PlanUnknown):
        memo.apply("0" * 16)
    with pytest.raises(AppletStateWrong):
        memo.plan("purge")
    memo.move("disable")
    memo.move("uninstall")
    with pytest.raises(AppletNotEnabled):
        memo.plan("upgrade", "2.0.0")


def test_one_version_has_one_content(memo, tmp_path):
    other = write_version(tmp_path / "other", "2.0.0", hooks=STAMP + "\n# changed\n", **SECOND)
    with pytest.raises(ReleaseTaken):
        memo.releases.add(memo.kernel.database, other, memo.kernel.clock(), "test")


def test_a_disabled_applet_is_upgraded_out_of_sight(memo):
    kept = memo.note(text="kept")
    memo.move("disable")
    memo.move("upgrade", "2.0.0")
    with pytest.raises(DocumentTypeUnknown):
        memo.read(kept.id)
    memo.move("enable")
    assert memo.read(kept.id)["body"] == "kept"
