"""Matching an ERP's words against the patterns of its error dictionary: safe for any text, in linear time.

A pattern is a row of words. `*` alone stands for any words, `{name}` for one word that is kept; at the end of a word
both stand for the rest of it (`ORA-*`). Words are compared in any case, without the punctuation around them. Nothing is
tried twice: between two `*` a pattern has a fixed number of words, so the first place they fit is as good as any.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from erp.port import Advice

LONGEST_TEXT = 4000  # characters of a text that are looked at
LEAST_LETTERS = 6  # of a pattern: a shorter one would explain texts that nobody meant
AROUND = "\"'`()[]<>,.;:!?“”‘’"  # punctuation that is not part of a word
PIECE = re.compile(r"([^{}*]*)(?:\{([a-z][a-z_]*)\}|(\*))?([^{}*]*)")
NAMED = re.compile(r"\{([a-z][a-z_]*)\}")
UNNAMED = "…"  # where a sentence speaks of something that the text does not name


@dataclass(frozen=True)
class Piece:
    """One word of a pattern: what it begins and ends with, and what stands between."""

    start: str
    end: str = ""
    name: str = ""
    open: bool = False  # anything may stand between start and end

    def fits(self, word: str) -> bool:
        """This function will say whether a word of a text is this one."""
        low = word.casefold()
        if not self.open:
            return low == self.start
        room = len(low) - len(self.start) - len(self.end)
        return room >= 1 and low.startswith(self.start) and low.endswith(self.end)

    def kept(self, word: str) -> str:
        """This function will return the part of a fitting word that the placeholder stands for."""
        return word[len(self.start) : len(word) - len(self.end)]


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern: runs of words, with anything between the runs."""

    runs: tuple[tuple[Piece, ...], ...]
    letters: int  # how many letters must be met: the measure of how much a match says

    @property
    def names(self) -> frozenset[str]:
        return frozenset(piece.name for run in self.runs for piece in run if piece.name)


class BadPattern(ValueError):
    """A pattern that cannot be read, or that says too little; the sentence says why."""


@functools.lru_cache(maxsize=2000)
def compiled(text: str) -> Pattern:
    """This function will read a pattern; raises BadPattern."""
    runs: list[list[Piece]] = [[]]
    for word in words(text):
        if word == "*":
            runs.append([])
            continue
        found = PIECE.fullmatch(word)
        if found is None:
            raise BadPattern(f"“{word}” has more than one * or placeholder; put a space between them.")
        start, name, star, end = found.groups()
        runs[-1].append(Piece(start.casefold(), end.casefold(), name or "", bool(name or star)))
    pattern = Pattern(
        tuple(tuple(run) for run in runs if run),
        sum(len(piece.start) + len(piece.end) for run in runs for piece in run),
    )
    if pattern.letters < LEAST_LETTERS:
        raise BadPattern(f"“{text}” says too little: at least {LEAST_LETTERS} letters must be the same.")
    return pattern


def words(text: str) -> list[str]:
    """This function will split a text into its words, without the punctuation around them."""
    return [bare for word in text[:LONGEST_TEXT].split() if (bare := word.strip(AROUND))]


def match(pattern: Pattern, said: Sequence[str]) -> dict[str, str] | None:
    """This function will return what the placeholders stand for in the words of a text, None when it does not fit."""
    kept: dict[str, str] = {}
    at = 0
    for run in pattern.runs:
        while at + len(run) <= len(said) and not all(p.fits(said[at + i]) for i, p in enumerate(run)):
            at += 1
        if at + len(run) > len(said):
            return None
        for i, piece in enumerate(run):
            if piece.name:
                kept.setdefault(piece.name, piece.kept(said[at + i]))
        at += len(run)
    return kept


@dataclass(frozen=True)
class Hit:
    """The entry that explains a text, and what its placeholders stand for there."""

    advice: Advice
    values: Mapping[str, str]


class Dictionary:
    """Entries of a company and of its ERP's adapter; a company's own entry replaces the adapter's of the same code."""

    def __init__(self, *, own: Iterable[Advice], built_in: Iterable[Advice]) -> None:
        self.own = {advice.code: advice for advice in own}
        self.built_in = {advice.code: advice for advice in built_in}
        self._by_code = {**self.built_in, **self.own}

    def entry(self, code: str) -> Advice | None:
        """This function will return the entry with a code."""
        return self._by_code.get(code)

    def explain(self, text: str) -> Hit | None:
        """This function will find the entry whose fitting pattern has most letters; a company's own wins a draw."""
        said = words(text)
        best: tuple[int, bool] = (0, False)
        hit = None
        for advice in self._by_code.values():
            for written in advice.matches:
                pattern = compiled(written)
                rank = (pattern.letters, advice.code in self.own)
                if rank > best and (values := match(pattern, said)) is not None:
                    best, hit = rank, Hit(advice, values)
        return hit

    def leaves_open(self, text: str) -> bool:
        """This function will say whether a text waits for somebody to explain it."""
        hit = self.explain(text)
        return hit is None or hit.advice.says_only_where


def filled(sentence: str, values: Mapping[str, str]) -> str:
    """This function will put what is known in the places of a sentence."""
    return NAMED.sub(lambda found: values.get(found[1]) or UNNAMED, sentence)
