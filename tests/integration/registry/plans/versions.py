"""Applets in several versions, written into folders and made known to a kernel."""

import json
import shutil
from pathlib import Path

from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService
from kernel.transfer.caller import Caller
from registry.plans.apply import apply_plan, plan
from registry.plans.situation import PlanRequest


def write_version(folder, name, version, parts, *, manifest="", hooks="", lenses_code=None):
    """A release in a folder. parts: the content of its JSON files by path, `schemas/item.json` say."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tail = "" if "[requires]" in manifest else '[requires]\nsdk = ">=1.0,<2"\n'
    head = f'name = "{name}"\nversion = "{version}"\ntitle = "{name.title()}"\n'
    (folder / "applet.toml").write_text(head + manifest + tail)
    (folder / "hooks.py").write_text(hooks)
    if lenses_code is not None:
        (folder / "lenses.py").write_text(lenses_code)
    for path, data in parts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(data))
    return folder


def item(properties, *, version=1, required=(), **more):
    """The schema of a document type."""
    schema = {"type": "object", "properties": properties, "x-version": version, **more}
    return schema | ({"required": list(required)} if required else {})


def lens(type, versions):
    return {"type": type, "versions": versions}


class Field:
    """A kernel with a tenant, and verbs to move applets in it."""

    def __init__(self, url, folder: Path):
        self.folder = folder
        (folder / "applets").mkdir(parents=True)
        self.kernel = build_kernel(Settings(applets_dir=folder / "applets", pool_size_max=6), url)
        self.releases = self.kernel.plugins.get_plugin("registry.plugin").releases
        self.tenants = TenantService(self.kernel.database, self.kernel.directory, self.kernel.installation)
        self.names = iter(range(1, 1_000))
        self.tenant = self.new_tenant()

    def new_tenant(self):
        name = f"field{next(self.names)}"
        self.tenant = self.tenants.create_tenant(NewTenant(name, name.title()), self.kernel.clock())
        return self.tenant

    @property
    def caller(self):
        return Caller(self.kernel, self.tenant)

    def operate(self):
        return self.kernel.operate(self.tenant)

    def add(self, name, version, parts, **more):
        """Make a release known; its version."""
        folder = write_version(self.folder / f"{name}-{version}", name, version, parts, **more)
        self.releases.add(self.kernel.database, folder, self.kernel.clock(), "tests")
        return version

    def plan(self, verb, name="", version=None, **options):
        return plan(self.caller, self.releases, PlanRequest(verb, name, version, **options))

    def apply(self, made, **options):
        return apply_plan(self.caller, self.releases, made["digest"], **options)

    def move(self, verb, name="", version=None, **options):
        """Plan and apply, with consent to all."""
        return self.apply(self.plan(verb, name, version, **options), consent=True)

    def create(self, type, *documents):
        """Ids of new documents."""
        with self.operate() as ctx:
            return [ctx.documents.create(type, data).id for data in documents]

    def get(self, type, id):
        with self.operate() as ctx:
            return ctx.documents.get(type, id)

    def execute(self, sql, parameters=None):
        with self.operate() as ctx:
            cursor = ctx.uow.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def execute_and_keep(self, sql, parameters=None):
        with self.caller.begin() as uow:
            uow.execute(sql, parameters)
            uow.commit()


def of_rule(made, *rules):
    """The findings of a plan with these rules."""
    return [finding for finding in made["findings"] if finding["rule"] in rules]


def found(made, rule):
    """The one finding with this rule, None where there is none."""
    findings = of_rule(made, rule)
    assert len(findings) <= 1, findings
    return findings[0] if findings else None


def told(made):
    """What was found: severity, rule and subject of each."""
    return {(finding["severity"], finding["rule"], finding["subject"]) for finding in made["findings"]}
