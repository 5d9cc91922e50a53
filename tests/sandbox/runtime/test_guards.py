"""The guards decide by exact types, for names that are written down and for names made while running alike."""

from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest

from sandbox.runtime import prepare_program
from sandbox.runtime.functions import type_of
from sandbox.runtime.guards import (
    guarded_change,
    guarded_getattr,
    guarded_write,
    safe_delattr,
    safe_getattr,
    safe_hasattr,
    safe_setattr,
)
from sdk import Document, Question
from sdk.errors import Conflict

SOURCE = """
from collections import namedtuple
from enum import Enum
class Thing:
    shared = 1
    def __init__(self):
        self._own, self.format, self.size = 2, 3, 4
class Failure(AttributeError):
    pass
class Kind(Enum):
    A = 1
Point = namedtuple("Point", "x y")
def function(): ...
"""


@pytest.fixture(scope="module")
def own():
    return prepare_program({"hooks": SOURCE}).start_call().members("hooks")


class Text(str):
    """What passes for a text without being one."""

    __slots__ = ()


@pytest.mark.parametrize(
    "name",
    [
        "__class__",
        "__dict__",
        "__globals__",
        "gi_frame",
        "tb_next",
        "f_back",
        "co_code",
        "mro",
        "with_traceback",
        "_a_",
    ],
)
def test_names_of_the_interpreter_are_read_on_nothing(own, name):
    for value in (own["Thing"](), own["Thing"], own["function"], 1, [], Document("1", "a.b", {})):
        with pytest.raises(AttributeError):
            guarded_getattr(value, name)
        assert safe_getattr(value, name, "none") == "none"
        assert not safe_hasattr(value, name)
        with pytest.raises((AttributeError, TypeError)):
            safe_setattr(value, name, 1)
        with pytest.raises((AttributeError, TypeError)):
            safe_delattr(value, name)


@pytest.mark.parametrize("name", [Text("size"), b"size", 1, None])
def test_the_name_of_an_attribute_is_a_text_and_nothing_like_it(own, name):
    for operation in (lambda: safe_getattr(own["Thing"](), name, 1), lambda: safe_setattr(own["Thing"](), name, 1)):
        with pytest.raises(TypeError):
            operation()


def test_own_objects_have_whatever_names_they_like(own):
    thing = own["Thing"]()
    assert (guarded_getattr(thing, "_own"), guarded_getattr(thing, "format")) == (2, 3)
    safe_setattr(thing, "func", 5)
    assert guarded_getattr(thing, "func") == 5
    safe_delattr(thing, "func")
    assert not safe_hasattr(thing, "func")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("", "format"), ("", "format_map"), (str, "format"), (Document.is_deleted, "fget"), (Fraction, "register"),
        (Document, "register"), (Document[int], "register"), (ChainMap[int, int], "register"),
        (Conflict, "extensions"), (Conflict(), "extensions"), ({}.keys(), "mapping"),
        (AttributeError("x"), "obj"), (NameError("x"), "obj"), (Fraction(1), "_numerator"), (Document, "_abc_impl"),
    ],
)  # fmt: skip
def test_sensitive_names_are_not_read_on_ours(value, name):
    with pytest.raises(AttributeError):
        guarded_getattr(value, name)


def test_a_sensitive_name_is_fine_where_it_means_nothing():
    assert guarded_getattr(Question("ledger.postings"), "register") == "ledger.postings"


def test_an_error_of_the_applet_does_not_tell_what_it_happened_on(own):
    with pytest.raises(AttributeError):
        guarded_getattr(own["Failure"]("x", obj=[]), "obj")


def test_names_of_functions_and_classes_are_told(own):
    assert guarded_getattr(own["function"], "__name__") == "function"
    assert guarded_getattr(own["Thing"], "__name__") == "Thing"
    with pytest.raises(AttributeError):
        guarded_getattr(own["Thing"](), "__name__")


def test_a_named_tuple_has_its_few_private_names(own):
    point = own["Point"](1, 2)
    assert guarded_getattr(point, "_replace")(y=3) == (1, 3)
    with pytest.raises(AttributeError):
        guarded_getattr(point, "_field_defaults")


def test_attributes_are_written_on_own_instances_only(own):
    thing, error = own["Thing"](), own["Failure"]("x")
    assert guarded_write(thing) is thing
    assert guarded_write(error) is error
    ours = (Document("1", "a.b", {}), Conflict(), Conflict, Fraction, Decimal, [], Question("a.b"))
    shared = (own["Thing"], own["Kind"], own["Kind"].A, own["function"], own["Point"](1, 2))
    for value in (*ours, *shared):
        with pytest.raises(TypeError, match="cannot be changed by an applet"):
            guarded_write(value)


@dataclass
class Ours:
    """A class that is not the applet's."""


class Subclassed(dict):
    """What passes for a dict."""


def test_items_are_written_on_own_instances_and_plain_containers_only(own):
    for value in (
        {},
        [],
        Counter(),
        deque(),
        defaultdict(int),
        OrderedDict(),
        Document("1", "a.b", {}),
        own["Thing"](),
    ):
        assert guarded_change(value) is value
    for value in (Ours(), Subclassed(), Conflict.extensions, own["Thing"], (1,), "x"):
        with pytest.raises(TypeError, match="cannot be changed by an applet"):
            guarded_change(value)


def test_documents_of_a_class_of_their_own_are_documents_all_the_same():
    class LateNumber(Document):
        pass

    late = LateNumber("d1", "crm.deal", {})
    assert guarded_change(late) is late
    assert type_of(late) is Document
    with pytest.raises(TypeError):
        guarded_write(late)
