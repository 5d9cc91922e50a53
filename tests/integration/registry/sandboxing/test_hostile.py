"""Code that got past the language of applets: the walls end it, and its version runs for nobody until it is let."""

import pytest

from kernel.breaker.stops import Stops
from registry.sandboxing import sandbox
from registry.sandboxing.engines import Opened
from sandbox.host.native_engine import NativeEngine
from sandbox.lockdown.levels import Level
from tests.integration.registry.sandboxing.offenders import MENDED, Street, changed
from tests.sandbox.worker.client import RAW, zygote_or_skip

ATTACKS = {
    # A system call that no worker may make, and bytes on the wire that no runtime sends.
    "forking": ("    import os\n    os.fork()", "it made a forbidden system call (work)"),
    "babbling": ("    import os\n    os.write(3, b'\\xff' * 64)", "it broke the protocol of the sandbox (work)"),
}


@pytest.fixture(scope="module")
def street(open_site, tmp_path_factory):
    """Its sandbox has no language policy: the walls are all there is."""

    def open_raw(*_):
        return Opened(NativeEngine(zygote_or_skip(loader=RAW), Level.FULL))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sandbox, "open_engine", open_raw)
        street = Street(open_site(), tmp_path_factory.mktemp("hostile"))
        for name, (act, _) in ATTACKS.items():
            street.add(name, act)
            street.add(name, MENDED, version="1.0.1")
        yield street


def told(answer):
    return answer.status_code, answer.json().get("code")


@pytest.mark.parametrize("name", ATTACKS)
def test_who_gets_past_the_policy_is_stopped_for_everybody_at_once_until_an_operator_lifts_it(street, name):
    resident, neighbour, mended = (street.move_in(name) for _ in range(3))
    mended.upgrade(name, "1.0.1")
    stops = street.kernel.breaker.stops
    before = resident.picture()
    answer = resident.save(name, "ill")
    assert told(answer) == (503, "applet_stopped")
    assert answer.json()["detail"] == f"Applet {name} was stopped: {ATTACKS[name][1]}."
    assert changed(before, resident.picture()) == set()
    elsewhere = Stops(street.kernel.database, street.kernel.clock)
    elsewhere.look()
    (stop,) = [each for each in elsewhere.known if each.applet == name]
    assert (stop.version, stop.tenant_id, stop.by) == ("1.0.0", None, "breaker")
    assert stop.evidence
    for each in (resident, neighbour):
        answer = each.save(name, "well")
        assert told(answer) == (503, "applet_switched_off")
        assert f"{name} 1.0.0 {ATTACKS[name][1]}" in answer.json()["detail"]
    # What was stopped is that version; another one has done nothing.
    assert told(mended.save(name, "ill"))[0] == 201
    assert stops.lift(applet=name, version="1.0.0", tenant_id=None) == 1
    assert [told(each.save(name, "well"))[0] for each in (resident, neighbour)] == [201, 201]
