"""Demo customers and suppliers. Names and places are invented; the same seed gives the same documents."""

from __future__ import annotations

import random
from typing import Any

from sdk import Context

CUSTOMERS, SUPPLIERS = 40, 15

_HEADS = (
    "Amber", "Birch", "Cobalt", "Dune", "Ember", "Fern", "Granite", "Harbour", "Iris", "Juniper", "Kestrel", "Linden",
    "Maple", "Northgate", "Oak", "Pebble", "Quarry", "Rowan", "Saffron", "Thistle",
)  # fmt: skip
_TAILS = ("Bakery", "Bistro", "Books", "Builders", "Café", "Catering", "Clinic", "Garden Centre", "Hotel", "Kiosk")
_SUPPLY = ("Foods", "Glassworks", "Mills", "Packaging", "Roasters", "Textiles", "Timber", "Tools")
_FORMS = ("Ltd", "GmbH", "& Sons", "Co-operative")
_CITIES = (
    ("Westhaven", "4021"), ("Oldmarket", "1180"), ("Brookfield Mills", "7702"), ("Sandmouth", "3345"),
    ("Hillerby", "9016"), ("Greyport", "2550"),
)  # fmt: skip
_STREETS = ("Mill Lane", "Station Road", "Harbour Street", "Market Square", "Chapel Row", "Foundry Way")
_PEOPLE = ("Ada Morrow", "Ben Tarrant", "Cleo Voss", "Dan Ashby", "Eva Lindqvist-Roe", "Finn Barlow", "Gia Marchetti")


def load_demo(ctx: Context, seed: int) -> None:
    """Create 40 customers, some with a contact, and 15 suppliers."""
    rng = random.Random(f"parties {seed}")
    names = [f"{head} {tail}" for head in _HEADS for tail in _TAILS]
    for index, name in enumerate(rng.sample(names, CUSTOMERS), start=1):
        customer = ctx.documents.create("parties.customer", _customer(rng, index, name))
        if index % 3 == 0:
            ctx.documents.create("parties.contact", _contact(rng, customer.id))
    supplies = [f"{head} {tail}" for head in _HEADS for tail in _SUPPLY]
    for index, name in enumerate(rng.sample(supplies, SUPPLIERS), start=1):
        ctx.documents.create("parties.supplier", _party(rng, f"S{index:04}", f"{name} {rng.choice(_FORMS)}"))


def _customer(rng: random.Random, index: int, name: str) -> dict[str, Any]:
    customer = _party(rng, f"C{index:04}", name)
    if index % 4 == 0:
        customer["credit_limit"] = f"{rng.randrange(5, 50) * 1000}.00"
    return customer


def _party(rng: random.Random, code: str, name: str) -> dict[str, Any]:
    city, postal_code = rng.choice(_CITIES)
    street = f"{rng.randrange(1, 120)} {rng.choice(_STREETS)}"
    return {
        "code": code,
        "name": name,
        "email": f"accounts@{code.lower()}.example",
        "phone": f"+99 {rng.randrange(100, 999)} {rng.randrange(1000, 9999)}",
        "payment_terms_days": rng.choice((14, 30, 30, 45)),
        "tax_ids": [{"kind": "vat", "number": f"XX{rng.randrange(10**8, 10**9)}"}],
        "addresses": [
            {"kind": "billing", "is_default": True, "street": street, "city": city, "postal_code": postal_code}
        ],
    }


def _contact(rng: random.Random, customer_id: str) -> dict[str, Any]:
    name = rng.choice(_PEOPLE)
    email = f"{name.split()[0].lower()}@customers.example"
    return {
        "name": name,
        "job_title": rng.choice(("Buyer", "Owner", "Bookkeeper")),
        "customer": customer_id,
        "email": email,
    }
