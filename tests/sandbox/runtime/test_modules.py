"""The modules hold what the offer names and nothing else, and of sdk everything an applet uses."""

import ast
import json
import math
import re as backtracking
from pathlib import Path

import pytest

import sdk
from sandbox.policy.offer import OFFER
from sandbox.runtime import plain_value, prepare_program, regex
from sandbox.runtime.files import path_class
from sandbox.runtime.hooks import CALLING, DESCRIBING
from sandbox.runtime.modules import MODULES, OFFERED, modules_of_applet
from sdk import document_errors, errors, hooks, values

OFFERED_TO_ALL = modules_of_applet(CALLING, path_class({}))


@pytest.mark.parametrize("name", sorted(OFFER))
def test_a_module_holds_what_is_offered_and_nothing_else(name):
    held = {each for each in dir(OFFERED_TO_ALL[name]) if not each.startswith("__")}
    assert held == set(OFFER[name])


def test_all_modules_are_offered():
    assert set(OFFER) == OFFERED == set(OFFERED_TO_ALL)


@pytest.mark.parametrize("name", sorted(OFFER))
def test_a_module_cannot_be_changed(name):
    module = OFFERED_TO_ALL[name]
    for attempt in (lambda: setattr(module, OFFER[name][0], 1), lambda: setattr(module, "more", 1)):
        with pytest.raises(AttributeError):
            attempt()
    with pytest.raises(AttributeError):
        delattr(module, OFFER[name][0])


def public_functions(module, home):
    """Names a module defines for others, by its source."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, home) and not node.name.startswith("_")}


def test_all_of_sdk_that_applets_are_told_of_is_there():
    assert set(sdk.__all__) <= set(OFFER["sdk"])
    assert public_functions(document_errors, ast.ClassDef) == set(OFFER["sdk.document_errors"])
    assert public_functions(errors, ast.ClassDef) == set(OFFER["sdk.errors"])
    assert public_functions(values, ast.FunctionDef) <= set(OFFER["sdk.values"])
    assert public_functions(hooks, ast.FunctionDef) == set(OFFER["sdk.hooks"])


@pytest.mark.parametrize("name", ["Context", "Document", "Event", "Question", "Balance", "Page", "decimal_text"])
def test_names_of_sdk_are_the_real_ones(name):
    assert getattr(OFFERED_TO_ALL["sdk"], name) is getattr(sdk, name)
    assert OFFERED_TO_ALL["sdk"].errors.Conflict is errors.Conflict


def test_decorators_of_hooks_mark_only_where_an_applet_is_described():
    members = prepare_program({"hooks": "def f(ctx): ..."}).start_call().members("hooks")
    assert CALLING.before_save("a.b")(members["f"]) is members["f"]
    assert not hasattr(members["f"], "bos_impl")
    assert DESCRIBING.before_save("a.b")(members["f"]).bos_impl["specname"] == "before_save"
    assert members["f"].bos_subjects == ("a.b",)


PATTERNS = [
    (r"(\d+)-(\d+)", "a 12-34 b"), ("a|b", "xxb"), ("^a.c$", "abc"), (r"\bword\b", "a word"), ("[^,]+", "a,b"),
    ("(?i)ABC", "xabc"), ("(?P<n>x)+", "xxx"), ("a{2,3}", "aaaa"), ("é+", "caféé"), ("", "ab"), ("z", "ab"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "text"), PATTERNS)
def test_regular_expressions_answer_as_those_of_python(pattern, text):
    ours = MODULES["re"]
    assert ours.findall(pattern, text) == backtracking.findall(pattern, text)
    assert ours.split(pattern, text) == backtracking.split(pattern, text)
    assert ours.sub(pattern, "_", text) == backtracking.sub(pattern, "_", text)
    assert [each.span() for each in ours.finditer(pattern, text)] == [
        each.span() for each in backtracking.finditer(pattern, text)
    ]
    assert bool(ours.match(pattern, text)) == bool(backtracking.match(pattern, text))
    assert bool(ours.fullmatch(pattern, text)) == bool(backtracking.fullmatch(pattern, text))


def test_flags_of_patterns():
    ours = MODULES["re"]
    assert ours.findall("^A", "a\nA", ours.I | ours.M) == ["a", "A"]
    assert ours.search("a.b", "a\nb", ours.S).group() == "a\nb"
    assert ours.compile(ours.compile("a")).pattern == "a"
    with pytest.raises(ours.error, match="IGNORECASE"):
        ours.compile("a", 64)


@pytest.mark.parametrize("pattern", ["(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", "a++", "(", "a{9999}", "x" * 2001])
def test_a_pattern_that_cannot_be_is_refused_with_the_reason(pattern):
    with pytest.raises(regex.PatternError) as caught:
        MODULES["re"].compile(pattern)
    assert "look-around" in str(caught.value) or "at most 2000 characters" in str(caught.value)


@pytest.mark.parametrize("text", [b"a", bytearray(b"a"), 1, None, type("Text", (str,), {})("a")])
def test_only_texts_are_searched(text):
    with pytest.raises(TypeError):
        MODULES["re"].search("a", text)
    with pytest.raises(TypeError):
        MODULES["re"].compile(text)


def test_without_re2_there_is_no_module_for_patterns(monkeypatch):
    monkeypatch.setattr(regex, "re2", None)
    assert regex.make_regex() is None


def test_what_is_computed_in_c_is_bounded():
    ours = MODULES["math"]
    assert (ours.factorial(10), ours.comb(5, 2), ours.perm(5, 2)) == (math.factorial(10), 10, 20)
    for attempt in (lambda: ours.factorial(5001), lambda: ours.comb(10**7, 3), lambda: ours.perm(10**7)):
        with pytest.raises(ValueError, match="above the limit"):
            attempt()


def test_paths_lead_to_the_files_of_the_applet_only():
    path = path_class({"data/a.json": "{}"})
    assert (path("hooks.py").parent / "data" / "a.json").read_text() == "{}"
    assert (path("data/./a.json").exists(), path("/data/a.json").is_file(), path("data").exists()) == (
        True,
        True,
        False,
    )
    for outside in ("/etc/passwd", "../data/a.json", "data/../data/a.json", ""):
        with pytest.raises(FileNotFoundError):
            path(outside).read_text()
    with pytest.raises(TypeError):
        path(1)


def test_values_become_data_by_their_exact_types():
    members = prepare_program({
        "hooks": "from dataclasses import dataclass\nfrom enum import Enum\nfrom decimal import Decimal\n"
        "@dataclass\nclass A:\n    x: object\nclass E(Enum):\n    B = 2\n"
        "made = [Decimal('1.0'), A([A(1)]), E.B]"
    }).start_call().members("hooks")  # fmt: skip
    assert [plain_value(each) for each in members["made"]] == ["1.0", {"x": [{"x": 1}]}, 2]
    with pytest.raises(TypeError):
        plain_value(members["A"])
    assert json.loads(MODULES["json"].dumps(members["made"])) == ["1.0", {"x": [{"x": 1}]}, 2]
