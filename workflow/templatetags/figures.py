"""How figures and times are written, in one place: money, quantities, moments, days, ages."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

register = template.Library()

NOTHING = mark_safe('<span class="none" aria-label="none">–</span>')
MINUTE, HOUR, DAY = 60, 3600, 86400
PERCENT_PLACES = 1


@register.filter
def money(amount: Decimal | None) -> SafeString:
    """This function will write an amount to the cent, negatives in parentheses and marked; None as a dash."""
    return NOTHING if amount is None else _signed(amount, 2)


@register.filter
def plain_money(amount: Decimal) -> str:
    """This function will write an amount as text alone, for places that take no markup."""
    digits = _digits(amount, 2)
    return f"({digits})" if amount < 0 else digits


@register.filter
def quantity(number: Decimal | None) -> SafeString:
    """This function will write a quantity of up to 4 places without idle zeros; None as a dash."""
    return NOTHING if number is None else _signed(number, _places(number))


@register.filter
def price(number: Decimal | None) -> SafeString:
    """This function will write a unit cost: 2 places, or as many of 4 as it has; None as a dash."""
    return NOTHING if number is None else _signed(number, max(2, _places(number)))


def plain_quantity(number: Decimal) -> str:
    """This function will write a quantity as text alone."""
    digits = _digits(number, _places(number))
    return f"({digits})" if number < 0 else digits


def plain_price(number: Decimal) -> str:
    """This function will write a unit cost as text alone."""
    digits = _digits(number, max(2, _places(number)))
    return f"({digits})" if number < 0 else digits


def plain_percent(share: Decimal) -> str:
    """This function will write a share of 1 as a percentage, as text alone."""
    digits = _digits(share * 100, PERCENT_PLACES)
    return f"({digits} %)" if share < 0 else f"{digits} %"


@register.filter
def plain_verdict(left: Decimal) -> str:
    """This function will write what is left of a budget with its sign in words: "over 12.00", "under 3.00"."""
    side = "over " if left < 0 else "under " if left else ""
    return f"{side}{_digits(left, 2)}"


@register.filter
def verdict(left: Decimal | None) -> SafeString:
    """This function will write the same, marked where it is over; None as a dash."""
    if left is None:
        return NOTHING
    tone = " negative" if left < 0 else "" if left else " zero"
    return format_html('<span class="number{}">{}</span>', tone, plain_verdict(left))


def _places(number: Decimal) -> int:
    return max(0, min(4, -int(number.normalize().as_tuple().exponent)))


def _signed(number: Decimal, places: int) -> SafeString:
    """Mark up a number; nothing a person typed is in it, and a grid has thousands of them."""
    digits = _digits(number, places)
    if number < 0:
        return mark_safe(f'<span class="number negative">({digits})</span>')  # noqa: S308
    return mark_safe(f'<span class="number{"" if number else " zero"}">{digits}</span>')  # noqa: S308


def _digits(number: Decimal, places: int) -> str:
    """Write the digits with the separators of the language, which Django would look up for each number."""
    thousands, point = _separators(get_language() or "")
    digits = f"{abs(number):,.{places}f}"
    if (thousands, point) == (",", "."):
        return digits
    return digits.translate({ord(","): thousands, ord("."): point})


@lru_cache(maxsize=50)
def _separators(language: str) -> tuple[str, str]:
    return (
        str(formats.get_format("THOUSAND_SEPARATOR", language, use_l10n=True)),
        str(formats.get_format("DECIMAL_SEPARATOR", language, use_l10n=True)),
    )


@register.filter
def typed(number: Decimal | str | None) -> str:
    """This function will write a number as an input takes it: exact, no grouping; text as it was typed."""
    if number is None or isinstance(number, str):
        return number or ""
    return f"{number:.{_kept(number)}f}"


def spoken(number: Decimal | str | None) -> str:
    """This function will write a number for a sentence: with separators, negatives in parentheses; text as it is."""
    if number is None or isinstance(number, str):
        return number or ""
    digits = _digits(number, _kept(number))
    return f"({digits})" if number < 0 else digits


def _kept(number: Decimal) -> int:
    """The places that are kept: 2 of money, as many as it has of a quantity, which is stored with 4."""
    stored = -int(number.as_tuple().exponent)
    return _places(number) if stored > 2 else max(0, stored)


@register.filter
def moment(at: datetime | None) -> SafeString:
    """This function will write a time in the current zone, with the full ISO time and zone as its title."""
    if at is None:
        return NOTHING
    local = timezone.localtime(at)
    return _time(local, plain_moment(local))


def plain_moment(local: datetime, *, seconds: bool = False, zone: bool = False) -> str:
    """This function will write a time as text alone, in its own zone: "Nov. 29, 2026, 05:48"; every page says it so."""
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{formats.date_format(local)}, {clock}" + (f" {local.tzname()}" if zone else "")


@register.filter
def plain_moment_in(at: datetime, zone: str) -> str:
    """This function will write a time as text alone in a zone, and name it: "Nov. 29, 2026, 05:48 CST"."""
    return plain_moment(at.astimezone(ZoneInfo(zone)), zone=True)


@register.filter
def plain_day(on: date | None) -> str:
    """This function will write a date as text alone, as pages write it."""
    return formats.date_format(on) if on else ""


@register.filter
def day(on: date | None) -> SafeString:
    """This function will write a date."""
    if on is None:
        return NOTHING
    return format_html(
        '<time datetime="{}" class="nowrap">{}</time>', on.isoformat(), formats.date_format(on)
    )


@register.filter
def age(at: datetime | None) -> SafeString:
    """This function will write how long ago something was ("26 h"), with the exact time as its title."""
    if at is None:
        return NOTHING
    return _time(timezone.localtime(at), span((timezone.now() - at).total_seconds()))


@register.filter
def span(seconds: float) -> str:
    """This function will write a length of time in one unit: "40 s", "12 min", "26 h", "3 days"."""
    if seconds < 2 * MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < 2 * HOUR:
        return f"{round(seconds / MINUTE)} min"
    if seconds < 2 * DAY:
        return f"{round(seconds / HOUR)} h"
    return f"{round(seconds / DAY)} days"


def _time(local: datetime, words: str) -> SafeString:
    exact = local.isoformat(timespec="seconds")
    return format_html(
        '<time datetime="{}" title="{} {}" class="nowrap">{}</time>', exact, exact, local.tzname(), words
    )
