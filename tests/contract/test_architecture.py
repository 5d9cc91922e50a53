"""The house keeps its rules, and the rules find who breaks them."""

from pathlib import Path

import pytest

from tests.contract import architecture as rules

MODULES = rules.read_modules(Path(__file__).resolve().parents[2])

RULES = {
    "a layer imports only what lies below it": rules.find_layer_breaks,
    "an applet imports its own modules relatively and no other applet": rules.find_applet_reaches,
    "the sdk and applets need no library beyond the allowed": rules.find_foreign_needs,
    "modules do not import each other in a circle": rules.find_cycles,
    "a file has at most 400 lines": rules.find_long_files,
    "a function has at most 60 lines": rules.find_long_functions,
    "imports stand at the top of a file": rules.find_late_imports,
    "every function says what it returns": rules.find_missing_annotations,
    "only who opened a unit of work commits it": rules.find_commits,
    "a broad except raises again or names its reason": rules.find_silent_excepts,
    "a package says in five lines or fewer what it owns": rules.find_undescribed_rooms,
    "no name is vague": rules.find_vague_names,
}


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_the_rule(rule):
    offenders = RULES[rule](MODULES)
    assert not offenders, f"{rule}, but:\n" + "\n".join(offenders)


def test_files_are_short_as_a_rule():
    assert rules.median_file_lines(MODULES) <= rules.FILE_LINES_MEDIAN_MAX


def test_functions_are_short_as_a_rule():
    assert rules.median_function_lines(MODULES) <= rules.FUNCTION_LINES_MEDIAN_MAX


def test_the_rules_look_at_every_layer_that_exists():
    seen = {module.package for module in MODULES}
    assert {"sdk", "kernel"} <= seen
    assert not any("tests" in module.path.split("/") for module in MODULES)


def plant(root, **files):
    """A tree of files, their paths written with two underscores for a slash."""
    for name, text in files.items():
        path = root / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return rules.read_modules(root)


@pytest.mark.parametrize(
    ("place", "line", "is_break"),
    [
        ("sdk__a", "import kernel.db", True),
        ("sdk__a", "from sdk import errors", False),
        ("kernel__db__store", "from registry import plugin", True),
        ("kernel__db__store", "from ...applets import ledger", True),
        ("kernel__db__store", "from sdk.errors import Conflict", False),
        ("sandbox__worker", "import kernel", True),
        ("registry__plugin", "import kernel.db", False),
        ("registry__plugin", "import marketplace", True),
        ("marketplace__plugin", "from registry import plan", False),
        ("applets__ledger__hooks", "from kernel.db import store", True),
        ("applets__ledger__hooks", "from sdk import hooks", False),
    ],
)
def test_an_import_upward_is_found(tmp_path, place, line, is_break):
    assert bool(rules.find_layer_breaks(plant(tmp_path, **{place: line}))) is is_break


@pytest.mark.parametrize(
    ("line", "is_reach"),
    [
        ("from .rules import total", False),
        ("from . import rules", False),
        ("from applets.ledger.rules import total", True),
        ("import applets.parties", True),
        ("from ..parties import rules", True),
        ("from sdk import hooks", False),
    ],
)
def test_an_applet_that_reaches_out_is_found(tmp_path, line, is_reach):
    assert bool(rules.find_applet_reaches(plant(tmp_path, applets__ledger__hooks=line))) is is_reach


@pytest.mark.parametrize(
    ("place", "line", "is_foreign"),
    [
        ("sdk__a", "import psycopg", True),
        ("sdk__a", "from jsonschema import validators", False),
        ("sdk__a", "import datetime", False),
        ("applets__ledger__rules", "import httpx", True),
        ("applets__ledger__rules", "from decimal import Decimal", False),
        ("kernel__a", "import psycopg", False),
    ],
)
def test_a_library_too_many_is_found(tmp_path, place, line, is_foreign):
    assert bool(rules.find_foreign_needs(plant(tmp_path, **{place: line}))) is is_foreign


def test_a_circle_of_imports_is_found(tmp_path):
    modules = plant(
        tmp_path, kernel__a="from kernel.b import x", kernel__b="from . import c", kernel__c="import kernel.a"
    )
    (cycle,) = rules.find_cycles(modules)
    assert set(cycle.split(" <- ")) == {"kernel.a", "kernel.b", "kernel.c"}


def test_modules_in_a_row_are_no_circle(tmp_path):
    assert rules.find_cycles(plant(tmp_path, kernel__a="import kernel.b", kernel__b="import sdk.c", sdk__c="")) == []


