"""What the person at the terminal reads."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(text: str = "") -> None:
    """Print one line at once."""
    print(text, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print what was done and how long it took, once it is done."""
    began = time.monotonic()
    yield
    say(f"  {what:<52} {time.monotonic() - began:5.1f} s")
