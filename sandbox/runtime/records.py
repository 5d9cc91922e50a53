"""dataclasses for applets: the fields come from the policy, so that no annotation is ever evaluated."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sandbox.runtime.classes import FIELDS, AppletMeta
from sandbox.runtime.record_methods import MISSING, RecordShape, methods_of

SPEC = "__bos_dataclass__"


class FieldSpec:
    """One field. default_factory: called for each new instance."""

    __slots__ = ("compare", "default", "default_factory", "init", "kw_only", "name", "repr")

    def __init__(self, default: Any, factory: Any, flags: Mapping[str, bool]) -> None:
        self.name = ""
        self.default, self.default_factory = default, factory
        self.init, self.repr = flags.get("init", True), flags.get("repr", True)
        self.compare, self.kw_only = flags.get("compare", True), flags.get("kw_only", False)


class KeywordOnlyMark:
    """`_: KW_ONLY`: the policy has read it, nothing looks at it any more."""

    __slots__ = ()


KW_ONLY = KeywordOnlyMark()


def field(
    *,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    init: bool = True,
    repr: bool = True,
    compare: bool = True,
    kw_only: bool = False,
) -> Any:
    """`dataclasses.field`."""
    if default is not MISSING and default_factory is not MISSING:
        raise ValueError("a field has a default or a default_factory, not both")
    flags = {"init": init, "repr": repr, "compare": compare, "kw_only": kw_only}
    return FieldSpec(default, default_factory, flags)


def dataclass(
    cls: Any = None,
    /,
    *,
    init: bool = True,
    repr: bool = True,
    eq: bool = True,
    order: bool = False,
    frozen: bool = False,
    match_args: bool = True,
    kw_only: bool = False,
    slots: bool = False,
) -> Any:
    """`dataclasses.dataclass`. slots saves memory elsewhere; here a worker's call is too short for it to matter."""
    del slots

    def decorate(target: Any) -> Any:
        if type(target) is not AppletMeta:
            raise TypeError("dataclass is for classes of the applet")
        specs = _collect(target, kw_only)
        flags = {"init": init, "repr": repr, "eq": eq, "order": order, "frozen": frozen, "match_args": match_args}
        _equip(target, specs, flags)
        return target

    return decorate if cls is None else decorate(cls)


def _collect(cls: type, kw_only: bool) -> dict[str, FieldSpec]:
    specs: dict[str, FieldSpec] = {}
    for base in reversed(cls.__mro__[1:]):
        specs |= base.__dict__.get(SPEC, {})
    after_mark = kw_only
    for name in cls.__dict__.get(FIELDS, ()):
        if name == "*":
            after_mark = True
            continue
        spec = _spec_of(cls, name)
        spec.name, spec.kw_only = name, spec.kw_only or after_mark
        specs[name] = spec
    return specs


def _spec_of(cls: type, name: str) -> FieldSpec:
    default = cls.__dict__.get(name, MISSING)
    if type(default) is not FieldSpec:
        _check_default(name, default)
        # A slot of the same name is how `__slots__` keeps it, and no default.
        is_slot = name in cls.__dict__.get("__slots__", ())
        return FieldSpec(MISSING if is_slot else default, MISSING, {})
    _check_default(name, default.default)
    if default.default is MISSING:
        type.__delattr__(cls, name)
    else:
        type.__setattr__(cls, name, default.default)
    return default


def _check_default(name: str, default: Any) -> None:
    # What has no hash can be changed, as the standard library judges it too.
    if type(default).__hash__ is None:
        raise ValueError(f"the default of {name} would be shared: use field(default_factory=…)")


def _equip(cls: type, specs: dict[str, FieldSpec], flags: Mapping[str, bool]) -> None:
    shape = RecordShape(
        fields=tuple((s.name, _kind(s), s.init, s.repr, s.compare, s.kw_only) for s in specs.values()),
        frozen=flags["frozen"],
        has_post_init=hasattr(cls, "__post_init__"),
    )
    made = methods_of(shape, specs)
    own = cls.__dict__
    chosen: dict[str, Any] = {SPEC: specs}
    chosen |= {name: made[name] for name in ("init", "repr", "eq") if flags[name] and f"__{name}__" not in own}
    chosen = {(key if key == SPEC else f"__{key}__"): value for key, value in chosen.items()}
    if flags["match_args"] and "__match_args__" not in own:
        chosen["__match_args__"] = tuple(s.name for s in specs.values() if s.init and not s.kw_only)
    if flags["eq"] and "__eq__" not in own:
        chosen["__hash__"] = _hash_of(own, made, flags["frozen"])
    if flags["order"]:
        chosen |= {f"__{name}__": made[name] for name in ("lt", "le", "gt", "ge")}
    if flags["frozen"]:
        chosen |= {"__setattr__": made["setattr"], "__delattr__": made["delattr"]}
    for name, value in chosen.items():
        type.__setattr__(cls, name, value)


def _hash_of(own: Mapping[str, Any], made: Mapping[str, Any], frozen: bool) -> Any:
    if own.get("__hash__") is not None:
        return own["__hash__"]
    return made["hash"] if frozen else None


def _kind(spec: FieldSpec) -> str:
    if spec.default is not MISSING:
        return "default"
    return "factory" if spec.default_factory is not MISSING else "none"


def specs_of(value: Any) -> Mapping[str, FieldSpec] | None:
    """The fields of a dataclass or of an instance of one, None of anything else."""
    cls = value if isinstance(value, type) else type(value)
    found: Mapping[str, FieldSpec] | None = getattr(cls, SPEC, None) if type(cls) is AppletMeta else None
    return found


def is_dataclass(value: Any, /) -> bool:
    """`dataclasses.is_dataclass`."""
    return specs_of(value) is not None


def fields(value: Any, /) -> tuple[FieldSpec, ...]:
    """`dataclasses.fields`."""
    return tuple(_required(value).values())


def replace(value: Any, /, **changes: Any) -> Any:
    """`dataclasses.replace`."""
    present = {name: getattr(value, name) for name, spec in _required(value).items() if spec.init}
    return type(value)(**{**present, **changes})


def asdict(value: Any, /) -> dict[str, Any]:
    """`dataclasses.asdict`: dataclasses, lists, tuples and dicts within are copied too."""
    return {name: _plain(getattr(value, name), as_tuple=False) for name in _required(value)}


def astuple(value: Any, /) -> tuple[Any, ...]:
    """`dataclasses.astuple`."""
    return tuple(_plain(getattr(value, name), as_tuple=True) for name in _required(value))


def _required(value: Any) -> Mapping[str, FieldSpec]:
    specs = specs_of(value)
    if specs is None:
        raise TypeError("this is no dataclass of the applet")
    return specs


def _plain(value: Any, as_tuple: bool) -> Any:
    if type(value) in (list, tuple):
        return type(value)(_plain(item, as_tuple) for item in value)
    if type(value) is dict:
        return {_plain(key, as_tuple): _plain(item, as_tuple) for key, item in value.items()}
    if not isinstance(value, type) and specs_of(value) is not None:
        return astuple(value) if as_tuple else asdict(value)
    return value


FrozenInstanceError = dataclasses.FrozenInstanceError
