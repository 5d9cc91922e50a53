"""A module is shared by calls only where it is shown that it keeps nothing."""

import ast

import pytest

from sandbox.policy.statelessness import is_stateless, stateless_modules

HEAD = """
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum, auto
from functools import cache
from pathlib import Path
import re
from sdk import hooks
from sdk.errors import Conflict
"""
STATELESS = [
    "X = 1",
    "X, Y = Decimal(0), 'text'",
    "X = ('a', ('b', 2), None, -1, 1 + 2)",
    "X = frozenset({'a', 'b'})\nY = tuple(['a'])",
    "X = timedelta(days=1)\nY = date(2026, 1, 1)",
    "X = Path(__file__).parent / 'data'",
    "X = re.compile('a')",
    "A = 'a'\nX = f'{A}.b'",
    "X: int = 3",
    "class Closed(Conflict):\n    '''It is closed.'''",
    "class A(Enum):\n    X = auto()\n    Y = 'b'",
    "@dataclass(frozen=True)\nclass A:\n    x: int\n    y: list = field(default_factory=list)\n    z: str = 'a'",
    "class A:\n    x = 1\n    class B:\n        y = ()\n"
    "    @property\n    def p(self): return 1\n    @p.setter\n    def p(self, v): self.q = v",
    "def f(x, y=None, *, z=()): return [x]",
    "X = 'a.b'\n@hooks.before_save(X, f'{X}.c')\ndef f(ctx): return 1",
    "def f():\n    n = 0\n    @cache\n    def g(x): return []\n    return g",
    "TABLE = {'a': 1, **dict.fromkeys(('b', 'c'), 2)}\n"
    "def f(k): return TABLE[k], TABLE.get(k, 0), k in TABLE, len(TABLE)",
    "TABLE = ['a']\ndef f(): return [x for x in TABLE] + sorted(TABLE) + [*TABLE]",
    "TABLE = {'a': 1}\ndef f():\n    for k, v in TABLE.items():\n        yield k, v\n    return {**TABLE}, dict(TABLE)",
    "X = lambda a, b=1: a",
    "if TYPE_CHECKING:\n    x = []",
    "__all__ = ['a']",
]  # fmt: skip
STATEFUL = [
    "X = []\ndef f(): X.append(1)",
    "X = {}\ndef f(): X['a'] = 1",
    "X = {}\ndef f(): del X['a']",
    "X = {}\ndef f(g): g(X)",
    "X = {}\ndef f(): return X",
    "X = {}\ndef f(o): return X == o",
    "X = {}\ndef f(o): return o | X",
    "X = {}\nY = X",
    "X = {'a': []}\ndef f(): return X['a']",
    "X = {}\ndef f(): return X.setdefault('a', [])",
    "X = {}\ndef f(t): return t.translate(X)",
    "X = {}\ndef f():\n    with X: return 1",
    "X = [n for n in (1, 2)]",
    "X = (n for n in (1, 2))",
    "X = ([],)",
    "X = cache(len)",
    "X = iter(())",
    "X = 1\nX = []",
    "X = 0\ndef f():\n    global X\n    X += 1",
    "x = 1\nx += 1",
    "def f(x=[]): return x",
    "def f(*, x={}): return x",
    "f = lambda x=[]: x",
    "@cache\ndef f(): return []",
    "def d(f): return f\n@d\ndef g(): return 1",
    "class A:\n    x = []",
    "class A(Enum):\n    X = []",
    "class A:\n    for x in (1,): y = x",
    "class A:\n    def f(self, x=[]): return x",
    "class A:\n    class B:\n        x = {}",
    "class A: pass\nX = A()",
    "class A: pass\nX = A + 1",
    "@dataclass\nclass A:\n    x: object = object()",
    "@dataclass\nclass A:\n    x: object = field(default=[])",
    "for x in (1,): pass",
    "try:\n    import json\nexcept ImportError:\n    json = None",
    "X = date.today()",
    "X = [1]\nX.append(2)",
    "Decimal = list\nX = Decimal(0)",
    "tuple = list\nX = tuple([1])",
    "X = (y := [])",
    "X = f'{(y := [])}'",
    "import random\nX = random.Random(1)",
]  # fmt: skip


@pytest.mark.parametrize("source", STATELESS)
def test_what_keeps_nothing_is_shared(source):
    assert is_stateless({"hooks": ast.parse(HEAD + source)})


@pytest.mark.parametrize("source", STATEFUL)
def test_what_might_keep_something_is_not(source):
    assert not is_stateless({"hooks": ast.parse(HEAD + source)})


def judged(**sources):
    return stateless_modules({name.replace("__", "."): ast.parse(source) for name, source in sources.items()})


def test_whoever_imports_what_keeps_something_keeps_it_too():
    sources = {"a": "X = []\ndef f(): X.append(1)", "b": "from .a import f", "c": "from . import b", "d": "import json"}
    assert judged(**sources) == {"d"}


def test_an_import_inside_of_a_function_counts():
    assert judged(a="X = []\ndef f(): X.append(1)", b="def g():\n    from . import a") == frozenset()


def test_an_import_of_the_package_itself_counts():
    for package in ("", "data."):
        trees = {f"{package}__init__": ast.parse("X = []\nX.pop"), f"{package}b": ast.parse("from . import X")}
        assert stateless_modules(trees) == frozenset()


@pytest.mark.parametrize(
    "reach",
    ["from .a import TABLE", "from . import a\ndef f(): return a.TABLE", "x = getattr", "from .a import TABLE as t"],
)
def test_a_table_that_others_reach_keeps_something(reach):
    table = "TABLE = {'a': 1}\ndef f(k): return TABLE[k]"
    assert judged(a=table) == {"a"}
    assert "a" not in judged(a=table, b=reach)
