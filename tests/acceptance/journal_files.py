"""Real journals of plain-text accounting as `bos import` takes them, and what their closing balances must be."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from tests.acceptance.installation import as_json

SCALE = Decimal("0.0000000001")
# Where the first part of an account's name tells its type; elsewhere any type is as good as another.
KINDS = {"assets": "asset", "liabilities": "liability", "equity": "equity", "income": "income", "expenses": "expense"}
# Bos knows a currency by its code.
CODES = {"$": "USD"}

Closing = dict[str, dict[str, Decimal]]
# In hledger's order: bought at no cost, at total costs (which it takes together), at a cost of one unit.
Lot = tuple[int, str, Decimal]
AT_NO_COST: Lot = (0, "", Decimal(0))


def lot_of(line: Mapping[str, Any]) -> Lot:
    """The lot of a line of the file."""
    cost = line.get("cost")
    if cost is None:
        return AT_NO_COST
    return _lot(cost["kind"] == "total", Decimal(cost["amount"]), cost["currency"])


def read_lot(text: str) -> Lot:
    """The lot as the ledger's register names it: empty, `108.95 USD`, `total 857 Z`."""
    if not text:
        return AT_NO_COST
    amount, currency = text.removeprefix("total ").split(" ")
    return _lot(text.startswith("total "), Decimal(amount), currency)


def _lot(is_total: bool, amount: Decimal, currency: str) -> Lot:
    return (1, code_of(currency), Decimal(0)) if is_total else (2, code_of(currency), amount)


def code_of(currency: str) -> str:
    return CODES.get(currency, currency)


def kind_of(account: str) -> str:
    return KINDS.get(account.split(":", maxsplit=1)[0].lower(), "asset")


def sums(amounts: Iterable[tuple[str, str, Decimal]]) -> Closing:
    """By account and currency, without what has come to nothing."""
    closing: Closing = {}
    for account, currency, amount in amounts:
        held = closing.setdefault(account, {})
        held[currency] = held.get(currency, Decimal(0)) + amount
    kept = {account: {unit: each for unit, each in held.items() if each} for account, held in closing.items()}
    return {account: held for account, held in kept.items() if held}


class JournalFile:
    """base: the currency of the books. Every unit counts as one of it: the journals know no exchange rates."""

    def __init__(self, name: str, base: str) -> None:
        self.name, self.base = name, base
        self._data = as_json(f"plaintext/expected/{name}.json")
        self.entries: list[dict[str, Any]] = self._data["entries"]
        self.accounts = sorted({line["account"] for entry in self.entries for line in entry["lines"]})

    @property
    def totals(self) -> Closing:
        """What each account holds of each unit, whatever it was bought at."""
        return sums(
            (line["account"], code_of(line["currency"]), Decimal(line["amount"]))
            for entry in self.entries
            for line in entry["lines"]
        )

    @property
    def closing(self) -> dict[tuple[str, str], Decimal]:
        """As the file says it, by account and currency in Bos's codes.

        Of what an account has bought at several costs, the file tells of one lot only: the one hledger lists last.
        """
        return {
            (account, code_of(unit)): Decimal(amount)
            for account, held in self._data["closing"].items()
            for unit, amount in held.items()
        }

    @property
    def last_lots(self) -> dict[tuple[str, str], Lot]:
        """The lot hledger lists last, of every account and unit the journal has ever posted to."""
        last: dict[tuple[str, str], Lot] = {}
        for entry in self.entries:
            for line in entry["lines"]:
                key, lot = (line["account"], code_of(line["currency"])), lot_of(line)
                last[key] = max(lot, last.get(key, lot))
        return last

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Accounts and entries, one JSON object a line."""
        accounts, entries = folder / f"{self.name}.accounts.jsonl", folder / f"{self.name}.entries.jsonl"
        _write(accounts, ({"name": name, "kind": kind_of(name)} for name in self.accounts))
        _write(entries, (self._entry(entry, number) for number, entry in enumerate(self.entries, 1)))
        return accounts, entries

    def _entry(self, entry: Mapping[str, Any], number: int) -> dict[str, Any]:
        lines = [_line(line) for line in entry["lines"]]
        _balance(lines)
        for line in lines:
            line["base_amount"] = str(line["base_amount"])
        return {"date": entry["date"], "memo": entry["memo"], "reference": f"{self.name}/{number}", "lines": lines}


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    made = {name: line[name] for name in ("account", "amount")} | {"currency": code_of(line["currency"])}
    amount, cost = Decimal(line["amount"]), line.get("cost")
    if cost is None:
        return made | {"base_amount": amount}
    price = Decimal(cost["amount"])
    weight = amount * price if cost["kind"] == "unit" else price.copy_sign(amount)
    kept = {"kind": cost["kind"], "amount": cost["amount"], "currency": code_of(cost["currency"])}
    return made | {"base_amount": weight.quantize(SCALE, ROUND_HALF_UP), "cost": kept}


def _balance(lines: list[dict[str, Any]]) -> None:
    """What the journal's own rounding leaves (half a cent at most) is part of what was paid for the shares."""
    rest = sum((line["base_amount"] for line in lines), Decimal(0))
    if rest:
        assert abs(rest) < Decimal("0.005"), lines
        costed = max((line for line in lines if "cost" in line), key=lambda line: abs(line["base_amount"]))
        costed["base_amount"] -= rest


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
