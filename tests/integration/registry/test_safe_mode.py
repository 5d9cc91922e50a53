"""Safe mode: applets that do not come with Bos are off, even where their code cannot load."""

from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from kernel.auth.passwords import Passwords
from kernel.auth.service import create_user
from kernel.documents.errors import AppletUnavailable
from kernel.http.app import create_app
from kernel.main import build_kernel
from kernel.safe_mode import SAFE_MODE_HEADER, SAFE_MODE_NOTICE, shipped_applets
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService
from registry.lifecycle import enable_applet
from sdk.catalogue import DocumentTypeUnknown

PASSWORD = "correct horse battery"
CHEAP = {"password_memory_kib": 64, "password_passes": 1, "password_lanes": 1, "pool_size_max": 4}
SPOILER = """
from sdk import hooks


@hooks.before_save("*")
def spoil(ctx, document):
    raise KeyError("spoilt")
"""


@pytest.fixture(scope="module")
def place(empty_database, tmp_path_factory):
    """A database, and an installation with an applet of its makers and one package of somebody else's."""
    return empty_database(), tmp_path_factory.mktemp("data")


@contextmanager
def serving(place, **settings):
    url, folder = place
    kernel = build_kernel(Settings(data_dir=folder, **CHEAP, **settings), url)
    try:
        yield kernel
    finally:
        kernel.close()


@pytest.fixture
def spoilt(place, installed_package):
    """Two tenants with `parties`, which comes with Bos, and `spoiler`, which spoils all that is saved."""
    package = installed_package("spoiling", "spoiler", hooks=SPOILER)
    with serving(place) as kernel:
        names = [f"safe{len(kernel.directory.list()) + number}" for number in (1, 2)]
        tenants = [make_tenant(kernel, name) for name in names]
    return package, tenants


def make_tenant(kernel, name):
    service = TenantService(kernel.database, kernel.directory, kernel.installation)
    tenant = service.create_tenant(NewTenant(name, name), kernel.clock())
    releases = kernel.plugins.get_plugin("registry.plugin").releases
    with kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.company", {"name": "Ltd", "currency": "EUR"})
        enable_applet(ctx, releases, "parties", with_required=True)
        enable_applet(ctx, releases, "spoiler")
    return tenant


def save(kernel, tenant):
    with kernel.operate(tenant) as ctx:
        return ctx.documents.create("parties.customer", {"code": "1", "name": "Ann"}).id


def test_what_comes_with_bos_lies_in_its_own_folder_of_applets(tmp_path):
    assert {"parties", "ledger"} <= shipped_applets(Settings())
    assert shipped_applets(Settings(applets_dir=tmp_path)) == frozenset()


def test_in_safe_mode_the_applets_of_others_are_off_for_all(place, spoilt):
    _, (first, second) = spoilt
    with serving(place, safe_mode="*") as kernel:
        for tenant in (first, second):
            assert save(kernel, tenant)
            with kernel.operate(tenant) as ctx, pytest.raises(DocumentTypeUnknown):
                ctx.documents.query("spoiler.note")


def test_in_safe_mode_for_one_tenant_the_others_are_as_ever(place, spoilt):
    _, (first, second) = spoilt
    with serving(place, safe_mode=first.name) as kernel:
        assert save(kernel, first)
        with pytest.raises(Exception, match="spoiler"):
            save(kernel, second)


def test_it_works_where_the_code_cannot_even_load(place, spoilt):
    package, (tenant, _) = spoilt
    (package / "hooks.py").write_text("import nothing_of_that_name\n")
    with serving(place) as kernel, pytest.raises(AppletUnavailable):
        save(kernel, tenant)
    with serving(place, safe_mode="*") as kernel:
        assert save(kernel, tenant)


def test_an_answer_in_safe_mode_says_so(place, spoilt):
    _, (first, second) = spoilt
    with serving(place, safe_mode=first.name) as kernel:
        client = TestClient(create_app(kernel, has_worker=False))
        for tenant, notice in ((first, SAFE_MODE_NOTICE), (second, None)):
            with kernel.database.platform() as uow:
                create_user(uow, Passwords(64, 1, 1), tenant.id, "a@b.example", kernel.clock(), password=PASSWORD)
                uow.commit()
            body = {"tenant": tenant.name, "email": "a@b.example", "password": PASSWORD}
            token = client.post("/api/v1/auth/login", json=body).json()["access_token"]
            answer = client.get("/api/v1/auth/me", headers={"authorization": f"Bearer {token}"})
            assert (answer.status_code, answer.headers.get(SAFE_MODE_HEADER)) == (200, notice)
