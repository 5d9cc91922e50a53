"""An applet in two versions, the second of which renames a field, and a tenant that runs the first."""

import json

import pytest

from kernel.transfer.caller import Caller
from registry.plans.apply import apply_plan, plan
from registry.plans.situation import PlanRequest
from registry.rows import read_rows

STAMP = """
from sdk import hooks


@hooks.before_save("memo.note")
def stamp(ctx, document, previous):
    document["stamped"] = "{version}"
"""
LENSES = {"type": "memo.note", "versions": {"2": [{"rename_field": {"from": "text", "to": "body"}}]}}


def note_schema(field, version):
    return {
        "title": "Note",
        "type": "object",
        "x-version": version,
        "properties": {field: {"type": "string", "x-index": True}, "stamped": {"type": "string"}},
        "required": [field],
    }


def write_version(folder, version, *, field="text", schema_version=1, capabilities=(), hooks=STAMP, lenses=None):
    """The applet `memo` in one version."""
    (folder / "schemas").mkdir(parents=True)
    head = f'name = "memo"\nversion = "{version}"\ntitle = "Memo"\ncapabilities = {json.dumps(list(capabilities))}\n'
    (folder / "applet.toml").write_text(f'{head}[requires]\nsdk = ">=1,<2"\n')
    (folder / "schemas" / "note.json").write_text(json.dumps(note_schema(field, schema_version)))
    (folder / "hooks.py").write_text(hooks.format(version=version))
    if lenses is not None:
        (folder / "lenses").mkdir()
        (folder / "lenses" / "note.json").write_text(json.dumps(lenses))
    return folder


class Memo:
    """A tenant with `memo`, and what an admin does with it."""

    def __init__(self, world):
        self.world = world
        self.kernel, self.releases = world.kernel, world.releases
        self.caller = Caller(world.kernel, world.tenant)

    def add(self, folder, version, **given):
        added = self.releases.add(
            self.kernel.database,
            write_version(folder / f"memo-{version}", version, **given),
            self.kernel.clock(),
            "test",
        )
        return added.version

    def plan(self, verb, version=None, **options):
        return plan(self.caller, self.releases, PlanRequest(verb, "memo", version, **options))

    def apply(self, digest, **given):
        return apply_plan(self.caller, self.releases, digest, **given)

    def move(self, verb, version=None, **given):
        return self.apply(self.plan(verb, version)["digest"], **given)

    def row(self):
        with self.world.operate() as ctx:
            return read_rows(ctx.uow).get("memo")

    def note(self, **fields):
        with self.world.operate() as ctx:
            return ctx.documents.create("memo.note", fields)

    def read(self, id):
        with self.world.operate() as ctx:
            return ctx.documents.get("memo.note", id)

    def generation(self):
        with self.kernel.database.transaction(self.world.tenant) as uow:
            return uow.generation

    def moves_recorded(self):
        with self.world.operate() as ctx:
            return ctx.uow.execute(
                "SELECT type, payload FROM {t}.events WHERE aggregate_type = 'kernel.applet' ORDER BY position"
            ).fetchall()


@pytest.fixture
def memo(world, tmp_path):
    """Both versions are here, the first is enabled."""
    made = Memo(world)
    made.add(tmp_path, "1.0.0")
    made.add(tmp_path, "2.0.0", field="body", schema_version=2, lenses=LENSES)
    made.move("enable", "1.0.0")
    return made
