"""Each check of the conformance suite finds what it is there for."""

import json
import shutil

import pytest

from sdk.testing import AppletConformance
from tests.contract.kernel_world import WORKSHOP


@pytest.fixture
def folder(tmp_path):
    """The workshop, to be spoilt."""
    copy = tmp_path / "workshop"
    shutil.copytree(WORKSHOP, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def suite_of(applet, **attributes):
    return type("Suite", (AppletConformance,), {"folder": applet, **attributes})()


def change(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def code(line):
    return lambda folder: change(folder / "rules.py", "def is_due", f"{line}\n\n\ndef is_due")


def manifest(old, new):
    return lambda folder: change(folder / "applet.toml", old, new)


def part(**field):
    def spoil(folder):
        path = folder / "schemas" / "part.json"
        schema = json.loads(path.read_text("utf-8"))
        schema["properties"] |= field
        path.write_text(json.dumps(schema), "utf-8")

    return spoil


def part_of_version(number):
    return file("schemas/part.json", '"properties"', f'"x-version": {number}, "properties"')


def lensed(up, down):
    """The second version of a type, cast by functions that do this."""

    def spoil(folder):
        path = folder / "schemas" / "part.json"
        schema = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**schema, "x-version": 2}), "utf-8")
        text = f"def up_part_1_to_2(document):\n    {up}\n\n\ndef down_part_2_to_1(document):\n    {down}\n"
        (folder / "lenses.py").write_text(f'"""Lenses."""\n\n\n{text}', "utf-8")

    return spoil


def stray(name, text="{}"):
    def spoil(folder):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")

    return spoil


def hooks(old, new):
    return lambda folder: change(folder / "hooks.py", old, new)


def file(name, old, new):
    return lambda folder: change(folder / name, old, new)


DEMO = "for number in range(1, 4):"
MOODY_DEMO = "for number in range(1, len(RUNS.append(1) or RUNS) + 1):"


def moody(folder):
    change(folder / "hooks.py", DEMO, MOODY_DEMO)
    change(folder / "hooks.py", "@hooks.before_save", "RUNS: list[int] = []\n\n\n@hooks.before_save")


INVARIANT = """@hooks.invariant
def parts_are_few(ctx: Context) -> list[str]:
    return [part.id for part in ctx.documents.query("workshop.part").items]


@hooks.before_save"""


def guarded(folder):
    """An invariant that its own demo data break."""
    text = (folder / "hooks.py").read_text("utf-8")
    (folder / "hooks.py").write_text(text.replace("@hooks.before_save", INVARIANT, 1), "utf-8")


