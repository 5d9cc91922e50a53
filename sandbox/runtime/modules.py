"""Every module of the offer, built from the standard library and sdk: the names of the offer, and no others."""

from __future__ import annotations

# `datetime.strptime` imports it while it runs, and then finds it in sys.modules.
import _strptime  # type: ignore[import-not-found]  # noqa: F401
import base64
import calendar
import collections
import contextlib
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import hmac
import html
import itertools
import json
import math
import operator
import random
import statistics
import string
import unicodedata
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sandbox.policy.offer import OFFER
from sandbox.runtime.abstract import ABSTRACT, TYPING
from sandbox.runtime.decimals import localcontext
from sandbox.runtime.enums import Auto, Enum, StrEnum, unique
from sandbox.runtime.facade import Facade, make_facade
from sandbox.runtime.functions import CachedProperty, comb, factorial, perm, total_ordering, wraps
from sandbox.runtime.named_tuples import namedtuple
from sandbox.runtime.records import KW_ONLY, asdict, astuple, dataclass, field, fields, is_dataclass, replace
from sandbox.runtime.regex import make_regex
from sandbox.runtime.texts import HASHLIB, dumps, hmac_digest, hmac_new, loads
from sdk import context, document, document_errors, errors, event, registers, values

# Without state: forks have no generator in common, and no call leaves a seed to the next one.
_RANDOM = random.SystemRandom()


def scale_of(value: decimal.Decimal) -> int:
    """`sdk.values.scale_of`, for decimals only: anything else would be handed the context that all share."""
    if type(value) is not decimal.Decimal:
        raise TypeError("scale_of takes a Decimal")
    return values.scale_of(value)


def weekday(year: int, month: int, day: int) -> int:
    """`calendar.weekday`: a number in every Python, where later ones have an enum's member."""
    return int(calendar.weekday(year, month, day))


def monthrange(year: int, month: int) -> tuple[int, int]:
    """`calendar.monthrange`, likewise."""
    first, days = calendar.monthrange(year, month)
    return int(first), days


_DAYS = {name: int(getattr(calendar, name)) for name in OFFER["calendar"] if name.isupper()}
_REPLACED: Mapping[str, Mapping[str, Any]] = {
    "calendar": {**_DAYS, "monthrange": monthrange, "weekday": weekday},
    "collections": {"namedtuple": namedtuple},
    "collections.abc": ABSTRACT,
    "dataclasses": {
        "KW_ONLY": KW_ONLY, "asdict": asdict, "astuple": astuple,
        "dataclass": dataclass, "field": field, "fields": fields,
        "is_dataclass": is_dataclass, "replace": replace,
    },
    "decimal": {"localcontext": localcontext},
    "enum": {"Enum": Enum, "StrEnum": StrEnum, "auto": Auto, "unique": unique},
    "functools": {
        "cached_property": CachedProperty, "total_ordering": total_ordering,
        "wraps": wraps,
    },
    "hashlib": HASHLIB,
    "hmac": {"digest": hmac_digest, "new": hmac_new},
    "json": {"dumps": dumps, "loads": loads},
    "math": {"comb": comb, "factorial": factorial, "perm": perm},
    "random": {name: getattr(_RANDOM, name) for name in OFFER["random"] if name != "Random"},
    "sdk.values": {"scale_of": scale_of},
    "typing": TYPING,
}  # fmt: skip
_REAL: Mapping[str, Any] = {
    "base64": base64, "calendar": calendar, "collections": collections, "contextlib": contextlib,
    "dataclasses": dataclasses, "datetime": datetime, "decimal": decimal, "enum": enum, "fractions": fractions,
    "functools": functools, "hmac": hmac, "html": html, "itertools": itertools, "json": json, "math": math,
    "operator": operator, "random": random, "sdk.document_errors": document_errors, "sdk.errors": errors,
    "sdk.values": values, "statistics": statistics, "string": string, "unicodedata": unicodedata, "uuid": uuid,
}  # fmt: skip
_SDK: Mapping[str, Any] = {
    "Actor": context.Actor, "Balance": registers.Balance, "Context": context.Context, "Document": document.Document,
    "Event": event.Event, "Movement": registers.Movement, "Page": context.Page, "Question": registers.Question,
    "Tenant": context.Tenant, "decimal_text": values.decimal_text, "round_half_up": values.round_half_up,
}  # fmt: skip
# Built for each applet: they hold its files, or mark its hooks.
_OF_APPLET = frozenset({"pathlib", "sdk", "sdk.hooks"})


def _build(module: str) -> Facade:
    replaced, real = _REPLACED.get(module, {}), _REAL.get(module)
    inner = {name: MODULES[f"{module}.{name}"] for name in OFFER[module] if f"{module}.{name}" in OFFER}
    members = {
        name: replaced[name] if name in replaced else getattr(real, name) for name in OFFER[module] if name not in inner
    }
    return make_facade(module, members | inner)


MODULES: dict[str, Facade] = {}
# A module within a module first, so that the outer one can hold it.
for _module in sorted(OFFER, key=lambda name: -name.count(".")):
    if _module not in _OF_APPLET and _module != "re":
        MODULES[_module] = _build(_module)
_regex = make_regex()
if _regex is not None:
    MODULES["re"] = _regex
OFFERED = frozenset(MODULES) | _OF_APPLET


def modules_of_applet(hooks: Facade, path: type) -> Mapping[str, Facade]:
    """All modules an applet may import, by name."""
    inner = {"errors": MODULES["sdk.errors"], "values": MODULES["sdk.values"]}
    inner |= {"document_errors": MODULES["sdk.document_errors"], "hooks": hooks}
    own = {"pathlib": make_facade("pathlib", {"Path": path}), "sdk.hooks": hooks}
    return MappingProxyType({**MODULES, **own, "sdk": make_facade("sdk", {**_SDK, **inner})})
