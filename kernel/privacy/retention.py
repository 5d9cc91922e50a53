"""What is due: documents whose years are over, and what was kept of persons who were erased."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kernel.context import KernelContext
from kernel.documents.casting import show_rows
from kernel.documents.listing import ListRequest, compile_list
from kernel.documents.queries import query
from kernel.documents.rows import COLUMNS, Row, to_document
from kernel.documents.service import delete
from kernel.privacy.erasure import ERASURE, VERB, erase_document, erase_due
from kernel.privacy.plan import Step, holds_on, linked_holds, plan_step, read_rules
from kernel.privacy.rules import RULE, Rule
from kernel.privacy.subjects import Found, Subject
from kernel.telemetry.logs import get_logger
from kernel.tenancy.record import TenantRecord
from sdk.document import Document
from sdk.errors import BosError, Unavailable
from sdk.schema import DocumentType

if TYPE_CHECKING:
    from kernel.main import Kernel

# A transaction each, so that nobody waits long for a document that is being erased.
BATCH_DOCUMENTS = 100
# Of one run; the rest comes with the next.
RUN_DOCUMENTS_MAX = 5_000
SUBJECTS_MAX = 100
SUBJECT_PAGES_MAX = 50
_log = get_logger()

_FIRST = "00000000-0000-0000-0000-000000000000"
# Without those that were erased, unless somebody has written to them since, or a part of them was kept.
_DUE = f"""
SELECT {COLUMNS} FROM {{{{t}}}}.documents WHERE {{where}} AND id > %(after)s AND NOT (
    EXISTS (SELECT FROM {{{{t}}}}.events e WHERE e.aggregate_id = documents.id AND e.version = documents.version
               AND e.type = %(erased_event)s)
    AND NOT EXISTS (SELECT FROM {{{{t}}}}.events e JOIN {{{{t}}}}.cipher_keys k ON k.id = e.id
                     WHERE e.aggregate_id = documents.id AND k.wrapped IS NOT NULL)
) ORDER BY id LIMIT %(size)s
"""


@dataclass
class Report:
    """What a run did, or would do. linked: documents that are not deleted, since others need them or a hook says so."""

    examined: int = 0
    erased: int = 0
    deleted: int = 0
    linked: int = 0
    subjects: int = 0
    documents: list[dict[str, Any]] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return self.erased + self.deleted

    def as_json(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in ("examined", "erased", "deleted", "linked", "subjects")}
        return {**counts, "documents": self.documents}


def run_rules(kernel: Kernel, tenant: TenantRecord) -> Report:
    """Erase and delete what is due, a batch a transaction; about RUN_DOCUMENTS_MAX documents at most."""
    report = Report()
    with kernel.operate(tenant) as ctx:
        rules = [rule for rule in read_rules(ctx) if rule.action != "keep"]
    for rule in rules:
        after: str | None = _FIRST
        while after is not None and report.changed < RUN_DOCUMENTS_MAX:
            with kernel.operate(tenant) as ctx:
                after = _run_batch(ctx, rule, after, report)
    with kernel.operate(tenant) as ctx:
        subjects = list(_due_subjects(ctx))
    for subject in subjects:
        report.subjects += _erase_rest(kernel, tenant, subject)
    return report


def show_due(ctx: KernelContext) -> Report:
    """What `run_rules` would do now; nothing is changed. For whoever may read the rules."""
    ctx.permissions.check("read", ctx.runtime.catalogue.type(RULE))
    report, rules = Report(), read_rules(ctx)
    for rule in (each for each in rules if each.action != "keep"):
        after: str | None = _FIRST
        while after is not None and len(report.documents) < RUN_DOCUMENTS_MAX:
            documents, after = _page(ctx, rule, after)
            report.examined += len(documents)
            for step in _due(ctx, rule, rules, documents):
                report.documents.append({**step.as_json(), "rule": rule.title, "action": rule.action})
    report.subjects = len(list(_due_subjects(ctx)))
    return report


def _run_batch(ctx: KernelContext, rule: Rule, after: str, report: Report) -> str | None:
    documents, following = _page(ctx, rule, after)
    report.examined += len(documents)
    for step in _due(ctx, rule, read_rules(ctx), documents):
        done = {**step.as_json(), "rule": rule.title, "action": rule.action}
        is_erased = erase_document(ctx, step) if step.fields else False
        report.erased += is_erased
        is_deleted = rule.action == "delete" and _delete(ctx, step, report)
        if is_erased or is_deleted:
            report.documents.append(done)
    return following


def _due(ctx: KernelContext, rule: Rule, rules: Sequence[Rule], documents: Sequence[Document]) -> Iterator[Step]:
    """Those no other rule keeps, be it for what links to them: of two laws the longer one holds."""
    if not documents:
        return
    type = ctx.runtime.catalogue.type(rule.type)
    linked = linked_holds(ctx, rules, [document.id for document in documents], one_is_enough=True)
    for document in documents:
        holds = [*holds_on(ctx, rules, type, document), *linked.get(document.id, ())]
        if not holds:
            yield plan_step(Found(type, document), ())
        elif rule.action == "erase" and (step := plan_step(Found(type, document), holds)).fields:
            yield step


def _page(ctx: KernelContext, rule: Rule, after: str) -> tuple[list[Document], str | None]:
    """Documents whose years are over, and the id to go on behind."""
    type = ctx.runtime.catalogue.types.get(rule.type)
    if type is None:
        return [], None
    first_kept = _first_kept(ctx, type, rule)
    filter = f"{rule.from_field} < param.first_kept"
    condition = f"({rule.condition.source}) and {filter}" if rule.condition else filter
    where, values, _ = compile_list(ctx, type, ListRequest(condition, {"first_kept": first_kept}))
    rows = ctx.uow.execute(_DUE.format(where=where), {**values, **_page_values(type, after)}).fetchall()
    shown = show_rows(ctx, type, [Row._make(row) for row in rows])
    return [to_document(type, row) for row in shown], (shown[-1].id if len(shown) == BATCH_DOCUMENTS else None)


def _first_kept(ctx: KernelContext, type: DocumentType, rule: Rule) -> date | datetime:
    """The first day whose documents are kept; of an instant its beginning, where the tenant is."""
    day = date.fromordinal(rule.last_start(ctx.today).toordinal() + 1)
    declared = type.fields.get(rule.from_field)
    if declared is not None and declared.kind == "date":
        return day
    return datetime.combine(day, time.min, ZoneInfo(ctx.runtime.tenant.timezone))


def _page_values(type: DocumentType, after: str) -> dict[str, Any]:
    return {"after": after, "size": BATCH_DOCUMENTS, "erased_event": f"{type.name}.{VERB}"}


def _delete(ctx: KernelContext, step: Step, report: Report) -> bool:
    document = step.found.document
    try:
        with ctx.uow.savepoint():
            delete(ctx, document.type, document.id)
    except Unavailable:
        raise
    except BosError:
        report.linked += 1
        return False
    report.deleted += 1
    return True


def _erase_rest(kernel: Kernel, tenant: TenantRecord, subject: Subject) -> bool:
    """In a transaction of its own: one that cannot be erased now, as its applet is not enabled, stops no other."""
    try:
        with kernel.operate(tenant) as ctx:
            erase_due(ctx, subject)
    except Unavailable:
        raise
    except BosError as error:
        _log.warning("retention.not_erased", message=error.message, tenant=tenant.name, subject=subject.id)
        return False
    return True


def _due_subjects(ctx: KernelContext) -> Iterator[Subject]:
    """Persons of whom something was kept until now."""
    cursor: str | None = None
    for _ in range(SUBJECT_PAGES_MAX):
        page = query(ctx, ERASURE, ListRequest("next_due_on <= today", {}, ("next_due_on", "id"), SUBJECTS_MAX, cursor))
        for certificate in page.items:
            yield Subject(certificate["subject_type"], certificate["subject_id"])
        cursor = page.cursor
        if cursor is None:
            break
