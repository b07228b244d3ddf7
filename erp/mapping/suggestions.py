"""Which code of the ERP may be meant by one of ours, each with the reason. Pure; nothing is applied here.

First equal codes but for how they are written, then names that say the same, then codes that begin alike.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

MOST = 3  # suggestions for a code
LOOKED_AT = 20  # names compared in full, those with the most and rarest words in common
ALIKE = 0.72  # of SequenceMatcher, from which on two names are said to be alike
CONFUSED = str.maketrans("oilsb", "01158")  # letters that are typed for digits


@dataclass(frozen=True)
class Candidate:
    """A code of the ERP that may be mapped to."""

    code: str
    name: str


@dataclass(frozen=True)
class Suggestion:
    """A code of the ERP, and why it may be meant."""

    code: str
    name: str
    why: str


def plain(code: str) -> str:
    """This function will write a code without punctuation and case: "03-30.A0" is "0330a0"."""
    return re.sub(r"[\W_]", "", code.casefold())


def short(code: str) -> str:
    """This function will write a code without leading zeros in any of its groups: "03-30-00" is "3.30.0"."""
    groups = re.findall(r"\d+|[^\W\d_]+", code.casefold())
    return ".".join(group.lstrip("0") or "0" for group in groups)


class Suggester:
    """Knows the ERP's codes by everything they may be recognised by; made once for a page of codes."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self.candidates = list(candidates)
        self._plain: dict[str, Candidate] = {}
        self._short: dict[str, Candidate] = {}
        self._bare: dict[str, Candidate] = {}
        self._typo: dict[str, Candidate] = {}
        for one in self.candidates:
            written = plain(one.code)
            self._plain.setdefault(written, one)
            self._short.setdefault(short(one.code), one)
            self._bare.setdefault(written.lstrip("0"), one)
            self._typo.setdefault(written.translate(CONFUSED), one)

    def suggest(self, code: str, name: str) -> list[Suggestion]:
        """This function will find up to three codes that may be meant, the likeliest first."""
        found: dict[str, Suggestion] = {}
        for one, why in (*self._by_code(code), *self._by_name(name), *self._by_beginning(code)):
            found.setdefault(one.code, Suggestion(one.code, one.name, why))
        return list(found.values())[:MOST]

    def _by_code(self, code: str) -> list[tuple[Candidate, str]]:
        written = plain(code)
        if not written:
            return []
        ways = (
            (self._plain.get(written), "the same code but for punctuation or case"),
            (self._short.get(short(code)), "the same code but for leading zeros"),
            (self._bare.get(written.lstrip("0")), "the same code but for leading zeros"),
            (
                self._typo.get(written.translate(CONFUSED)),
                "the same code but for letters that look like digits",
            ),
        )
        return [(one, why) for one, why in ways if one is not None]

    @cached_property
    def _by_word(self) -> dict[str, list[int]]:
        index: dict[str, list[int]] = {}
        for place, one in enumerate(self.candidates):
            for word in _words(one.name):
                index.setdefault(word, []).append(place)
        return index

    def _by_name(self, name: str) -> list[tuple[Candidate, str]]:
        """Compare with the names that share the most words, a rare word counting more than a common one."""
        shared: Counter[int] = Counter()
        for word in _words(name):
            places = self._by_word.get(word, [])
            for place in places:
                shared[place] += 1_000_000 // len(places)
        matcher = SequenceMatcher(b=name.casefold(), autojunk=False)
        alike = []
        for place, _ in shared.most_common(LOOKED_AT):
            matcher.set_seq1(self.candidates[place].name.casefold())
            likeness = matcher.ratio()
            if likeness >= ALIKE:
                alike.append((likeness, self.candidates[place]))
        ranked = sorted(alike, key=lambda pair: (-pair[0], pair[1].code))
        return [(one, "the same name" if likeness == 1 else "a name much alike") for likeness, one in ranked]

    @cached_property
    def _sorted(self) -> list[tuple[str, Candidate]]:
        return sorted(
            ((plain(one.code), one) for one in self.candidates), key=lambda pair: (pair[0], pair[1].code)
        )

    def _by_beginning(self, code: str) -> list[tuple[Candidate, str]]:
        """The neighbours in order that share most of the code."""
        written = plain(code)
        at = bisect_left(self._sorted, written, key=lambda pair: pair[0])
        near = self._sorted[max(0, at - 1) : at + 1]
        ranked = sorted(((_shared(written, other), one) for other, one in near), key=lambda pair: -pair[0])
        long = max(3, round(len(written) * 0.6))
        return [(one, "a code that begins alike") for length, one in ranked if length >= long][:1]


def _words(name: str) -> set[str]:
    return {word for word in re.findall(r"[^\W_]+", name.casefold()) if len(word) > 2}


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
