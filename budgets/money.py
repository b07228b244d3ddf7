"""Money and quantities: exact Decimals, refused rather than rounded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
LARGEST = Decimal("9999999999999.99")
LARGEST_QUANTITY = Decimal("99999999999999.9999")
ZERO = Decimal("0.00")
LONGEST = 60  # characters: far more than the largest number with every separator
NUMBER = re.compile(
    r"(?:[+-]? ?\$? ?|\$ ?[+-] ?)(?:\d{1,3}(?:([, ])\d{3}(?:\1\d{3})*)|\d+)?(?:\.\d*)?", re.ASCII
)


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
    typed = re.sub("[\u00a0\u202f]", " ", text).replace("\u2212", "-").strip()
    bracketed = re.fullmatch(r"\( ?(\$? ?[\d.].*?) ?\)", typed)  # as accountants write a negative
    digits = bracketed[1] if bracketed else typed
    if len(typed) > LONGEST or not NUMBER.fullmatch(digits) or not re.search(r"\d", digits):
        raise NotExact(f"{text[:LONGEST]!r} is not a number. Write it like 1,234.50 or -1234.5.")
    number = Decimal(re.sub("[ ,$]", "", digits))
    return number.copy_negate() if bracketed else number  # a minus sign would round to 28 digits


def amount(text: str | int | Decimal) -> Decimal:
    """This function will read an amount: 2 places, at most 9,999,999,999,999.99 either way. Raises NotExact."""
    return parse(text, places=2, largest=LARGEST)


def moved(changes: Iterable[Decimal]) -> Decimal:
    """This function will find how much one document moves: what goes up or what goes down, whichever is more.

    Limits compare with it. Of a transfer both are the same; a document that only takes away moves what it takes.
    """
    every = list(changes)
    up = sum((change for change in every if change > 0), ZERO)
    return max(up, up - sum(every, ZERO))


def quantity(text: str | int | Decimal) -> Decimal:
    """This function will read a quantity or unit cost: 4 places. Raises NotExact."""
    return parse(text, places=4, largest=LARGEST_QUANTITY)


def extended(quantity: Decimal, unit_cost: Decimal) -> Decimal:
    """This function will multiply a quantity by a unit cost, half-up to the cent. Raises NotExact when too large."""
    product = quantity * unit_cost  # exact up to the largest amount: fewer than 28 digits
    if abs(product) < LARGEST + CENT:
        product = product.quantize(CENT, rounding=ROUND_HALF_UP)
    if abs(product) > LARGEST:
        raise NotExact(f"{quantity} x {unit_cost} is too large: at most {LARGEST:,}.")
    return product + 0  # no negative zero
