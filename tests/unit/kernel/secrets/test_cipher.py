"""AES-256-GCM: the published vectors, and what is refused."""

import pytest

from kernel.secrets.cipher import DoesNotOpen, bind, decrypt, encrypt, fingerprint, new_key

# McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", appendix B, test cases 13 to 16 (256-bit keys, 96-bit
# nonces): key, nonce, plaintext, associated data, ciphertext, tag.
KEY = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
NONCE = "cafebabefacedbaddecaf888"
PLAIN = (
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
)
SEALED = (
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
)
VECTORS = [
    ("00" * 32, "00" * 12, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
    ("00" * 32, "00" * 12, "00" * 16, "", "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"),
    (KEY, NONCE, PLAIN, "", SEALED, "b094dac5d93471bdec1a502270e3cc6c"),
    (KEY, NONCE, PLAIN[:120], "feedfacedeadbeeffeedfacedeadbeefabaddad2", SEALED[:120],
     "76fc6ece0f4e1768cddf8853bb2d551b"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "nonce", "plain", "bound", "sealed", "tag"), VECTORS)
def test_the_published_vectors_open(key, nonce, plain, bound, sealed, tag):
    whole = bytes.fromhex(nonce + sealed + tag)
    assert decrypt(bytes.fromhex(key), whole, bytes.fromhex(bound)) == bytes.fromhex(plain)


@pytest.mark.parametrize("place", range(0, 12 + 5 + 16, 4))
def test_any_changed_bit_is_found(place):
    key = new_key()
    sealed = bytearray(encrypt(key, b"plain", b"bound"))
    sealed[place] ^= 0x80
    with pytest.raises(DoesNotOpen):
        decrypt(key, bytes(sealed), b"bound")


@pytest.mark.parametrize("length", [0, 1, 12, 27])
def test_what_is_too_short_to_be_a_ciphertext_does_not_open(length):
    with pytest.raises(DoesNotOpen):
        decrypt(new_key(), bytes(length), b"")


def test_another_key_or_another_purpose_does_not_open():
    key = new_key()
    sealed = encrypt(key, b"plain", b"bound")
    assert decrypt(key, sealed, b"bound") == b"plain"
    for wrong_key, wrong_bound in ((new_key(), b"bound"), (key, b"bounds")):
        with pytest.raises(DoesNotOpen):
            decrypt(wrong_key, sealed, wrong_bound)


def test_no_two_lists_of_parts_bind_alike():
    lists = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc"), ("ä", "bc")]
    assert len({bind(*parts) for parts in lists}) == len(lists)


def test_a_fingerprint_names_a_key_and_does_not_hold_it():
    key = new_key()
    assert fingerprint(key) == fingerprint(key)
    assert len(fingerprint(key)) == 16
    assert fingerprint(key) not in key.hex()
    assert fingerprint(key) != fingerprint(new_key())
