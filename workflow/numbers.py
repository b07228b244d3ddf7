"""Whole numbers that come as text: ids and versions out of forms and addresses."""

from __future__ import annotations

NEVER = -1  # a version that nothing ever has: whoever does not say what they saw is told what there is
MOST_DIGITS = 18  # whatever has no more fits the database's ids


def version(text: str) -> int:
    """This function will read the version of a row that a form says the person saw; `NEVER` where it says none."""
    seen = number(text)
    return NEVER if seen is None else seen


def number(text: str) -> int | None:
    """This function will read up to 18 ASCII digits; None where there is anything else."""
    return int(text) if len(text) <= MOST_DIGITS and text.isascii() and text.isdigit() else None
