"""Whether a retention rule means something: a rule that silently keeps nothing would be found out too late."""

from __future__ import annotations

from kernel.context import KernelContext
from kernel.expressions import DocumentColumns, kinds_of_schema, to_sql
from kernel.privacy.errors import RetentionRuleInvalid
from kernel.privacy.rules import RULE, SYSTEM_DATES
from sdk.document import Document
from sdk.errors import Violation
from sdk.expressions import InvalidExpression, parse
from sdk.nearest import nearest_or_all
from sdk.schema import DocumentType


def check_rule(ctx: KernelContext, document: Document) -> None:
    """Raises RetentionRuleInvalid with every fault; any other document passes."""
    if document.type != RULE:
        return
    types = ctx.runtime.catalogue.types
    type = types.get(document["document_type"])
    if type is None:
        expected = nearest_or_all(document["document_type"], types)
        fault = Violation("/document_type", "unknown_type", f"there is no {document['document_type']}", expected)
        raise RetentionRuleInvalid(violations=[fault])
    faults = [*_date_faults(type, document), *_category_faults(type, document), *_link_faults(type, document)]
    if condition := document.get("condition"):
        try:
            to_sql(parse(condition), DocumentColumns("documents", kinds_of_schema(type.schema)), ctx.scope())
        except InvalidExpression as error:
            faults.append(Violation("/condition", "expression", error.message))
    if faults:
        raise RetentionRuleInvalid(violations=faults)


def _date_faults(type: DocumentType, document: Document) -> list[Violation]:
    name = document.get("from_field", SYSTEM_DATES[0])
    dates = [path for path, field in type.fields.items() if field.kind in ("date", "instant") and "." not in path]
    clear = [*(path for path in dates if not type.fields[path].encrypted), *SYSTEM_DATES]
    if name in clear:
        return []
    return [Violation("/from_field", "unknown_field", f"{name} is no date of {type.name}", nearest_or_all(name, clear))]


def _category_faults(type: DocumentType, document: Document) -> list[Violation]:
    # What is kept of the targets of its links has categories of their own.
    if document.get("with_links"):
        return []
    known = sorted({field.personal for field in type.personal if field.personal})
    return [
        Violation(f"/categories/{index}", "unknown_category", f"{type.name} has no {name}", nearest_or_all(name, known))
        for index, name in enumerate(document.get("categories", ()))
        if name not in known
    ]


def _link_faults(type: DocumentType, document: Document) -> list[Violation]:
    links = [path for path, field in type.fields.items() if field.link and field.kind == "uuid" and "." not in path]
    return [
        Violation(f"/with_links/{index}", "unknown_field", f"{name} is no link", nearest_or_all(name, links))
        for index, name in enumerate(document.get("with_links", ()))
        if name not in links
    ]
