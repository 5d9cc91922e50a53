"""Imports and exports as jobs: asked for over HTTP, done by a worker bit by bit, by another one after a crash."""

import gzip
import json
from datetime import timedelta

import pytest

from kernel.transfer import store
from kernel.transfer.caller import Caller
from kernel.transfer.jobs import TransferJobs
from kernel.transfer.service import TRANSFERS_OPEN_MAX
from sdk.identifiers import new_id
from tests.integration.kernel.files.desk import values_of
from tests.integration.kernel.shipped import make_tenant

ADMIN = "kernel.admin"
CSV = {"content-type": "text/csv"}


def table(*codes):
    return "code,name\n" + "".join(f"{code},Name of {code}\n" for code in codes)


def upload(client, headers, text, **asked):
    given = {"type": "parties.customer", "key": "code", **asked}
    return client.post("/api/v1/imports", params=given, content=text, headers={**headers, **CSV})


def work(worker, caller):
    while worker(caller.tenant) is not None:
        pass


def of_import(client, headers, id):
    return client.get(f"/api/v1/imports/{id}", headers=headers).json()


def test_a_file_is_uploaded_imported_and_its_rejects_can_be_read(client, directory, log_in, worker):
    headers = log_in(directory, ADMIN)
    answer = upload(client, headers, table("A", "B") + "C,\n")
    assert answer.status_code == 201
    begun = answer.json()
    assert answer.headers["location"] == f"/api/v1/imports/{begun['id']}"
    assert (begun["state"], begun["percent"]) == ("waiting", 0)
    work(worker, directory)
    done = of_import(client, headers, begun["id"])
    assert (done["state"], done["percent"], done["documents"]) == ("done", 100, 3)
    assert done["counts"] == {"created": 2, "updated": 0, "skipped": 0, "rejected": 1}
    (reject,) = client.get(f"/api/v1/imports/{begun['id']}/rejects", headers=headers).text.splitlines()
    assert json.loads(reject)["row"] == 3
    assert json.loads(reject)["violations"][0]["field"] == "/name"
    assert values_of(directory, "parties.customer", "code") == ["A", "B"]


def test_a_rehearsal_tells_what_would_be_and_writes_nothing(client, directory, log_in, worker):
    headers = log_in(directory, ADMIN)
    begun = upload(client, headers, table("A", "B"), dry_run="true").json()
    work(worker, directory)
    done = of_import(client, headers, begun["id"])
    assert (done["state"], done["dry_run"], done["counts"]["created"]) == ("done", True, 2)
    assert values_of(directory, "parties.customer", "code") == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"type": "parties.customers"}, "document_type_unknown"),
        ({"key": "cdoe"}, "mapping_invalid"),
        ({"format": "pdf"}, "invalid_request"),
        ({"mapping": "{"}, "invalid_request"),
        ({"mapping": "[" * 20_000}, "invalid_request"),
        ({"mapping": '{"fields": {}, "join": {"x": {"file": "/etc/passwd", "on": "code"}}}'}, "mapping_invalid"),
        ({"company_id": "../../etc"}, "company_required"),
        ({"path": "/etc/passwd"}, "invalid_request"),
    ],
)
def test_what_cannot_be_imported_is_refused_before_the_file_is_kept(client, office, directory, log_in, asked, code):
    answer = upload(client, log_in(directory, ADMIN), table("A"), **asked)
    assert (answer.status_code, answer.json()["code"]) in [(422, code), (404, code)]
    assert not list((office.settings.data_dir / "transfers").rglob(f"*{directory.tenant.id}*/*.upload*"))


def test_a_file_beyond_the_limit_is_refused_whatever_length_it_says(client, office, directory, log_in):
    headers = log_in(directory, ADMIN)

    def chunks():
        for _ in range(5):
            yield b"x" * 50_000

    for body in (b"x" * 250_000, chunks()):
        answer = upload(client, headers, body)
        assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert not list((office.settings.data_dir / "transfers" / directory.tenant.id).iterdir())


def test_nobody_imports_without_the_right_to_create(client, directory, log_in):
    answer = upload(client, log_in(directory, "kernel.auditor"), table("A"))
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    answer = upload(client, {"authorization": ""}, table("A"))
    assert answer.status_code == 401


