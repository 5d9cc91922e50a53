"""What can be wrong with products and prices."""

from sdk.errors import Invalid


class ValidityReversed(Invalid):
    """A validity ends on {valid_until}, before it begins on {valid_from}."""


class PriceLineDuplicate(Invalid):
    """The product {product} has two prices from the quantity {quantity} on in the same span."""
