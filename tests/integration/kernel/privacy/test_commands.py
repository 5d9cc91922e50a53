"""`bos keys …` and `bos privacy …`."""

import json
import stat

import pytest

from tests.integration.kernel.test_cli import USAGE, Bos


@pytest.fixture(scope="module")
def bos(empty_database, tmp_path_factory):
    bos = Bos(empty_database(), tmp_path_factory.mktemp("bos"))
    bos.json("tenant", "create", "acme")
    bos.run("applet", "enable", "parties", "-t", "acme")
    return bos


def add(bos, code):
    values = ("--set", f"code={code}", "--set", "name=Jane Secretname", "--set", "phone=555 SECRET")
    return bos.json("doc", "create", "parties.customer", *values, "-t", "acme")["id"]


def test_a_person_is_exported_to_a_file_for_its_owner_only(bos, tmp_path):
    id = add(bos, "C1")
    path = tmp_path / "jane.json"
    told = bos.json("privacy", "export", "--subject", "parties.customer/C1", "--out", str(path))
    assert told["documents"] == 1
    exported = json.loads(path.read_text())
    assert (exported["subject_id"], exported["documents"][0]["document"]["phone"]) == (id, "555 SECRET")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert bos.json("privacy", "export", "--subject", f"parties.customer/{id}")["subject_id"] == id


def test_a_person_is_erased_when_it_was_confirmed(bos):
    id = add(bos, "C2")
    plan = bos.json("privacy", "erase", "--subject", "parties.customer/C2", "--dry-run")
    assert [step["id"] for step in plan["erase"]] == [id]
    assert bos.code("privacy", "erase", "--subject", "parties.customer/C2") == "not_confirmed"
    assert bos.json("doc", "get", "parties.customer", id)["name"] == "Jane Secretname"
    done = bos.json("privacy", "erase", "--subject", "parties.customer/C2", "--yes")
    assert done["documents"] == 1
    assert bos.json("doc", "get", "parties.customer", id)["name"] == "[erased]"
    told = bos.run("privacy", "erase", "--subject", "parties.customer/C2", "--dry-run").stdout
    assert "would_erase" in told


def test_erasures_are_listed_and_replayed(bos, tmp_path):
    add(bos, "C3")
    bos.json("privacy", "erase", "--subject", "parties.customer/C3", "--yes")
    listed = bos.json("privacy", "erasures")
    path = tmp_path / "erasures.json"
    path.write_text(json.dumps(listed))
    assert bos.json("privacy", "replay-erasures", str(path), "--yes") == {"erased": len(listed), "missing": 0}
    assert bos.json("privacy", "replay-erasures", str(path), "--dry-run")["would_erase"] == len(listed)
    path.write_text('{"no": "list"}')
    assert bos.code("privacy", "replay-erasures", str(path), "--yes") == "input_unreadable"


def test_what_is_due_is_told_and_done(bos):
    told = bos.json("privacy", "retention", "--dry-run")
    assert (told["documents"], told["subjects"]) == ([], 0)
    assert bos.code("privacy", "retention") == "not_confirmed"
    assert bos.json("privacy", "retention", "--yes")["erased"] == 0


def test_keys_are_listed_and_rotated(bos):
    add(bos, "C4")
    (before,) = (key for key in bos.json("keys", "list") if key["kind"] == "data")
    rotated = bos.json("keys", "rotate", "--tenant", "acme")
    assert rotated["tenant"] == "acme"
    keys = {key["id"]: key for key in bos.json("keys", "list") if key["kind"] == "data"}
    assert (keys[before["id"]]["retired_at"] is None, keys[rotated["data_key"]].get("retired_at")) == (False, None)
    master = bos.json("keys", "rotate", "--master")
    assert (master["tenants"], master["wrapped_by"] == before["wrapped_by"]) == (1, False)
    assert {key["wrapped_by"] for key in bos.json("keys", "list")} == {master["wrapped_by"]}
    assert bos.json("keys", "rotate", "--master", "--rewrap")["rewrapped"] == 0


@pytest.mark.parametrize("words", [(), ("--master", "--tenant", "acme"), ("--tenant", "acme", "--rewrap")])
def test_a_rotation_says_of_what(bos, words):
    bos.run("keys", "rotate", *words, code=USAGE)
