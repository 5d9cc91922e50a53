"""An applet as read from its folder: manifest and definitions, checked; its code is the registry's to import."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from packaging.version import Version

from sdk.applet_checks import check_applet
from sdk.applet_files import find_strays, list_definitions, read_json, read_text
from sdk.errors import Invalid, Violation
from sdk.lens_checks import FUNCTIONS_FILE, check_chain, check_functions, complete_chain, read_functions
from sdk.lenses import LensChain, read_lenses
from sdk.manifest import Manifest, parse_toml, read_manifest
from sdk.nearest import nearest_or_all
from sdk.registers import Register, read_register
from sdk.report_checks import check_report
from sdk.reports import Report, read_report
from sdk.roles import Role, read_roles
from sdk.schema import DocumentType, fill_defaults, load, read_input
from sdk.schema.vocabulary import TYPE_KEYS
from sdk.states import StateMachine, read_machine

Definition = TypeVar("Definition")


class InvalidApplet(Invalid):
    """The applet in {folder} cannot be used: {count} fault(s)."""


@dataclass(frozen=True, eq=False)
class Applet:
    """machines and lenses are by document type; everything else by its own name. package: dotted name, None = a bare
    folder. lenses: of types with an `x-version` above 1, the functions of `lenses.py` known but not loaded.

    settings: the schema of `settings.json` as a document type `<applet>.settings`, None where there is none.
    """

    manifest: Manifest
    folder: Path
    package: str | None = None
    types: Mapping[str, DocumentType] = field(default_factory=dict)
    machines: Mapping[str, StateMachine] = field(default_factory=dict)
    registers: Mapping[str, Register] = field(default_factory=dict)
    reports: Mapping[str, Report] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    lenses: Mapping[str, LensChain] = field(default_factory=dict)
    settings: DocumentType | None = None
    settings_defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def version(self) -> Version:
        return self.manifest.version

    @property
    def title(self) -> str:
        return self.manifest.title

    @classmethod
    def load(cls, folder: Path, package: str | None = None) -> Applet:
        """Read and check everything in the folder; raises InvalidApplet with all faults of all files."""
        reading = _Reading(Path(folder))
        applet = reading.read(package)
        if not reading.faults:
            check_applet(applet, reading.faults)
        if reading.faults:
            raise InvalidApplet(folder=str(folder), applet=applet.name, violations=reading.faults)
        return applet


class _Reading:
    """One pass over a folder; faults carry the file's name before their pointer: `schemas/invoice.json#/x-title`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Violation] = []
        self.name = ""
        self.is_sandboxed = False

    def read(self, package: str | None) -> Applet:
        manifest = self._read_manifest()
        self.name = manifest.name
        self.is_sandboxed = manifest.trust != "trusted"
        self.faults += find_strays(self.folder)
        settings = self._read_settings()
        types = self._read_types()
        machines = self._read_all("workflows", read_machine, lambda machine: machine.type)
        return Applet(
            manifest=manifest,
            folder=self.folder,
            package=package,
            types=types,
            machines=machines,
            registers=self._read_all("registers", read_register, lambda register: register.name),
            reports=self._read_all("reports", _read_report, lambda report: report.name),
            roles=self._read_roles(),
            lenses=self._read_lenses(types, machines),
            settings=settings,
            settings_defaults=self._read_defaults(settings),
        )

    def report(self, file: str, faults: list[Violation]) -> None:
        self.faults += [Violation(f"{file}#{v.pointer}", v.rule, v.message, v.expected) for v in faults]

    def _read_manifest(self) -> Manifest:
        faults: list[Violation] = []
        text = read_text(self.folder / "applet.toml", faults)
        data = {} if text is None else parse_toml(text, faults)
        # Keys missing from a file that cannot be read are no news.
        manifest = read_manifest(data, [] if faults else faults)
        self.report("applet.toml", faults)
        return manifest

    def _read_types(self) -> dict[str, DocumentType]:
        types = {}
        for file, data in self._definitions("schemas"):
            name = f"{self.name or 'applet'}.{Path(file).stem}"
            found = self._read_type(file, name, data)
            if found is not None:
                types[name] = found
        return types

    def _read_type(self, file: str, name: str, data: Any) -> DocumentType | None:
        try:
            type = DocumentType.from_schema(name, data)
        except Invalid as error:
            self.report(file, list(error.violations))
            return None
        _, faults = read_input(type, fill_defaults(type, {}))
        # Nothing but defaults was given: what is missing, or wrong with the whole (an empty pointer), says nothing.
        wrong = [fault for fault in faults if fault.pointer and fault.rule not in ("required", "dependentRequired")]
        self.report(file, [Violation(f"/properties{v.pointer}/default", v.rule, v.message, v.expected) for v in wrong])
        return type

    def _read_all(
        self,
        kind: str,
        reader: Callable[[Any, list[Violation]], Definition],
        name_of: Callable[[Definition], str],
    ) -> dict[str, Definition]:
        found: dict[str, Definition] = {}
        for file, data in self._definitions(kind):
            faults: list[Violation] = []
            definition = reader(data, faults)
            name = name_of(definition)
            if name and not name.startswith(f"{self.name}."):
                faults.append(
                    Violation("", "foreign_name", f"{name} does not begin with {self.name}.", f"{self.name}.…")
                )
            # One name, one file: so two cannot define the same, and a fault found later can say where.
            noun = name.partition(".")[2]
            if noun and Path(file).stem != noun:
                faults.append(Violation("", "file_name", f"{name} is in {file}", f"{kind}/{noun}.json"))
            found[name] = definition
            self.report(file, faults)
        return found

    def _read_functions(self) -> frozenset[str]:
        if not self.is_sandboxed:
            return read_functions(self.folder, self.faults)
        # Whoever reads an applet here is the kernel, which neither parses nor runs what it does not trust.
        if (self.folder / FUNCTIONS_FILE).exists():
            message = "functions of a sandboxed applet do not cast documents"
            self.faults.append(Violation(FUNCTIONS_FILE, "sandboxed_lenses", message, "steps in lenses/<noun>.json"))
        return frozenset()

    def _read_lenses(
        self, types: Mapping[str, DocumentType], machines: Mapping[str, StateMachine]
    ) -> dict[str, LensChain]:
        """A chain for each type that has had an older version, its functions found but not loaded."""
        read = self._read_all("lenses", read_lenses, lambda chain: chain.type)
        functions = self._read_functions()
        for name in read:
            if name not in types:
                file = f"lenses/{name.partition('.')[2]}.json"
                expected = nearest_or_all(name, types)
                self.report(file, [Violation("/type", "unknown_type", f"there is no type {name}", expected)])
        older = {name: type for name, type in types.items() if type.version > 1 or name in read}
        chains = {name: complete_chain(type, read.get(name), functions) for name, type in older.items()}
        # What is wrong in itself would be told a second time, and less plainly.
        if not self.faults:
            check_functions(functions, types, self.faults)
            for name, type in older.items():
                check_chain(type, chains[name], machines.get(name), self.faults)
        return chains

    def _read_roles(self) -> dict[str, Role]:
        data = self._definition("roles.json")
        faults: list[Violation] = []
        roles = {} if data is None else read_roles(data, faults)
        for name in roles:
            if not name.startswith(f"{self.name}."):
                faults.append(Violation(f"/{name}", "foreign_name", f"{name} does not begin with {self.name}."))
        self.report("roles.json", faults)
        return roles

    def _read_settings(self) -> DocumentType | None:
        data = self._definition("settings.json")
        if data is None:
            return None
        for key in TYPE_KEYS:
            if isinstance(data, Mapping) and key in data:
                self.report("settings.json", [Violation(f"/{key}", "misplaced_key", f"settings have no {key}")])
        return self._read_type("settings.json", f"{self.name or 'applet'}.settings", data)

    def _read_defaults(self, settings: DocumentType | None) -> dict[str, Any]:
        if settings is None:
            return {}
        return load(settings, fill_defaults(settings, {}))[0]

    def _definitions(self, kind: str) -> Iterator[tuple[str, Any]]:
        for path in list_definitions(self.folder / kind):
            file = f"{kind}/{path.name}"
            data = self._definition(file)
            if data is not None:
                yield file, data

    def _definition(self, file: str) -> Any:
        """The content of a JSON file; None where there is none, or none that can be read."""
        path = self.folder / file
        if not path.exists():
            return None
        faults: list[Violation] = []
        data = read_json(path, faults)
        self.report(file, faults)
        return data


def _read_report(data: Any, faults: list[Violation]) -> Report:
    report = read_report(data, faults)
    if not faults:
        check_report(report, faults)
    return report
