"""Document types, settings and arguments of actions: field by field, as the lenses lead from one to the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sdk.comparison.changes import Changes, SchemaChange
from sdk.comparison.limits import compare_limits
from sdk.lenses import LensChain, Stored
from sdk.lenses.functions import touches_path
from sdk.lenses.places import ABSENT
from sdk.lenses.steps import Add, SetDefault
from sdk.schema import DocumentType, Field

_NOTES = ("title", "description", "examples", "deprecated", "$comment")


def compare_types(old: DocumentType, new: DocumentType, chain: LensChain | None = None) -> list[SchemaChange]:
    """Every change between two versions of a type, in either direction.

    chain: of the release that knows both versions; by default that of either type, which may have none.
    """
    known = chain or new.lenses or old.lenses
    comparison = TypeComparison(old, new, Changes("type", new.name), known)
    comparison.compare_type_keys()
    comparison.compare_fields()
    return comparison.changes.found


def compare_settings(old: DocumentType | None, new: DocumentType | None) -> list[SchemaChange]:
    """Every change of an applet's settings: a default in the schema is enough for what is new."""
    if old is None or new is None:
        changes = Changes("settings", (old or new or _NOTHING).name)
        if old is not None:
            changes.breaking("settings_removed", "", f"there are no settings of {old.applet} any more")
        elif new is not None:
            _compare(DocumentType.from_schema(new.name, {}), new, changes)
        return changes.found
    changes = Changes("settings", new.name)
    _compare(old, new, changes)
    return changes.found


def compare_arguments(old: DocumentType, new: DocumentType, changes: Changes, prefix: str) -> None:
    """Every change of what an action is called with, which no lens casts; paths begin with the prefix."""
    own = Changes(changes.about, changes.subject)
    _compare(old, new, own)
    changes.found += [replace(change, path=f"{prefix}{change.path}") for change in own.found]


def _compare(old: DocumentType, new: DocumentType, changes: Changes) -> None:
    TypeComparison(old, new, changes, None, fills_defaults=True).compare_fields()


_NOTHING = DocumentType.from_schema("nothing.nothing", {})


