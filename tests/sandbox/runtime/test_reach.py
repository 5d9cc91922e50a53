"""From everything an applet can hold, whatever public names it follows, nothing of the interpreter is in reach.

This is what lets the policy leave plain attributes alone: were it not so, each of them would need a guard.
"""

import types
from collections import deque

import pytest

from sandbox.policy.names import attribute_fault, is_guarded
from sandbox.runtime import prepare_program
from sandbox.runtime.files import path_class
from sandbox.runtime.guards import guarded_getattr
from sandbox.runtime.hooks import CALLING
from sandbox.runtime.modules import modules_of_applet

STEPS_MAX = 5
INTERPRETER = (
    types.ModuleType, types.FrameType, types.CodeType, types.TracebackType, types.MappingProxyType, types.CellType,
)  # fmt: skip
SHARED = (dict, list, set, bytearray)
# Made for each instance, or anew at each reading.
OWN_CONTAINERS = {
    ("_Regexp", "groupindex"), ("_Regexp", "programfanout"), ("_Regexp", "reverseprogramfanout"), ("ChainMap", "maps"),
    ("partial", "keywords"), ("_GeneratorContextManager", "kwds"), ("Own", "details"), ("Conflict", "details"),
    ("Document", "fields"), ("Question", "where"), ("Balance", "dimensions"), ("Balance", "resources"),
    ("Page", "titles"), ("Event", "payload"),
}  # fmt: skip
PLAIN = (int, str, float, bool, bytes, type(None))
SAMPLES = """
import collections, contextlib, dataclasses, datetime, decimal, enum, fractions, functools, hashlib, hmac, itertools
import json, operator, random, re, statistics, uuid
from pathlib import Path
from sdk import Actor, Balance, Context, Document, Event, Movement, Page, Question, Tenant
from sdk.errors import Conflict, Violation

class Own(Conflict):
    '''x'''

class Kind(enum.Enum):
    A = 1

@dataclasses.dataclass
class Rec:
    x: int = 1

@functools.cache
def cached(x): return x

@contextlib.contextmanager
def block(): yield 1

def numbers(): yield 1

FAILING = (
    lambda: 1 / 0, lambda: [].x, lambda: missing, lambda: json.loads("{"), lambda: int("x"), lambda: b"\\xff".decode(),
    lambda: decimal.Decimal("x"), lambda: re.compile("("), lambda: {}["x"], lambda: next(iter([])), lambda: Kind(9),
)

def failures():
    for fail in FAILING:
        try:
            fail()
        except Exception as error:
            yield error

def run():
    return [
        hashlib.sha256(b""), hashlib.blake2b(b""), hmac.new(b"k", b"", "sha256"), random.Random(1), re.compile("(a)"),
        re.compile("(a)").search("a"), re.finditer("a", "a"), uuid.uuid4(), collections.Counter(), collections.deque(),
        collections.OrderedDict(), collections.ChainMap(), collections.defaultdict(list), datetime.datetime.now(),
        datetime.date.today(), datetime.timedelta(1), datetime.timezone.utc, datetime.time(1), decimal.Decimal(1),
        decimal.localcontext(), functools.partial(len), cached, functools.cmp_to_key(max), functools.cmp_to_key(max)(1),
        functools.cached_property(len), itertools.count(), itertools.chain(), itertools.groupby([1]),
        itertools.tee([1])[0], block(), contextlib.suppress(), contextlib.nullcontext(), numbers(),
        fractions.Fraction(1, 2), operator.itemgetter(1), Own(), Kind.A, Kind, Rec(), dataclasses.fields(Rec)[0], Rec,
        Document("1", "a.b", {}), Question("a.b"), Balance(), Conflict(), Violation("", "", ""), property(len),
        staticmethod(len), classmethod(len), {}.keys(), {}.items(), {}.values(), range(3), slice(1), iter([]), iter({}),
        zip(), map(len, []), filter(None, []), enumerate([]), reversed([1]), frozenset(), (), dict[str, int],
        int | None, object(), statistics.linear_regression([1, 2], [1, 2]), collections.namedtuple("P", "x")(1), run,
        Page(()), Event("1", "a.b.c", "a.b", "1", 1, None, "a", "c"), Actor("1", "user"), Path("a"), NotImplemented,
        Tenant("1", "a", "a", "EUR", "UTC", "en"), dataclasses.KW_ONLY, *failures(),
    ]
"""


def roots():
    program = prepare_program({"hooks": SAMPLES})
    yield from modules_of_applet(CALLING, path_class({"a": "b"})).items()
    yield from program.globals["__builtins__"].items()
    for sample in program.start_call().function("hooks", "run")():
        yield type(sample).__name__, sample


def readable(value):
    """What an applet may read of a value: as source and guard together decide it."""
    for name in {*dir(value), *dir(type(value))}:
        if attribute_fault(name) is None:
            try:
                yield name, guarded_getattr(value, name) if is_guarded(name) else getattr(value, name)
            except Exception:  # reason: any property may raise anything
                continue


def harmful(value, name, found):
    if isinstance(found, INTERPRETER) or (isinstance(found, type) and issubclass(found, type)):
        return True
    return isinstance(found, SHARED) and (type(value).__name__, name) not in OWN_CONTAINERS


def crawl():
    kept, known, harm = [], set(), []
    waiting = deque((path, value, 0) for path, value in roots())
    while waiting:
        path, value, steps = waiting.popleft()
        if id(value) in known or steps > STEPS_MAX:
            continue
        known.add(id(value))
        # Held on to, so that no later object takes its place in memory.
        kept.append(value)
        for name, found in readable(value):
            if harmful(value, name, found):
                harm.append(f"{path}.{name}: {found!r:.80}")
            if type(found) not in PLAIN:
                waiting.append((f"{path}.{name}", found, steps + 1))
    return len(kept), harm


def test_no_public_name_leads_to_the_interpreter_or_to_what_others_share():
    seen, harm = crawl()
    assert harm == []
    assert seen > 2_000


@pytest.mark.parametrize("value", [len, prepare_program, types, (x for x in ()), Exception])
def test_the_crawl_would_see_what_is_harmful(value):
    for leak in (types, types.MappingProxyType({}), type, {}):
        holder = type("Holder", (), {"leak": leak, "value": value})()
        assert any(harmful(holder, name, found) for name, found in readable(holder))


def test_a_pattern_gives_a_new_mapping_of_its_groups_each_time():
    pattern = prepare_program({"hooks": "import re\ndef run(): return re.compile('(?P<a>b)')"})
    compiled = pattern.start_call().function("hooks", "run")()
    assert compiled.groupindex == {"a": 1}
    assert compiled.groupindex is not compiled.groupindex
