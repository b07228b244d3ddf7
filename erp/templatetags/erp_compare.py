"""What the pages of a comparison need of their own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template

from erp.compare.states import CHANGED, ONLY_A, ONLY_B

register = template.Library()

TONES = {CHANGED: "warn", ONLY_A: "bad", ONLY_B: "good"}


@register.filter
def tone(status: str) -> str:
    """This function will choose the colour of a kind of row; its words say the same."""
    return TONES.get(status, "")


@register.filter
def size(amount: Decimal) -> Decimal:
    """This function will drop a sign, where a word or sign before the amount tells it."""
    return abs(amount)


@register.filter
def words_for(words: Mapping[str, Any], key: str) -> Any:
    """This function will look the words for a key up."""
    return words.get(key, key)
