"""Blockers: sentences that say why an action is not available, who can change that, and where.

A rule is one function, declared with `@blocker(code, kind)`, that returns None or a `Found`. The code is stable and
unique; `CODES` lists all of them, so that tests can demand a case for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import wraps
from typing import Any, TypeVar

Thing = TypeVar("Thing")
Fact = TypeVar("Fact")


class Kind(IntEnum):
    """Whose move it is. The order is the order in which people are told: yours, others', waiting."""

    PROBLEM = 1  # something in the data to put right
    STATE = 2  # the thing is not in a state that allows it
    PERMISSION = 3  # somebody else has the right
    WAITING = 4  # nothing is wrong; somebody else or the ERP is at work

    @property
    def word(self) -> str:
        """The kind as API clients and style sheets know it, for example `problem`."""
        return self.name.lower()


@dataclass(frozen=True)
class Place:
    """One offending line: what to call it, and the link to the very cell."""

    label: str
    link: str = ""
    pk: int | None = None


@dataclass(frozen=True)
class Found:
    """What a rule found: the sentence, and what helps to get rid of it."""

    sentence: str
    who: str = ""
    link: str = ""
    link_label: str = ""
    lines: tuple[Place, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True)
class Blocker:
    """A `Found` with the code and kind of its rule: what pages, admin and API show."""

    code: str
    kind: Kind
    sentence: str
    who: str = ""
    link: str = ""
    link_label: str = ""
    lines: tuple[Place, ...] = ()
    since: datetime | None = None

    @property
    def waiting(self) -> bool:
        """Whether this is no error but a wait; shown in a neutral colour."""
        return self.kind is Kind.WAITING


Rule = Callable[[Any, Any], Found | None]  # (object, user or None for the system) -> what stops it


class Check:
    """A declared rule: callable as (obj, user) -> Blocker | None."""

    def __init__(self, code: str, kind: Kind, rule: Rule) -> None:
        self.code, self.kind, self.rule = code, kind, rule
        self.__doc__ = rule.__doc__

    def __call__(self, obj: Any, user: Any) -> Blocker | None:
        found = self.rule(obj, user)
        return None if found is None else Blocker(code=self.code, kind=self.kind, **found.__dict__)

    def __repr__(self) -> str:
        return f"<Check {self.code}>"


CODES: dict[str, Check] = {}


def blocker(code: str, kind: Kind) -> Callable[[Rule], Check]:
    """This decorator will declare a rule under a code that no other rule has."""

    def declare(rule: Rule) -> Check:
        if code in CODES:
            raise ValueError(f"two rules claim the blocker code {code!r}")
        CODES[code] = Check(code, kind, rule)
        return CODES[code]

    return declare


def once_per_object(read: Callable[[Thing], Fact]) -> Callable[[Thing], Fact]:
    """This decorator will read a fact about an object once and keep it on that instance.

    Ten rules ask the same few questions of one budget; a page would otherwise ask the database each time. Services
    re-fetch the row they lock, so what they decide on is never older than the lock.
    """

    @wraps(read)
    def remembered(obj: Thing) -> Fact:
        facts: dict[str, Fact] = obj.__dict__.setdefault("_facts", {})
        name = _name(read)
        if name not in facts:
            facts[name] = read(obj)
        return facts[name]

    return remembered


def know(read: Callable[[Thing], Fact], obj: Thing, fact: Fact) -> None:
    """This function will keep a fact that was read for many objects at once, as `once_per_object` would have."""
    obj.__dict__.setdefault("_facts", {})[_name(read)] = fact


def _name(read: Callable[..., Any]) -> str:
    return f"{read.__module__}.{read.__qualname__}"


def forget_facts(obj: Any) -> None:
    """This function will drop what `once_per_object` kept on this instance, after it was changed."""
    obj.__dict__.pop("_facts", None)
