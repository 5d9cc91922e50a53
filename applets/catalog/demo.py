"""Demo products. Names are invented; the same seed gives the same documents."""

from __future__ import annotations

import random
from decimal import Decimal

from sdk import Context, Document, decimal_text

_UNITS = (("pc", "Piece", 0), ("kg", "Kilogram", 3), ("box", "Box", 0), ("h", "Hour", 2))
# category, unit, names
_GOODS = (
    ("Coffee and tea", "kg", ("Harbour Blend", "Dawn Roast", "Decaf Valley", "Smoked Leaf Tea", "Mint Garden Tea")),
    (
        "Pantry",
        "box",
        ("Oat Crackers", "Plum Preserve", "Wild Honey", "Sea Salt Flakes", "Rye Crispbread", "Fig Chutney"),
    ),
    ("Tableware", "pc", ("Stoneware Mug", "Bread Board", "Glass Carafe", "Linen Napkin", "Espresso Cup", "Cake Stand")),
    (
        "Equipment",
        "pc",
        ("Hand Grinder", "Pour-over Kettle", "Kitchen Scale", "Milk Jug", "Filter Stand", "Travel Press"),
    ),
    ("Packaging", "box", ("Paper Bags", "Gift Boxes", "Labels", "Cotton Ribbon")),
)
_SERVICES = ("Barista Training", "Machine Service", "Tasting Evening")
SERVICE_ACCOUNT = "4200"
PRICE_STEP = Decimal("0.92")


def load_demo(ctx: Context, seed: int) -> None:
    """Create 4 units, 30 products and one price list with a step for larger quantities."""
    rng = random.Random(f"catalog {seed}")
    units = {code: _create_unit(ctx, code, name, decimals) for code, name, decimals in _UNITS}
    goods = [
        _create_product(
            ctx, rng, name, {"kind": "goods", "category": category, "unit": units[unit], "tax_category": "standard"}
        )
        for category, unit, names in _GOODS
        for name in names
    ]
    for name in _SERVICES:
        service = {"kind": "service", "category": "Services", "unit": units["h"], "revenue_account": SERVICE_ACCOUNT}
        _create_product(ctx, rng, name, {**service, "tax_category": "reduced"})
    _create_price_list(ctx, rng.sample(goods, 12))


def _create_unit(ctx: Context, code: str, name: str, decimals: int) -> str:
    return ctx.documents.create("catalog.unit", {"code": code, "name": name, "decimals": decimals}).id


def _create_product(ctx: Context, rng: random.Random, name: str, fields: dict[str, str]) -> Document:
    code = "".join(word[:3] for word in name.replace("-", " ").upper().split())
    price = decimal_text(Decimal(rng.randrange(290, 8900)) / 100, 4)
    return ctx.documents.create("catalog.product", {"code": code, "name": name, "sales_price": price, **fields})


def _create_price_list(ctx: Context, products: list[Document]) -> None:
    lines = [
        {
            "product": product.id,
            "minimum_quantity": "20.000",
            "price": decimal_text(product["sales_price"] * PRICE_STEP, 4),
        }
        for product in products
    ]
    price_list = {"code": "VOLUME", "name": "Volume prices", "currency": ctx.tenant.currency, "lines": lines}
    ctx.documents.create("catalog.price_list", price_list)
