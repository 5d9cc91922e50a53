"""Roles, grants and documents as short as tests want them."""

from kernel.permissions import Grant, compile_permissions
from sdk.document import Document
from sdk.roles import load_roles
from sdk.schema import DocumentType

A, B = "018f0000-0000-7000-8000-00000000000a", "018f0000-0000-7000-8000-00000000000b"
ME = "018f0000-0000-7000-8000-0000000000aa"
SCOPE = {"actor": {"id": ME, "email": "me@acme.test", "companies": [A]}, "today": None}

ORDER = DocumentType.from_schema(
    "sales.order",
    {
        "x-company": "required",
        "properties": {
            "owner": {"type": "string"},
            "total": {"type": "string", "format": "decimal"},
            "margin": {"type": "string", "format": "decimal"},
            "discount": {"type": "string", "format": "decimal"},
        },
    },
)
PARTY = DocumentType.from_schema("parties.party", {"properties": {"name": {"type": "string"}}})
GRANT = DocumentType.from_schema("kernel.grant", {"properties": {"role": {"type": "string"}}})


def permit(*permissions, inherits=(), companies=()):
    """Permissions of somebody granted one role with these permissions."""
    return compile_permissions(roles(**{"x.role": (permissions, inherits)}), [Grant("g", "x.role", tuple(companies))])


def roles(**described):
    return load_roles(
        {
            name.replace("__", "."): {"title": name, "permissions": list(permissions), "inherits": list(inherits)}
            for name, (permissions, inherits) in described.items()
        }
    )


def order(company_id=A, **fields):
    return Document("d", "sales.order", fields, company_id=company_id, state="draft")


def may(type, *actions, **rest):
    return {"type": type, "actions": list(actions), **rest}
