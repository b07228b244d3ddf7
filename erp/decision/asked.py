"""What an address asks of a batch's page: against what, which lines, from where on; and links that differ a little."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from workflow.numbers import number

ERP, LAST, REJECTION = "erp", "last", "rejection"
AGAINST = (ERP, LAST, REJECTION)
CHANGED, ALL = "", "all"
WINDOW = 200  # lines of one table at once
MOST_LINES = 400  # on one page, all tables together
MOST_WORDS = 100  # characters of a search


@dataclass(frozen=True)
class Asked:
    """`against` empty: what this batch opens on. `item` is the document whose lines begin at `start`."""

    page: str  # the address without its query
    against: str = ""
    show: str = CHANGED
    words: str = ""
    item: int | None = None
    start: int = 0
    everything: bool = False  # for paper
    listed: str = ""  # the list this batch was opened from, as its query

    def link(self, **changed: object) -> str:
        """The address that differs in this; where lines begin is only kept for the same choice of lines."""
        now = {
            "against": self.against,
            "show": self.show,
            "find": self.words,
            "list": self.listed,
            **changed,
        }
        return f"{self.page}?{urlencode({key: value for key, value in now.items() if value})}"


def asked(given: Mapping[str, str], *, page: str) -> Asked:
    """This function will read an address; nonsense in it counts as nothing."""
    against = given.get("against", "")
    return Asked(
        page=page,
        against=against if against in AGAINST else "",
        show=ALL if given.get("show") == ALL else CHANGED,
        words=given.get("find", "").replace("\x00", "").strip()[:MOST_WORDS],
        item=number(given.get("item", "")),
        start=number(given.get("start", "")) or 0,
        everything=given.get("everything") == "yes",
        listed=given.get("list", "")[:500],
    )


@dataclass(frozen=True)
class Window:
    """Which of `of` lines are shown: from `first` to `last`, counted from 1, with the links around them."""

    first: int
    last: int
    of: int
    before: str = ""
    after: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return not (self.before or self.after)


def window(asked: Asked, *, of: int, size: int, start: int, item: int | None, anchor: str) -> Window:
    """This function will cut `size` lines out of `of`, with links to those before and after."""
    if asked.everything or of <= size:
        return Window(min(1, of), of, of)
    start = min(start, (of - 1) // size * size) // size * size
    end = min(start + size, of)
    at = {"item": item or ""}
    return Window(
        first=start + 1,
        last=end,
        of=of,
        before=asked.link(**at, start=max(0, start - size)) + anchor if start else "",
        after=asked.link(**at, start=end) + anchor if end < of else "",
    )


def says(words: str, *texts: str) -> bool:
    """This function will tell whether each word of a search stands in one of these texts, in any case."""
    said = " ".join(texts).casefold()
    return all(word in said for word in words.casefold().split())