def test_a_right_that_is_revoked_stops_an_import_at_its_next_batch(client, office, directory, log_in, worker):
    headers = log_in(directory, ADMIN)
    begun = upload(client, headers, table(*(f"C{n:04}" for n in range(700)))).json()
    with office.operate(directory.tenant) as ctx:
        grant = ctx.documents.find("kernel.grant", actor_id=headers["x-user"])
    # One batch: the time of a slice is over at once.
    slices = TransferJobs(office, monotonic=iter(range(0, 10_000, 100)).__next__)
    assert slices(directory.tenant) == 0.0
    with office.operate(directory.tenant) as ctx:
        ctx.documents.create("kernel.grant", {"actor_id": headers["x-user"], "role": "kernel.member"})
        other = ctx.documents.create("kernel.grant", {"actor_id": new_id(), "role": ADMIN})
        ctx.documents.delete("kernel.grant", grant.id)
    assert other.id
    work(slices, directory)
    slices.close()
    with directory.begin() as uow:
        found = store.find(uow, begun["id"])
    assert (found.state, found.error["code"]) == ("failed", "permission_denied")
    assert found.progress["documents"] == 500
    assert len(values_of(directory, "parties.customer", "code")) == 500


def test_another_worker_goes_on_after_the_last_committed_batch(client, office, directory, log_in):
    headers = log_in(directory, ADMIN)
    codes = [f"C{n:04}" for n in range(1_200)]
    begun = upload(client, headers, table(*codes) + "BAD,\n").json()
    first = TransferJobs(office, monotonic=iter(range(0, 10_000, 100)).__next__)
    assert first(directory.tenant) == 0.0
    assert of_import(client, headers, begun["id"])["documents"] == 500
    second = TransferJobs(office, monotonic=lambda: 0.0)
    # The first one holds it as long as its lease lasts.
    assert second(directory.tenant) == 15.0
    with directory.begin() as uow:
        uow.execute("UPDATE {t}.transfers SET leased_until = %s", [office.clock() - timedelta(seconds=1)])
        uow.commit()
    work(second, directory)
    # The first one wakes up, and can do nothing any more.
    assert first(directory.tenant) is None
    done = of_import(client, headers, begun["id"])
    assert done["counts"] == {"created": 1_200, "updated": 0, "skipped": 0, "rejected": 1}
    assert sorted(values_of(directory, "parties.customer", "code")[:500]) == codes[:500]
    first.close()
    second.close()


def test_a_cancelled_import_keeps_what_it_has_imported_and_goes_no_further(client, office, directory, log_in):
    headers = log_in(directory, ADMIN)
    begun = upload(client, headers, table(*(f"C{n:04}" for n in range(700)))).json()
    slices = TransferJobs(office, monotonic=iter(range(0, 10_000, 100)).__next__)
    assert slices(directory.tenant) == 0.0
    url = f"/api/v1/imports/{begun['id']}"
    assert client.post(f"{url}/cancel", headers=headers).json()["state"] == "cancelled"
    assert slices(directory.tenant) is None
    slices.close()
    assert client.post(f"{url}/cancel", headers=headers).json()["code"] == "transfer_over"
    assert len(values_of(directory, "parties.customer", "code")) == 500


def test_transfers_are_seen_by_who_asked_and_by_administrators_of_the_tenant_only(
    client, office, directory, log_in, worker
):  # fmt: skip
    ada, bo = log_in(directory, ADMIN), log_in(directory, "parties.editor")
    begun = upload(client, ada, table("A")).json()
    mine = upload(client, bo, table("B")).json()
    url = "/api/v1/imports"
    assert client.get(f"{url}/{begun['id']}", headers=bo).json()["code"] == "transfer_unknown"
    assert client.post(f"{url}/{begun['id']}/cancel", headers=bo).status_code == 404
    assert [item["id"] for item in client.get(url, headers=bo).json()["items"]] == [mine["id"]]
    assert [item["id"] for item in client.get(url, headers=ada).json()["items"]] == [mine["id"], begun["id"]]
    assert client.get(f"/api/v1/exports/{begun['id']}", headers=ada).status_code == 404
    assert client.get(f"{url}/..%2F..%2Fetc%2Fpasswd", headers=ada).status_code == 404


def test_another_tenant_sees_nothing(client, office, directory, log_in):
    begun = upload(client, log_in(directory, ADMIN), table("A")).json()
    other = log_in(Caller(office, make_tenant(office, "stranger", "parties")), ADMIN)
    for path in ("", "/rejects"):
        assert client.get(f"/api/v1/imports/{begun['id']}{path}", headers=other).json()["code"] == "transfer_unknown"


