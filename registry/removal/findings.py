"""What a plan finds where an applet goes away, or comes back."""

from __future__ import annotations

from collections.abc import Iterator

from registry.plans.findings import Finding, Severity
from registry.plans.situation import Move, Situation
from registry.removal.errors import PurgeTooEarly
from registry.removal.extent import Linking, count_documents, count_waiting, find_linking, types_of
from registry.removal.tombstones import check_purge, comes_back, purge_begun_at


def removal_findings(situation: Situation) -> Iterator[Finding]:
    """Of applets that are disabled, uninstalled, purged or brought back."""
    for move in situation.moves:
        if move.verb in ("disable", "uninstall", "purge"):
            yield from _leaving(situation, move)
    for row in comes_back(situation):
        if purge_begun_at(row) is not None:
            message = f"{row.name} is being purged since {purge_begun_at(row)}: only what is left could come back"
            fix = f"end it by `bos applet purge {row.name}`; then it can be installed anew"
            yield Finding(Severity.BLOCKS, "purge_begun", row.name, message, fix, row.name)


def _leaving(situation: Situation, move: Move) -> Iterator[Finding]:
    uow, name = situation.ctx.uow, move.applet
    types = types_of(uow, name)
    for linking in find_linking(uow, types):
        yield _linking(situation, move, linking)
    # Told of none, too: a finding that came with the first document would make the plan another one.
    documents = dict(count_documents(uow, types))
    message = f"{sum(documents.values())} documents of {name} {_FATE[move.verb]}"
    yield Finding(Severity.INFORMS, _KEPT[move.verb], name, message, applet=name, details={"documents": documents})
    if move.verb != "purge" and _subscribes(situation, name):
        waiting = count_waiting(uow, name)
        message = f"{waiting} events wait for {name}; it hears of them when it is enabled again"
        yield Finding(Severity.INFORMS, "deliveries_wait", name, message, applet=name, details={"count": waiting})
    if move.verb == "purge":
        yield from _purging(situation, name)


def _subscribes(situation: Situation, name: str) -> bool:
    hooks = situation.catalogue_before.hooks.describe()
    return any(one["applet"] == name and one["hook"] == "on_event" for one in hooks)


_FATE = {
    "disable": "stay, out of sight until it is enabled again",
    "uninstall": "stay, out of sight until it is installed again or purged",
    "purge": "are removed for good, with what they have recorded in its registers",
}
_KEPT = {"disable": "documents_hidden", "uninstall": "documents_tombstoned", "purge": "documents_removed"}


def _linking(situation: Situation, move: Move, linking: Linking) -> Finding:
    subject = f"{linking.from_type} {linking.to_type}"
    told = f"{linking.links} links lead from documents of {linking.from_type} to documents of {linking.to_type}"
    details = {"count": linking.links, "examples": list(linking.examples)}
    is_running = linking.applet == "kernel" or linking.applet in situation.after
    if move.verb == "disable":
        return Finding(
            Severity.INFORMS, "links_hidden", subject, f"{told}, which stay and show no title", applet=move.applet,
            details=details,
        )  # fmt: skip
    if move.verb == "uninstall" and is_running and not situation.request.keep_stubs:
        fix = "keep stubs of them (`--keep-stubs`), or take the links away"
        return Finding(Severity.BLOCKS, "documents_linked", subject, told, fix, move.applet, details=details)
    message = f"{told}, of which a stub is kept: id, type, number and title"
    return Finding(Severity.INFORMS, "stubs_kept", subject, message, applet=move.applet, details=details)


def _purging(situation: Situation, name: str) -> Iterator[Finding]:
    try:
        check_purge(situation.ctx, situation.rows, name)
    except PurgeTooEarly as error:
        yield Finding(Severity.BLOCKS, "purge_too_early", name, error.message, "wait until then", name)
    message = f"what {name} holds cannot be brought back afterwards"
    yield Finding(Severity.CONSENT, "data_removed", name, message, "export it before", name)
