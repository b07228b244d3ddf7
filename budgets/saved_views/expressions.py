"""A small language for calculated columns: `(revised - in_erp) / revised`. Read here, never handed to Python.

Numbers, names of columns, + - * / and parentheses, min(a, b, ...), max(a, b, ...) and abs(a).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import NoReturn

LONGEST = 200  # characters of an expression
DEEPEST = 20  # parentheses, signs and functions inside one another
MOST_DIGITS = 18  # of one number

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[-+*/(),]))",
    re.ASCII,
)
_ALIASES = str.maketrans({"\u2212": "-", "\u00d7": "*", "\u00f7": "/", "\u00a0": " "})
FUNCTIONS = {"min": (2, 9), "max": (2, 9), "abs": (1, 1)}  # how many values each takes


class BadExpression(ValueError):
    """What was typed cannot be calculated. The message says what is wrong and where, counted in characters from 1."""


@dataclass(frozen=True)
class Number:
    """A number as it was typed."""

    value: Decimal


@dataclass(frozen=True)
class Name:
    """A column, and where its name stands."""

    key: str
    at: int


@dataclass(frozen=True)
class Apply:
    """An operation on values: + - * / with two, `neg` with one, or a function."""

    what: str
    given: tuple[Node, ...]


Node = Number | Name | Apply


# -- reading -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Token:
    kind: str  # number, name, sign or end
    text: str
    at: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"“{self.text}” at {self.at}"


def parse(text: str) -> Node:
    """This function will read an expression. Raises BadExpression; which columns there are is `check`'s question."""
    if not text.strip():
        raise BadExpression("Write what to calculate, for example revised - in_erp.")
    if len(text) > LONGEST:
        raise BadExpression(f"At most {LONGEST} characters; this has {len(text)}.")
    return _Reader(list(_tokens(text.translate(_ALIASES)))).whole()


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    text = text.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            place += len(text[place:]) - len(text[place:].lstrip())
            raise BadExpression(
                f"“{text[place]}” at {place + 1} cannot stand here. There are columns, numbers, + - * / "
                "parentheses, min, max and abs."
            )
        kind = found.lastgroup or ""
        yield _Token(kind, found[kind], found.start(kind) + 1)
        place = found.end()
    yield _Token("end", "", len(text) + 1)


class _Reader:
    """Reads tokens from left to right; * and / before + and -."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens, self.place, self.depth = tokens, 0, 0

    def whole(self) -> Node:
        """Everything there is, and nothing after it."""
        node = self.sum()
        if self.next.kind != "end":
            self.refuse("Between two values there must be + - * or /")
        return node

    @property
    def next(self) -> _Token:
        """The token that is to be read."""
        return self.tokens[self.place]

    def take(self, *signs: str) -> str:
        """Read one of these signs, or nothing."""
        token = self.next
        if token.kind != "sign" or token.text not in signs:
            return ""
        self.place += 1
        return token.text

    def refuse(self, why: str) -> NoReturn:
        """Say what is wrong with the token that is to be read."""
        raise BadExpression(f"{why}; there is {self.next}.")

    def sum(self) -> Node:
        """Products added and subtracted."""
        node = self.product()
        while sign := self.take("+", "-"):
            node = Apply(sign, (node, self.product()))
        return node

    def product(self) -> Node:
        """Values multiplied and divided."""
        node = self.value()
        while sign := self.take("*", "/"):
            node = Apply(sign, (node, self.value()))
        return node

    def value(self) -> Node:
        """A number, a column, a function, something in parentheses, or one of them with a sign."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadExpression(
                f"This is nested more than {DEEPEST} deep at {self.next.at}. Put a part of it into a column of its own."
            )
        node = self._value()
        self.depth -= 1
        return node

    def _value(self) -> Node:
        if sign := self.take("-", "+"):
            inner = self.value()
            return Apply("neg", (inner,)) if sign == "-" else inner
        if self.take("("):
            return self.closed(self.sum())
        token = self.next
        if token.kind == "number":
            self.place += 1
            return _number(token)
        if token.kind == "name":
            self.place += 1
            return self.call(token) if self.take("(") else _name(token)
        self.refuse("A column, a number or a parenthesis is missing")

    def closed(self, node: Node) -> Node:
        """The closing parenthesis."""
        if not self.take(")"):
            self.refuse("A closing parenthesis is missing")
        return node

    def call(self, token: _Token) -> Node:
        """What a function is given."""
        name = token.text.lower()
        if name not in FUNCTIONS:
            raise BadExpression(
                f"Unknown function “{token.text}” at {token.at}. There are {', '.join(FUNCTIONS)}."
            )
        given = [self.sum()]
        while self.take(","):
            given.append(self.sum())
        self.closed(given[-1])
        least, most = FUNCTIONS[name]
        if not least <= len(given) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise BadExpression(f"{name} at {token.at} takes {wanted} values; it has {len(given)}.")
        return Apply(name, tuple(given))


def _number(token: _Token) -> Number:
    if sum(letter.isdigit() for letter in token.text) > MOST_DIGITS:
        raise BadExpression(f"The number at {token.at} has more than {MOST_DIGITS} digits.")
    return Number(Decimal(token.text))


def _name(token: _Token) -> Name:
    if token.text.lower() in FUNCTIONS:
        raise BadExpression(
            f"{token.text} at {token.at} wants its values in parentheses: {token.text}(original, 0)."
        )
    return Name(token.text.lower(), token.at)


# -- asking --------------------------------------------------------------------------------------------------


def names(node: Node) -> list[Name]:
    """This function will list the columns an expression names, in order."""
    if isinstance(node, Name):
        return [node]
    return [name for given in node.given for name in names(given)] if isinstance(node, Apply) else []


def check(node: Node, known: Sequence[str]) -> None:
    """This function will raise BadExpression for the first column that is not among the known ones."""
    for name in names(node):
        if name.key in known:
            continue
        near = get_close_matches(name.key, known, n=1)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
        raise BadExpression(f"Unknown column “{name.key}” at {name.at}; {advice}")


def cycle(expressions: Mapping[str, Node]) -> list[str]:
    """This function will find columns that need one another to be calculated: the way round; empty when none do."""
    done: set[str] = set()

    def visit(key: str, way: list[str]) -> list[str]:
        if key in way:
            return [*way[way.index(key) :], key]
        if key in done or key not in expressions:
            return []
        for name in names(expressions[key]):
            if found := visit(name.key, [*way, key]):
                return found
        done.add(key)
        return []

    return next((found for key in expressions if (found := visit(key, []))), [])
