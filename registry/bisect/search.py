"""Which of many are to blame: a binary search, and the smallest set where several fail only together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set

Test = Callable[[frozenset[str]], bool]


def close_over(names: Set[str], requires: Mapping[str, Set[str]]) -> frozenset[str]:
    """The names with all they require, as far as those can be left out at all."""
    closed, left = set(), list(names)
    while left:
        name = left.pop()
        if name not in closed:
            closed.add(name)
            left += requires.get(name, ())
    return frozenset(closed & requires.keys())


def find_culprits(names: Sequence[str], requires: Mapping[str, Set[str]], fails: Test) -> tuple[str, ...]:
    """Those without any of which it goes well. It fails with all of them, and not with none.

    names: required ones before those that require them. fails: whether it does with these alone. One culprit among n is
    found in log2(n) tests; that it fails with it alone is certain then, else several are looked for.
    """
    known: dict[frozenset[str], bool] = {frozenset(names): True, frozenset(): False}

    def test(chosen: Set[str]) -> bool:
        closed = close_over(chosen, requires)
        if closed not in known:
            known[closed] = fails(closed)
        return known[closed]

    alone = _halve(names, test)
    if not test({alone}):
        return _smallest(names, test)
    # What it requires came with it, and may be to blame by itself.
    needed = close_over({alone}, requires) - {alone}
    return next(((name,) for name in names if name in needed and test({name})), (alone,))


def _halve(names: Sequence[str], test: Test) -> str:
    while len(names) > 1:
        half = names[: len(names) // 2]
        names = half if test(frozenset(half)) else names[len(names) // 2 :]
    return names[0]


def _smallest(names: Sequence[str], test: Test) -> tuple[str, ...]:
    """QuickXplain: a set that fails of which none can be left out."""

    def search(base: frozenset[str], is_new: bool, rest: Sequence[str]) -> frozenset[str]:
        if is_new and test(base):
            return frozenset()
        if len(rest) == 1:
            return frozenset(rest)
        first, second = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        later = search(base | frozenset(first), True, second)
        return later | search(base | later, bool(later), first)

    found = search(frozenset(), False, names)
    return tuple(name for name in names if name in found)
