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
