"""Money and quantities: exact Decimals, refused rather than rounded."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
LARGEST = Decimal("9999999999999.99")
LARGEST_QUANTITY = Decimal("99999999999999.9999")
ZERO = Decimal("0.00")


class NotExact(ValueError):
    """The text is no number, or has more decimals or digits than are kept. The message says which and what to do."""


def parse(text: str | int | Decimal, *, places: int, largest: Decimal) -> Decimal:
    """This function will read a number people typed ("1,234.50", "(12.00)", "-3") into a Decimal with `places` places.

    Raises NotExact instead of rounding. Thousands are separated by commas or spaces, decimals by a point.
    """
    number = _decimal(text)
    if not number.is_finite():
        raise NotExact(f"{text} is not a number.")
    exact = number.quantize(Decimal(1).scaleb(-places)) if abs(number) <= largest else None
    if exact is None:
        raise NotExact(f"{text} is too large: at most {largest:,}.")
    if exact != number:
        raise NotExact(f"{text} has more than {places} decimals; round it the way you mean it.")
    return exact + 0  # no negative zero


def _decimal(text: str | int | Decimal) -> Decimal:
    if isinstance(text, (Decimal, int)):
        return Decimal(text)
    cleaned = text.strip()
    negative = cleaned.startswith("(") and cleaned.endswith(")")
    digits = (
        cleaned.strip("()").replace("\u00a0", "").replace(" ", "").replace("\u2212", "-").removeprefix("$")
    )
    if not re.fullmatch(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?", digits) or not re.search(r"\d", digits):
        raise NotExact(f"{text!r} is not a number. Write it like 1,234.50 or -1234.5.")
    try:
        number = Decimal(digits.replace(",", ""))
    except InvalidOperation:
        raise NotExact(f"{text!r} is not a number.") from None
    return -number if negative else number


def amount(text: str | int | Decimal) -> Decimal:
    """This function will read an amount: 2 places, at most 9,999,999,999,999.99 either way. Raises NotExact."""
    return parse(text, places=2, largest=LARGEST)


def quantity(text: str | int | Decimal) -> Decimal:
    """This function will read a quantity or unit cost: 4 places. Raises NotExact."""
    return parse(text, places=4, largest=LARGEST_QUANTITY)


def extended(quantity: Decimal, unit_cost: Decimal) -> Decimal:
    """This function will multiply a quantity by a unit cost, half-up to the cent. Raises NotExact when too large."""
    product = (quantity * unit_cost).quantize(CENT, rounding=ROUND_HALF_UP)
    if abs(product) > LARGEST:
        raise NotExact(f"{quantity} x {unit_cost} is too large: at most {LARGEST:,}.")
    return product
