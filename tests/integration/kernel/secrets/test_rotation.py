"""Rotation: new master keys, new data keys, while documents are written and read."""

import threading

import pytest

from kernel.documents.verification import verify
from kernel.main import build_kernel
from kernel.secrets.envelope import open_sealed, seal
from kernel.secrets.errors import MasterKeyWrong
from kernel.secrets.master import read_keys
from kernel.secrets.reencryption import count_stale, reencrypt
from kernel.secrets.rotation import list_keys, rotate_data_key, rotate_master
from kernel.secrets.tenant_keys import insert_key
from tests.integration.kernel.rooms.shelf import Shelf, at_once
from tests.integration.kernel.secrets.clinic import Clinic, make_clinic

WRITES = 30


def add(clinic, **values):
    with clinic.operate() as ctx:
        return ctx.documents.create("clinic.patient", {"name": "Jane", "code": "J", **values}).id


def read(clinic, id):
    with clinic.operate() as ctx:
        return ctx.documents.get("clinic.patient", id)["ssn"]


def key_ids(clinic):
    rows = clinic.execute("SELECT DISTINCT split_part(data->>'ssn', ':', 3) FROM {t}.documents WHERE data ? 'ssn'")
    return {id for (id,) in rows}


def test_what_is_written_after_a_rotation_is_under_the_new_key_at_once(clinic):
    old = add(clinic, ssn="1")
    new_key = rotate_data_key(clinic.kernel, clinic.tenant)
    new = add(clinic, ssn="2")
    ((used,),) = clinic.execute("SELECT split_part(data->>'ssn', ':', 3) FROM {t}.documents WHERE id = %s", new)
    assert used == new_key
    assert (read(clinic, old), read(clinic, new)) == ("1", "2")


def test_another_process_uses_the_new_key_with_its_next_transaction(clinic):
    other = Clinic(build_kernel(clinic.kernel.settings, clinic.kernel.settings.database_url), clinic.tenant)
    add(other, ssn="1")
    new_key = rotate_data_key(clinic.kernel, clinic.tenant)
    id = add(other, ssn="2")
    assert clinic.execute("SELECT split_part(data->>'ssn', ':', 3) FROM {t}.documents WHERE id = %s", id) == [
        (new_key,)
    ]
    other.kernel.close()


def test_documents_are_encrypted_anew_without_a_version_or_an_event(clinic):
    ids = [add(clinic, ssn=str(n), limit="5.00") for n in range(3)]
    before = clinic.execute("SELECT count(*), max(position) FROM {t}.events")
    new_key = rotate_data_key(clinic.kernel, clinic.tenant)
    told = []
    assert reencrypt(clinic.kernel, clinic.tenant, progress=told.append) == 3
    assert sum(told) == 3
    assert key_ids(clinic) == {new_key}
    assert clinic.execute("SELECT count(*), max(position) FROM {t}.events") == before
    with clinic.operate() as ctx:
        assert [ctx.documents.get("clinic.patient", id).version for id in ids] == [1, 1, 1]
        assert ctx.documents.find("clinic.patient", ssn="2").id == ids[2]
        assert verify(ctx).different == 0
        assert count_stale(ctx) == 0
    assert reencrypt(clinic.kernel, clinic.tenant) == 0


def test_an_interrupted_run_goes_on_where_it_stopped(clinic, monkeypatch):
    monkeypatch.setattr("kernel.secrets.reencryption.BATCH_DOCUMENTS", 2)
    for n in range(5):
        add(clinic, ssn=str(n))
    rotate_data_key(clinic.kernel, clinic.tenant)
    assert reencrypt(clinic.kernel, clinic.tenant, limit=2) == 2
    with clinic.operate() as ctx:
        assert count_stale(ctx) == 3
    assert reencrypt(clinic.kernel, clinic.tenant) == 3


def test_a_value_from_before_its_field_was_encrypted_is_readable_and_becomes_ciphertext(clinic):
    id = add(clinic)
    clinic.execute("""UPDATE {t}.documents SET data = data || '{"ssn": "PLAIN-1"}' WHERE id = %s""", id)
    clinic.execute(
        "INSERT INTO {t}.keys VALUES ('clinic.patient', 'ssn', '00000000-0000-0000-0000-000000000000', 'PLAIN-1', %s)",
        id,
    )
    assert read(clinic, id) == "PLAIN-1"
    assert reencrypt(clinic.kernel, clinic.tenant) == 1
    assert read(clinic, id) == "PLAIN-1"
    assert "PLAIN-1" not in clinic.dump()
    with clinic.operate() as ctx:
        assert ctx.documents.find("clinic.patient", ssn="PLAIN-1").id == id


