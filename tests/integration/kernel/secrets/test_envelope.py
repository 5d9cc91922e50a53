"""Secrets of the platform: sealed under a key the master key wraps, in a real database."""

import base64
import stat

import psycopg
import pytest

from kernel.main import build_kernel
from kernel.secrets.envelope import open_sealed, seal
from kernel.secrets.errors import MasterKeyMissing, MasterKeyUnreadable, MasterKeyWrong, SecretUnreadable
from kernel.settings import Settings


@pytest.fixture(scope="module")
def house(empty_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    url = empty_database()
    kernel = build_kernel(Settings(data_dir=folder), url)
    yield kernel, url, folder
    kernel.close()


def test_what_was_sealed_opens_for_the_same_purpose_and_context(house):
    kernel, _, _ = house
    sealed = seal(kernel, "totp_secret", b"JBSWY3DPEHPK3PXP", "user-1")
    assert b"JBSWY3DPEHPK3PXP" not in sealed
    assert open_sealed(kernel, "totp_secret", sealed, "user-1") == b"JBSWY3DPEHPK3PXP"


def test_sealing_twice_gives_two_ciphertexts(house):
    kernel, _, _ = house
    assert seal(kernel, "purpose", b"same") != seal(kernel, "purpose", b"same")


@pytest.mark.parametrize(("purpose", "context"), [("client_secret", "user-1"), ("totp_secret", "user-2")])
def test_a_secret_does_not_open_as_something_else(house, purpose, context):
    kernel, _, _ = house
    sealed = seal(kernel, "totp_secret", b"secret", "user-1")
    with pytest.raises(SecretUnreadable) as refused:
        open_sealed(kernel, purpose, sealed, context)
    assert 'secret"' not in refused.value.message


@pytest.mark.parametrize("place", [0, 5, 20, 30, -1])
def test_a_secret_with_one_bit_changed_does_not_open(house, place):
    kernel, _, _ = house
    sealed = bytearray(seal(kernel, "purpose", b"a secret that is long enough"))
    sealed[place] ^= 1
    with pytest.raises(SecretUnreadable):
        open_sealed(kernel, "purpose", bytes(sealed))


def test_the_key_file_is_made_for_its_owner_alone(house):
    kernel, _, folder = house
    seal(kernel, "purpose", b"secret")
    path = folder / "master.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["master.key"]


def test_another_process_with_the_same_key_file_opens_it(house):
    kernel, url, folder = house
    sealed = seal(kernel, "purpose", b"secret")
    other = build_kernel(Settings(master_key_file=folder / "master.key"), url)
    assert open_sealed(other, "purpose", sealed) == b"secret"
    other.close()


def test_a_lost_key_file_is_not_replaced_by_a_new_key(house, tmp_path):
    kernel, url, _ = house
    seal(kernel, "purpose", b"secret")
    other = build_kernel(Settings(data_dir=tmp_path), url)
    with pytest.raises(MasterKeyMissing):
        seal(other, "purpose", b"secret")
    assert list(tmp_path.iterdir()) == []
    other.close()


def test_another_master_key_is_refused_and_named(house, tmp_path):
    kernel, url, _ = house
    seal(kernel, "purpose", b"secret")
    path = tmp_path / "another.key"
    path.write_text(base64.b64encode(bytes(32)).decode())
    other = build_kernel(Settings(master_key_file=path), url)
    with pytest.raises(MasterKeyWrong) as refused:
        seal(other, "purpose", b"secret")
    assert base64.b64encode(bytes(32)).decode() not in refused.value.message
    other.close()


@pytest.mark.parametrize("content", ["", "not base64!", base64.b64encode(b"short").decode()])
def test_a_file_that_holds_no_key_is_refused(house, tmp_path, content):
    _, url, _ = house
    path = tmp_path / "bad.key"
    path.write_text(content)
    other = build_kernel(Settings(master_key_file=path), url)
    with pytest.raises(MasterKeyUnreadable) as refused:
        seal(other, "purpose", b"secret")
    assert content == "" or content not in refused.value.message
    other.close()


def test_the_login_of_requests_may_not_even_see_wrapped_keys(house):
    kernel, _, _ = house
    seal(kernel, "purpose", b"secret")
    with kernel.database.platform() as uow, pytest.raises(psycopg.errors.InsufficientPrivilege):
        uow.execute("SELECT * FROM {p}.keyring")
