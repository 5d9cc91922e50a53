"""Programs made of allowed and forbidden constructs, in random trees.

What is forbidden is tried within `escaped(…)`: it returns the mark of an escape only when what stands in it was
evaluated, so that a program that returns the mark has reached what nobody may.
"""

import textwrap

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.sandbox.corpus.model import EPILOGUE

HEAD = """
from collections import Counter, defaultdict, namedtuple
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from functools import partial, reduce, wraps
from itertools import accumulate, chain, starmap
import json
import math

Point = namedtuple("Point", "x y")

class Kind(Enum):
    ONE = 1
    TWO = 2

@dataclass
class Line:
    amount: int = 1
    text: str = "a"

class Plain:
    def __init__(self, value=0):
        self.value = value
    def method(self, *given):
        return given
    @property
    def seen(self):
        return self.value

def counting(count=3):
    for number in range(count):
        yield number

def wrapped(function):
    @wraps(function)
    def inner(*given, **named):
        return function(*given, **named)
    return inner

"""
LITERALS = (
    "0", "1", "-7", "2.5", "'text'", "b'raw'", "None", "True", "[]", "{}", "()", "[1, 2]", "{'a': 1}", "{1, 2}",
    "(1, 'a')", "Decimal('1.5')", "Point(1, 2)", "Kind.ONE", "Line()", "Plain([1])", "counting()", "ctx", "ctx.today",
    "ctx.documents", "json", "math", "Plain", "Kind", "Line", "len", "str", "int", "dict", "print", "json.dumps", "run",
    "counting", "wrapped(len)", "partial(len)", "Counter('aab')", "defaultdict(list)", "range(3)", "Plain().method",
    "ValueError('x')", "lambda: 1", "object", "Exception",
)  # fmt: skip
INTERNALS = (
    "__class__", "__dict__", "__globals__", "__code__", "__closure__", "__self__", "__func__", "__mro__", "__bases__",
    "__subclasses__", "__builtins__", "__module__", "__wrapped__", "__init__", "__reduce_ex__", "__getattribute__",
    "__loader__", "__spec__", "__traceback__", "gi_frame", "gi_code", "f_back", "f_globals", "tb_frame", "co_code",
    "mro", "with_traceback", "obj", "format_map", "_getattr_", "_write_", "__metaclass__",
)  # fmt: skip
# With {0} for any expression: each names something that must never be reached. None has a default to fall back on.
FORBIDDEN = (
    *(f"({{0}}).{name}" for name in INTERNALS if name not in ("obj", "format_map", "mro")),
    *(f"getattr({{0}}, '{name}')" for name in INTERNALS if name not in ("format_map", "__module__", "mro")),
    *(f"reduce(getattr, [{{0}}, '{name}'])" for name in ("__class__", "__globals__", "__dict__")),
    *(f"list(starmap(getattr, [({{0}}, '{name}')]))" for name in ("__class__", "__code__")),
    *(f"list(map(getattr, [{{0}}], ['{name}']))" for name in ("__class__", "__init__")),
    *(f"'{{{{0.{name}}}}}'.format({{0}})" for name in ("__class__", "__dict__", "__init__")),
    "open('/etc/passwd')", "__import__('os')", "eval('1')", "exec('x = 1')", "globals()", "locals()", "vars({0})",
    "compile('1', 'x', 'eval')", "breakpoint()", "input()", "id({0})", "dir({0})", "memoryview(b'x')",
    "__builtins__", "type('X', (), {{}})", "super(Plain, {0})", "json.codecs", "json.decoder", "math.__loader__",
    "json.loads.__globals__", "setattr(json, 'dumps', {0})", "delattr(json, 'dumps')", "setattr(Plain, 'method', {0})",
    "object.__subclasses__()", "ctx.documents._ask", "ctx._rooms", "ctx.kernel", "ctx.uow",
)  # fmt: skip
WRAPS = (
    "{0}", "[{0}]", "({0},)", "{{'k': {0}}}", "(lambda: {0})()", "[{0} for _ in [1]]", "{{{0} for _ in [1]}}",
    "{{1: {0} for _ in [1]}}", "list(({0} for _ in [1]))", "({0} if True else 0)", "(0 or {0})", "f'{{{0}}}'",
    "(found := {0})", "[*[{0}]]", "dict(k={0})", "wrapped(lambda: {0})()", "partial(lambda: {0})()",
    "max([{0}], key=lambda each: 1)", "sorted([{0}], key=lambda each: 1)", "next(iter([{0}]))", "str({0})",
    "repr({0})", "(lambda given={0}: given)()", "Plain({0}).value", "Plain({0}).seen", "replace(Line(), text={0})",
    "Plain().method({0})", "not {0}", "[each for each in [{0}] if each]", "({0}, 1)[0]", "[{0}, 2][-1]",
    "json.dumps({0}, default=str)", "reduce(lambda a, b: a, [{0}, 1])", "list(chain([{0}]))", "len([{0}])",
)  # fmt: skip
STATEMENTS = (
    "keep = {0}", "keep: object = {0}", "bag['k'] = {0}", "thing.value = {0}", "keep, other = {0}, 1",
    "bag.update(k={0})",
    "if {0}:\n    keep = 1\nelse:\n    keep = 2", "for each in [{0}]:\n    keep = each", "assert {0} is not run",
    "try:\n    keep = {0}\nexcept Exception as error:\n    keep = error\nfinally:\n    other = 1",
    "try:\n    raise ValueError({0})\nexcept ValueError as error:\n    keep = error.args",
    "match {0}:\n    case None:\n        keep = 0\n    case [first, *rest]:\n        keep = first\n"
    "    case other:\n        keep = other",
    "def inner(given={0}):\n    nonlocal keep\n    keep = given\n    return given\ninner()",
    "class Inner(Plain):\n    made = {0}\nkeep = Inner().made",
    "@wrapped\ndef inner():\n    return {0}\nkeep = inner()",
    "while True:\n    keep = {0}\n    break", "global made\nmade = {0}", "del bag['k']",
    "bag['n'] = bag.get('n', 0)\nbag['n'] += 1",
    "keep = [{0} for a in [1] for b in [2] if a]", "keep = yield_from({0})", "print({0})", "ctx.log.info('%s', {0})",
)  # fmt: skip
RARE = (
    "import os", "import sys as json", "from os import path", "from json import decoder", "import builtins",
    "from . import missing", "async def inner():\n    pass", "class Inner(metaclass=type):\n    pass",
    "class Inner(str):\n    pass", "class Inner:\n    def __del__(self):\n        pass",
    "with open('x') as file:\n    pass",
    "global __builtins__", "__name__ = 1", "_getattr_ = getattr", "def inner(_getattr_):\n    pass", "json.dumps = len",
    "Plain.method = len", "del json.dumps", "raise SystemExit", "raise KeyboardInterrupt", "raise GeneratorExit",
    "try:\n    pass\nexcept* ValueError:\n    pass", "class Inner:\n    def __getattr__(self, name):\n        return 1",
)  # fmt: skip


