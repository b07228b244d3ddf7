"""Cells of CSV and XLSX files, both ways: texts that no spreadsheet runs as a formula, exact amounts, days."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")
QUOTE = "'"
GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
PLAIN = re.compile(r"-?\d+(\.\d+)?")
CENT = Decimal("0.01")
LIMIT = Decimal("1e13")
DIGITS = 15  # as many as a spreadsheet keeps of a number

Cell = str | float | int | bool | date | time | timedelta | None


class Wrong(Exception):
    """A cell that cannot be taken: what is wrong with it and what to write."""


def guarded(text: str) -> str:
    """This function will put an apostrophe before a text that a spreadsheet would run, or that begins with one."""
    return QUOTE + text if text.startswith((*FORMULA_STARTS, QUOTE)) else text


def text_of(cell: Cell) -> str:
    """This function will read a text to the character, without the apostrophe of `guarded`.

    Raises Wrong for a number: nobody knows whether it had leading zeros.
    """
    if cell is None:
        return ""
    if not isinstance(cell, str):
        raise Wrong(
            f"{cell} is stored as a number or a date. Format the column as text and type it again, "
            "for a spreadsheet takes leading zeros off numbers"
        )
    return cell[1:] if cell.startswith(QUOTE) and cell[1:].startswith((*FORMULA_STARTS, QUOTE)) else cell


def amount_of(cell: Cell) -> Decimal:
    """This function will read an amount of at most two decimals, exactly. Raises Wrong."""
    if not isinstance(cell, str | float | int) or isinstance(cell, bool) or cell == "":
        raise Wrong("the amount is missing. Write it with two decimals, 0.00 where it is nothing")
    number = _number(cell)
    if number != number.quantize(CENT) or abs(number) >= LIMIT:
        raise Wrong(f"{cell} is no amount: at most 2 decimals, below {LIMIT:,.0f}")
    return number.quantize(CENT)


def _number(cell: str | float | int) -> Decimal:
    if isinstance(cell, float | int):
        return Decimal(f"{cell:.{DIGITS}g}")  # 0.30000000000000004 is the 0.3 of somebody's formula
    typed = cell.strip().removeprefix(QUOTE)
    if GROUPED.fullmatch(typed):
        typed = typed.replace(",", "")
    if not PLAIN.fullmatch(typed):
        raise Wrong(f"{cell!r} is no amount. Write it like -1250.00")
    return Decimal(typed)


def day_of(cell: Cell) -> date:
    """This function will read a day, from a date cell or written 2026-11-23. Raises Wrong."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    try:
        return date.fromisoformat(str(cell or "").strip())
    except ValueError:
        raise Wrong(f"{cell!r} is no day. Write it like 2026-11-23") from None


def yes_of(cell: Cell) -> bool:
    """This function will read yes or no. Raises Wrong."""
    said = str("" if cell is None else cell).strip().casefold()
    if said in {"yes", "y", "true", "1", "1.0"}:
        return True
    if said in {"no", "n", "false", "0", "0.0"}:
        return False
    raise Wrong(f"{cell!r} is neither yes nor no")
