"""How figures and times are written, in one place: money, quantities, moments, days, ages."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

NOTHING = mark_safe('<span class="none" aria-label="none">–</span>')
MINUTE, HOUR, DAY = 60, 3600, 86400


@register.filter
def money(amount: Decimal | None) -> SafeString:
    """This function will write an amount to the cent, negatives in parentheses and marked; None as a dash."""
    if amount is None:
        return NOTHING
    return _signed(amount, formats.number_format(abs(amount), 2, use_l10n=True, force_grouping=True))


@register.filter
def plain_money(amount: Decimal) -> str:
    """This function will write an amount as text alone, for places that take no markup."""
    digits = formats.number_format(abs(amount), 2, use_l10n=True, force_grouping=True)
    return f"({digits})" if amount < 0 else digits


@register.filter
def quantity(number: Decimal | None) -> SafeString:
    """This function will write a quantity of up to 4 places without idle zeros; None as a dash."""
    if number is None:
        return NOTHING
    places = max(0, min(4, -int(number.normalize().as_tuple().exponent)))
    return _signed(number, formats.number_format(abs(number), places, use_l10n=True, force_grouping=True))


@register.filter
def price(number: Decimal | None) -> SafeString:
    """This function will write a unit cost: 2 places, or as many of 4 as it has; None as a dash."""
    if number is None:
        return NOTHING
    places = max(2, min(4, -int(number.normalize().as_tuple().exponent)))
    return _signed(number, formats.number_format(abs(number), places, use_l10n=True, force_grouping=True))


def _signed(number: Decimal, digits: str) -> SafeString:
    if number < 0:
        return format_html('<span class="number negative">({})</span>', digits)
    return format_html('<span class="number{}">{}</span>', "" if number else " zero", digits)


@register.filter
def typed(number: Decimal | str | None) -> str:
    """This function will write a number as an input takes it: exact, no grouping; text as it was typed."""
    if number is None or isinstance(number, str):
        return number or ""
    return f"{number:f}"


@register.filter
def moment(at: datetime | None) -> SafeString:
    """This function will write a time in the current zone, with the full ISO time and zone as its title."""
    if at is None:
        return NOTHING
    local = timezone.localtime(at)
    return _time(local, formats.date_format(local, "DATETIME_FORMAT"))


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
