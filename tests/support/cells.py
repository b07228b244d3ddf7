"""Cells of a matrix: a test says which it ran, and the summary at the end of the run counts them in a table.

`cells.ran("steps x faults", row="late commit", column="line")`, and `cells.of("steps x faults", 6592)` for how many
there are in all.
"""

from collections import Counter

import pytest

RAN, ALL = "cells_ran", "cells_in_all"


class Cells:
    """What one test ran."""

    def __init__(self, node: pytest.Item) -> None:
        self._properties = node.user_properties

    def ran(self, matrix: str, *, row: str, column: str) -> None:
        self._properties.append((RAN, [matrix, row, column]))

    def of(self, matrix: str, number: int) -> None:
        self._properties.append((ALL, [matrix, number]))


@pytest.fixture
def cells(request: pytest.FixtureRequest) -> Cells:
    """Where a test says which cells of a matrix it ran."""
    return Cells(request.node)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a table for each matrix that ran."""
    told = [
        (name, value, report.outcome)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
    ]
    counts: dict[str, Counter[tuple[str, str]]] = {}
    for name, value, _ in told:
        if name == RAN:
            matrix, row, column = value
            counts.setdefault(matrix, Counter())[row, column] += 1
    in_all: Counter[str] = Counter()
    for name, value, _ in told:
        if name == ALL:
            in_all[value[0]] += value[1]
    for matrix, ran in sorted(counts.items()):
        of = f" of {in_all[matrix]:,}" if in_all[matrix] else ""
        terminalreporter.section(f"{matrix}: {sum(ran.values()):,}{of} cells ran")
        for text in table(ran):
            terminalreporter.write_line(text)


def table(ran: Counter[tuple[str, str]]) -> list[str]:
    """The counts as lines of text, rows and columns in the order in which they first ran."""
    rows, columns = list(dict.fromkeys(row for row, _ in ran)), list(dict.fromkeys(name for _, name in ran))
    wide = max(len(row) for row in rows)
    head = " ".join([" " * wide, *columns])
    body = [
        " ".join([row.ljust(wide), *(str(ran[row, name] or "-").rjust(len(name)) for name in columns)])
        for row in rows
    ]
    return [head, *body]
