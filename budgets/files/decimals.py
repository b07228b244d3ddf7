"""Whether a file writes 1,234.50 or 1.234,50: decided once for the whole file, by what all its cells say.

Pure. "Sure" is a cell that can mean one thing only; 12,500 alone is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# One cell: digits with whatever separates them, without signs, brackets and currency.
BARE = re.compile(r"[-+()$€£\s\u00a0\u202f\u2212]|[A-Z]{3}")
SWAP = str.maketrans(",.", ".,")
BOTH = re.compile(r"\d[\d.,']*")


def style_of(text: str) -> tuple[str, bool] | None:
    """This function will tell which sign a number takes for its decimals ("." or ","), and whether that is sure.

    None where the number would read the same either way, or is none at all.
    """
    bare = BARE.sub("", text)
    points, commas = bare.count("."), bare.count(",")
    if not BOTH.fullmatch(bare) or not points + commas:
        return None
    if points and commas:
        return ("." if bare.rfind(".") > bare.rfind(",") else ","), True
    mark = "." if points else ","
    if points + commas > 1:
        return ("," if mark == "." else "."), True  # what stands there twice separates thousands
    whole, decimals = bare.split(mark)
    if len(decimals) == 3 and 0 < len(whole) <= 3 and whole != "0":
        return ("," if mark == "." else "."), False  # 12,500: rather thousands
    return mark, True


def style_of_all(texts: Iterable[str]) -> tuple[str, bool]:
    """This function will tell what a file's numbers take for their decimals, and whether they are sure of it.

    Sure ones outweigh others; a file that contradicts itself is read with points, and its other cells are errors.
    """
    found = {style for style in map(style_of, texts) if style}
    sure = {mark for mark, certain in found if certain}
    if sure:
        return ("," if sure == {","} else "."), True
    unsure = {mark for mark, _ in found}
    return ".", not unsure


def with_points(text: str) -> str:
    """This function will write a number of a file with decimal commas the way people type it here."""
    return text.translate(SWAP)