def test_only_so_many_wait_at_once(client, directory, log_in):
    headers = log_in(directory, ADMIN)
    with directory.begin() as uow:
        ctx = directory.context(uow)
        for _ in range(TRANSFERS_OPEN_MAX):
            store.insert(uow, store.NewTransfer(new_id(), "export", "parties.customer", {}, {"id": "x"}), ctx.now)
        uow.commit()
    answer = upload(client, headers, table("A"))
    assert (answer.status_code, answer.json()["code"]) == (429, "transfers_too_many")


@pytest.fixture
def filled(client, directory, log_in, worker):
    """The headers of an administrator of a tenant with three customers."""
    headers = log_in(directory, ADMIN)
    upload(client, headers, "code,name,notes\nA,Ada,=1+1\nB,Bo,\nC,Cleo,\n")
    work(worker, directory)
    return headers


def take(client, worker, directory, headers, **asked):
    begun = client.post("/api/v1/exports", json=asked, headers=headers)
    assert begun.status_code == 201, begun.text
    url = f"/api/v1/exports/{begun.json()['id']}"
    assert client.get(f"{url}/file", headers=headers).json()["code"] == "transfer_not_ready"
    work(worker, directory)
    done = client.get(url, headers=headers).json()
    assert (done["state"], done["error"]) == ("done", None)
    return client.get(f"{url}/file", headers=headers)


def test_a_file_of_documents_is_made_and_can_be_fetched(client, directory, worker, filled):
    answer = take(client, worker, directory, filled, type="parties.customer", fields=["code", "notes"], sort=["-code"])
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="parties.customer.csv"'
    rows = [line.split(",")[1:] for line in answer.text.splitlines()]
    assert rows == [["code", "notes"], ["C", ""], ["B", ""], ["A", "'=1+1"]]


def test_a_compressed_file_is_one_that_was_compressed(client, directory, worker, filled):
    answer = take(client, worker, directory, filled, type="parties.customer", format="jsonl", gzip=True)
    assert [json.loads(line)["code"] for line in gzip.decompress(answer.content).splitlines()] == ["A", "B", "C"]


def test_a_template_says_what_is_exported(client, office, directory, worker, filled):
    with office.operate(directory.tenant) as ctx:
        ctx.documents.create(
            "kernel.export_template",
            {
                "name": "Names",
                "document_type": "parties.customer",
                "format": "csv",
                "columns": [{"title": "Who", "path": "name"}, {"title": "Code", "path": "code"}],
                "filter": "code >= param.first",
                "sort": ["-code"],
            },
        )
    answer = take(client, worker, directory, filled, template="Names", parameters={"first": "B"})
    assert answer.text == "Who,Code\nCleo,C\nBo,B\n"


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({}, 422, "invalid_request"),
        ({"type": "parties.customer", "filter": "secret =="}, 422, "invalid_expression"),
        ({"type": "parties.customer", "fields": ["nmae"]}, 422, "mapping_invalid"),
        ({"type": "parties.customer", "columns": [{"title": "X", "path": "nmae"}]}, 422, "mapping_invalid"),
        ({"template": "None"}, 404, "template_unknown"),
        ({"template": "None", "format": "csv"}, 422, "invalid_request"),
        ({"type": "parties.customer", "path": "/etc/passwd"}, 422, "invalid_request"),
    ],
)
def test_an_export_that_makes_no_sense_is_refused_at_once(client, directory, log_in, asked, status, code):
    answer = client.post("/api/v1/exports", json=asked, headers=log_in(directory, ADMIN))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_file_goes_with_its_transfer_when_its_time_is_over(client, office, directory, worker, filled):
    take(client, worker, directory, filled, type="parties.customer")
    folder = office.settings.data_dir / "transfers" / directory.tenant.id
    assert [path.suffix for path in folder.iterdir()] == [".export"]
    with directory.begin() as uow:
        uow.execute("UPDATE {t}.transfers SET finished_at = %s", [office.clock() - timedelta(days=8)])
        uow.commit()
    TransferJobs(office, monotonic=lambda: 0.0)(directory.tenant)
    assert list(folder.iterdir()) == []
    assert client.get("/api/v1/exports", headers=filled).json()["items"] == []
