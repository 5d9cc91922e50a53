"""An applet as pip leaves it that writes one mark for each event it is told of: one told twice has two."""

import json
from pathlib import Path

MANIFEST = """
name = "tally"
version = "1.0.0"
title = "Tally"
description = "A mark for every invoice that is written, and for every one that is posted."
author = "Somebody else"
license = "MIT"

[requires]
sdk = ">=1,<2"

[requires.applets]
receivables = ">=1,<2"
"""
MARK = {
    "title": "Mark",
    "type": "object",
    "properties": {
        "event": {"title": "Event", "type": "string"},
        "kind": {"title": "Type of the event", "type": "string"},
        "invoice": {"title": "Invoice", "type": "string"},
    },
    "required": ["event", "kind", "invoice"],
}
HOOKS = '''
"""A mark for each event. Where TALLY_DIES_ONCE names a file that is not there, the process ends after the first one."""

import os
import signal
from pathlib import Path

from sdk import hooks


@hooks.on("receivables.invoice.created", "receivables.invoice.posted")
def count(ctx, event):
    ctx.documents.create("tally.mark", {"event": event.id, "kind": event.type, "invoice": event.aggregate_id})
    dying = os.environ.get("TALLY_DIES_ONCE")
    if dying and not Path(dying).exists():
        ctx.documents.query("tally.mark")
        Path(dying).touch()
        os.kill(os.getpid(), signal.SIGKILL)
'''
METADATA = "Metadata-Version: 2.1\nName: bos-tally\nVersion: 1.0.0\n"


def install_tally(site: Path) -> None:
    """Into a folder of packages."""
    package, metadata = site / "bos_tally", site / "bos_tally-1.0.0.dist-info"
    files = {
        package / "__init__.py": '"""Tally."""\n',
        package / "applet.toml": MANIFEST,
        package / "hooks.py": HOOKS,
        package / "schemas" / "mark.json": json.dumps(MARK),
        package / "README.md": "# Tally\n",
        metadata / "METADATA": METADATA,
        metadata / "entry_points.txt": "[bos.applets]\ntally = bos_tally\n",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
