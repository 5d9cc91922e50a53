"""Encrypted files: whatever is done to one is noticed, wherever in it."""

import io

import pytest

from kernel.backup.sealed import CHUNK_BYTES, MAGIC, NotSealed, SealedReader, SealedWriter, is_sealed
from kernel.secrets.cipher import TAG_BYTES
from kernel.secrets.errors import MasterKeyWrong
from kernel.secrets.master import FileMaster, make_key_file

SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES]


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "master.key"
    make_key_file(path)
    return FileMaster(path)


def content(size):
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


def seal(master, size):
    out = io.BytesIO()
    with SealedWriter(out, master) as stream:
        stream.write(content(size))
    return out.getvalue()


def unseal(master, sealed):
    return SealedReader(io.BytesIO(sealed), master).read()


def chunks(sealed):
    """The header, and the chunks as they stand in the file."""
    start = len(MAGIC) + 4 + int.from_bytes(sealed[len(MAGIC) : len(MAGIC) + 4], "big")
    step = CHUNK_BYTES + TAG_BYTES
    return sealed[:start], [sealed[at : at + step] for at in range(start, len(sealed), step)]


@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_is_read(master, size):
    sealed = seal(master, size)
    assert is_sealed(sealed)
    assert unseal(master, sealed) == content(size)


def test_nothing_of_it_stands_in_the_file(master):
    assert b"0123456789abcdef" not in seal(master, 1000)


def test_two_of_the_same_content_are_different(master):
    assert seal(master, 100) != seal(master, 100)


@pytest.mark.parametrize("change", ["swap", "double", "leave out", "cut off", "join"])
def test_chunks_stay_where_they_were(master, change):
    header, parts = chunks(seal(master, 3 * CHUNK_BYTES))
    assert len(parts) == 3
    changed = {
        "swap": [parts[1], parts[0], parts[2]],
        "double": [parts[0], parts[0], parts[1], parts[2]],
        "leave out": [parts[0], parts[2]],
        "cut off": parts[:2],
        "join": [*parts, chunks(seal(master, 10))[1][0]],
    }[change]
    with pytest.raises(NotSealed):
        unseal(master, header + b"".join(changed))


@pytest.mark.parametrize("place", [-1, -TAG_BYTES, -TAG_BYTES - 1])
def test_any_changed_bit_is_noticed(master, place):
    sealed = bytearray(seal(master, 100))
    sealed[place] ^= 1
    with pytest.raises(NotSealed):
        unseal(master, bytes(sealed))


@pytest.mark.parametrize(
    "sealed", [b"", b"BOSSEAL", MAGIC, MAGIC + b"\xff" * 4, MAGIC + b"\0\0\0\2{}", b"\x1f\x8b" * 9]
)
def test_what_is_no_sealed_file_is_refused(master, sealed):
    with pytest.raises(NotSealed):
        unseal(master, sealed)


def test_another_master_key_does_not_open_it(master, tmp_path):
    make_key_file(tmp_path / "other.key")
    with pytest.raises(MasterKeyWrong):
        unseal(FileMaster(tmp_path / "other.key"), seal(master, 10))
