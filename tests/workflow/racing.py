"""People who press at the same moment: threads with connections of their own, let go by one barrier."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections

PATIENCE = 30.0  # seconds until a race counts as stuck


@dataclass(frozen=True)
class Ended:
    """How it ended for one person: what the service returned, or the exception it raised."""

    result: Any = None
    error: BaseException | None = None


def race(*acts: Callable[[], Any]) -> list[Ended]:
    """This function will run every act in a thread of its own, all let go at once, and say how each ended.

    Each thread has its database connection open before the barrier and closes it afterwards.
    """
    barrier, ended = threading.Barrier(len(acts), timeout=PATIENCE), [Ended()] * len(acts)

    def run(place: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait()
            ended[place] = Ended(result=acts[place]())
        except Exception as error:  # handed to the test, which knows which one may happen
            ended[place] = Ended(error=error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,), daemon=True) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "a race got stuck"
    return ended


def split(ended: Sequence[Ended], refusal: type[BaseException]) -> tuple[list[Any], list[Any]]:
    """This function will divide winners' results from losers' refusals; any other error fails the test."""
    for one in ended:
        if one.error is not None and not isinstance(one.error, refusal):
            raise one.error
    return [one.result for one in ended if one.error is None], [one.error for one in ended if one.error]
