"""What a benchmark found: one row of the table, and the words around it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version


@dataclass(frozen=True)
class Figure:
    """One measured thing beside its goal. `met` is None where there is no goal."""

    key: str  # P16, or what it is called in the table of goals
    what: str
    measured: str  # with its unit
    goal: str = ""
    met: bool | None = None
    detail: dict[str, object] = field(default_factory=dict)


def load() -> str:
    """This function will give the machine's load of the last minute, to stand beside a figure."""
    return f"{os.getloadavg()[0]:.2f}"


def percentile(values: Sequence[float], share: float) -> float:
    """This function will give the value that this share (0 to 1) of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def table(figures: Sequence[Figure]) -> str:
    """This function will lay the figures out as a Markdown table."""
    said = {True: "yes", False: "**no**", None: ""}
    rows = [f"| {f.key} | {f.what} | {f.measured} | {f.goal} | {said[f.met]} |" for f in figures]
    return "\n".join(["| # | what | measured | goal | met |", "|---|---|---|---|---|", *rows])


def as_json(figures: Sequence[Figure], *, full: bool) -> str:
    """This function will give the figures with what they were measured on."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    machine = {
        "commit": commit,
        "full": full,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "libraries": {name: version(name) for name in ("django", "psycopg", "celery", "redis", "httpx2")},
    }
    return json.dumps({**machine, "figures": [asdict(f) for f in figures]}, indent=2)
