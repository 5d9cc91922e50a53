"""What can be wrong with a request for many documents; the errors of documents are in sdk/document_errors.py."""

from sdk.errors import Conflict, Invalid, TooLarge, Unavailable


class BulkTooLarge(TooLarge):
    """A bulk request holds at most {maximum} documents, not {count}."""


class AppletUnavailable(Unavailable):
    """Nothing is written while {applet} is enabled but cannot run here: install it again, or disable it."""


class GraphTooLarge(Invalid):
    """A graph of links reaches 1 to {depth} levels far and holds 1 to {nodes} documents."""


class CustomFieldUnfit(Conflict):
    """{count} document(s) of type {type} hold a value of {field} that would not fit: correct them first."""


class CustomFieldInUse(Conflict):
    """{count} document(s) of type {type} hold a value of {field}: take it away, or let the definition keep values."""


class LinkUninstalled(Invalid):
    """{count} new link(s) lead to documents of {applets}, which is uninstalled: install it again, or link to others."""


class DocumentHeld(Conflict):
    """The {type} {id} is linked to by documents of {applets}, uninstalled: install it again, or purge it first."""
