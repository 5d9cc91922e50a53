"""What can be wrong with parties."""

from sdk.errors import Invalid


class DefaultAddressAmbiguous(Invalid):
    """There is more than one default address of the kind {address_kind}."""


class TaxIdDuplicate(Invalid):
    """The tax id {number} is there twice."""
