"""A program is described once and run anew for each call, its modules importing each other as Python's do."""

import importlib
from pathlib import Path

import pytest

from sandbox.policy import PolicyBroken
from sandbox.runtime import prepare_program
from sdk.hookset import InvalidHooks, collect_hooks

APPLETS = Path(__file__).resolve().parents[3] / "applets"
FIRST_PARTY = ("approvals", "parties", "catalog", "receivables", "ledger")


def run(source, function="run", *arguments, **modules):
    program = prepare_program({"hooks": source, **{name.replace("__", "."): text for name, text in modules.items()}})
    return program.start_call().function("hooks", function)(*arguments)


def program_of(applet):
    folder = APPLETS / applet
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
    files = {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.json")}
    return prepare_program(sources, files)


@pytest.mark.parametrize("applet", FIRST_PARTY)
def test_a_first_party_applet_has_the_same_hooks_here_as_in_process(applet):
    real = collect_hooks(applet, importlib.import_module(f"applets.{applet}.hooks"))
    found = program_of(applet).describe(applet, "hooks")
    assert [(each.function, each.hook, each.subjects, each.parameters) for each in found] == [
        (each.name.partition(":")[2], each.hook, each.subjects, each.parameters) for each in real
    ]


@pytest.mark.parametrize("applet", FIRST_PARTY)
def test_every_module_of_a_first_party_applet_runs(applet):
    program = program_of(applet)
    call = program.start_call()
    assert all(call.members(module) for module in program.codes)


def test_a_first_party_applet_reads_its_own_data_files():
    template = program_of("ledger").start_call().function("accounts", "read_template")("standard")
    assert {"accounts", "journals"} <= template.keys()


def test_rules_of_a_first_party_applet_give_the_same_as_in_process():
    normalize = program_of("parties").start_call().function("rules", "normalize_tax_number")
    assert normalize("de 123.456-789") == "DE123456789"
    due_date = program_of("receivables").start_call().function("rules", "due_date")
    real = importlib.import_module("applets.receivables.rules").due_date
    day = importlib.import_module("datetime").date(2026, 1, 31)
    assert due_date(day, 30) == real(day, 30)


def test_what_is_refused_is_not_prepared():
    with pytest.raises(PolicyBroken, match=r"hooks\.py:1:1: the module os is not available"):
        prepare_program({"hooks": "import os"})


def test_hooks_are_told_with_the_lines_they_stand_at():
    source = """from sdk import hooks

@hooks.before_save("a.b", "a.c")
def fill(ctx, document): ...


@hooks.on("x.y.*")
def follow(ctx, event): ...

def helper(): ...
"""
    found = prepare_program({"hooks": source}).describe("a", "hooks")
    assert [(each.function, each.hook, each.subjects, each.parameters) for each in found] == [
        ("fill", "before_save", ("a.b", "a.c"), ("ctx", "document")),
        ("follow", "on_event", ("x.y.*",), ("ctx", "event")),
    ]
    assert [each.line for each in found] == [3, 7]


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("@hooks.before_save('a.b')\ndef f(ctx, doc): ...", "unknown_hook_argument"),
        ("@hooks.before_save('a.b')\ndef f(document): ...", "context_missing"),
        ("@hooks.resolve('weather')\ndef f(ctx): ...", "unknown_hook"),
        ("@hooks.action('b.c', 'post')\ndef f(ctx, document): ...", "foreign_action"),
    ],
)
def test_hooks_are_checked_as_in_process(source, rule):
    with pytest.raises(InvalidHooks) as caught:
        prepare_program({"hooks": f"from sdk import hooks\n{source}"}).describe("a", "hooks")
    assert [each.rule for each in caught.value.violations] == [rule]


def test_a_function_is_one_hook_only():
    source = "from sdk import hooks\n@hooks.enabled\n@hooks.disabled\ndef f(ctx): ..."
    with pytest.raises(TypeError, match="write one function per hook"):
        prepare_program({"hooks": source}).describe("a", "hooks")


def test_an_object_that_poses_as_a_hook_is_none():
    source = """
class Pose:
    bos_impl = {"specname": "before_save"}
    bos_subjects = ("a.b",)
    def __call__(self, ctx): ...
pose = Pose()
"""
    assert prepare_program({"hooks": source}).describe("a", "hooks") == []


@pytest.mark.parametrize("decorated", ["before_save('a.b')(len)", "enabled(dict)", "before_save(1)(f)"])
def test_only_functions_of_the_applet_become_hooks(decorated):
    with pytest.raises(TypeError):
        prepare_program({"hooks": f"from sdk import hooks\ndef f(ctx): ...\nhooks.{decorated}"}).describe("a", "hooks")


