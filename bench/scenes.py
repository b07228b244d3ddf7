"""Companies, people and budgets for the benchmarks: made by the services, as people would."""

from __future__ import annotations

import os
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from budgets.files import spreadsheets
from budgets.importing import loading as imports
from config import erp_env
from erp.backends import forget_backends
from tests.support import story
from tests.support.simulator import Simulator
from tests.support.story import CATEGORIES, JOB, Story

LETTERS = ("L", "S", "E", "M", "O")  # in the order of CATEGORIES


def connect(address: str, **options: Any) -> Simulator:
    """This function will connect this process to an emptied simulator; `options` are the backend's."""
    simulator = Simulator(address)
    simulator.reset()
    os.environ.update(simulator.environment)
    settings.ERP_BACKENDS = erp_env.erp_backends(redis_url=settings.REDIS_URL)
    settings.ERP_BACKENDS["cmic"]["OPTIONS"] |= {"write_timeout": 20.0, "read_timeout": 20.0, **options}
    forget_backends()
    return simulator


def connect_again(**options: Any) -> None:
    """This function will change options of the backend of this process."""
    settings.ERP_BACKENDS["cmic"]["OPTIONS"] |= options
    forget_backends()


def phases(number: int) -> list[str]:
    """This function will name that many cost codes."""
    return [f"20-{place:04d}" for place in range(number)]


def company(simulator: Simulator, *, status: str, codes: int, assigned: bool = True) -> Story:
    """This function will open a company whose job has that many cost codes of five cost types each."""
    names = phases(codes)
    rows = [{"company": "001", "code": code, "control": "ALL", "name": f"Phase {code}"} for code in names]
    budget = [
        {"job": JOB, "phase": code, "category": category, "original": "0.00"}
        for code in (names if assigned else [])
        for category in CATEGORIES
    ]
    empty: dict[str, Any] = story.cmic_holds(status=status)
    simulator.seed(empty)
    simulator.seed({"phases": rows, "budget": [{"company": "001", **row} for row in budget]})
    return story.begin(simulator, status=status)


def csv_of(*, lines: int) -> bytes:
    """This function will write a budget file of that many lines, at most five a cost code."""
    rows = ["job,cost_code,cost_type,description,amount"]
    for place in range(lines):
        amount = Decimal((place * 7919) % 9_999_999 + 100) / 100
        rows.append(f"{JOB},20-{place // 5:04d},{LETTERS[place % 5]},Line {place},{amount}")
    return "\n".join(rows).encode()


def import_lines(told: Story, *, lines: int) -> None:
    """This function will let the project manager import a file of that many lines."""
    sheet = spreadsheets.read(data=csv_of(lines=lines))
    if sheet.errors:
        raise RuntimeError(f"the benchmark's own file is wrong: {sheet.errors[0]}")
    imports.import_rows(told.budget, user=told.dana, now=timezone.now(), sheet=sheet, source="bench.csv")
