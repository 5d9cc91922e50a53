"""Accounts as a tree, and the charts they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sdk import Context, Document, hooks

from .errors import AccountHasPostings, AccountParentUnfit, CompanyHasPostings
from .lookup import find_linked

TREE_DEPTH_MAX = 20
EXISTING_MAX = 500
_TEMPLATES = Path(__file__).parent / "data"


@hooks.before_save("ledger.account")
def check_account(ctx: Context, document: Document, previous: Document | None) -> None:
    """The parent is one of the same company and type, above and not below; what has postings stays what it is."""
    parent_id = document.get("parent")
    if parent_id and (previous is None or _differs(document, previous, "parent", "account_type")):
        _check_parent(ctx, document, parent_id)
    if previous is not None and _changes_meaning(document, previous) and _has_postings(ctx, document):
        raise AccountHasPostings(code=document["code"])


def _changes_meaning(document: Document, previous: Document) -> bool:
    becomes_group = document.get("is_group", False) and not previous.get("is_group", False)
    return becomes_group or _differs(document, previous, "account_type")


def _differs(document: Document, previous: Document, *fields: str) -> bool:
    return any(document.get(field) != previous.get(field) for field in fields)


def _check_parent(ctx: Context, document: Document, parent_id: str) -> None:
    parent = find_linked(ctx, "ledger.account", parent_id)
    if parent is None:
        return
    if parent.company_id != document.company_id:
        raise AccountParentUnfit(parent=parent["code"], reason="it belongs to another company")
    if parent["account_type"] != document["account_type"]:
        raise AccountParentUnfit(parent=parent["code"], reason=f"its type is {parent['account_type']}")
    # Nothing can stand below an account that is only now being created.
    if document.version and _is_below(ctx, parent, document.id):
        raise AccountParentUnfit(parent=parent["code"], reason="it stands below the account itself")


def _is_below(ctx: Context, account: Document, ancestor_id: str) -> bool:
    for _ in range(TREE_DEPTH_MAX):
        if account.id == ancestor_id:
            return True
        if "parent" not in account:
            return False
        account = ctx.elevated.documents.get("ledger.account", account["parent"])
    return True


def _has_postings(ctx: Context, account: Document) -> bool:
    where = {"account": account.id}
    if ctx.elevated.registers.balance("ledger.postings", where=where, group_by=("account",)):
        return True
    # A balance of zero may be the sum of postings that were in the statements of the days between.
    return _is_posted(ctx, "any(line.account == param.id for line in lines)", account.id)


def _is_posted(ctx: Context, condition: str, id: str) -> bool:
    """Whether there is a posted entry the condition, about `param.id`, holds for."""
    wanted = f"state != 'draft' and {condition}"
    return bool(ctx.elevated.documents.query("ledger.journal_entry", wanted, parameters={"id": id}, limit=1).items)


@hooks.validate_document("kernel.company")
def keep_currency(ctx: Context, document: Document, previous: Document | None) -> None:
    """Base amounts are in the company's currency and never converted anew."""
    if previous is None:
        return
    before, after = (company.get("currency") or ctx.tenant.currency for company in (previous, document))
    if before != after and _is_posted(ctx, "company_id == param.id", document.id):
        raise CompanyHasPostings(company=previous["name"], currency=before)


@hooks.action("ledger.chart", "load")
def load_chart(ctx: Context, document: Document) -> None:
    """Create the template's accounts and journals, leaving out codes the company has already."""
    template = read_template(document["template"])
    accounts = existing_codes(ctx, "ledger.account", document.company_id)
    journals = existing_codes(ctx, "ledger.journal", document.company_id)
    document["accounts_created"] = _create_accounts(ctx, document.company_id, template["accounts"], accounts)
    new = [journal for journal in template["journals"] if journal["code"] not in journals]
    for journal in new:
        ctx.elevated.documents.create("ledger.journal", journal, company_id=document.company_id)
    document["journals_created"] = len(new)


def read_template(name: str) -> dict[str, Any]:
    """The accounts (parents before children) and journals of a template."""
    template: dict[str, Any] = json.loads((_TEMPLATES / f"{name}_chart.json").read_text(encoding="utf-8"))
    return template


def existing_codes(ctx: Context, type: str, company_id: str | None) -> dict[str, str]:
    """Ids by code of a company's accounts or journals."""
    found: dict[str, str] = {}
    cursor = None
    while True:
        parameters = {"company": company_id}
        page = ctx.elevated.documents.query(
            type,
            "company_id == param.company",
            parameters=parameters,
            sort=("code",),
            limit=EXISTING_MAX,
            cursor=cursor,
        )
        found |= {document["code"]: document.id for document in page.items}
        cursor = page.cursor
        if cursor is None:
            return found


def _create_accounts(
    ctx: Context, company_id: str | None, accounts: list[dict[str, Any]], known: dict[str, str]
) -> int:
    created = 0
    for account in accounts:
        if account["code"] in known:
            continue
        data = dict(account)
        if "parent" in data:
            data["parent"] = known[data["parent"]]
        known[data["code"]] = ctx.elevated.documents.create("ledger.account", data, company_id=company_id).id
        created += 1
    return created
