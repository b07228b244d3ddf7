"""How the Budget tool refuses input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class InvalidInput(Exception):
    """Values that cannot be kept: a sentence for each field, saying what is wrong and what to do."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


class Conflict(Exception):
    """Somebody else was faster: says who, and carries the row as it is now (None when it is gone)."""

    def __init__(self, sentence: str, *, current: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.current = current


MOST_TEXT = 4_000  # characters of a note, a reason, a remark or an answer


def long_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """This function will say of each text by field that is longer than is kept, so that nothing is cut."""
    lengths = {field: len(text.replace("\r\n", "\n")) for field, text in texts.items()}  # as browsers count
    return {
        field: f"At most {MOST_TEXT:,} characters; this has {length:,}."
        for field, length in lengths.items()
        if length > MOST_TEXT
    }


def refuse_long(**texts: str) -> None:
    """This function will raise InvalidInput where one of these texts is longer than is kept."""
    if errors := long_texts(texts):
        raise InvalidInput(errors)
