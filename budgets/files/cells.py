"""One cell of a file as a value of a line: codes and texts kept to the character, numbers exact. Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any

from budgets import money
from budgets.files.decimals import style_of, with_points
from budgets.files.layouts import text_of, words

LONGEST = {"job": 10, "master_job": 10, "cost_code": 40, "cost_type": 40, "unit": 20, "description": 200}
NUMBERS = {"quantity": money.quantity, "unit_cost": money.quantity, "amount": money.amount}
WRITTEN = {".": "numbers are written as 1,234.50", ",": "numbers are written as 1.234,50"}  # by their sign
LONGEST_NUMBER = 60  # characters, thousands separated

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")
NOISE = Decimal("0.0000001")  # of binary arithmetic, e.g. 0.1 + 0.2; far below the least step, 0.0001
CURRENCY = re.compile(r"[€£¥]|\b[A-Z]{3}\b")
SHORT = 1e12  # below, an amount to the cent has fewer than the 15 digits a float keeps
DATES = datetime.date | datetime.time | datetime.timedelta


class Wrong(Exception):
    """A cell that cannot be taken: the sentence, what may have been meant, the decimal sign it would be read with."""

    def __init__(self, sentence: str, suggestion: str = "", decimals: str = "") -> None:
        super().__init__(sentence)
        self.suggestion, self.decimals = suggestion, decimals


Reader = Callable[[Any], Any]


def readers(
    *, comma: bool, fixes: Mapping[str, Mapping[str, str]], known: Mapping[str, Collection[str]]
) -> dict[str, Reader]:
    """This function will make a function a field that reads a cell or raises Wrong or NotExact.

    `comma`: text numbers have decimal commas. `fixes` replace texts, `known` codes help to suggest one.
    """
    made: dict[str, Reader] = {
        name: _text_reader(name, fixes.get(name, {}), known.get(name, ())) for name in LONGEST
    }
    made |= {name: _number_reader(name, comma, fixes.get(name, {})) for name in NUMBERS}
    return made


def _text_reader(name: str, fixes: Mapping[str, str], known: Collection[str]) -> Reader:
    seen: dict[str, str] = {}  # codes repeat by the thousand

    def read(cell: Any) -> str:
        text = cell if type(cell) is str else text_of(cell)
        if text in seen:
            return seen[text]
        if text in fixes:
            value = fixes[text]
        elif isinstance(cell, DATES) and name != "description":
            raise _date(cell, name, known)
        else:
            value = _code_or_text(text, name)
        if name != "description":
            seen[text] = value
        return value

    return read


def _date(cell: Any, name: str, known: Collection[str]) -> Wrong:
    said = (
        f"The spreadsheet has turned this {words(name)} into the date {text_of(cell)}. "
        "Format the column as text and enter the code again."
    )
    shapes = ("%m-%d-%y", "%d-%m-%y", "%y-%m-%d") if isinstance(cell, datetime.date) else ()
    meant = [cell.strftime(shape) for shape in shapes]
    return Wrong(said, next((code for code in meant if code in known), ""))


def _code_or_text(text: str, name: str) -> str:
    text = unescaped(text)
    if name == "description":
        if len(text) > LONGEST[name]:
            raise Wrong(_too_long(text, name))
        return text
    if not text.strip():
        return ""
    if len(text) > LONGEST[name]:
        raise Wrong(_too_long(text, name))
    if not text.isprintable() and any(ord(letter) < 32 for letter in text):
        raise Wrong(f"{text!r} has a line break or another control character. Take it out.")
    return text


def _too_long(text: str, name: str) -> str:
    return f"{text[:20]!r}... has {len(text)} characters; at most {LONGEST[name]} are kept."


def escaped(text: str) -> str:
    """This function will put an apostrophe before a text that a spreadsheet would run as a formula.

    Also before one that begins with apostrophes and then so, for `unescaped` takes one off.
    """
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def unescaped(text: str) -> str:
    """This function will take off the apostrophe that `escaped` put there, and no other."""
    if text[:1] != "'":
        return text
    return text[1:] if text.lstrip("'").startswith(FORMULA_STARTS) else text


def _number_reader(name: str, comma: bool, fixes: Mapping[str, str]) -> Reader:
    read_number, places = NUMBERS[name], 2 if name == "amount" else 4

    def read(cell: Any) -> Decimal | None:
        if type(cell) is float:
            return _of_workbook(cell, places) or read_number(_exact(cell))
        if cell == "":
            return None
        if isinstance(cell, bool | DATES):
            raise Wrong(f"{cell} is not a number. Format the column as a number and enter it again.")
        text = unescaped(text_of(cell))
        text = fixes.get(text, text)
        if len(text) > LONGEST_NUMBER:
            raise Wrong(f"{text[:20]}... is not a number: it has {len(text)} characters.")
        if not text.strip():
            return None
        bare = CURRENCY.sub("", text, count=1)
        try:
            return read_number(with_points(bare) if comma else bare)
        except money.NotExact as problem:
            said, other = _as_it_stands(text, problem, comma), "." if comma else ","
            if style_of(bare) != (other, True):
                raise Wrong(said) from None
            raise Wrong(f"{said} It is one where {WRITTEN[other]}.", decimals=other) from None

    return read


def _as_it_stands(text: str, problem: money.NotExact, comma: bool) -> str:
    """The sentence about a number with the text of its cell, not with what was made of it."""
    if comma:
        return f"{text!r} is not a number as this file writes them: 1.234,50 or -1234,5."
    said = str(problem)
    return said if text in said else f"{text!r} is not a number. Write it like 1,234.50 or -1234.5."


def _of_workbook(cell: float, places: int) -> Decimal | None:
    """The quick way for nearly all: a float that is a number of so many places, in fewer digits than it keeps.

    None for zero too, which has a sign to lose.
    """
    if -SHORT < cell < SHORT:
        text = f"{cell:.{places}f}"
        if float(text) == cell and len(text) <= 16:
            return Decimal(text)
    return None


def _exact(value: float) -> Decimal:
    """The number a person sees in the cell: a spreadsheet keeps 15 digits and shows no more.

    0.30000000000000004 is the 0.3 of somebody's formula; a decimal that was really entered is never dropped.
    """
    kept, shown = Decimal(repr(value)), Decimal(f"{value:.15g}")
    return shown if kept.is_finite() and abs(kept - shown) < NOISE else kept