# The check, how an applet is spoilt for it, and what the check must say. What the applet's own loader refuses already
# ends as "cannot be used".
SPOILT = {
    "test_the_manifest_and_all_definitions_are_valid": (manifest("title =", "titel ="), "titel"),
    "test_the_version_has_three_parts": (manifest("1.2.0", "1.2"), "1[.]2"),
    "test_the_manifest_says_what_people_ask_first": (manifest('license = "Apache-2.0"', ""), "license"),
    "test_the_folder_is_named_like_the_applet": (lambda folder: folder.rename(folder.with_name("shop")), "shop holds"),
    "test_every_json_file_is_json": (stray("data/a.json", '{"a": 1, "a": 2}'), "twice"),
    "test_every_json_file_is_read_by_somebody": (stray("role.json"), "role.json"),
    "test_there_is_a_readme": (lambda folder: (folder / "README.md").unlink(), "README"),
    "test_everything_people_see_has_a_title": (part(bare={"type": "string"}), "workshop.part.bare"),
    "test_fields_with_money_are_decimals": (part(unit_price={"type": "integer"}), "unit_price"),
    "test_every_state_can_be_reached_and_left": (file("workflows/order.json", ', "final": true', ""), "cannot be used"),
    "test_roles_name_what_exists": (file("roles.json", '"remind"', '"remid"'), "cannot be used"),
    "test_every_document_type_is_covered_by_a_role": (
        file("roles.json", '"workshop.*", "actions": ["*"]', '"workshop.order", "actions": ["*"]'),
        "workshop.log",
    ),
    "test_settings_have_valid_defaults": (file("settings.json", '"8.00"', '"many"'), "cannot be used"),
    "test_hooks_match_their_specifications": (hooks("receive(ctx: Context, document", "receive(ctx, doc"), "doc"),
    "test_hooks_are_for_types_actions_and_events_that_exist": (
        hooks('order.inspected")', 'order.inspekted")'),
        "inspekted",
    ),
    "test_what_is_used_of_others_is_declared": (
        code('def f(ctx):\n    ctx.documents.get("a.b", "1")'),
        "documents:read:a.b",
    ),
    "test_what_is_declared_is_used": (
        manifest("[requires]", 'capabilities = ["documents:read:kernel.role"]\n[requires]'),
        "kernel.role",
    ),
    "test_nothing_is_imported_but_the_sdk_and_the_standard_library": (code("import kernel.db"), "kernel.db"),
    "test_own_modules_are_imported_relatively": (code("import rules"), "imports rules"),
    "test_money_is_never_a_float": (code("RATE = 0.19"), "rules.py"),
    "test_nothing_outside_of_the_kernel_is_touched": (code("import socket"), "socket"),
    "test_no_clock_is_read": (code("NOW = datetime.now()"), "datetime.now"),
    "test_only_own_events_are_emitted": (code('def f(ctx):\n    ctx.events.emit("a.b.c", None)'), "a.b.c"),
    "test_every_package_says_what_it_is": (stray("extra.py", "x = 1\n"), "extra.py"),
    "test_factories_make_valid_documents": (
        file("schemas/part.json", '"maxLength": 20,', '"pattern": "^[0-9]{3}-[a-f]{7}$",'),
        "example",
    ),
    "test_documents_live_a_whole_life": (hooks('if document["name"] == "Anvil"', "if True"), "anvil"),
    "test_reports_run_on_an_empty_tenant": (
        file("reports/parts_used.json", '"param.since"', '"param.nothing"'),
        "cannot be used",
    ),
    "test_demo_data_can_be_loaded_twice_with_the_same_result": (moody, "deterministic"),
    "test_invariants_hold_for_demo_data": (guarded, "workshop:parts_are_few"),
    "test_every_version_of_a_type_has_its_lenses": (part_of_version(2), "cannot be used"),
    "test_lenses_give_back_what_they_took": (
        lensed("document.clear()", "raise KeyError(1)"),
        "down_part_2_to_1 failed",
    ),
    "test_what_older_releases_write_is_valid": (
        lensed("document.pop('name')", "document['name'] = 1"),
        "from version 1: /name",
    ),
    "test_disabling_and_enabling_leave_a_usable_tenant": (
        hooks('ctx.documents.create("workshop.log", {"text": "closed"})', "ctx.documents.nothing"),
        "applet_disabled",
    ),
}


def test_every_check_is_here():
    checks = {name for name in dir(AppletConformance) if name.startswith("test_")}
    assert checks == set(SPOILT)


@pytest.mark.parametrize("check", SPOILT)
def test_a_check_says_why_it_is_there_and_passes_for_a_good_applet(check):
    assert len(getattr(AppletConformance, check).__doc__) > 40
    getattr(suite_of(WORKSHOP), check)()


@pytest.mark.parametrize("check", SPOILT)
def test_a_check_finds_what_is_spoilt(folder, check):
    spoil, word = SPOILT[check]
    spoil(folder)
    applet = folder if folder.exists() else folder.with_name("shop")
    with pytest.raises(Exception, match=word):
        getattr(suite_of(applet), check)()


def test_a_type_that_is_not_made_by_hand_may_be_left_out(folder):
    change(folder / "hooks.py", 'if document["name"] == "Anvil"', "if True")
    suite_of(folder, settled=frozenset({"workshop.part"})).test_documents_live_a_whole_life()
