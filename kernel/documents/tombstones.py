"""Documents of applets that were uninstalled: out of sight, there still, and kept by what links to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kernel.context import KernelContext
from kernel.documents.errors import DocumentHeld, LinkUninstalled
from kernel.documents.write import Write
from sdk.errors import Violation
from sdk.schema import Link

_TYPES = "SELECT id::text, type FROM {t}.documents WHERE id = ANY(%s::uuid[])"


def refuse_links(ctx: KernelContext, writes: Iterable[Write]) -> None:
    """What is linked to already may stay so, nothing new may be: raises LinkUninstalled."""
    links = [link for written in writes for link in written.links if link.id not in written.coming]
    types = _types(ctx, [link.id for link in links if link.target == "*"])
    found = [(link, type) for link in links if (type := types.get(link.id, link.target)) and _is_gone(ctx, type)]
    if found:
        applets = sorted({_applet(type) for _, type in found})
        raise LinkUninstalled(applets=", ".join(applets), violations=[_violation(link, type) for link, type in found])


def refuse_held(ctx: KernelContext, type: str, id: str, linking: Sequence[str]) -> None:
    """Raises DocumentHeld where only documents of uninstalled applets link to it. linking: the types of those that do.

    They come back as they were when their applet does, and then nothing they lead to may be missing.
    """
    if linking and all(_is_gone(ctx, name) for name in linking):
        applets = sorted({_applet(name) for name in linking})
        raise DocumentHeld(type=type, id=id, applets=", ".join(applets))


def shows_title(ctx: KernelContext, type: str) -> bool:
    """Whether the caller may know what a document of an uninstalled applet is called.

    Conditions and masks speak of fields that nobody can ask about any more: only who reads the type without is told.
    """
    rules = ctx.permissions.select("type", type, "read")
    return _is_gone(ctx, type) and any(rule.is_open and not rule.mask for rule in rules)


def title_fields(ctx: KernelContext) -> Iterator[tuple[str, str | None]]:
    """Their types, each with the field that names its documents."""
    for types in ctx.runtime.tombstones.values():
        yield from types.items()


def _types(ctx: KernelContext, ids: Sequence[str]) -> dict[str, str]:
    return dict(ctx.uow.execute_beside(_TYPES, [ids]).fetchall()) if ids else {}


def _is_gone(ctx: KernelContext, type: str) -> bool:
    return _applet(type) in ctx.runtime.tombstones


def _applet(type: str) -> str:
    return type.partition(".")[0]


def _violation(link: Link, type: str) -> Violation:
    message = f"the {type} {link.id} is of an applet that is uninstalled"
    return Violation(f"/{link.field.replace('.', '/')}", "link_uninstalled", message, f"install {_applet(type)} again")
