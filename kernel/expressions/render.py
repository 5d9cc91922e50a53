"""From composed SQL to text and parameters for psycopg, for statements that are written by hand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import make_url
from sqlalchemy.sql import ColumnElement

_DIALECT = make_url("postgresql+psycopg://").get_dialect()()


def render(sql: ColumnElement[Any], prefix: str = "x_") -> tuple[str, dict[str, Any]]:
    """The text with %(name)s placeholders, and the values by name; every name begins with the prefix."""
    compiled = sql.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    names = {name: f"{prefix}{name}" for name in compiled.params}
    text = str(compiled)
    for name, prefixed in names.items():
        text = text.replace(f"%({name})s", f"%({prefixed})s")
    return text, {names[name]: value for name, value in compiled.params.items()}
