"""The book on disk: written in the background soon after a change and when the stand-in stops."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from cmic_simulator.book import Book
from cmic_simulator.jsonio import dumps, loads

LEAST_SECONDS = 0.5
# Writing may use at most about a tenth of the time, however large the book grows.
SHARE = 10


def capture(book: Book) -> dict:
    """This function will return the whole book as plain data, VUuids and audit times included."""
    with book.lock:
        return {
            "format": 1,
            "tables": {name: list(table) for name, table in book.tables.items()},
            "prior_changes": [[*key, amount] for key, amount in book.prior_changes.items()],
            "hidden_jobs": sorted(book.hidden_jobs),
            "closed_through": dict(book.closed_through),
            "sequences": dict(book.sequences),
            "switches": book.switches.as_dict(),
            "clock_offset_seconds": Decimal(str(round(book.clock.offset_seconds, 3))),
        }


def restore(book: Book, data: dict) -> None:
    """This function will replace the book by captured data."""
    with book.lock:
        book.clear()
        for name, rows in data["tables"].items():
            for row in rows:
                book.tables[name].put(row)
        book.prior_changes.update({tuple(entry[:-1]): entry[-1] for entry in data["prior_changes"]})
        book.hidden_jobs.update((company, job) for company, job in data["hidden_jobs"])
        book.closed_through.update(data["closed_through"])
        book.sequences.update({name: int(value) for name, value in data["sequences"].items()})
        book.switches.change(data["switches"])
        book.clock.advance(seconds=float(data["clock_offset_seconds"]))


def load(book: Book, file: Path) -> bool:
    """This function will load a snapshot file if there is one and say whether there was."""
    if not file.exists():
        return False
    data = loads(file.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or data.get("format") != 1:
        raise ValueError(f"{file} is not a snapshot of this stand-in")
    restore(book, data)
    return True


class Writer:
    """Writes the snapshot at most every half second, and once more at the end."""

    def __init__(self, *, file: Path, capture: Callable[[], dict]) -> None:
        self._file, self._capture = file, capture
        self._changed = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshot", daemon=True)

    def start(self) -> None:
        """This function will start writing in the background."""
        self._thread.start()

    def changed(self) -> None:
        """This function will note that the file is out of date."""
        self._changed.set()

    def stop(self) -> None:
        """This function will write the last state and end."""
        self._stopped.set()
        self._changed.set()
        self._thread.join()
        self._write()

    def _run(self) -> None:
        pause = LEAST_SECONDS
        while not self._stopped.wait(pause):
            self._changed.wait()
            if self._stopped.is_set():
                return
            self._changed.clear()
            started = time.monotonic()
            try:
                self._write()
            except OSError as problem:
                # A full disk must not end the writing for good: the next round tries again.
                print(f"the snapshot could not be written: {problem}", file=sys.stderr)
                self._changed.set()
            pause = max(LEAST_SECONDS, SHARE * (time.monotonic() - started))

    def _write(self) -> None:
        part = self._file.with_name(self._file.name + ".part")
        with part.open("w", encoding="utf-8") as out:
            out.write(dumps(self._capture()))
            out.flush()
            os.fsync(out.fileno())
        part.replace(self._file)


def read_seed(file: Path) -> dict:
    """This function will read a seed file."""
    seed = loads(file.read_text(encoding="utf-8"))
    if not isinstance(seed, dict):
        raise json.JSONDecodeError("a seed is a JSON object", "", 0)
    return seed
