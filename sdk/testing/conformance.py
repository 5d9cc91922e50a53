"""What every applet must keep to. Inherit it in the applet's tests, give the folder, and run pytest::

    class TestLedger(AppletConformance):
        folder = Path(__file__).parents[1]

Each check's docstring says why it is there and what to do when it fails.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from sdk.applet import Applet
from sdk.applet_files import find_strays, read_json
from sdk.document import Document
from sdk.document_errors import DocumentNotDeletable, DocumentNotEditable
from sdk.errors import BosError, Violation
from sdk.hookset import HookPlugin, collect_hooks
from sdk.schema import DocumentType, dump, validate
from sdk.testing.factories import FIRST_DAY, Factory, Overrides
from sdk.testing.kernel import FakeKernel
from sdk.testing.lens_conformance import LensChecks
from sdk.testing.loading import import_hooks, package_of
from sdk.testing.requirement import require
from sdk.testing.source_checks import FORBIDDEN_MODULES, Source

LIFE_EVENTS = ("created", "updated", "deleted", "restored", "archived", "unarchived")
VERBS = ("read", "create", "update", "delete", "restore", "archive", "unarchive", "*")
MONEY_NAMES = frozenset({"amount", "price", "total", "subtotal", "cost", "fee", "discount", "outstanding", "paid"})
ALLOWED_LIBRARIES = frozenset({"sdk"})


@cache
def _read(folder: Path) -> tuple[Applet, Source]:
    return Applet.load(folder, package_of(folder)), Source(folder)


class AppletConformance(LensChecks):
    """folder: of the applet. requires: folders of the applets it needs, by default its neighbours of those names.

    examples: by document type, what its documents need beyond their schema so that the applet's own hooks accept
    them; a function is given the `Factory`. settled: types whose documents hooks refuse to create or change freely.
    """

    folder: ClassVar[Path]
    requires: ClassVar[tuple[Path, ...]] = ()
    examples: ClassVar[Mapping[str, Overrides | Callable[[Factory], Overrides]]] = {}
    settled: ClassVar[frozenset[str]] = frozenset()

    @property
    def applet(self) -> Applet:
        return _read(self.folder.resolve())[0]

    @property
    def source(self) -> Source:
        return _read(self.folder.resolve())[1]

    @property
    def hooks(self) -> tuple[HookPlugin, ...]:
        module = import_hooks(self.applet)
        return collect_hooks(self.applet.name, module) if module else ()

    def kernel(self) -> FakeKernel:
        """A fresh tenant with the applet, those it requires and one company."""
        fake = FakeKernel(*self._required(self.applet, {}).values(), today=FIRST_DAY)
        fake.add_company()
        fake.enable(self.applet)
        return fake

    def _required(self, applet: Applet, found: dict[str, Path]) -> dict[str, Path]:
        given = {folder.name: folder for folder in self.requires}
        for name in applet.manifest.requires.applets:
            folder = given.get(name, self.folder.resolve().parent / name)
            if name not in found:
                self._required(_read(folder.resolve())[0], found)
                found[name] = folder
        return found

    def test_the_manifest_and_all_definitions_are_valid(self) -> None:
        """Faults are told when the applet is written, not when a tenant enables it. Correct what is listed."""
        try:
            Applet.load(self.folder)
        except BosError as error:
            require((f"{v.pointer}: {v.message} (expected {v.expected})" for v in error.violations), str(error))

    def test_the_version_has_three_parts(self) -> None:
        """Upgrades compare versions: major.minor.patch tells what to expect of one. Write such as 1.4.2."""
        version = self.applet.version
        require([] if len(version.release) == 3 else [version], "Give the version three parts.")

    def test_the_manifest_says_what_people_ask_first(self) -> None:
        """Whoever installs an applet wants to know what it is and under which licence. Add the missing keys."""
        manifest = self.applet.manifest
        missing = [key for key in ("title", "description", "license") if not getattr(manifest, key)]
        require(missing, "Add these keys to applet.toml.")

    def test_the_folder_is_named_like_the_applet(self) -> None:
        """Packages, URLs and the registry find an applet by one name. Rename the folder or the applet."""
        name = self.folder.resolve().name
        require([] if name == self.applet.name else [f"{name} holds {self.applet.name}"], "Use one name.")

    def test_every_json_file_is_read_by_somebody(self) -> None:
        """A file under a misspelt name is silently ignored. Rename it, or move it to `data`."""
        require((f"{v.pointer}: {v.message}" for v in find_strays(self.folder)), "Nothing reads these files.")

    def test_every_json_file_is_json(self) -> None:
        """Doubled keys and NaN pass many parsers and mean nothing. Correct the file."""
        faults: list[Violation] = []
        for path in sorted(self.folder.rglob("*.json")):
            read_json(path, faults)
        require((f"{v.message}" for v in faults), "These are no JSON.")

    def test_there_is_a_readme(self) -> None:
        """People read before they install. Write README.md: what it does, its settings, its events."""
        readme = self.folder / "README.md"
        require([] if readme.is_file() and readme.read_text("utf-8").strip() else ["README.md"], "Write it.")

    def test_everything_people_see_has_a_title(self) -> None:
        """Lists, buttons and reports show titles; names are for machines. Add `title`."""
        applet = self.applet
        bare = [type.name for type in applet.types.values() if "title" not in type.schema]
        bare += [f"{type.name}.{field.path}" for type in applet.types.values() for field in _untitled(type)]
        bare += [register.name for register in applet.registers.values() if not register.title]
        bare += [report.name for report in applet.reports.values() if not report.title]
        bare += [role.name for role in applet.roles.values() if not role.title]
        for machine in applet.machines.values():
            raw = read_json(self.folder / "workflows" / f"{machine.type.partition('.')[2]}.json", []) or {}
            actions = raw.get("actions", {})
            bare += [f"{machine.type}.{name}" for name, action in actions.items() if "title" not in action]
        require(bare, "Give these a title.")

    def test_fields_with_money_are_decimals(self) -> None:
        """An integer drops cents, a text cannot be summed. Add x-decimal, with a scale where there is only one."""
        bare = [
            f"{type.name}.{field.path}"
            for type in self.applet.types.values()
            for field in type.fields.values()
            if MONEY_NAMES & set(field.name.split("_")) and field.kind in ("text", "integer")
        ]
        require(bare, "These look like money.")

    def test_every_state_can_be_reached_and_left(self) -> None:
        """A document stuck in a state can only be helped by a programmer. Add the action, or `"final": true`."""
        problems = []
        for machine in self.applet.machines.values():
            reached = {machine.initial} | {action.target for action in machine.actions.values()}
            problems += [f"nothing leads to {machine.type} {state}" for state in set(machine.states) - reached]
            problems += [
                f"nothing leads out of {machine.type} {state.name}"
                for state in machine.states.values()
                if not state.final and not machine.actions_from(state.name)
            ]
        require(problems, "Correct the state machine.")

    def test_roles_name_what_exists(self) -> None:
        """A permission for a misspelt type allows nothing, and nobody notices. Correct the name."""
        catalogue = self.kernel().catalogue
        known = {"type": catalogue.types, "register": catalogue.registers, "report": catalogue.reports}
        problems = []
        for role in self.applet.roles.values():
            problems += [f"{role.name} inherits {name}" for name in role.inherits if name not in catalogue.roles]
            for permission in role.permissions:
                names = known[permission.resource_kind]
                if not any(permission.covers(permission.resource_kind, name) for name in names):
                    problems.append(f"{role.name}: {permission.resource_kind} {permission.resource}")
                problems += [
                    f"{role.name}: {permission.resource} has no action {action}"
                    for action in permission.actions
                    if permission.resource in catalogue.types and action not in _actions(catalogue, permission.resource)
                ]
        require(problems, "These roles name what does not exist.")

    def test_every_document_type_is_covered_by_a_role(self) -> None:
        """What no role allows only an administrator can use. Add the type to a role."""
        covered = [permission for role in self.applet.roles.values() for permission in role.permissions]
        types = self.applet.types
        bare = [name for name in types if not any(permission.covers("type", name) for permission in covered)]
        require(bare, "No role of the applet allows anything with these types.")

    def test_settings_have_valid_defaults(self) -> None:
        """An applet runs before anybody has set anything. Give every required setting a valid `default`."""
        settings = self.applet.settings
        faults = validate(settings, dump(settings, self.applet.settings_defaults)) if settings else []
        require((f"{v.pointer}: {v.message}" for v in faults), "The defaults of settings.json are not valid.")

    def test_hooks_match_their_specifications(self) -> None:
        """pluggy binds arguments by name: a misspelt one is never called, or fails when called. Correct it."""
        try:
            assert isinstance(self.hooks, tuple)
        except BosError as error:
            require((f"{v.pointer}: {v.message} (expected {v.expected})" for v in error.violations), str(error))

    def test_hooks_are_for_types_actions_and_events_that_exist(self) -> None:
        """A hook for a misspelt subject is silently never called. Correct the name, or require the applet it is of."""
        fake = self.kernel()
        types = set(fake.catalogue.types)
        machines = fake.catalogue.machines.values()
        actions = {f"{machine.type}.{action}" for machine in machines for action in machine.actions}
        events = {f"{type}.{verb}" for type in types for verb in LIFE_EVENTS}
        events |= {event for machine in machines for event in machine.event_types} | self._emitted()
        known = {"on_event": events, "validate_action": actions, "perform_action": actions, "after_action": actions}
        problems = [
            f"{hook.name} wants {subject}"
            for hook in self.hooks
            for subject in hook.subjects
            if not any(_matches(subject, name) for name in known.get(hook.hook, types))
        ]
        require(problems, "Nothing of these names exists among the applet and those it requires.")

    def test_what_is_used_of_others_is_declared(self) -> None:
        """The kernel refuses what `capabilities` does not name, at run time. Add it to applet.toml."""
        manifest = self.applet.manifest
        missing = [
            f'{use.where} needs "{use.resource}:{use.verb}:{use.name}"'
            for use in self.source.uses()
            if not manifest.allows(use.resource, use.verb, use.name)
        ]
        require(missing, "Declare these capabilities.")

    def test_what_is_declared_is_used(self) -> None:
        """Administrators consent to every capability; ask for none in vain. Remove it from applet.toml."""
        types = self.applet.types.values()
        used = {*self.source.names, *(link.link for type in types for link in type.links if link.link)}
        used |= {report.source.type or report.source.register or "" for report in self.applet.reports.values()}
        vain = [
            str(capability)
            for capability in self.applet.manifest.capabilities
            if not any(capability.allows(capability.resource, capability.verb, name) for name in used)
        ]
        require(vain, "Nothing in the applet names what these capabilities are for.")

    def test_nothing_is_imported_but_the_sdk_and_the_standard_library(self) -> None:
        """An applet may run in a worker where nothing else is. Reach other applets through documents and events."""
        problems = [
            f"{where} imports {name}"
            for where, name in self.source.imports()
            if name.partition(".")[0] in FORBIDDEN_MODULES
            or name.partition(".")[0] not in sys.stdlib_module_names | ALLOWED_LIBRARIES
        ]
        require(problems, "Use the SDK.")

    def test_own_modules_are_imported_relatively(self) -> None:
        """Two versions of an applet are loaded side by side under different names. Write `from . import rules`."""
        own = {Path(module.path).stem for module in self.source.modules} | {self.applet.name}
        problems = [
            f"{where} imports {name}"
            for where, name in self.source.imports()
            if name.partition(".")[0] in own - set(sys.stdlib_module_names)
        ]
        require(problems, "Import these relatively.")

    def test_money_is_never_a_float(self) -> None:
        """0.1 + 0.2 is not 0.3 in floats. Use Decimal("0.1"), and integers for counts."""
        require(self.source.find_floats(), "Write Decimals.")

    def test_nothing_outside_of_the_kernel_is_touched(self) -> None:
        """Files, sockets and processes escape transactions, tenants and permissions. Use what `ctx` offers."""
        require(self.source.find_outside(), "An applet has the world through ctx only.")

    def test_no_clock_is_read(self) -> None:
        """Tests, replays and tenants in other time zones need one clock. Use ctx.now and ctx.today."""
        require(self.source.find_clocks(), "Take the time from ctx.")

    def test_only_own_events_are_emitted(self) -> None:
        """An event is a fact its owner vouches for. Emit events that begin with the applet's own name."""
        own = f"{self.applet.name}."
        require((f"{where} {name}" for where, name in self.source.emitted() if not name.startswith(own)), "Rename.")

    def test_every_package_says_what_it_is(self) -> None:
        """Who reads the code starts at the top of a file. Write a docstring of a line or two."""
        bare = [m.path for m in self.source.modules if m.tree.body and not ast.get_docstring(m.tree)]
        require(bare, "These modules have no docstring.")

    def test_factories_make_valid_documents(self) -> None:
        """What the factory cannot make, importers and people cannot either. Add `examples` to the field it names."""
        factory = Factory(self.kernel(), self.examples)
        problems = []
        for type in self._free_types():
            faults = validate(type, factory.make(type.name), as_input=True)
            problems += [f"{type.name}{v.pointer}: {v.message}" for v in faults]
        require(problems, "The data made are not valid.")

    def test_documents_live_a_whole_life(self) -> None:
        """Create, update, delete and restore must work for every type, or be refused by its state. Correct the hook,
        or give the type an entry in `examples`; a type not made by hand belongs in `settled`."""
        fake = self.kernel()
        factory = Factory(fake, self.examples)
        for type in self._free_types():
            self._live(fake, type, factory.create(type.name))
        fake.deliver_events()
        require((f"{d.subscriber}: {d.last_error}" for d in fake.dead_letters), "Handlers failed.")

    def test_reports_run_on_an_empty_tenant(self) -> None:
        """The first thing a new tenant sees are empty reports. Correct the expression that fails without rows."""
        fake = self.kernel()
        for report in self.applet.reports.values():
            given = {p.name: _parameter(p.type, p.choices) for p in report.parameters.values() if p.required}
            fake.reports.run(report.name, given)

    def test_demo_data_can_be_loaded_twice_with_the_same_result(self) -> None:
        """Demos and benchmarks compare runs. Draw from random.Random(seed) and ctx.today, from nothing else."""
        if not any(hook.hook == "load_demo_data" for hook in self.hooks):
            return
        counts = [[(event.type, event.version) for event in fake.events] for fake in (self._demo(), self._load_demo())]
        require([] if counts[0] == counts[1] else ["the two runs differ"], "Make the demo data deterministic.")

    def test_invariants_hold_for_demo_data(self) -> None:
        """What is broken from the first day on stops no upgrade that breaks it. Correct the invariant, or what the
        applet writes. That it finds what is broken only a test of yours can show: break it, and read the sentence."""
        require(self.kernel().broken_invariants(), "An invariant is broken on an empty tenant.")
        require(self._demo().broken_invariants(), "An invariant is broken by the demo data.")

    def test_disabling_and_enabling_leave_a_usable_tenant(self) -> None:
        """Administrators try applets. Clean up in `applet_disabled`, and make `applet_enabled` bear a second time."""
        fake = self.kernel()
        fake.disable(self.applet.name)
        fake.add_company("Another")
        fake.enable(self.applet.name)
        fake.deliver_events()
        require((f"{d.subscriber}: {d.last_error}" for d in fake.dead_letters), "Handlers failed.")

    @classmethod
    @cache
    def _demo(cls) -> FakeKernel:
        """A tenant with demo data, for those that only look: a demo of a whole year takes seconds to load."""
        return cls()._load_demo()

    def _load_demo(self) -> FakeKernel:
        fake = self.kernel()
        fake.load_demo_data(seed=1)
        return fake

    def _free_types(self) -> list[DocumentType]:
        return [type for name, type in self.applet.types.items() if name not in self.settled]

    def _live(self, fake: FakeKernel, type: DocumentType, document: Document) -> None:
        machine = fake.catalogue.machines.get(type.name)
        is_editable = machine is None or machine.is_editable(document.state)
        is_deletable = machine is None or machine.is_deletable(document.state)
        _expect(is_editable, DocumentNotEditable, lambda: fake.documents.update(type.name, document.id, _patch(type)))
        if fake.store.linking_to(document.id):
            return
        _expect(is_deletable, DocumentNotDeletable, lambda: fake.documents.delete(type.name, document.id))
        if is_deletable:
            restored = fake.documents.restore(type.name, document.id)
            assert not restored.is_deleted, f"{type.name} was not restored"

    def _emitted(self) -> set[str]:
        """Events the applet, or one it requires, emits by itself."""
        folders = [self.folder, *self._required(self.applet, {}).values()]
        return {name for folder in folders for _, name in _read(folder.resolve())[1].emitted()}


def _expect(is_allowed: bool, refusal: type[BosError], act: Callable[[], object]) -> None:
    try:
        act()
    except refusal:
        assert not is_allowed, f"refused by {refusal.code} although the state allows it"


def _patch(type: DocumentType) -> dict[str, Any]:
    """A change of some free text; nothing where there is none."""
    for field in type.fields.values():
        closed = {"enum", "pattern", "format", "const"} & set(field.schema)
        if field.kind == "text" and not (closed or field.parent or field.read_only or field.unique):
            return {field.path: "Changed"[: field.schema.get("maxLength", 100)]}
    return {}


def _untitled(type: DocumentType) -> list[Any]:
    return [field for field in type.fields.values() if "title" not in field.schema and "." not in field.path]


def _actions(catalogue: Any, type: str) -> set[str]:
    machine = catalogue.machines.get(type)
    return {*VERBS, *(machine.actions if machine else ())}


def _matches(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _parameter(type: str, choices: tuple[str, ...]) -> Any:
    known = {"date": FIRST_DAY, "decimal": "0", "integer": 0, "boolean": False}
    return choices[0] if choices else known.get(type, "00000000-0000-4000-8000-000000000000")
