"""`bos rollout` and pins at the command line."""

import pytest

from tests.integration.kernel.test_cli import USAGE, Bos
from tests.integration.registry.conftest import write_applet


@pytest.fixture(scope="module")
def bos(empty_database, tmp_path_factory):
    """Three tenants that run memo 1.0.0; 1.1.0 is known."""
    folder = tmp_path_factory.mktemp("bos")
    write_applet(folder / "applets" / "memo", "memo")
    found = Bos(empty_database(), folder, applets_dir=folder / "applets")
    for tenant in ("ada", "ben", "cleo"):
        found.run("tenant", "create", tenant)
        found.run("applet", "enable", "memo", "--tenant", tenant)
    newer = write_applet(folder / "newer", "memo")
    manifest = (newer / "applet.toml").read_text()
    (newer / "applet.toml").write_text(manifest.replace('version = "1.0.0"', 'version = "1.1.0"'))
    found.run("applet", "add", str(newer), "--trust")
    return found


def versions(bos):
    found = {}
    for tenant in ("ada", "ben", "cleo"):
        (memo,) = bos.json("applet", "list", "--tenant", tenant)
        found[tenant] = memo.get("enabled_version", memo["version"])
    return found


def test_a_rollout_is_started_looked_at_paused_resumed_and_halted(bos):
    assert bos.json("applet", "pin", "memo", "--tenant", "ben")["pinned_to"] == "1.0.0"
    stages = ("--tenants", "50%", "--then", "100%", "--hold", "1h", "--error-rate-max", "2%")
    rehearsed = bos.json("rollout", "start", "memo@1.1.0", *stages, "--dry-run")
    assert [stage["waiting"] for stage in rehearsed["stages"]] == [1, 1]
    assert bos.json("rollout", "list") == []
    started = bos.json("rollout", "start", "memo@1.1.0", *stages)
    assert started["limits"] == {
        "watch": ["error-rate", "p95"], "error_rate_max": 0.02, "p95_max_ratio": 2.0, "hold_s": 3600.0,
    }  # fmt: skip
    assert [each["state"] for each in started["tenants"]].count("moved") == 1
    left = [each for each in started["tenants"] if each["state"] == "left_out"]
    assert [(each["tenant"], each["reason"]) for each in left] == [("ben", "pinned to 1.0.0")]
    assert sorted(versions(bos).values()) == ["1.0.0", "1.0.0", "1.1.0"]
    assert "pinned to 1.0.0" in bos.run("rollout", "status", "memo").stdout
    assert bos.code("rollout", "start", "memo@1.1.0") == "rollout_running"
    assert bos.json("rollout", "pause", "memo")["state"] == "paused"
    assert bos.json("rollout", "resume", started["id"])["state"] == "running"
    halted = bos.json("rollout", "halt", "memo", "--roll-back", "--yes")
    assert (halted["state"], halted["reason"]) == ("halted", "halted by the operator")
    assert set(versions(bos).values()) == {"1.0.0"}
    assert [each["state"] for each in bos.json("rollout", "list")] == ["halted"]
    assert bos.json("applet", "unpin", "memo", "--tenant", "ben")["pinned_to"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("memo",),
        ("memo@1.1.0", "--tenants", "5"),
        ("memo@1.1.0", "--hold", "soon"),
    ],
)
def test_what_cannot_be_read_is_a_wrong_usage(bos, arguments):
    assert bos.run("rollout", "start", *arguments, code=USAGE)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("start", "memo@1.1.0", "--tenants", "50%", "--then", "5%"), "rollout_invalid"),
        (("start", "memo@1.1.0", "--watch", "luck"), "rollout_invalid"),
        (("start", "memo@9.0.0"), "applet_version_unknown"),
        (("start", "memo@1.0.0"), "rollout_empty"),
        (("status", "nothing"), "rollout_unknown"),
    ],
)
def test_what_cannot_be_done_is_refused(bos, arguments, code):
    assert bos.code("rollout", *arguments) == code