def filled(template, inner):
    return template.replace("{{", "\0").replace("}}", "\1").replace("{0}", inner).replace("\0", "{").replace("\1", "}")


def expressions():
    """Harmless ones and tries, nested."""
    leaves = st.sampled_from(LITERALS)
    tries = st.builds(
        lambda form, inner: f"escaped('object', {filled(form, inner)})", st.sampled_from(FORBIDDEN), leaves
    )
    return st.recursive(
        st.one_of(leaves, leaves, tries),
        lambda inner: st.builds(filled, st.sampled_from(WRAPS), inner),
        max_leaves=4,
    )


def programs():
    """Sources with a function `run(ctx)` that returns the last thing it kept."""
    plain = st.builds(filled, st.sampled_from(STATEMENTS), expressions())
    rare = st.sampled_from(RARE)
    lines = st.lists(st.integers(0, 24).flatmap(lambda draw: rare if draw == 0 else plain), min_size=1, max_size=5)
    return st.builds(_program, lines)


def _program(statements):
    body = "\n".join(["keep = other = None", "bag = {'k': 1}", "thing = Plain()", *statements, "return keep"])
    helper = "def yield_from(given):\n    return list(given)\n\n"
    return f"{HEAD}{helper}def run(ctx):\n{textwrap.indent(body, '    ')}\n{EPILOGUE}"


def generate(count):
    """So many of them, always the same."""
    made = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(programs())
    def collect(source):
        made.append(source)

    collect()
    return made