class TypeComparison:
    """fills_defaults: a default in the schema stands for a value that is not given, as it does in new documents."""

    def __init__(
        self,
        old: DocumentType,
        new: DocumentType,
        changes: Changes,
        chain: LensChain | None,
        *,
        fills_defaults: bool = False,
    ) -> None:
        self.old, self.new, self.changes, self.fills_defaults = old, new, changes, fills_defaults
        versions = (old.version, new.version)
        # A chain that does not know both versions says nothing about how to come from one to the other.
        knows = chain is not None and old.version != new.version and max(versions) <= chain.latest
        self.chain = chain if knows else None

    def compare_type_keys(self) -> None:
        old, new, changes = self.old, self.new, self.changes
        if old.company != new.company:
            message = f"x-company is {new.company} instead of {old.company}, which stored documents do not follow"
            changes.breaking("company_changed", "", message)
        if old.collection != new.collection:
            message = f"the address /{old.collection} is now /{new.collection}"
            changes.breaking("collection_changed", "", message, f'"x-collection": "{old.collection}"')
        quiet = {
            "title_changed": old.title != new.title or old.description != new.description,
            "title_field_changed": self._renamed(old.title_field) != new.title_field,
            "number_changed": self._number(old) != self._number(new),
            "cached_changed": old.is_cached != new.is_cached,
            "subject_changed": self._renamed(old.subject) != new.subject,
        }
        for rule, is_changed in quiet.items():
            if is_changed:
                changes.compatible(rule, "", f"{rule.removesuffix('_changed').replace('_', ' ')} of {new.name} changed")

    def _number(self, type: DocumentType) -> Any:
        rule = type.number
        if rule is None:
            return None
        return rule.pattern, rule.on, rule.gapless, self._renamed(rule.date) if type is self.old else rule.date

    def _renamed(self, path: str | None) -> str | None:
        return path and self.target_of(path)

    def compare_fields(self) -> None:
        whole = self.old.schema, self.new.schema
        compare_limits(*whole, "", self.changes, is_cast=bool(self._touched()), are_mapped=_nothing_is_mapped)
        reached = set()
        for path, field in self.old.fields.items():
            target = self.target_of(path)
            found = self.new.fields.get(target) if target is not None else None
            if found is not None:
                reached.add(found.path)
                self._compare_field(field, found)
            elif not self._is_reported(field.parent, self.old):
                self._report_removed(field, target)
                reached |= {path} if self._is_called_new(path) else set()
        for path, field in self.new.fields.items():
            if path not in reached and (not field.parent or field.parent in reached):
                self._report_added(field)

    def target_of(self, path: str) -> str | None:
        """What a field of the old version is called in the new one; None where the steps drop it."""
        if self.chain is None:
            return path
        return self.chain.trace(path, start=self.old.version, to=self.new.version)

    def _is_reported(self, parent: str, type: DocumentType) -> bool:
        """Whether the object the field is in went already, and with it all in it."""
        target = self.target_of(parent) if parent else None
        return bool(parent) and (target is None or target not in self.new.fields)

    def _touched(self) -> list[frozenset[str] | None]:
        """What each function of the lenses between the two versions may change."""
        if self.chain is None:
            return []
        low, high = sorted((self.old.version, self.new.version))
        versions = [version for version in range(low + 1, high + 1) if self.chain.has_functions(version)]
        return [self.chain.touches.get(version) for version in versions]

    def _is_touched(self, *paths: str) -> bool:
        return any(touches_path(names, path) for names in self._touched() for path in paths)

    def _report_removed(self, field: Field, target: str | None) -> None:
        path = field.path
        if target is None and self._is_called_new(path):
            message = f"{path} is there in both versions, and a step calls it new: a rollback would not show its values"
            self.changes.breaking("known_field_called_new", path, message, '"is_new": false in its set_default')
        elif target is None:
            self.changes.cast_needed("field_removed", path, f"{path} is no more; its values wait in the keep-box")
        elif self._is_touched(path, target):
            self.changes.cast_needed("field_removed", path, f"{path} is no more, which a function sees to")
        elif self.chain is not None and self.new.version < self.old.version:
            self.changes.cast_needed("field_put_aside", path, f"{path} is not known there; it waits in the keep-box")
        else:
            fix = f'{{"drop_field": {{"field": "{path}"}}}} in lenses/{self.new.noun}.json, or rename_field'
            self.changes.breaking("field_removed", path, f"{path} is no more, and no step says what becomes of it", fix)

    def _is_called_new(self, path: str) -> bool:
        """Whether a step adds a field that both versions have, and none takes the older one away before."""
        if self.chain is None or path not in self.new.fields:
            return False
        low, high = sorted((self.old.version, self.new.version))
        steps = [step for version in range(low + 1, high + 1) for step in self.chain.steps.get(version, ())]
        is_added = any(path in step.come for step in steps if isinstance(step, Add | SetDefault))
        return is_added and not any(path in step.gone for step in steps)

    def _report_added(self, field: Field) -> None:
        path = field.path
        if not field.required:
            is_lost = self.old.version == self.new.version and not self.fills_defaults
            more = "; the x-version being the same, an older release could not write documents that have it"
            self.changes.compatible("field_added", path, f"{path} is new{more if is_lost else ''}")
        elif field.computed is not None or (self.fills_defaults and "default" in field.schema):
            self.changes.compatible("field_added", path, f"{path} is new, and fills itself")
        else:
            is_filled = self._is_filled(path) or self._is_touched(path)
            is_back = self.chain is not None and self.new.version < self.old.version
            message = (
                f"{path} is required there, and documents written since have none"
                if is_back
                else (f"{path} is new and required" + (", which the lenses fill" if is_filled else ""))
            )
            self.changes.narrowed(is_filled, "required_field_added", path, message, self._default_step(path))

    def _default_step(self, path: str) -> str:
        if self.fills_defaults:
            return "a default in the schema"
        return f'{{"set_default": {{"field": "{path}", "value": …}}}} in lenses/{self.new.noun}.json'

    def _compare_field(self, old: Field, new: Field) -> None:
        path, changes = old.path, self.changes
        is_touched = self._is_touched(path, new.path)
        if path != new.path and old.name != new.name:
            changes.cast_needed("field_renamed", path, f"{path} is called {new.path}")
        elif path != new.path and self.target_of(old.parent or path) != new.parent:
            changes.cast_needed("field_moved", path, f"{path} is at {new.path}")
        if old.kind != new.kind:
            message = f"{path} holds {new.kind} instead of {old.kind}"
            changes.narrowed(is_touched, "kind_changed", path, message, "a new field, and a function in lenses.py")
            return
        self._compare_values(old, new, is_touched)
        self._compare_required(old, new, is_touched)
        _compare_meaning(old, new, changes, is_touched)
        _compare_writing(old, new, changes)
        for key in _NOTES:
            if old.schema.get(key) != new.schema.get(key):
                changes.compatible("title_changed", path, f"{key} of {path} is another one")

    def _compare_values(self, old: Field, new: Field, is_touched: bool) -> None:
        def are_mapped(values: Iterable[Any]) -> bool:
            allowed = new.schema.get("items", new.schema).get("enum", ())
            return all(self._mapped(old, new, value) in allowed for value in values)

        pairs = [(old.schema, new.schema)]
        if old.kind == "array":
            before, after = old.schema.get("items", {}), new.schema.get("items", {})
            if before.get("type") != after.get("type") or before.get("format") != after.get("format"):
                message = f"items of {old.path} hold another kind of value"
                self.changes.narrowed(is_touched, "kind_changed", old.path, message)
                return
            pairs.append((before, after))
        for before, after in pairs:
            compare_limits(before, after, old.path, self.changes, is_cast=is_touched, are_mapped=are_mapped)
        if old.kind == "object" and ("properties" in new.schema) > ("properties" in old.schema):
            message = f"{old.path} has declared members only"
            self.changes.narrowed(is_touched, "object_closed", old.path, message)

    def _compare_required(self, old: Field, new: Field, is_touched: bool) -> None:
        if old.required and not new.required:
            self.changes.compatible("field_optional", old.path, f"{old.path} may be left out")
        elif new.required and not old.required:
            if new.computed is not None or (self.fills_defaults and "default" in new.schema):
                self.changes.compatible("field_required", old.path, f"{old.path} is required, and fills itself")
                return
            is_filled = is_touched or self._is_filled(new.path)
            message = f"{old.path} is required" + (", and the lenses fill it" if is_filled else "")
            self.changes.narrowed(is_filled, "field_required", old.path, message, self._default_step(new.path))

    def _is_filled(self, path: str) -> bool:
        """Whether a document without the field gets it by the steps."""
        parent = path.rpartition(".")[0]
        around = next((old for old in self.old.fields if self.target_of(old) == parent), "") if parent else ""
        field = self.old.fields.get(around)
        beside = _least(field.schema.get("items", field.schema)) if field is not None else {}
        return self._cast(around, beside, path) is not ABSENT

    def _mapped(self, old: Field, new: Field, value: Any) -> Any:
        found = self._cast(old.path, [value] if old.kind == "array" else value, new.path)
        return found[0] if isinstance(found, list) and found else found

    def _cast(self, path: str, value: Any, wanted: str) -> Any:
        """What the steps make of a document with this value beside nothing but what every old document has."""
        if self.chain is None:
            return ABSENT if path != wanted else value
        data: Any = value
        parts = path.split(".") if path else []
        for count in range(len(parts), 0, -1):
            around = self.old.fields.get(".".join(parts[: count - 1]))
            beside = _least(around.schema.get("items", around.schema) if around else self.old.schema)
            field = self.old.fields.get(".".join(parts[:count]))
            is_list = field is not None and field.kind == "array" and not isinstance(data, list)
            data = {**beside, parts[count - 1]: [data] if is_list else data}
        data = data if parts else _least(self.old.schema)
        steps = replace(self.chain, pairs={})
        cast: Any = steps.cast(Stored(data, None, {}, self.old.version), self.new.version).data
        for name in wanted.split("."):
            cast = cast[0] if isinstance(cast, list) and cast else cast
            if not isinstance(cast, dict) or name not in cast:
                return ABSENT
            cast = cast[name]
        return cast