def test_events_stay_readable_under_retired_keys(clinic):
    id = add(clinic, ssn="first", name="Jane Roe")
    for _ in range(2):
        rotate_data_key(clinic.kernel, clinic.tenant)
    with clinic.operate() as ctx:
        ctx.documents.update("clinic.patient", id, {"ssn": "second"})
    clinic.kernel.keyring.forget()
    with clinic.operate() as ctx:
        told = ctx.kernel.facades.events(ctx) and verify(ctx)
        assert told.different == 0
        keys = [key for key in list_keys(ctx) if key["kind"] == "data"]
    assert len(keys) == 3
    assert [key["retired_at"] is None for key in keys] == [False, False, True]


def test_writers_lose_nothing_while_keys_are_rotated(clinic):
    id = add(clinic, ssn="0")
    failures = []

    def write():
        try:
            for n in range(1, WRITES + 1):
                with clinic.operate() as ctx:
                    ctx.documents.update("clinic.patient", id, {"ssn": str(n)})
        except Exception as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        rotate_data_key(clinic.kernel, clinic.tenant)
        reencrypt(clinic.kernel, clinic.tenant)
    writer.join()
    assert failures == []
    assert read(clinic, id) == str(WRITES)
    with clinic.operate() as ctx:
        assert ctx.documents.get("clinic.patient", id).version == WRITES + 1
        assert verify(ctx).different == 0


def test_a_new_master_key_wraps_all_keys_and_the_old_one_is_needed_no_more(clinic, clinics):
    other = make_clinic(clinics)
    first, second = add(clinic, ssn="1"), add(other, ssn="2")
    sealed = seal(clinics, "purpose", b"platform")
    path = clinics.settings.data_dir / "master.key"
    before = list(read_keys(path))
    done = rotate_master(clinics, [clinic.tenant, other.tenant], make_key=True)
    after = list(read_keys(path))
    assert after == [done.wrapped_by, *before]
    assert done.rewrapped == 5
    whole = path.read_bytes()
    path.write_bytes(whole.split()[0])
    try:
        fresh = build_kernel(clinics.settings, clinics.settings.database_url)
        assert read(Clinic(fresh, clinic.tenant), first) == "1"
        assert read(Clinic(fresh, other.tenant), second) == "2"
        assert open_sealed(fresh, "purpose", sealed) == b"platform"
        fresh.close()
    finally:
        path.write_bytes(whole)
    assert rotate_master(clinics, [clinic.tenant, other.tenant], make_key=False).rewrapped == 0


def test_a_running_process_follows_a_new_master_key(clinic):
    id = add(clinic, ssn="1")
    rotate_master(build := clinic.kernel, [clinic.tenant], make_key=True)
    build.keyring.forget()
    assert read(clinic, id) == "1"


def test_without_the_master_key_nothing_is_read_and_nothing_half_written(clinic, tmp_path):
    id = add(clinic, ssn="1")
    path = tmp_path / "stranger.key"
    path.write_text("A" * 43 + "=")
    settings = clinic.kernel.settings.model_copy(update={"master_key_file": path})
    stranger = Clinic(build_kernel(settings, clinic.kernel.settings.database_url), clinic.tenant)
    events = clinic.execute("SELECT count(*) FROM {t}.events")
    with pytest.raises(MasterKeyWrong):
        read(stranger, id)
    with pytest.raises(MasterKeyWrong):
        add(stranger, ssn="2")
    assert clinic.execute("SELECT count(*) FROM {t}.events") == events
    stranger.kernel.close()


def test_a_tenant_gets_no_key_under_a_master_key_of_another_installation(clinics, tmp_path):
    path = tmp_path / "stranger.key"
    path.write_text("A" * 43 + "=")
    seal(clinics, "purpose", b"x")
    clinic = make_clinic(clinics)
    settings = clinics.settings.model_copy(update={"master_key_file": path})
    stranger = Clinic(build_kernel(settings, clinics.settings.database_url), clinic.tenant)
    with pytest.raises(MasterKeyWrong):
        add(stranger, ssn="2")
    assert clinic.execute("SELECT count(*) FROM {t}.cipher_keys") == [(0,)]
    stranger.kernel.close()


def test_who_rotates_while_somebody_else_does_is_told_the_key_that_encrypts_now(clinic):
    add(clinic)
    with clinic.kernel.database.transaction(clinic.tenant) as uow:
        uow.execute("UPDATE {t}.cipher_keys SET retired_at = now() WHERE kind = 'data' AND retired_at IS NULL")
        first = insert_key(uow, clinic.kernel, clinic.tenant, "data", clinic.kernel.clock())
        shelf = Shelf(clinic.kernel, clinic.tenant)
        told, _ = at_once(
            lambda: rotate_data_key(clinic.kernel, clinic.tenant), lambda: (shelf.wait_for_a_lock(), uow.commit())
        )
    in_use = clinic.execute("SELECT id::text FROM {t}.cipher_keys WHERE kind = 'data' AND retired_at IS NULL")
    assert in_use == [(told,)] == [(first,)]
