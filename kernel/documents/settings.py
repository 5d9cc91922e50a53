"""What a `kernel.setting` must keep to: hooks read `ctx.settings` by the schema of their applet."""

from __future__ import annotations

from kernel.context import KernelContext
from sdk.document import Document
from sdk.document_errors import DocumentInvalid
from sdk.errors import Violation
from sdk.schema import read_input


def check_setting(ctx: KernelContext, document: Document) -> None:
    """Whether its values are what the applet's settings.json says; other types pass. Raises DocumentInvalid.

    Of an applet that is not enabled nothing can be said.
    """
    applet = ctx.runtime.catalogue.applet(document["applet"]) if document.type == "kernel.setting" else None
    if applet is None:
        return
    if applet.settings is None:
        faults = [Violation("/applet", "settings", f"the applet {applet.name} has no settings")]
    else:
        _, found = read_input(applet.settings, {**applet.settings_defaults, **document["values"]})
        faults = [Violation(f"/values{v.pointer}", v.rule, v.message, v.expected) for v in found]
    if faults:
        raise DocumentInvalid(type=document.type, violations=faults)
