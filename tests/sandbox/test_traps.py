"""The twelve traps found while such a sandbox was first built, each with a test of its own in a real worker.

ELSEWHERE names what holds the same trap closer to where it is; that those tests are there is tested too.
"""

import ast
import resource
import signal
import threading
from pathlib import Path

import msgpack
import pytest

from sandbox.broker.arguments import is_text, is_tree
from sandbox.frames import POLICY, RAISED, RESULT, RETURNED
from sandbox.host.wire import MalformedFrame, read_frame
from sandbox.lockdown.rlimits import limits
from tests.sandbox.worker.client import KILLED_BY_SECCOMP, RAW, Client, zygote_or_skip

ROOM = Path(__file__).parent
# Of each trap, by its number: the test here, and those elsewhere.
TRAPS = {
    1: "test_a_module_has_no_name_that_leads_import_to_the_real_one",
    2: "test_dates_import_what_they_need_and_applets_cannot",
    3: "test_what_the_library_loads_late_is_loaded_before_the_walls_stand",
    4: "test_syntax_errors_and_warnings_open_no_file_and_write_nowhere",
    5: "test_two_workers_of_one_zygote_draw_different_numbers",
    6: "test_a_status_that_cannot_be_a_key_is_no_frame",
    7: "test_what_reaches_inside_is_refused_or_an_own_harmless_form",
    8: "test_only_exact_types_pass_and_builtins_have_no_subclasses",
    9: "test_no_text_of_a_value_is_made_while_it_leaves",
    10: "test_a_zygote_outlives_its_thread_and_a_worker_ends_with_its_wire",
    11: "test_no_descriptor_is_left_and_a_fork_ends_the_worker",
    12: "test_nothing_stays_between_the_calls_of_two_users",
}
ELSEWHERE = {
    1: (
        "runtime/test_traps.py::test_a_module_has_no_name_by_which_import_would_find_the_real_one",
        "runtime/test_traps.py::test_a_submodule_that_is_loaded_elsewhere_is_not_handed_out",
    ),
    2: (
        "runtime/test_traps.py::test_dates_are_parsed_and_written_although_they_import_while_they_run",
        "runtime/test_traps.py::test_what_dates_import_while_they_run_is_no_module_of_applets",
    ),
    3: (
        "worker/test_programs.py::test_what_the_library_puts_off_needs_no_file_any_more",
        "worker/test_programs.py::test_a_codec_nobody_knows_is_an_error_and_no_look_at_files",
    ),
    4: (
        "worker/test_calls.py::test_a_syntax_error_is_told_though_no_file_can_be_opened",
        "worker/test_programs.py::test_a_syntax_error_is_a_refusal_and_opens_no_file",
        "lockdown/test_filters.py::test_the_sealed_filter_answers",
    ),
    5: (
        "worker/test_programs.py::test_two_workers_draw_different_numbers",
        "zygote/test_zygote.py::test_workers_of_one_zygote_draw_different_numbers",
        "zygote/test_zygote.py::test_a_worn_zygote_is_replaced_and_stays_until_its_last_worker_has_ended",
        "runtime/test_traps.py::test_random_numbers_have_no_state_that_calls_or_forks_could_share",
    ),
    6: ("fuzz/test_frames.py::test_five_thousand_hostile_answers_are_results_or_violations",),
    7: (
        "runtime/test_traps.py::test_what_reaches_inside_has_a_form_of_its_own",
        "runtime/test_traps.py::test_wraps_takes_the_name_and_leaves_no_way_back",
        "runtime/test_traps.py::test_a_member_of_an_enum_is_no_text_but_stands_for_one",
        "runtime/test_traps.py::test_keys_with_an_equality_of_their_own_fool_no_guard",
    ),
    8: (
        "worker/test_values.py::test_only_exact_types_travel",
        "runtime/test_guards.py::test_the_name_of_an_attribute_is_a_text_and_nothing_like_it",
        "broker/test_broker.py::test_an_argument_that_does_not_fit_is_told_by_its_place",
    ),
    9: (
        "worker/test_programs.py::test_no_method_of_a_value_runs_while_it_leaves",
        "runtime/test_traps.py::test_no_method_of_the_applet_runs_while_a_value_is_made_into_data",
    ),
    10: (
        "zygote/test_zygote.py::test_a_zygote_outlives_the_thread_that_started_it",
        "zygote/test_zygote.py::test_when_the_kernel_is_killed_the_zygote_and_its_workers_end",
        "worker/test_exhaustion.py::test_the_end_of_the_wire_is_the_end_of_the_worker",
    ),
    11: (
        "lockdown/test_walls.py::test_limits_alone_leave_no_descriptor_and_no_process",
        "worker/test_hostile_calls.py::test_a_forbidden_call_kills",
    ),
    12: (
        "worker/test_programs.py::test_nothing_stays_in_modules_between_two_calls",
        "runtime/test_program.py::test_nothing_is_left_to_the_next_call",
    ),
}


