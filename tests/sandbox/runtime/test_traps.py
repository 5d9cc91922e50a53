"""What has broken other sandboxes, one test for each trap the language has to keep shut."""

import decimal
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.policy.offer import OFFER
from sandbox.runtime import plain_value, prepare_program
from sandbox.runtime.hooks import CALLING, DESCRIBING
from sandbox.runtime.modules import MODULES, modules_of_applet
from tests.sandbox.corpus.runner import canaries

ROOT = Path(__file__).resolve().parents[3]


def call(source, *arguments):
    return prepare_program({"hooks": source}).start_call().function("hooks", "run")(*arguments)


@pytest.mark.parametrize("name", sorted(OFFER))
def test_a_module_has_no_name_by_which_import_would_find_the_real_one(name):
    for hooks in (CALLING, DESCRIBING):
        module = modules_of_applet(hooks, object)[name]
        assert not hasattr(module, "__name__")
        assert not hasattr(module, "__dict__")
        assert not hasattr(module, "__file__")


def test_a_submodule_that_is_loaded_elsewhere_is_not_handed_out():
    """Even past the policy: the import statement itself falls back to what is in sys.modules by that name."""
    members = prepare_program({"hooks": ""}).start_call().members("hooks")
    assert "json.decoder" in sys.modules
    for statement in (
        "from json import decoder",
        "from collections import UserDict",
        "import json.decoder",
        "import os",
    ):
        with pytest.raises(ImportError):
            exec(statement, members)


def test_dates_are_parsed_and_written_although_they_import_while_they_run():
    assert call(
        "from datetime import date, datetime\n"
        "def run():\n"
        "    month = datetime.strptime('2026-02-01', '%Y-%m-%d').month\n"
        "    return [month, f'{date(2026, 2, 1):%A}', date.today().day > 0]"
    ) == [2, "Sunday", True]


def test_what_dates_import_while_they_run_is_no_module_of_applets():
    program = prepare_program({"hooks": ""}).start_call().members("hooks")
    assert program["__builtins__"]["__import__"]("_strptime", program) is None
    assert {"_strptime", "time"} & OFFER.keys() == set()


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("def run(): return type(type)", TypeError),
        ("class A: ...\ndef run(): return type(A)", TypeError),
        ("import math\ndef run(): return type(math)", TypeError),
        ("def run(): return type(run)", TypeError),
        ("def run(): return type('A', (), {})", TypeError),
        ("def run(): return isinstance(1, type)", TypeError),
        ("class A(str): ...\ndef run(): ...", TypeError),
        ("class A(dict, object): ...\ndef run(): ...", TypeError),
        ("from sdk import Document\nclass A(Document): ...\ndef run(): ...", TypeError),
        ("from collections.abc import Mapping\nclass A(Mapping): ...\ndef run(): ...", TypeError),
        ("from enum import Enum\nclass A(int, Enum): ...\ndef run(): ...", TypeError),
        ("from enum import StrEnum\nclass A(StrEnum):\n    X = 1\ndef run(): ...", TypeError),
        ("from dataclasses import dataclass\ndef run(): return dataclass(dict)", TypeError),
        ("from functools import total_ordering\ndef run(): return total_ordering(dict)", TypeError),
        ("from collections import namedtuple\ndef run(): return namedtuple('A', '__class__')", ValueError),
        ("from collections import namedtuple\ndef run(): return namedtuple('A', 'x format')", ValueError),
        ("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: list = []\ndef run(): ...", ValueError),
        ("import hmac\ndef run(): return hmac.new(b'', b'', len)", ValueError),
    ],
)
def test_what_reaches_inside_has_a_form_of_its_own(source, error):
    with pytest.raises(error):
        call(source)


def test_wraps_takes_the_name_and_leaves_no_way_back():
    wrapper = call(
        "from functools import wraps\ndef inner(): ...\n"
        "def run():\n    @wraps(inner)\n    def outer(): ...\n    return outer"
    )
    assert wrapper.__name__ == "inner"
    assert not hasattr(wrapper, "__wrapped__")


def test_a_member_of_an_enum_is_no_text_but_stands_for_one():
    member = call("from enum import Enum\nclass A(str, Enum):\n    X = 'x'\ndef run(): return A.X")
    assert not isinstance(member, str)
    assert (member, plain_value(member)) == ("x", "x")