def test_a_file_of_401_lines_is_found(tmp_path):
    modules = plant(tmp_path, sdk__short="x = 1\n" * 400, sdk__long="x = 1\n" * 401)
    assert rules.find_long_files(modules) == ["sdk/long.py: 401 lines"]
    assert rules.median_file_lines(modules) == 400.5


def test_a_function_of_61_lines_is_found(tmp_path):
    body = "    x = 1\n"
    text = f"def fits() -> None:\n{body * 59}\n\nasync def grows() -> None:\n{body * 60}"
    modules = plant(tmp_path, sdk__a=text)
    assert rules.find_long_functions(modules) == ["sdk/a.py:63 grows: 61 lines"]
    assert rules.median_function_lines(modules) == 60.5


def test_an_import_inside_a_function_is_found(tmp_path):
    text = "import json\n\ndef load() -> None:\n    import csv\n"
    assert rules.find_late_imports(plant(tmp_path, kernel__a=text)) == ["kernel/a.py:4 imports inside load"]


def test_a_function_that_does_not_say_what_it_returns_is_found(tmp_path):
    text = "def said() -> int:\n    return 1\n\nclass Thing:\n    def unsaid(self):\n        return 1\n"
    assert rules.find_missing_annotations(plant(tmp_path, kernel__a=text)) == ["kernel/a.py:5 unsaid"]


@pytest.mark.parametrize(
    ("place", "text", "is_found"),
    [
        ("kernel__db__unit_of_work", "connection.execute('COMMIT')", False),
        ("kernel__documents__store", "connection.execute('commit;')", True),
        ("kernel__documents__store", "uow.connection.commit()", True),
        ("kernel__documents__service", "def create(uow) -> None:\n    uow.commit()", True),
        ("kernel__http__requests", "with database.transaction() as uow:\n    uow.commit()", False),
        ("kernel__http__requests", "with database.transaction() as uow:\n    pass\nuow.commit()", True),
        ("kernel__http__requests", "with psycopg.connect() as connection:\n    connection.commit()", True),
    ],
)
def test_a_commit_by_whoever_did_not_begin_is_found(tmp_path, place, text, is_found):
    assert bool(rules.find_commits(plant(tmp_path, **{place: text}))) is is_found


@pytest.mark.parametrize(
    ("handler", "is_silent"),
    [
        ("except Exception:\n    pass", True),
        ("except:\n    pass", True),
        ("except (ValueError, Exception):\n    pass", True),
        ("except BaseException:\n    clean_up()\n    raise", False),
        ("except Exception as error:\n    raise Broken() from error", False),
        ("except Exception:  # reason: an applet may raise anything\n    pass", False),
        ("except Exception:\n    # reason: an applet may raise anything\n    pass", False),
        ("except Exception:  # reason:\n    pass", True),
        ("except Exception:  # never mind\n    pass", True),
        ("except ValueError:\n    pass", False),
    ],
)
def test_an_except_that_swallows_everything_is_found(tmp_path, handler, is_silent):
    modules = plant(tmp_path, kernel__a=f"try:\n    work()\n{handler}\n")
    assert rules.find_silent_excepts(modules) == (["kernel/a.py:3"] if is_silent else [])


def test_a_package_without_a_word_or_with_too_many_is_found(tmp_path):
    (tmp_path / "kernel").mkdir()
    for name, text in (("silent", ""), ("brief", '"""Owns it."""'), ("wordy", '"""a\n\nb\nc\nd\ne"""')):
        (tmp_path / "kernel" / name).mkdir()
        (tmp_path / "kernel" / name / "__init__.py").write_text(text, encoding="utf-8")
    modules = rules.read_modules(tmp_path)
    assert rules.find_undescribed_rooms(modules) == ["kernel/silent/__init__.py", "kernel/wordy/__init__.py"]


def test_a_vague_name_is_found(tmp_path):
    modules = plant(tmp_path, kernel__string_utils="", kernel__information="", kernel__a="class TenantManager: ...")
    assert rules.find_vague_names(modules) == ["kernel/string_utils.py", "kernel/a.py:1 TenantManager"]


def test_tests_beside_an_applet_are_not_held_to_the_rules(tmp_path):
    modules = plant(tmp_path, applets__ledger__tests__test_a="import kernel", applets__ledger__rules="")
    assert [module.name for module in modules] == ["applets.ledger.rules"]