@pytest.fixture(scope="module")
def zygote():
    opened = zygote_or_skip()
    yield opened
    opened.close()


@pytest.fixture
def client(zygote):
    with Client(zygote) as opened:
        yield opened


def rules_of(loaded):
    """Of a load that the policy refused."""
    assert loaded[0] == POLICY
    return [rule for _, rule, _, _ in loaded[1][4]]


def test_a_module_has_no_name_that_leads_import_to_the_real_one(client):
    assert rules_of(client.load("from json import decoder")) == ["name_missing"]


def test_dates_import_what_they_need_and_applets_cannot(zygote, client):
    client.load(
        "from datetime import datetime\ndef f():\n    return datetime.strptime('2 May 2026', '%d %B %Y').isoformat()"
    )
    assert client.run("f")[:2] == [RETURNED, "2026-05-02T00:00:00"]
    with Client(zygote) as other:
        assert rules_of(other.load("from _strptime import locale")) == ["module_missing"]


def test_what_the_library_loads_late_is_loaded_before_the_walls_stand(client):
    client.load("""
from collections import Counter
from decimal import Decimal
from statistics import median, quantiles
import base64, hashlib, html, json, unicodedata
def f():
    digests = [getattr(hashlib, name)(b"x").hexdigest()[:2] for name in ("md5", "sha256", "sha3_512", "blake2b")]
    codecs = ["ä".encode(name) for name in ("utf-8", "latin-1", "utf-16-le", "cp1252")]
    return [
        Counter("aab").most_common(1), len(digests), len(codecs), html.unescape("&auml;"), unicodedata.name("ä"),
        median([1, 3]), len(quantiles([1, 2, 3])), f"{Decimal('1234.5'):,.2f}", "ß".casefold(), json.loads("1e3"),
        base64.b64encode(b"x"), "x".encode("idna"),
    ]
""")
    status, value, *_ = client.run("f")
    assert (status, value[0], value[3]) == (RETURNED, [["a", 2]], "ä")


def test_syntax_errors_and_warnings_open_no_file_and_write_nowhere(zygote, client):
    assert rules_of(client.load("def f(:\n")) == ["syntax"]
    with Client(zygote) as other:
        # Each of these is worth a warning on standard error to a plain interpreter.
        assert other.load("def f():\n    x = '\\q'\n    return 1 is 1, x == b'', f is ()")[0] == RETURNED
        assert other.run("f")[0] == RETURNED


def test_two_workers_of_one_zygote_draw_different_numbers(zygote):
    drawn = []
    for _ in range(2):
        with Client(zygote) as client:
            client.load("import random, uuid\ndef f():\n    return [random.getrandbits(60), str(uuid.uuid4())]")
            drawn += client.run("f")[1]
    assert len(set(drawn)) == 4


@pytest.mark.parametrize("status", [{}, [], {"a": [1]}, None, "0", 1.0, True, -1, 99, 2**63])
def test_a_status_that_cannot_be_a_key_is_no_frame(status):
    with pytest.raises(MalformedFrame):
        read_frame(msgpack.packb([RESULT, 1, status, None, [], [], 0]))


