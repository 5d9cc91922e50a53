"""The module `re` on RE2, which takes time in proportion to the text, whatever the pattern."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sandbox.runtime.facade import Facade, make_facade

# Optional: where there is no wheel of it, applets have no `re` rather than one that can be kept busy for hours.
try:
    import re2
except ImportError:
    re2 = None

PATTERN_CHARACTERS_MAX = 2_000
PATTERN_BYTES_MAX = 1 << 20
PATTERNS_KEPT = 128
IGNORECASE, MULTILINE, DOTALL = 2, 8, 16
_LETTERS = ((IGNORECASE, "i"), (MULTILINE, "m"), (DOTALL, "s"))


class PatternError(ValueError):
    """A pattern RE2 does not take: it knows no look-around, no back-references and no possessive quantifiers."""


@lru_cache(PATTERNS_KEPT)
def _compile(pattern: str, flags: int) -> Any:
    if len(pattern) > PATTERN_CHARACTERS_MAX:
        raise PatternError(f"a pattern has at most {PATTERN_CHARACTERS_MAX} characters")
    letters = "".join(letter for bit, letter in _LETTERS if flags & bit)
    if flags & ~(IGNORECASE | MULTILINE | DOTALL):
        raise PatternError("of flags there are IGNORECASE, MULTILINE and DOTALL")
    options = re2.Options()
    options.max_mem = PATTERN_BYTES_MAX
    # It would write to a descriptor that a worker has not.
    options.log_errors = False
    try:
        return re2.compile(f"(?{letters}){pattern}" if letters else pattern, options=options)
    except re2.error as error:
        told = error.args[0] if error.args else ""
        told = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
        raise PatternError(f"{(PatternError.__doc__ or '').rstrip('.')}: {told}") from None


def compile_pattern(pattern: Any, flags: int = 0) -> Any:
    """`re.compile`. pattern: a text, or what this gave before. Raises PatternError, TypeError."""
    if type(pattern) is str and type(flags) is int:
        return _compile(pattern, flags)
    if type(pattern) is re2._Regexp and not flags:
        return pattern
    raise TypeError("a pattern is a text, and flags are a number")


def _text(value: Any) -> str:
    # The exact type: what is only like a text would be asked by RE2's binding for its bytes.
    if type(value) is not str:
        raise TypeError(f"a text is expected, not a {type(value).__name__}")
    return value


def _search(pattern: Any, string: str, flags: int = 0) -> Any:
    return compile_pattern(pattern, flags).search(_text(string))


def _match(pattern: Any, string: str, flags: int = 0) -> Any:
    return compile_pattern(pattern, flags).match(_text(string))


def _fullmatch(pattern: Any, string: str, flags: int = 0) -> Any:
    return compile_pattern(pattern, flags).fullmatch(_text(string))


def _findall(pattern: Any, string: str, flags: int = 0) -> Any:
    return compile_pattern(pattern, flags).findall(_text(string))


def _finditer(pattern: Any, string: str, flags: int = 0) -> Any:
    return compile_pattern(pattern, flags).finditer(_text(string))


def _split(pattern: Any, string: str, maxsplit: int = 0, flags: int = 0) -> Any:
    return compile_pattern(pattern, flags).split(_text(string), maxsplit)


def _sub(pattern: Any, repl: Any, string: str, count: int = 0, flags: int = 0) -> Any:
    return compile_pattern(pattern, flags).sub(repl, _text(string), count)


def _subn(pattern: Any, repl: Any, string: str, count: int = 0, flags: int = 0) -> Any:
    return compile_pattern(pattern, flags).subn(repl, _text(string), count)


def _escape(pattern: str) -> Any:
    return re2.escape(_text(pattern))


def make_regex() -> Facade | None:
    """The module, None where RE2 is missing."""
    if re2 is None:
        return None
    members = {
        "compile": compile_pattern, "search": _search, "match": _match, "fullmatch": _fullmatch, "findall": _findall,
        "finditer": _finditer, "split": _split, "sub": _sub, "subn": _subn, "escape": _escape, "error": PatternError,
        "IGNORECASE": IGNORECASE, "I": IGNORECASE, "MULTILINE": MULTILINE, "M": MULTILINE, "DOTALL": DOTALL,
        "S": DOTALL,
    }  # fmt: skip
    return make_facade("re", members)
