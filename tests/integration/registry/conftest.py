"""Applets written by the tests, and a kernel that finds them."""

import json
import sys
from pathlib import Path

import pytest

from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService

NOTE = {
    "title": "Note",
    "type": "object",
    "x-title": "text",
    "properties": {"text": {"type": "string"}, "checked_by": {"type": "string"}},
    "required": ["text"],
}
STAMP = """
from sdk import hooks


@hooks.before_save("{name}.note")
def stamp(ctx, document, previous):
    document["checked_by"] = "{name}"
"""


def write_applet(folder: Path, name: str, *, manifest: str = "", hooks: str | None = None, files=()) -> Path:
    """A small applet with one document type; `manifest` is added to its applet.toml."""
    (folder / "schemas").mkdir(parents=True)
    head = f'name = "{name}"\nversion = "1.0.0"\ntitle = "{name.title()}"\n'
    tail = '[requires]\nsdk = ">=1.0,<2"\n' if "[requires]" not in manifest else ""
    (folder / "applet.toml").write_text(head + manifest + tail)
    (folder / "schemas" / "note.json").write_text(json.dumps(NOTE))
    (folder / "hooks.py").write_text(STAMP.format(name=name) if hooks is None else hooks)
    for path, text in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture
def applets_folder(tmp_path):
    folder = tmp_path / "applets"
    folder.mkdir()
    return folder


@pytest.fixture
def world(applets_folder, empty_database):
    """A kernel that finds applets in `applets_folder`, and one tenant."""
    url = empty_database()
    kernel = build_kernel(Settings(applets_dir=applets_folder, pool_size_max=4), url)
    tenant = TenantService(kernel.database, kernel.directory, kernel.installation).create_tenant(
        NewTenant("acme", "Acme"), kernel.clock()
    )
    yield World(kernel, tenant, url)
    kernel.close()


class World:
    def __init__(self, kernel, tenant, url):
        self.kernel = kernel
        self.url = url
        self.tenant = tenant
        self.releases = kernel.plugins.get_plugin("registry.plugin").releases

    def operate(self):
        return self.kernel.operate(self.tenant)


@pytest.fixture
def installed_package(tmp_path, monkeypatch):
    """A function that installs a package with an applet in it the way pip leaves it: files and metadata on the path."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install(package: str, applet: str, **kwargs) -> Path:
        folder = write_applet(site / package, applet, **kwargs)
        (folder / "__init__.py").write_text("raise RuntimeError('discovery must not run code')\n")
        metadata = site / f"{package}-1.0.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0.0\n")
        (metadata / "entry_points.txt").write_text(f"[bos.applets]\n{applet} = {package}\n")
        return folder

    yield install
    for name in [name for name in sys.modules if name.startswith("bos_applets.")]:
        del sys.modules[name]
