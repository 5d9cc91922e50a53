"""What the lenses of an applet must keep to; part of the conformance suite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from sdk.applet import Applet
from sdk.lenses import CastFailed, LensChain, Stored
from sdk.lenses.places import is_same_json
from sdk.schema import DocumentType, dump, load, validate
from sdk.testing.factories import FactoryStuck, make
from sdk.testing.loading import load_lenses
from sdk.testing.requirement import require

DOCUMENTS_MADE = 25
# Of the fields that may be left out, so many in ten are there.
FILLED_OF_TEN = 6


class LensChecks:
    """Applets none of whose types has an `x-version` above 1 pass all of this."""

    @property
    def applet(self) -> Applet:
        raise NotImplementedError

    def test_every_version_of_a_type_has_its_lenses(self) -> None:
        """A release that cannot read what the one before it wrote cannot be upgraded to. Add the steps to
        `lenses/<noun>.json`, or the functions to `lenses.py`."""
        missing = [f"{chain.type} {version}" for chain in self._chains() for version in chain.missing]
        require(missing, "Nothing leads to these versions.")

    def test_lenses_give_back_what_they_took(self) -> None:
        """A tenant who rolls back, and upgrades again later, must find everything as it was. A function of
        `lenses.py` gives another answer for the same document, or fails: correct it."""
        problems = []
        for type, chain in self._lensed():
            for document in _documents(type, self.applet):
                problems += [
                    f"{type.name} to version {version}: {problem}"
                    for version in range(1, type.version)
                    if (problem := _go_to_and_fro(chain, document, version))
                ]
        require(dict.fromkeys(problems), "These documents are not what they were after going there and back.")

    def test_what_older_releases_write_is_valid(self) -> None:
        """The first change of a document an upgrade left behind fails when it lacks what is required now, or has what
        is no more. Add `set_default`, `drop_field` or `map_value` for the field."""
        problems = []
        for type, chain in self._lensed():
            for document in _documents(type, self.applet):
                for version in range(1, type.version):
                    faults = _read_again(type, chain, document, version)
                    problems += [f"{type.name} from version {version}: {fault}" for fault in faults]
        require(dict.fromkeys(problems), "Documents of these versions are not valid once they are cast.")

    def _chains(self) -> list[LensChain]:
        return list(load_lenses(self.applet).lenses.values())

    def _lensed(self) -> Iterator[tuple[DocumentType, LensChain]]:
        for chain in self._chains():
            yield self.applet.types[chain.type], chain


def _documents(type: DocumentType, applet: Applet) -> Iterator[Stored]:
    machine = applet.machines.get(type.name)
    states = list(machine.states) if machine is not None else [None]
    for seed in range(1, DOCUMENTS_MADE + 1):
        random = Random(seed)
        yield Stored(dump(type, load(type, _make(type, seed, random))[0]), random.choice(states), {}, type.version)


def _make(type: DocumentType, seed: int, random: Random) -> dict[str, Any]:
    fuller = replace(type, schema=_ask_for_some(type.schema, random))
    try:
        return make(fuller, seed=seed)
    except FactoryStuck:
        # The factory cannot think of a value for a field that may be left out.
        return make(type, seed=seed)


def _ask_for_some(schema: Mapping[str, Any], random: Random) -> dict[str, Any]:
    """The schema with some of the fields required that may be left out, at any depth."""
    asking = dict(schema)
    if "properties" in schema:
        fields: Mapping[str, Any] = schema["properties"]
        asking["properties"] = {name: _ask_for_some(field, random) for name, field in fields.items()}
        required = schema.get("required", ())
        asking["required"] = [name for name in fields if name in required or random.randrange(10) < FILLED_OF_TEN]
    if "items" in schema:
        asking["items"] = _ask_for_some(schema["items"], random)
    return asking


def _go_to_and_fro(chain: LensChain, document: Stored, version: int) -> str:
    try:
        again = chain.cast(chain.cast(document, version), document.version)
    except CastFailed as error:
        return error.message
    different = [
        name
        for name in sorted({*document.data, *again.data})
        if not is_same_json(document.data.get(name), again.data.get(name))
    ]
    if again.state != document.state:
        different.append("state")
    return f"{', '.join(different)} changed" if different else ""


def _read_again(type: DocumentType, chain: LensChain, document: Stored, version: int) -> list[str]:
    """The faults of a document only the older release wrote: without the keep-box of one that came from here."""
    try:
        older = chain.cast(document, version)
        cast = chain.cast(Stored(older.data, older.state, {}, version), type.version)
    except CastFailed as error:
        return [error.message]
    return [f"{fault.pointer}: {fault.message}" for fault in validate(type, cast.data, as_input=True)]