def test_keys_with_an_equality_of_their_own_fool_no_guard():
    source = """
class Key:
    def __eq__(self, other): return True
    def __hash__(self): return hash("size")
class Thing:
    def __init__(self): self.size = 1
def run():
    return getattr(Thing(), Key(), 7)
"""
    with pytest.raises(TypeError):
        call(source)


def test_no_method_of_the_applet_runs_while_a_value_is_made_into_data():
    source = "class A:\n    def __str__(self): return 'ran'\n    __repr2 = 1\ndef run(): return A()".replace(
        "__repr2", "x"
    )
    made = call(source)
    with pytest.raises(TypeError, match="a A is no JSON"):
        plain_value(made)
    with pytest.raises(TypeError):
        call("import json\nclass A:\n    def __str__(self): return 'ran'\ndef run(): return json.dumps(A())")


def test_arithmetic_is_as_it_was_whatever_a_call_has_left():
    program = prepare_program({
        "hooks": "from decimal import Decimal, localcontext\n"
        "def block():\n    with localcontext(prec=3):\n        yield\n"
        "def run(kept):\n    kept.append(block())\n    next(kept[0])\n    return str(Decimal(1) / 3)"
    })  # fmt: skip
    kept = []
    assert program.start_call().function("hooks", "run")(kept) == "0.333"
    program.start_call()
    assert decimal.getcontext().prec == 28
    assert str(decimal.Decimal(1) / 3) == "0.3333333333333333333333333333"


@pytest.mark.parametrize("change", ["prec = 0", "prec = 10**9", "prec = '3'", "rounding = 'none'"])
def test_settings_of_arithmetic_have_bounds(change):
    with pytest.raises(ValueError, match=r"precision|rounding"):
        call(f"from decimal import localcontext\ndef run():\n    with localcontext() as s:\n        s.{change}")


def test_random_numbers_have_no_state_that_calls_or_forks_could_share():
    random = MODULES["random"]
    assert not {"seed", "getstate", "setstate"} & set(OFFER["random"])
    program = prepare_program({"hooks": "import random\ndef run(): return random.random()"})
    drawn = {program.start_call().function("hooks", "run")() for _ in range(20)}
    assert len(drawn) == 20
    assert type(random.random.__self__).__name__ == "SystemRandom"


def test_the_message_of_an_error_names_arguments_and_reads_nothing_of_them():
    for message in ("{x.__class__}", "{x[0]}", "{}", "{0}", "{x:{y}}"):
        source = f"from sdk.errors import Conflict\nclass A(Conflict):\n    '''{message}'''\ndef run(): ..."
        with pytest.raises(TypeError, match="message of an error"):
            call(source)
    error = call(
        "from sdk.errors import Conflict\nclass A(Conflict):\n    '''{x!r:>5} {y}'''\ndef run(): return A(x=1)"
    )
    assert error.message == "    1 {y}"


def test_the_shared_settings_of_the_sdk_are_in_nobodys_hands():
    before = canaries()
    source = """
from sdk.values import {name}
class Thief:
    def normalize(self, context): context.clear_traps(); return self
    def quantize(self, unit, context=None): context.clear_traps(); return self
    def as_tuple(self): return self
def run(): return {name}(Thief())
"""
    for name in ("scale_of", "round_half_up", "decimal_text", "to_decimal", "instant_text", "start_of_day"):
        with pytest.raises((TypeError, AttributeError, ValueError)):
            call(source.format(name=name))
    assert canaries() == before


WORKER = """
import json, sys
sys.path[:0] = {paths}
before = set(sys.modules)
from sandbox.runtime import prepare_program
program = prepare_program({{"hooks": "import json, re\\ndef run(): return json.dumps([bool(re.search('a', 'cat'))])"}})
value = program.start_call().function("hooks", "run")()
print(json.dumps([value, sorted(name.partition(".")[0] for name in set(sys.modules) - before)]))
"""


def test_a_bare_interpreter_without_site_packages_of_the_kernel_runs_it():
    """What a worker starts from: nothing of the kernel, of its database or its web server comes along."""
    paths = [str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", WORKER.format(paths=paths)],
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    value, modules = json.loads(done.stdout)
    assert value == "[true]"
    assert "sdk" in modules
    heavy = {"kernel", "registry", "jsonschema", "psycopg", "sqlalchemy", "pydantic", "fastapi", "msgspec", "httpx"}
    assert heavy & set(modules) == set()
