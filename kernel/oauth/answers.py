"""What the routes that manage clients and providers answer, for the description of the API."""

from __future__ import annotations

from kernel.http.shapes import TEXT, fields_of, items_of, members
from kernel.oauth.provider_store import Link
from kernel.oauth.records import Client, Consent, Provider

_CLIENT = fields_of(Client)
CLIENTS = items_of(_CLIENT)
# A public one has no secret.
NEW_CLIENT = members({"secret": TEXT}, **_CLIENT["properties"])
CONSENTS = items_of(fields_of(Consent))
PROVIDER = fields_of(Provider)
PROVIDERS = items_of(PROVIDER)
LINKS = items_of(fields_of(Link))