def _least(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What every document of a schema has: required fields, texts of one word."""
    fields = schema.get("properties", {})
    return {name: _some_value(fields[name]) for name in schema.get("required", ()) if name in fields}


def _some_value(schema: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    match schema["type"]:
        case "object":
            return _least(schema)
        case "array":
            return [_some_value(schema["items"])]
        case "string":
            return "x"
        case _:
            return 1


def _nothing_is_mapped(values: Iterable[Any]) -> bool:
    return False


def _compare_meaning(old: Field, new: Field, changes: Changes, is_touched: bool) -> None:
    """What the kernel does with the field's values beyond holding them."""
    path = old.path
    if old.link != new.link:
        if new.link is None or new.link == "*":
            changes.compatible("link_widened", path, f"{path} links to {new.link or 'nothing'}, not to {old.link}")
        else:
            message = f"{path} links to {new.link} instead of {old.link or 'nothing'}"
            changes.narrowed(is_touched, "link_changed", path, message, "a new field")
    if old.unique != new.unique:
        if new.unique is None or (old.unique == "tenant" and new.unique == "company"):
            changes.compatible("unique_removed", path, f"values of {path} may be there more than once")
        else:
            changes.breaking("unique_added", path, f"values of {path} must be unique, which stored ones need not be")
    if old.encrypted != new.encrypted:
        message = f"{path} is {'encrypted' if new.encrypted else 'no more encrypted'}, and stored values are not cast"
        changes.breaking("encryption_changed", path, message, "a new field")
    for rule, before, after in (
        ("index_changed", old.index, new.index),
        ("search_changed", old.search, new.search),
        ("personal_changed", old.personal, new.personal),
    ):
        if before != after:
            word = rule.removesuffix("_changed")
            changes.compatible(rule, path, f"x-{word} of {path} is {after or 'off'} instead of {before or 'off'}")


def _compare_writing(old: Field, new: Field, changes: Changes) -> None:
    """Who sets the field."""
    path = old.path
    if old.computed != new.computed and new.computed is not None and old.computed is not None:
        changes.compatible("computed_changed", path, f"{path} is computed otherwise, from its next change on")
    if new.read_only and not old.read_only:
        changes.breaking("read_only_added", path, f"callers may not set {path} any more")
    elif old.read_only and not new.read_only:
        changes.compatible("read_only_removed", path, f"callers may set {path}")
    if old.schema.get("default") != new.schema.get("default"):
        if "default" not in new.schema and new.required and not new.read_only:
            changes.breaking("default_removed", path, f"callers must give {path}, which has no default any more")
        else:
            changes.compatible("default_changed", path, f"{path} is {new.schema.get('default')} when it is left out")
