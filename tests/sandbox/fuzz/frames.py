"""Frames as no runtime of ours sends them: true ones, mutated, and made up ones."""

import random

from sandbox.frames import DEADLINE, HEADER, MEMORY, POLICY, RAISED, REFUSED, REQUEST, RESULT, RETURNED
from sandbox.limits import FRAME_BYTES_MAX
from sandbox.values import pack
from tests.sandbox.samples import ERROR, VALUES

# Bytes at which MessagePack begins something: lists, mappings, texts, extensions, numbers and what is none of these.
_BEGINNINGS = bytes([0x80, 0x81, 0x8F, 0x90, 0x91, 0x9F, 0xA1, 0xBF, *range(0xC0, 0xE1), 0x00, 0x7F, 0xFF])

TRUE_FRAMES = [
    *(pack([RESULT, 1, RETURNED, value, [], [["info", "text"]], 0]) for value in VALUES),
    pack([RESULT, 1, RETURNED, None, [[n, {"a": value}, ["b"]] for n, value in enumerate(VALUES[-9:])], [], 3]),
    pack([RESULT, 1, RAISED, ERROR, [], [], 0]),
    *(pack([RESULT, 1, status, ERROR, [], [], 0]) for status in (DEADLINE, MEMORY, POLICY)),
    pack([RESULT, 1, REFUSED, ERROR, [], [["warning", "w"]] * 5, 0]),
    pack([RESULT, 1, RETURNED, [[RETURNED, value, []] for value in VALUES], [], [], 0]),
    pack([RESULT, 1, RETURNED, [["check", "before_save", ["a.b"], ["ctx", "document"], 1]], [], [], 0]),
    pack([REQUEST, 1, "documents.get", ["demo.note", "1", False]]),
    pack([REQUEST, 1, "documents.create", ["demo.note", {"a": VALUES}, None, None]]),
]


def hostile_bytes(dice: random.Random) -> bytes:
    """What one worker sends in one call."""
    return dice.choice(_MAKERS)(dice)


def _true(dice: random.Random) -> bytes:
    return _framed(dice.choice(TRUE_FRAMES))


def _mutated(dice: random.Random) -> bytes:
    data = bytearray(dice.choice(TRUE_FRAMES))
    for _ in range(dice.randint(1, 8)):
        place = dice.randrange(len(data))
        data[place] = dice.choice(_BEGINNINGS) if dice.random() < 0.5 else dice.randrange(256)
    return _framed(data)


def _spliced(dice: random.Random) -> bytes:
    one, other = dice.choice(TRUE_FRAMES), dice.choice(TRUE_FRAMES)
    return _framed(one[: dice.randrange(len(one))] + other[dice.randrange(len(other)) :])


def _truncated(dice: random.Random) -> bytes:
    data = _framed(dice.choice(TRUE_FRAMES))
    return data[: dice.randrange(len(data))]


def _of_another_length(dice: random.Random) -> bytes:
    data = dice.choice(TRUE_FRAMES)
    length = dice.choice([0, len(data) - 1, len(data) + 1, FRAME_BYTES_MAX, FRAME_BYTES_MAX + 1, 2**32 - 1])
    return HEADER.pack(length) + data


def _deep(dice: random.Random) -> bytes:
    beginning, end = dice.choice([(b"\x91", b"\xc0"), (b"\x81\xa1a", b"\xc0"), (b"\x81", b"\x01" * 9)])
    depth = dice.choice([10, 100, 600, 5_000, 50_000])
    return _framed(b"\x97\x04\x01\x00" + beginning * depth + end + b"\x90\x90\x00")


def _huge(dice: random.Random) -> bytes:
    """A length inside of the frame that would be gigabytes if it were believed."""
    kind = dice.choice([b"\xdd", b"\xdf", b"\xdb", b"\xc6", b"\xc9"])
    return _framed(b"\x97\x04\x01\x00" + kind + b"\x7f\xff\xff\xff" + dice.randbytes(20) + b"\x90\x90\x00")


def _extension(dice: random.Random) -> bytes:
    content = dice.choice([dice.randbytes(dice.randint(0, 40)), b"9" * 5_000, b"1E+99999999", b"\x9f" + b"\x80" * 15])
    head = b"\xc9" + len(content).to_bytes(4, "big") + bytes([dice.randrange(0, 9)])
    return _framed(b"\x97\x04\x01\x00" + head + content + b"\x90\x90\x00")


def _noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randint(0, 300))


def _many(dice: random.Random) -> bytes:
    return b"".join(_framed(dice.choice(TRUE_FRAMES)) for _ in range(dice.randint(2, 4)))


def _framed(data: bytes | bytearray) -> bytes:
    return HEADER.pack(len(data)) + bytes(data)


_MAKERS = [
    _true, _mutated, _mutated, _mutated, _spliced, _truncated, _of_another_length, _deep, _huge, _extension, _noise,
    _many,
]  # fmt: skip
