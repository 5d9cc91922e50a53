"""docs/settings.md and kernel/settings.py say the same, both ways."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from kernel.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(r"^\| `(BOS_[A-Z_]+)` \| (.*?) \| (.*) \|$", re.MULTILINE)


def shown_default(name):
    value = Settings.model_fields[name].get_default(call_default_factory=True)
    if value is None:
        return "unset"
    return "`" + re.sub("'", '"', str(list(value) if isinstance(value, tuple) else value)) + "`"


def declared_rows():
    return {
        f"BOS_{name.upper()}": (shown_default(name), field.description) for name, field in Settings.model_fields.items()
    }


def documented_rows():
    return {name: (default, text) for name, default, text in ROW.findall(DOCUMENT.read_text(encoding="utf-8"))}


def test_every_setting_is_documented_with_its_default_and_description():
    documented = documented_rows()
    missing = [
        f"| `{name}` | {default} | {text} |"
        for name, (default, text) in declared_rows().items()
        if documented.get(name) != (default, text)
    ]
    assert not missing, "docs/settings.md lacks these rows:\n" + "\n".join(missing)


def test_no_setting_is_documented_that_does_not_exist():
    assert documented_rows().keys() - declared_rows().keys() == set()


def test_settings_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("BOS_PORT", "9000")
    monkeypatch.setenv("BOS_SYSTEM_PLUGINS", '["one.plugin", "two.plugin"]')
    monkeypatch.setenv("BOS_DATABASES", '{"eu": "postgresql://eu/bos"}')
    settings = Settings()
    assert settings.port == 9000
    assert settings.system_plugins == ("one.plugin", "two.plugin")
    assert settings.databases == {"eu": "postgresql://eu/bos"}


def test_the_data_folder_is_absolute_and_beside_whoever_starts(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOS_DATA_DIR")
    assert Settings().data_dir == tmp_path / ".bos"


def test_passwords_in_urls_are_not_shown():
    shown = repr(Settings(database_url="postgresql://bos:secret@host/bos", databases={"eu": "postgresql://:secret@eu"}))
    assert "secret" not in shown


@pytest.mark.parametrize(("name", "value"), [("port", 70000), ("log_level", "loud"), ("pool_size_max", 0), ("prot", 1)])
def test_a_setting_that_makes_no_sense_is_refused(name, value):
    with pytest.raises(ValidationError) as refused:
        Settings(**{name: value})
    assert refused.value.errors()[0]["loc"] == (name,)
