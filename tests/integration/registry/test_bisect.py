"""`bisect` on real copies: who makes a request fail, and that nothing of the tenant is touched."""

import json

import pytest

from kernel.documents.errors import AppletUnavailable
from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService
from registry.bisect.errors import RequestSucceeds
from registry.bisect.service import FailingRequest, bisect_request
from registry.lifecycle import enable_applet
from tests.integration.registry.conftest import World, write_applet

# What each of them does to documents of all.
EVERY = """
from sdk import hooks


@hooks.before_save("*")
def watch(ctx, document):
    if document.get("text") == "crash":
        {what}
"""
NAMES = ("base", "calm", "evil", "fine", "good", "idle")


@pytest.fixture(scope="module")
def applets_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("applets")


@pytest.fixture(scope="module")
def crowd(applets_folder, empty_database, tmp_path_factory):
    """Six applets, one of which spoils what documents of another one are created with."""
    for name in NAMES:
        hooks = EVERY.format(what="raise KeyError('text')" if name == "evil" else "return")
        write_applet(applets_folder / name, name, hooks=hooks)
    data_dir = tmp_path_factory.mktemp("data")
    # So few failures that an applet would be suspended in the middle of a search.
    settings = Settings(applets_dir=applets_folder, data_dir=data_dir, pool_size_max=4, hook_failures_max=2)
    url = empty_database()
    kernel = build_kernel(settings, url)
    service = TenantService(kernel.database, kernel.directory, kernel.installation)
    world = World(kernel, service.create_tenant(NewTenant("acme", "Acme"), kernel.clock()), url)
    with world.operate() as ctx:
        for name in NAMES:
            enable_applet(ctx, world.releases, name)
    yield world
    kernel.close()


def create(applet="base", text="crash"):
    return FailingRequest("POST", f"/api/v1/{applet}/notes", json.dumps({"text": text}).encode())


def test_the_culprit_is_found_among_the_enabled_applets(crowd):
    told = []
    verdict = bisect_request(crowd.kernel, crowd.tenant, create(), tell=told.append)
    assert (verdict.outcome.status, verdict.outcome.code) == (500, "hook_failed")
    assert verdict.culprits == ("evil",)
    assert tuple(told) == verdict.trials
    assert len(told) <= 1 + 3
    assert all("base" in trial.applets for trial in told)


def test_the_tenant_is_as_it_was_and_the_copy_is_gone(crowd):
    bisect_request(crowd.kernel, crowd.tenant, create())
    assert [tenant.name for tenant in crowd.kernel.directory.list()] == [crowd.tenant.name]
    with crowd.operate() as ctx:
        assert ctx.uow.execute("SELECT count(*) FROM {t}.documents WHERE type = 'base.note'").fetchone() == (0,)
        assert ctx.uow.execute("SELECT count(*) FROM {t}.applets WHERE state = 'enabled'").fetchone() == (len(NAMES),)


def test_a_request_that_fails_without_any_of_them_is_no_applets_fault(crowd):
    verdict = bisect_request(crowd.kernel, crowd.tenant, FailingRequest("GET", "/api/v1/nothing/here"))
    assert (verdict.outcome.status, verdict.culprits) == (404, ())
    assert verdict.as_json()["is_an_applet"] is False


def test_a_request_of_the_applet_that_fails_itself_names_it(crowd):
    verdict = bisect_request(crowd.kernel, crowd.tenant, create("evil"))
    assert verdict.culprits == ("evil",)


def test_a_request_that_goes_well_cannot_be_searched(crowd):
    with pytest.raises(RequestSucceeds) as raised:
        bisect_request(crowd.kernel, crowd.tenant, create(text="fine"))
    assert raised.value.details["outcome"] == "201"


def test_an_applet_that_cannot_even_load_is_found(crowd, applets_folder):
    (applets_folder / "evil" / "hooks.py").write_text("import nothing_of_that_name\n")
    fresh = build_kernel(crowd.kernel.settings, crowd.url)
    try:
        with pytest.raises(AppletUnavailable), fresh.operate(crowd.tenant) as ctx:
            ctx.documents.create("base.note", {"text": "x"})
        verdict = bisect_request(fresh, crowd.tenant, create(text="x"))
    finally:
        fresh.close()
    assert (verdict.outcome.code, verdict.culprits) == ("applet_unavailable", ("evil",))
