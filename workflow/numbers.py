"""Whole numbers that come as text: ids and versions out of forms and addresses."""

from __future__ import annotations

MOST_DIGITS = 18  # whatever has no more fits the database's ids


def number(text: str) -> int | None:
    """This function will read up to 18 ASCII digits; None where there is anything else."""
    return int(text) if len(text) <= MOST_DIGITS and text.isascii() and text.isdigit() else None
