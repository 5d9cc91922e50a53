"""Two workers at one transfer, callers with less than the rights of their user, and files nobody asks for any more."""

import os
from datetime import timedelta

import pytest

from kernel.auth.keys import create_api_key
from kernel.transfer import store
from kernel.transfer.errors import SourceUnreadable
from kernel.transfer.files import TransferFiles
from kernel.transfer.jobs import TransferJobs
from sdk.identifiers import new_id
from tests.integration.kernel.transfers.test_jobs import ADMIN, table, upload, work


def slices(office):
    """A worker that does one batch at a time."""
    return TransferJobs(office, monotonic=iter(range(0, 100_000, 100)).__next__)


def end_lease(office, caller):
    with caller.begin() as uow:
        uow.execute("UPDATE {t}.transfers SET leased_until = %s", [office.clock() - timedelta(seconds=1)])
        uow.commit()


def claimed(office, caller, worker):
    """The transfer as a worker has it that claims it and then is held up."""
    with caller.begin() as uow:
        now = office.clock()
        found = store.claim(uow, worker._holder, now, now + timedelta(seconds=100))
        uow.commit()
    return found


def files_of(office, caller):
    return TransferFiles(office.settings.data_dir, caller.tenant.id)


def test_a_worker_held_up_does_not_cut_the_rejects_its_successor_has_written(client, office, directory, log_in):
    headers = log_in(directory, ADMIN)
    begun = upload(client, headers, "code,name\n" + "BAD,\n" * 1_200).json()
    late, successor = slices(office), slices(office)
    held_up = claimed(office, directory, late)
    end_lease(office, directory)
    assert [successor(directory.tenant), successor(directory.tenant)] == [0.0, 0.0]
    rejects = files_of(office, directory).path(begun["id"], "rejects")
    assert len(rejects.read_text().splitlines()) == 1_000
    late._work(directory.tenant, held_up)
    assert successor(directory.tenant) == 0.0
    late.close()
    successor.close()
    assert [line.count('"row"') for line in rejects.read_text().splitlines()] == [1] * 1_200


def test_a_worker_held_up_does_not_write_into_the_file_of_its_successor(client, office, directory, log_in):
    headers = log_in(directory, ADMIN)
    upload(client, headers, table("A", "B", "C"))
    importer = slices(office)
    work(importer, directory)
    importer.close()
    begun = client.post("/api/v1/exports", json={"type": "parties.customer", "format": "jsonl"}, headers=headers).json()
    late, successor = slices(office), slices(office)
    held_up = claimed(office, directory, late)
    end_lease(office, directory)
    assert successor(directory.tenant) == 0.0
    made = files_of(office, directory).path(begun["id"], "export").read_bytes()
    assert made.count(b"\n") == 3
    late._work(directory.tenant, held_up)
    late.close()
    successor.close()
    files = files_of(office, directory)
    assert files.path(begun["id"], "export").read_bytes() == made
    assert not files.partial(begun["id"], "export").exists()


def test_a_rehearsal_tells_which_rows_would_be_rejected_and_how_far_it_is(client, office, directory, log_in, worker):
    headers = log_in(directory, ADMIN)
    begun = upload(client, headers, table("A", "B") + "C,\n", dry_run="true").json()
    work(worker, directory)
    url = f"/api/v1/imports/{begun['id']}"
    done = client.get(url, headers=headers).json()
    assert (done["documents"], done["counts"]["rejected"]) == (3, 1)
    (reject,) = client.get(f"{url}/rejects", headers=headers).text.splitlines()
    assert '"row": 3' in reject


def test_a_worker_held_up_that_fails_leaves_its_successor_the_file(client, office, directory, log_in):
    headers = log_in(directory, ADMIN)
    begun = upload(client, headers, table(*(f"C{n:04}" for n in range(700)))).json()
    late, successor = slices(office), slices(office)
    held_up = claimed(office, directory, late)
    end_lease(office, directory)
    assert successor(directory.tenant) == 0.0
    error = SourceUnreadable(file="the uploaded file", reason="it was away for a moment")
    late._fail(directory.tenant, held_up, error, error)
    assert files_of(office, directory).path(begun["id"], "upload").exists()
    successor.close()
    # One that begins with the second batch needs the file.
    third = slices(office)
    end_lease(office, directory)
    work(third, directory)
    third.close()
    done = client.get(f"/api/v1/imports/{begun['id']}", headers=headers).json()
    assert (done["state"], done["counts"]["created"]) == ("done", 700)


@pytest.fixture
def key_of(office):
    """Headers of an API key of a user with these scopes."""

    def make(caller, headers, *scopes):
        with office.database.platform() as uow:
            secret = create_api_key(uow, headers["x-user"], "a key", scopes, office.clock()).secret
            uow.commit()
        return {"authorization": f"Bearer {secret}", "x-user": headers["x-user"]}

    return make


def test_a_key_reads_no_file_that_was_made_with_more_than_its_scopes(client, directory, log_in, key_of, worker):
    headers = log_in(directory, "parties.editor")
    begun = client.post("/api/v1/exports", json={"type": "parties.customer"}, headers=headers).json()
    work(worker, directory)
    narrow, wide = (
        key_of(directory, headers, "parties.supplier:read"),
        key_of(directory, headers, "parties.customer:read"),
    )
    url = f"/api/v1/exports/{begun['id']}"
    assert client.get(f"{url}/file", headers=headers).status_code == 200
    assert client.get(f"{url}/file", headers=narrow).json()["code"] == "transfer_unknown"
    assert client.get("/api/v1/exports", headers=narrow).json()["items"] == []
    assert client.post(f"{url}/cancel", headers=narrow).status_code == 404
    own = client.post("/api/v1/exports", json={"type": "parties.customer"}, headers=wide).json()
    work(worker, directory)
    assert client.get(f"/api/v1/exports/{own['id']}/file", headers=wide).status_code == 200


def test_another_file_under_the_same_idempotency_key_is_refused_and_leaves_nothing(client, office, directory, log_in):
    headers = {**log_in(directory, ADMIN), "idempotency-key": new_id()}
    first = upload(client, headers, table("A"))
    again = upload(client, headers, table("A"))
    other = upload(client, headers, table("B"))
    assert (first.status_code, again.status_code, again.json()["id"]) == (201, 201, first.json()["id"])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    kept = [path.name for path in (office.settings.data_dir / "transfers" / directory.tenant.id).iterdir()]
    assert kept == [f"{first.json()['id']}.upload"]


def test_files_no_transfer_knows_of_go_when_their_time_is_over(client, office, directory, log_in):
    headers = log_in(directory, ADMIN)
    begun = upload(client, headers, table("A")).json()
    files = files_of(office, directory)
    orphan, fresh = files.partial(new_id(), "upload"), files.path(new_id(), "upload")
    for path in (orphan, fresh):
        path.write_bytes(b"x")
    long_ago = office.clock().timestamp() - office.settings.transfer_keep_s - 60
    for path in (orphan, files.path(begun["id"], "upload")):
        os.utime(path, (long_ago, long_ago))
    os.utime(fresh, (office.clock().timestamp(), office.clock().timestamp()))
    worker = TransferJobs(office, monotonic=lambda: 0.0)
    worker._clean(directory.tenant)
    assert not orphan.exists()
    assert fresh.exists()
    assert files.path(begun["id"], "upload").exists()
