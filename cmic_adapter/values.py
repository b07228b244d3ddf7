"""How the values of a row are read: whatever does not fit is a ValueError, which makes the row a broken one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

MOST = Decimal("1e18")  # an amount of anybody's, or a sum; a larger one is a broken answer


def words(table: Mapping[str, Any], otherwise: Any = None) -> BeforeValidator:
    """This function will translate a text by a table; one that is not in it becomes `otherwise`, or stays."""

    def word(value: object) -> object:
        told = value if isinstance(value, str) else ""
        return table.get(told, otherwise if otherwise is not None else value)

    return BeforeValidator(word)


def _amount(value: Decimal) -> Decimal:
    # Compared, never calculated with: a number of a thousand digits would overflow.
    if not (value.is_finite() and -MOST < value < MOST):
        raise ValueError("no amount that can be held")
    return value


def _day(value: object) -> object:
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value


Money = Annotated[
    Decimal, BeforeValidator(lambda value: Decimal(0) if value is None else value), AfterValidator(_amount)
]
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
Day = Annotated[date | None, BeforeValidator(_day)]
