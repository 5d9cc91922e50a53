"""What is granted like a document type is none that could be gone."""

import re
from pathlib import Path

from registry.contracts.kernel import RESOURCES, offered_kernel

ROOT = Path(__file__).resolve().parents[4]
CHECKED = re.compile(r'^[A-Z_, ]+ = .*"(kernel\.[a-z_]+)"', re.MULTILINE)


def test_every_resource_the_kernel_checks_is_a_type_or_named():
    texts = [path.read_text("utf-8") for path in sorted((ROOT / "kernel").rglob("*.py"))]
    named = {name for text in texts if "check_resource(" in text for name in CHECKED.findall(text)}
    assert {"kernel.user", "kernel.api_key"} <= named
    assert named - set(offered_kernel().types) <= RESOURCES


def test_no_resource_is_a_type_too():
    assert not RESOURCES & set(offered_kernel().types)
