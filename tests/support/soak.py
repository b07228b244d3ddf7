"""Short counts in `make test`, long ones in `make soak`: counts, dice that can be thrown again, figures at the end.

- `@counts("kills", short=4, long=200)` gives a test the argument `kills`, once short and once long. The long one is
  marked `soak` and left out unless SOAK=1; SOAK_KILLS=50 makes it another number.
- `dice` is a `random.Random`. A short count throws the same every time; a long one throws anew, says its seed, and
  throws the same again with SOAK_SEED=that seed.
- `figures("kill loop", kills=200, duplicates=0)` is printed in the summary at the end of the run.
"""

import os
import random
import secrets
from collections.abc import Callable

import pytest

PROPERTY = "figures"
SHORT_SEED = 1
ON = "1"

Figures = Callable[..., None]


def counts(name: str, *, short: int, long: int) -> pytest.MarkDecorator:
    """Give a test the argument `name`: a short count, and a long one that is marked `soak`."""
    number = int(os.environ.get(f"SOAK_{name.upper()}", long))
    return pytest.mark.parametrize(
        name, [pytest.param(short, id="short"), pytest.param(number, id="long", marks=pytest.mark.soak)]
    )


def is_on() -> bool:
    """Whether the long counts were asked for."""
    return os.environ.get("SOAK") == ON


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """A function that keeps what a test measured for the summary: `figures(what, **numbers)`."""

    def tell(what: str, **numbers: object) -> None:
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in numbers.items())
        request.node.user_properties.append((PROPERTY, f"{what}: {told}"))
        print(f"{what}: {told}", flush=True)

    return tell


@pytest.fixture
def dice(request: pytest.FixtureRequest, figures: Figures) -> random.Random:
    """Chance that can be thrown again."""
    seed = SHORT_SEED
    if request.node.get_closest_marker("soak"):
        seed = int(os.environ.get("SOAK_SEED") or secrets.randbelow(10**9))
        figures(request.node.name, SOAK_SEED=seed)
    return random.Random(seed)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long counts out unless they were asked for."""
    if is_on():
        return
    left_out = [item for item in items if item.get_closest_marker("soak")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests kept, and say where the long counts are."""
    told = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if told:
        terminalreporter.section("figures")
        for line in told:
            terminalreporter.write_line(line)
    if not is_on():
        terminalreporter.write_line("Short counts; `make soak` runs the long ones.")