def test_modules_import_each_other():
    assert run(
        "from . import rules\nfrom .rules import one as uno\nfrom .data.rates import RATE\n"
        "from .data import rates as r\n"
        "def run(): return [rules.one(), uno(), RATE, r.RATE, rules._two]",
        rules="from .data.rates import RATE\n_two = 2\ndef one(): return RATE + 1",
        data__rates="from ..base import START\nRATE = START * 2",
        base="START = 5",
    ) == [11, 11, 10, 10, 2]


def test_a_package_is_its_own_module():
    source = (
        "from . import NAME, rules\nfrom .data import TOTAL, rates\ndef run(): return [NAME, rules.X, TOTAL, rates.Y]"
    )
    sources = {"hooks": source, "__init__": "NAME = 'n'"}
    sources |= {"rules": "X = 1", "data.__init__": "TOTAL = 3", "data.rates": "Y = 4"}
    assert prepare_program(sources).start_call().function("hooks", "run")() == ["n", 1, 3, 4]


def test_a_module_is_executed_once_in_a_call_and_when_it_is_first_imported():
    told = []
    sources = {
        "hooks": "print('hooks')\nfrom . import rules\ndef run():\n"
        "    from . import late\n    from .rules import x\n    return x",
        "rules": "print('rules')\nx = [1]",
        "late": "print('late')\nfrom .rules import x",
    }
    program = prepare_program(sources, write_line=told.append)
    call = program.start_call()
    assert told == []
    assert call.function("hooks", "run")() == [1]
    assert call.function("hooks", "run")() == [1]
    assert told == ["hooks", "rules", "late"]


def test_modules_may_import_each_other_in_a_circle():
    assert (
        run(
            "from . import rules\nNAME = 'a'\ndef run(): return rules.tell()",
            rules="def tell():\n    from .hooks import NAME\n    return NAME",
        )
        == "a"
    )


def test_a_name_that_is_not_there_yet_is_an_import_error():
    with pytest.raises(ImportError):
        run("from .rules import x\ny = 1\ndef run(): ...", rules="from .hooks import y\nx = 1")


def test_a_module_that_fails_is_tried_anew():
    program = prepare_program({"hooks": "def run():\n    from .rules import x", "rules": "x = 1 / 0"})
    call = program.start_call()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            call.function("hooks", "run")()


@pytest.mark.parametrize("name", ["missing", "__builtins__", "__import__", "LIMIT"])
def test_only_functions_of_the_module_are_found(name):
    call = prepare_program({"hooks": "LIMIT = 1\ndef run(): ..."}).start_call()
    with pytest.raises(LookupError):
        call.function("hooks", name)


def test_a_module_that_is_not_there_is_an_import_error():
    with pytest.raises(ImportError):
        prepare_program({"hooks": ""}).start_call().function("rules", "run")


MEMORY = "SEEN = []\ndef run():\n    SEEN.append(1)\n    return len(SEEN)"


def test_nothing_is_left_to_the_next_call():
    program = prepare_program({"hooks": MEMORY})
    assert [program.start_call().function("hooks", "run")() for _ in range(3)] == [1, 1, 1]


def test_within_a_call_a_module_remembers():
    call = prepare_program({"hooks": MEMORY}).start_call()
    assert [call.function("hooks", "run")() for _ in range(3)] == [1, 2, 3]


def test_an_applet_may_keep_state_where_it_is_told_so():
    program = prepare_program({"hooks": MEMORY})
    assert [program.start_call(keeps_state=True).function("hooks", "run")() for _ in range(3)] == [1, 2, 3]
    assert program.start_call().function("hooks", "run")() == 1


def test_modules_that_keep_nothing_are_executed_once_for_all_calls():
    told = []
    sources = {
        "hooks": f"from .rules import one\n{MEMORY}",
        "rules": "from .base import B\ndef one(): return B",
        "base": "B = 1",
    }
    program = prepare_program(sources, write_line=told.append)
    assert program.stateless == {"rules", "base"}
    first, second = (program.start_call().members("hooks") for _ in range(2))
    assert first["one"] is second["one"]
    assert first["run"] is not second["run"]


def test_print_goes_to_the_one_line_at_a_time_and_cut():
    told = []
    prepare_program(
        {"hooks": "def run():\n    print('a', 1, sep='-', end='', file=None)\n    print('x' * 10_000)"},
        write_line=told.append,
    ).start_call().function("hooks", "run")()
    assert told[0] == "a-1"
    assert len(told[1]) == 2_000
