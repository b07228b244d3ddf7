"""`python -m bench`: measures Tieback against its goals on servers of its own and prints a table."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench import place

if TYPE_CHECKING:
    from bench.figures import Figure


def main() -> int:
    """This function will measure what was asked for and print the table."""
    asked = _arguments()
    with place.servers():
        figures: list[Figure] = []
        for name, measure in _measures(full=asked.full).items():
            if asked.only and name not in asked.only:
                continue
            began = time.monotonic()
            figures += measure()
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        from bench.figures import as_json, table

        print(table(figures))
        if asked.json:
            asked.json.write_text(as_json(figures, full=asked.full))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        help="pages, decisions, modifications, files, rate, poll, workers",
    )
    parser.add_argument(
        "--full", action="store_true", help="the counts of the goals; else a tenth, in minutes"
    )
    parser.add_argument("--json", type=Path, help="write the figures and the machine there too")
    return parser.parse_args()


def _measures(*, full: bool) -> dict[str, Callable[[], list[Figure]]]:
    from bench import decisions, delivery, files, modifications, pages
    from tests.support.simulator import TOKEN

    def alone(name: str, run: Callable[[str], list[Figure]]) -> Callable[[], list[Figure]]:
        def measure() -> list[Figure]:
            with place.own_database(name), place.simulator_address(token=TOKEN) as address:
                return run(address)

        return measure

    def here(name: str, run: Callable[[], list[Figure]]) -> Callable[[], list[Figure]]:
        def measure() -> list[Figure]:
            with place.own_database(name):
                return run()

        return measure

    return {
        "pages": here("pages", pages.measure),
        "decisions": here("decisions", lambda: decisions.measure(count=200)),
        "modifications": alone("modifications", modifications.p7_and_p8),
        "files": alone("files", lambda at: files.measure()),
        "rate": alone("rate", lambda at: [delivery.p16_rate(at, lines=1000 if full else 100, rate=8)]),
        "poll": alone("poll", lambda at: [delivery.p17_poll(at, documents=1000 if full else 100)]),
        "workers": alone(
            "workers",
            lambda at: delivery.p13_and_p18(at, batches=500 if full else 50, alone=60 if full else 20),
        ),
    }


if __name__ == "__main__":
    sys.exit(main())