@pytest.mark.parametrize(
    "body",
    [
        "s = super\n    return s(Plain, Plain()).__init__",
        "return type('X', (), {})",
        "return type(Plain()).mro()",
        "return wraps(len)(f).__wrapped__",
        "return print('x', file=ctx)",
        "class Own(str, Enum):\n        A = 'a'\n    return Own.A.format_map",
        "return {Fool(): 1}[Fool()].__class__",
        "return getattr(f, Fool())",
    ],
)
def test_what_reaches_inside_is_refused_or_an_own_harmless_form(client, body):
    loaded = client.load(f"""
from enum import Enum
from functools import wraps
class Plain: pass
class Fool:
    def __eq__(self, other): return True
    def __hash__(self): return hash("__class__")
def f(ctx):
    {body}
""")
    if loaded[0] == RETURNED:
        # `print` takes no file, so that what it is given there means nothing.
        assert client.run("f", None)[:2] == [RETURNED, None] if "print" in body else client.run("f", None)[0] == RAISED
    else:
        assert rules_of(loaded)


@pytest.mark.parametrize("base", ["str", "int", "dict", "list", "type"])
def test_only_exact_types_pass_and_builtins_have_no_subclasses(client, base):
    class Text(str):
        __slots__ = ()

    assert (is_text("a"), is_text(Text("a")), is_tree({"a": 1}), is_tree({Text("a"): 1})) == (True, False, True, False)
    status, error, *_ = client.load(f"class Own({base}): pass")
    assert (status, error[0]) == (RAISED, "TypeError")


def test_no_text_of_a_value_is_made_while_it_leaves(client):
    client.load("""
class Loud:
    def __str__(self):
        print("heard")
        return "text"
    def __repr__(self):
        print("heard")
        return "text"
def f():
    return {"value": [Loud()]}
""")
    status, error, _, lines, _ = client.run("f")
    assert (status, error[0], lines) == (RAISED, "TypeError", [])


def test_a_zygote_outlives_its_thread_and_a_worker_ends_with_its_wire():
    opened = []
    thread = threading.Thread(target=lambda: opened.append(zygote_or_skip()))
    thread.start()
    thread.join()
    (zygote,) = opened
    try:
        with Client(zygote) as client:
            assert client.load("def f():\n    return 1")[0] == RETURNED
            # The kernel's end is closed, as it is when the kernel is no more.
            client.worker.socket.shutdown(2)
            assert client.status() == 0
    finally:
        zygote.close()


@pytest.mark.parametrize("attempt", ["os.fork()", "os.dup(3)", "os.open('/dev/null', 0)"])
def test_no_descriptor_is_left_and_a_fork_ends_the_worker(raw_zygote, attempt):
    # Soft and hard alike, so that not even descriptors 0 to 2 could be had again.
    assert limits(1 << 30)[resource.RLIMIT_NOFILE] == 0
    with Client(raw_zygote) as raw:
        raw.load(f"import os\ndef f():\n    {attempt}")
        assert raw.run("f") is None
        assert raw.status() == KILLED_BY_SECCOMP == -signal.SIGSYS


@pytest.fixture(scope="module")
def raw_zygote():
    opened = zygote_or_skip(loader=RAW)
    yield opened
    opened.close()


def test_nothing_stays_between_the_calls_of_two_users(client):
    client.load("""
seen = []
class Kept:
    users = []
def f(ctx, user, given=[]):
    seen.append(user)
    Kept.users.append(user)
    given.append(user)
    return [seen, Kept.users, given]
""")
    assert client.run("f", None, "one")[1] == [["one"]] * 3
    assert client.run("f", None, "two")[1] == [["two"]] * 3


def functions_of(path):
    return {
        node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize("number", range(1, 13))
def test_each_trap_is_held_by_tests_that_are_there(number):
    assert TRAPS[number] in functions_of(Path(__file__))
    for reference in ELSEWHERE[number]:
        file, _, name = reference.partition("::")
        assert name in functions_of(ROOM / file), reference
