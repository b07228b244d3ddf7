"""The grid of the budget page: divisions, cost types, or sub jobs with divisions; rows of those that are open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from django.utils.safestring import SafeString

from budgets.grid.columns import Column
from budgets.grid.look import ALL, TYPE, Look, key_of
from budgets.grid.query import KEYS, Found, Place, Rolled, RolledGroup, lines_of, place_of, roll_up
from budgets.grid.row_markup import Chunk, chunks, sums
from budgets.grid.rows import Row, among, read
from budgets.grid.sums import Sums, summed
from budgets.models import Budget
from budgets.selectors import UNKNOWN
from projects.models import CostCode, Job

WHOLE = 500  # a budget of so many lines is shown with every group open
WINDOW = 500  # rows shown at once of a group that has more
MOST_ROWS = 1400  # rows of lines in a page, unless somebody asks for the whole table; sums come on top


@dataclass
class Group:
    """One division or cost type (of one job, where the grid is by sub job) with its sums and, while open, its rows."""

    place: Place
    name: str
    sums: Sums
    cells: SafeString
    open: bool = False
    start: int = 0
    rows: list[Chunk] = field(default_factory=list)

    @property
    def code(self) -> str:
        """The division or cost type."""
        return self.place[1]

    @property
    def key(self) -> str:
        """Its name in addresses."""
        return key_of(*self.place)

    whole: bool = False  # all of its rows are shown, however many

    @property
    def windowed(self) -> bool:
        """Whether some of its rows are not shown."""
        return self.open and not self.whole and self.sums.count > WINDOW

    @property
    def first(self) -> int:
        """The number of the first row that is shown."""
        return self.start + 1

    @property
    def last(self) -> int:
        """The number of the last row that is shown."""
        return min(self.start + WINDOW, self.sums.count)

    @property
    def after(self) -> int:
        """How many rows the next window has."""
        return min(WINDOW, self.sums.count - self.last)

    @property
    def before(self) -> int:
        """Where the window before begins; -1 where there is none."""
        return self.start - WINDOW if self.start else -1


@dataclass
class Level:
    """The groups of one job, or of all of them (`job` None)."""

    job: Job | None
    sums: Sums
    cells: SafeString
    groups: list[Group] = field(default_factory=list)


@dataclass(frozen=True)
class Grid:
    """The Cost Code Detail with these columns; `shown` sums what the filters show, `total` everything."""

    look: Look
    columns: Sequence[Column]
    levels: list[Level]
    shown: Sums
    shown_cells: SafeString
    total: Sums
    cells: SafeString
    chips: dict[str, int]

    @property
    def before_sums(self) -> int:
        """How many columns stand between the head of a row and the first sum."""
        places = (place for place, column in enumerate(self.columns) if column.summed)
        return next(places, len(self.columns)) - 1

    @property
    def groups(self) -> list[Group]:
        """The groups in their order."""
        return [group for level in self.levels for group in level.groups]


def build(budget: Budget, look: Look, *, columns: Sequence[Column], jobs: Sequence[Job]) -> Grid:
    """This function will lay out what a look shows: sums of every group, and the rows of those that are open."""
    if look.line is not None:
        look = landing(budget, look, look.line)
    grid = sums_alone(budget, look, columns=columns, jobs=jobs)
    _open(grid)
    _fill(budget, grid)
    return grid


def sums_alone(budget: Budget, look: Look, *, columns: Sequence[Column], jobs: Sequence[Job]) -> Grid:
    """This function will lay out the sums that a look shows, with every group closed."""
    whole = roll_up(budget, look, filtered=False)
    shown = roll_up(budget, look, filtered=True) if look.filters else whole
    if not KEYS.issuperset(column.key for column in columns if column.summed):
        rows = read(budget, columns=columns)
        shown = _by_rows(budget, look, shown, rows, columns)
        whole = replace(whole, total=summed(rows, columns))
    levels = _levels(budget, look, shown, columns, jobs)
    cells = sums(columns, shown.total), sums(columns, whole.total)
    return Grid(look, columns, levels, shown.total, cells[0], whole.total, cells[1], whole.chips)


def _by_rows(
    budget: Budget, look: Look, rolled: Rolled, rows: Sequence[Row], columns: Sequence[Column]
) -> Rolled:
    """Sum rows where a view has columns that only rows can be asked for."""
    places = lines_of(budget, look, None, window=None).places
    by_id = {row.pk: row for row in rows}
    inside = {place: [by_id[pk] for pk in pks if pk in by_id] for place, pks in places.items()}
    groups = [replace(group, sums=summed(inside.get(group.place, []), columns)) for group in rolled.groups]
    of_job = {
        job: [row for place, own in inside.items() if place[0] == job for row in own] for job in rolled.jobs
    }
    jobs = {job: summed(own, columns) for job, own in of_job.items()}
    return replace(
        rolled, groups=groups, jobs=jobs, total=summed([r for own in inside.values() for r in own], columns)
    )


def landing(budget: Budget, look: Look, line: int) -> Look:
    """This function will open the group of a line, at the rows among which it stands."""
    found = place_of(budget, look, line)
    if found is None:
        return look
    place, before = found
    key = key_of(*place)
    start = before // WINDOW * WINDOW
    return replace(look, opened=look.opened | {key}, closed=look.closed - {key}, start=start)


def _levels(
    budget: Budget, look: Look, rolled: Rolled, columns: Sequence[Column], jobs: Sequence[Job]
) -> list[Level]:
    if look.by_job:
        ordered = sorted(jobs, key=lambda job: (job.parent_id is not None, job.code))
        present = [(job, rolled.jobs[job.code]) for job in ordered if job.code in rolled.jobs]
        levels = {job.code: Level(job, together, sums(columns, together)) for job, together in present}
    else:
        levels = {"": Level(None, rolled.total, sums(columns, rolled.total))}
    names = {} if look.by == TYPE else division_names(budget)
    for group in sorted(rolled.groups, key=_in_order(look)):
        name = group.name if look.by == TYPE else names.get(group.place[1], "")
        written = sums(columns, group.sums)
        levels[group.place[0]].groups.append(Group(group.place, name, group.sums, written))
    return [level for level in levels.values() if level.groups]


def _in_order(look: Look) -> Callable[[RolledGroup], tuple[int, str]]:
    """Cost types stand as the company orders them, divisions by code, and what nobody knows comes first."""
    if look.by == TYPE:
        return lambda group: (group.position, group.place[1])
    return lambda group: (group.place[1] != UNKNOWN, group.place[1])


def _open(grid: Grid) -> None:
    """Open the groups that the look asks for, as far as the page stays light."""
    look = grid.look
    every = look.expand == ALL or (not look.expand and grid.shown.count <= WHOLE)
    left = MOST_ROWS
    for group in sorted(grid.groups, key=lambda group: group.key not in look.opened):  # named ones come first
        if not (group.key in look.opened or (every and group.key not in look.closed)):
            continue
        rows = min(group.sums.count, WINDOW)
        if look.expand != ALL and rows > left:
            continue
        left -= rows
        group.open, group.whole = True, look.expand == ALL
        if look.expand != ALL and group.sums.count > WINDOW:
            group.start = min(look.start, (group.sums.count - 1) // WINDOW * WINDOW)


def _fill(budget: Budget, grid: Grid) -> None:
    """Read and write the rows of the open groups."""
    opened = {group.place: group for group in grid.groups if group.open}
    found = lines_of(budget, grid.look, opened, window=None if grid.look.expand == ALL else WINDOW)
    for place, written in write(budget, found, grid.columns).items():
        opened[place].rows = written


def write(budget: Budget, found: Found, columns: Sequence[Column]) -> dict[Place, list[Chunk]]:
    """This function will write the rows of lines that were found, by group."""
    rows = {row.pk: row for row in read(budget, only=among(found.facts), known=found.facts, columns=columns)}
    return {
        place: list(chunks([rows[pk] for pk in pks if pk in rows], columns, project_id=budget.project_id))
        for place, pks in found.places.items()
    }


def one_group(budget: Budget, look: Look, place: Place, *, columns: Sequence[Column]) -> Group:
    """This function will write the rows of one group that a look shows, from its start on."""
    found = lines_of(budget, look, [place], window=WINDOW)
    group = Group(place, "", Sums(count=found.sizes.get(place, 0)), SafeString(), open=True, start=look.start)
    group.rows = write(budget, found, columns)[place] if found.places else []
    return group


def division_names(budget: Budget) -> dict[str, str]:
    """This function will name the divisions of a budget's company, by code."""
    roots = CostCode.objects.filter(company=budget.project.company_id, parent=None)
    return {UNKNOWN: "Cost codes the company does not have yet", **dict(roots.values_list("code", "name"))}
