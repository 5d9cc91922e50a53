"""What the standard library imports when it is first used: the component has it from the beginning, or never."""

from __future__ import annotations

import contextlib
import encodings
import importlib
import pkgutil
import sys
import warnings
from collections import Counter
from datetime import datetime
from fractions import Fraction

_IMPORTED_LATE = (
    "_bisect", "_heapq", "_pylong", "_strptime", "bisect", "heapq", "html.entities", "keyword", "linecache", "locale",
    "numbers", "reprlib", "stringprep", "textwrap", "traceback", "unicodedata", "weakref",
)  # fmt: skip


def import_late() -> None:
    """Nothing can be imported afterwards: the component has no files."""
    for name in _IMPORTED_LATE:
        importlib.import_module(name)
    for module in pkgutil.iter_modules(encodings.__path__):
        # Some are of other systems, some encode no text.
        with contextlib.suppress(ImportError, LookupError, UnicodeError, ValueError, TypeError, AttributeError):
            importlib.import_module(f"encodings.{module.name}")
            "".encode(module.name)
    datetime.strptime("2020-01-02 +0000", "%Y-%m-%d %z").strftime("%A %B")
    Fraction("1/3").limit_denominator(10)
    Counter("abca").most_common(1)


def close_doors() -> None:
    """From here on an import of anything new fails at once."""
    warnings.simplefilter("ignore")
    for finders in (sys.meta_path, sys.path, sys.path_hooks):
        finders.clear()
    sys.path_importer_cache.clear()
