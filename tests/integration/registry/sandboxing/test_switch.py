"""`bos sandbox status`, `off`, `on` and `trace` at the command line."""

import contextlib

import msgpack
import pytest

from kernel.cli.session import open_kernel
from registry.sandboxing.cli.stops import in_words
from sandbox.frames import REQUEST
from sdk.hookset import HookFailed
from tests.integration.kernel.test_cli import USAGE, Bos
from tests.integration.registry.sandboxing.conftest import write_shop

# So many suspend it, where as many calls fail as do not.
FAILURES = 5


@pytest.fixture(scope="module")
def bos(empty_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bos")
    write_shop(folder / "applets" / "shop")
    found = Bos(empty_database(), folder, applets_dir=folder / "applets")
    found.run("tenant", "create", "acme")
    found.run("tenant", "create", "other")
    found.run("applet", "enable", "shop", "-t", "acme")
    return found


@pytest.fixture(autouse=True)
def switched_on(bos):
    yield
    bos.run("sandbox", "on", "--all")


def order(bos, code=0):
    return bos.run("doc", "create", "shop.order", "--set", "name=tea", "-t", "acme", "--json", code=code)


def scopes(rows):
    return [(row["applet"], row["version"], row["tenant"], row["reason"]) for row in rows]


def test_status_tells_the_level_each_probe_and_how_applets_do(bos):
    order(bos)
    told = bos.json("sandbox", "status")
    assert told["level"] in ("full", "strong", "wasm")
    assert (told["problem"], told["wanted"], told["stops"]) == (None, "auto", [])
    assert all(probe["is_held"] for probe in told["probes"] if probe["level"] == told["level"])
    (shop,) = told["applets"]
    assert (shop["tenant"], shop["applet"], shop["version"], shop["state"]) == ("acme", "shop", "1.0.0", "running")
    assert (shop["calls"] >= 1, shop["errors"]) == (True, 0)
    assert "level" in bos.run("sandbox", "status", "--tenant", "acme").stdout


def test_off_stops_it_and_on_lets_it_run_again(bos):
    (stop,) = bos.json("sandbox", "off", "--applet", "shop", "--reason", "sends twice")
    assert (stop["applet"], stop["tenant"], stop["by"], stop["reason"]) == ("shop", None, "operator", "sends twice")
    assert "applet_switched_off" in order(bos, code=1).stderr
    assert scopes(bos.json("sandbox", "status")["stops"]) == [("shop", None, None, "sends twice")]
    assert bos.json("sandbox", "on", "--applet", "shop") == []


def test_a_version_a_tenant_and_everything_are_stopped_by_themselves(bos):
    bos.run("sandbox", "off", "--applet", "shop", "--version", "0.9.0", "--reason", "old")
    bos.run("sandbox", "off", "--tenant", "other", "--reason", "not here")
    rows = bos.json("sandbox", "off", "--all", "--reason", "everything")
    assert scopes(rows) == [
        ("shop", "0.9.0", None, "old"),
        (None, None, "other", "not here"),
        (None, None, None, "everything"),
    ]
    left = bos.json("sandbox", "on", "--applet", "shop")
    assert scopes(left) == [(None, None, "other", "not here"), (None, None, None, "everything")]
    assert bos.run("sandbox", "on", "--all").stderr == "2 stop(s) lifted.\n"
    order(bos)


def test_nobody_stops_everything_by_leaving_something_out(bos):
    bos.run("sandbox", "off", "--reason", "x", code=USAGE)
    bos.run("sandbox", "on", code=USAGE)
    bos.run("sandbox", "off", "--all", "--applet", "shop", "--reason", "x", code=USAGE)
    bos.run("sandbox", "off", "--tenant", "acme", "--version", "1.0.0", "--reason", "x", code=USAGE)
    bos.run("sandbox", "off", "--applet", "shop", code=USAGE)
    assert bos.code("sandbox", "off", "--applet", "shoe", "--reason", "x") == "applet_unknown"
    assert bos.code("sandbox", "off", "--tenant", "nobody", "--reason", "x") == "tenant_unknown"


def test_trace_shows_what_a_worker_said_before_it_was_stopped(bos):
    frame = msgpack.packb([REQUEST, 7, "documents.steal", ["x"]])
    with open_kernel(bos.settings) as kernel:
        stops = kernel.breaker.stops
        evidence = f"there is no request\n{frame.hex()}\n{frame[:-1].hex()}"
        stops.record(stops.make("it broke out", "breaker", applet="shop", version="1.0.0", evidence=evidence))
    (row,) = bos.json("sandbox", "trace", "--applet", "shop")
    assert (row["what"], row["by"], row["detail"]) == ("stopped", "breaker", "there is no request")
    assert row["frames"] == ["[2, 7, 'documents.steal', ['x']]", frame[:-1].hex()]
    assert bos.json("sandbox", "trace", "--applet", "other") == []


def test_trace_shows_who_is_suspended_for_what(bos):
    with open_kernel(bos.settings) as kernel:
        for _ in range(FAILURES):
            with contextlib.suppress(HookFailed), kernel.operate(kernel.directory.get("acme")) as ctx:
                ctx.documents.create("shop.order", {"name": "broken"})
    (row,) = bos.json("sandbox", "trace", "--tenant", "acme")
    assert (row["tenant"], row["applet"], row["what"]) == ("acme", "shop", "suspended")
    assert "KeyError" in row["detail"]
    bos.run("applet", "resume", "shop", "-t", "acme")


@pytest.mark.parametrize("digits", ["zz", "", "c1", "91" * 2000])
def test_a_frame_that_cannot_be_read_is_shown_as_it_is(digits):
    assert in_words(digits) == digits[:2000]
