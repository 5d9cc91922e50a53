"""What the kernel puts on the wire is plain and fits, whatever it was made of."""

from datetime import date
from decimal import Decimal

import msgpack
import pytest

from sandbox.frames import HEADER, REPLY
from sandbox.host.telling import FramePacker, tell_error
from sandbox.limits import (
    ERROR_CHARACTERS_MAX,
    ERROR_DETAILS_MAX,
    ERROR_VIOLATIONS_MAX,
    FRAME_BYTES_MAX,
    NAME_CHARACTERS_MAX,
)
from sandbox.values import from_kernel
from sdk.errors import Conflict, Invalid, TooLarge, Violation


class PeriodClosed(Conflict):
    """The period {period} is closed."""


def unpacked(data):
    (length,) = HEADER.unpack_from(data)
    assert length == len(data) - HEADER.size
    return msgpack.unpackb(data[HEADER.size :], ext_hook=from_kernel)


def test_a_frame_has_its_length_before_it():
    assert unpacked(FramePacker().pack([1, 2, "check", [Decimal("1.5"), date(2026, 1, 2)]])) == [
        1, 2, "check", [Decimal("1.5"), date(2026, 1, 2)],
    ]  # fmt: skip


def test_a_fault_in_the_middle_leaves_nothing_to_the_next_frame():
    packer = FramePacker()
    for value in (object(), {"a": object()}, Decimal("Infinity"), "\ud800", 2**64):
        with pytest.raises(Invalid):
            packer.pack(["begun", value])
        assert unpacked(packer.pack([7])) == [7]


def test_a_frame_that_is_too_large_is_not_packed():
    with pytest.raises(TooLarge):
        FramePacker().pack(["x" * FRAME_BYTES_MAX])


def test_nesting_without_end_is_refused():
    value = []
    value.append(value)
    with pytest.raises(Invalid):
        FramePacker().pack([value])


def test_an_error_is_told_with_kind_code_and_what_it_names():
    error = PeriodClosed(period="2026-01", amount=Decimal("1.10"), count=3, found=None)
    assert tell_error(error) == [
        "Conflict",
        "period_closed",
        "The period 2026-01 is closed.",
        {"period": "2026-01", "amount": "1.10", "count": 3, "found": None},
        [],
    ]


def test_an_error_is_cut_to_what_a_frame_holds():
    rules = [Violation("/" + "p" * 9_999, "rule", "m" * 9_999, "e" * 9_999)] * (ERROR_VIOLATIONS_MAX + 1)
    details = {f"{number:0200}": "d" * 9_999 for number in range(ERROR_DETAILS_MAX + 1)}
    error = PeriodClosed("x" * 9_999, violations=rules, **details)
    _, _, message, told, violations = tell_error(error)
    assert len(message) == ERROR_CHARACTERS_MAX
    assert len(told) <= ERROR_DETAILS_MAX
    assert {len(name) for name in told} == {NAME_CHARACTERS_MAX}
    assert {len(value) for value in told.values()} == {ERROR_CHARACTERS_MAX}
    assert len(violations) == ERROR_VIOLATIONS_MAX
    assert [len(part) for part in violations[0]] == [
        ERROR_CHARACTERS_MAX,
        4,
        ERROR_CHARACTERS_MAX,
        ERROR_CHARACTERS_MAX,
    ]
    assert unpacked(FramePacker().pack_refusal(1, error))[:3] == [REPLY, 1, False]


def test_a_reply_that_does_not_travel_is_told_as_a_refusal():
    kind, call_id, is_answered, error = unpacked(FramePacker().pack_reply(9, [object()]))
    assert (kind, call_id, is_answered, error[0]) == (REPLY, 9, False, "Invalid")
