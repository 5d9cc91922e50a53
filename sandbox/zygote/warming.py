"""Everything lazy is done before the doors close: afterwards an import or a look at a file is a forbidden call."""

from __future__ import annotations

import calendar
import contextlib
import copy
import decimal
import encodings
import gc
import hashlib
import hmac
import importlib
import pkgutil
import random
import sys
import time
import uuid
import warnings
from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction

import msgpack

# No statement of ours names them, and functions of those that do import them when they are called.
_IMPORTED_LATE = (
    "_bisect", "_heapq", "_strptime", "bisect", "heapq", "html.entities", "keyword", "linecache", "locale", "numbers",
    "pickle", "reprlib", "stringprep", "textwrap", "traceback", "unicodedata", "weakref",
)  # fmt: skip
# Python keeps objects of up to that many bytes together by their size, in steps.
_SMALL_BYTES_MAX, _ALIGNMENT = 512, 16
# Free places of one size that warming may leave; more has no effect, and costs the zygote 5 MB already.
_HOLES = 600
_FILLING: list[bytes] = []


def warm() -> None:
    """Import and use once whatever the standard library puts off until it is needed."""
    for name in _IMPORTED_LATE:
        importlib.import_module(name)
    _use_codecs()
    _use_digests()
    _use_time()
    _use_numbers()


def _use_codecs() -> None:
    for module in pkgutil.iter_modules(encodings.__path__):
        # Some are of other systems, some encode no text; each is looked up and so found again without a file.
        with contextlib.suppress(ImportError, LookupError, UnicodeError, ValueError, TypeError, AttributeError):
            importlib.import_module(f"encodings.{module.name}")
            "".encode(module.name)


def _use_digests() -> None:
    # The library behind them loads its algorithms one by one.
    for name in sorted(hashlib.algorithms_available):
        with contextlib.suppress(ValueError, TypeError):
            digest = hashlib.new(name, b"")
            digest.hexdigest()
            hmac.new(b"key", b"", name).digest()
    for name in sorted(hashlib.algorithms_guaranteed):
        with contextlib.suppress(ValueError, TypeError):
            getattr(hashlib, name)(b"").hexdigest()


def _use_time() -> None:
    time.tzset()
    moment = datetime.strptime("2020-01-02 +0000", "%Y-%m-%d %z")
    moment.strftime("%A %B %c %x %X %p")
    datetime.now(UTC).astimezone()
    time.localtime()
    calendar.month(2020, 1)


def _use_numbers() -> None:
    decimal.getcontext().copy()
    str(decimal.Decimal("1.10") / 3)
    Fraction("1/3").limit_denominator(10)
    Counter("abca").most_common(1)
    copy.deepcopy([{}])
    random.Random().shuffle([1, 2])
    random.SystemRandom().random()
    uuid.uuid4()
    uuid.uuid5(uuid.NAMESPACE_DNS, "x")
    msgpack.unpackb(msgpack.packb({"a": 1}))


def close_doors() -> None:
    """From here on an import fails at once, without a system call, and nothing is written about it."""
    warnings.simplefilter("ignore")
    for finders in (sys.meta_path, sys.path, sys.path_hooks):
        finders.clear()
    sys.path_importer_cache.clear()
    # Workers share these objects' pages as long as the collector does not write to each of them.
    gc.collect()
    _fill_holes()
    gc.freeze()


def _fill_holes() -> None:
    """Leave no free places between objects: what a worker puts there makes a page its own that is full of others'."""
    header = sys.getsizeof(b"")
    for size in range(_ALIGNMENT * 3, _SMALL_BYTES_MAX + 1, _ALIGNMENT):
        _FILLING.extend(bytes(size - header) for _ in range(_HOLES))
