"""How a code of ours becomes a code of the ERP: by the table, else by the first rule that fits, else by identity.

Pure. Codes are compared to the character. A rule is a pattern over the whole code: `*` stands for any text, `?` for
one character; `$1`, `$2` ... in what it gives are the texts the stars stood for, each as short as can be. Matching
takes time in proportion to pattern and code, whatever was typed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

MOST_STARS = 4
LONGEST = 40  # characters of a pattern, and of what it gives
PLACEHOLDER = re.compile(r"\$(.?)", re.DOTALL)


class Means(StrEnum):
    """By which means a code was mapped."""

    TABLE = "table"
    PATTERN = "pattern"
    IDENTITY = "identity"


@dataclass(frozen=True)
class Rule:
    """Codes that look like `pattern` become `gives`: ("03-*", "03000"), or ("*-*-00", "$1$2")."""

    pattern: str
    gives: str

    def __str__(self) -> str:
        return f"{self.pattern} → {self.gives}"


@dataclass(frozen=True)
class Resolved:
    """What became of a code. `target` is empty where it is unmapped, and `why` then says what was tried.

    `rule` counts from 1: the rule that decided, also where the ERP lacks what it gives.
    """

    target: str = ""
    means: Means | None = None
    rule: int = 0
    why: str = ""


def resolve(
    code: str,
    *,
    table: Mapping[str, str],
    rules: Sequence[Rule],
    identity: Mapping[str, str],
    known: Container[str],
) -> Resolved:
    """This function will map one code: table before rules before identity. `known` are the ERP's codes.

    The first rule that fits decides, even where the ERP lacks what it gives: the code is unmapped then, never passed on
    to a later rule or to identity, which nobody would expect.
    """
    if code in table:
        return Resolved(table[code], Means.TABLE)
    for number, rule in enumerate(rules, start=1):
        given = given_by(rule, code)
        if given is None:
            continue
        if given in known:
            return Resolved(given, Means.PATTERN, number)
        return Resolved(
            rule=number, why=f"rule {number} ({rule}) gives {given or 'nothing'}, which is unknown"
        )
    if code in identity:
        return Resolved(identity[code], Means.IDENTITY)
    return Resolved()


def given_by(rule: Rule, code: str) -> str | None:
    """This function will find what a rule makes of a code; None where the code does not look like its pattern."""
    stars = match(rule.pattern, code)
    if stars is None:
        return None
    return PLACEHOLDER.sub(lambda found: stars[int(found[1]) - 1], rule.gives)


def match(pattern: str, code: str) -> list[str] | None:
    """This function will lay a pattern over a whole code and return what each `*` stood for; None where it differs."""
    first, *middle = _parts(pattern)
    if not middle:
        return [] if len(first) == len(code) and _fits(first, code, 0) else None
    *between, last = middle
    start, end = len(first), len(code) - len(last)
    if end < start or not _fits(first, code, 0) or not _fits(last, code, end):
        return None
    stars = []
    for part in between:
        at = _find(part, code, start, end)
        if at is None:
            return None
        stars.append(code[start:at])
        start = at + len(part)
    return [*stars, code[start:end]]


@lru_cache(maxsize=1000)
def _parts(pattern: str) -> list[str]:
    return pattern.split("*")


def _fits(part: str, code: str, at: int) -> bool:
    return all(wanted in ("?", code[at + place]) for place, wanted in enumerate(part))


def _find(part: str, code: str, start: int, end: int) -> int | None:
    """The first place where a part fits wholly between start and end."""
    return next((at for at in range(start, end - len(part) + 1) if _fits(part, code, at)), None)


def wrong_with(rule: Rule) -> str:
    """This function will say what is wrong with a rule, and what to do; empty where it can be kept."""
    if not rule.pattern or not rule.gives:
        return "Write both: what the code looks like, and what it becomes. Empty both to take the rule out."
    for words, text in (("The pattern", rule.pattern), ("What it gives", rule.gives)):
        if len(text) > LONGEST:
            return f"{words} has {len(text)} characters; at most {LONGEST} are kept."
        if not text.isprintable() or text != text.strip():
            return (
                f"{words} begins or ends with a space, or has a character that cannot be seen. Take it out."
            )
    stars = rule.pattern.count("*")
    if stars > MOST_STARS:
        return f"The pattern has {stars} stars; at most {MOST_STARS} are allowed."
    if "*" in rule.gives or "?" in rule.gives:
        return "What it gives is a code of the ERP: write $1 for what the first star stood for, $2 for the second."
    for found in PLACEHOLDER.finditer(rule.gives):
        if not found[1].isascii() or not found[1].isdigit() or not 1 <= int(found[1]) <= stars:
            allowed = (
                f"$1 to ${stars}" if stars > 1 else "$1" if stars else "no $, as the pattern has no star"
            )
            return f"{found[0]} stands for no star of the pattern: use {allowed}."
    return ""


def wrong_with_all(rules: Sequence[Rule]) -> dict[int, str]:
    """This function will say what is wrong with rules, by place from 0; a pattern that stands twice is named."""
    wrong = {place: said for place, rule in enumerate(rules) if (said := wrong_with(rule))}
    first: dict[str, int] = {}
    for place, rule in enumerate(rules):
        if rule.pattern in first:
            said = f"{rule.pattern} is rule {first[rule.pattern] + 1} already. One code cannot become two: keep one."
            wrong.setdefault(place, said)
        first.setdefault(rule.pattern, place)
    return wrong
