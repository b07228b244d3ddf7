"""The invented company as data: its jobs, its codes, and believable budgets made from them, the same each time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

HARBORLINE = Path(__file__).parent / "data" / "harborline.csv"

COMPANY, OTHER_COMPANY = "001", "002"
NAMES = {COMPANY: "Northgate Builders", OTHER_COMPANY: "Southbank Civil"}
TIME_ZONE = "America/Chicago"

CATEGORIES = {
    "1000": "Labor",
    "2000": "Subcontract",
    "3000": "Equipment",
    "4000": "Material",
    "5000": "Other",
}
CATEGORY_OF = {"L": "1000", "S": "2000", "E": "3000", "M": "4000", "O": "5000"}
UNITS = {
    "AC": "Acre",
    "CY": "Cubic yard",
    "EA": "Each",
    "FLT": "Flight",
    "HR": "Hour",
    "LB": "Pound",
    "LF": "Linear foot",
    "LS": "Lump sum",
    "MO": "Month",
    "PT": "Point",
    "SF": "Square foot",
    "SY": "Square yard",
    "TON": "Ton",
}
DIVISIONS = {
    "01": "General requirements",
    "02": "Existing conditions",
    "03": "Concrete",
    "04": "Masonry",
    "05": "Metals",
    "06": "Wood and plastics",
    "07": "Thermal and moisture protection",
    "08": "Openings",
    "09": "Finishes",
    "10": "Specialties",
    "11": "Equipment",
    "12": "Furnishings",
    "14": "Conveying",
    "21": "Fire suppression",
    "22": "Plumbing",
    "23": "Heating, ventilating, air conditioning",
    "26": "Electrical",
    "27": "Communications",
    "28": "Electronic safety and security",
    "31": "Earthwork",
    "32": "Exterior improvements",
    "33": "Utilities",
}
PENDING, STARTED = "P", "I"


@dataclass(frozen=True)
class DemoJob:
    """A main job: `sub_jobs` are (suffix, name), `lines` how many its budget has, `size` against Harborline's."""

    code: str
    name: str
    status: str = STARTED
    sub_jobs: tuple[tuple[str, str], ...] = ()
    lines: int = 0
    size: float = 1.0

    @property
    def codes(self) -> list[str]:
        """The main job and its sub jobs."""
        return [self.code, *(f"{self.code}-{suffix}" for suffix, _ in self.sub_jobs)]


CENTER = DemoJob(
    "26-0418",
    "Harborline Center",
    sub_jobs=(("01", "Harborline: site and utilities"), ("02", "Harborline: level 4 fit-out")),
)
CLINIC = DemoJob("26-0377", "Eastgate Clinic", lines=96, size=0.45)
DOCK = DemoJob("26-0402", "Dock 9 Warehouse", lines=41, size=0.35)
SCHOOL = DemoJob("26-0391", "Riverside School", lines=60, size=0.8)
LABS = DemoJob(
    "26-0355",
    "Union Labs",
    sub_jobs=(("01", "Union Labs: central plant"), ("02", "Union Labs: tenant laboratories")),
    lines=214,
    size=0.6,
)
PARKADE = DemoJob("26-0340", "Parkade C", lines=38, size=0.3)
HOTEL = DemoJob("26-0329", "Hotel Meridian", lines=52, size=0.7)
ANNEX = DemoJob("26-0310", "City Annex", lines=34, size=0.25)
QUAY = DemoJob(
    "26-0288", "Quay Street", PENDING, sub_jobs=(("01", "Quay Street: sea wall"),), lines=28, size=0.2
)
JOBS = (CENTER, CLINIC, DOCK, SCHOOL, LABS, PARKADE, HOTEL, ANNEX, QUAY)
OTHER_JOB = DemoJob("26-0900", "Ferry Terminal")


@dataclass(frozen=True)
class Kind:
    """A cost code with a cost type as Harborline has it: what it is called and roughly costs there."""

    cost_code: str
    cost_type: str
    description: str
    unit: str
    quantity: float
    amount: int


MORE_KINDS = (
    Kind("26-24-00", "E", "Switchboards and panelboards, hoisting", "LS", 1, 46000),
    Kind("22-60-00", "S", "Laboratory gas and vacuum systems", "LS", 1, 412000),
    Kind("11-53-00", "S", "Laboratory equipment and fume hoods", "EA", 48, 864000),
    Kind("12-35-53", "S", "Laboratory casework", "LF", 2600, 754000),
    Kind("23-38-16", "S", "Fume exhaust fans", "EA", 22, 396000),
)
MUST_HAVE = {  # what the states of the demo speak of
    CLINIC.code: (("03-30-00", "M"), ("05-12-00", "S"), ("09-21-16", "S"), ("23-31-00", "S")),
    DOCK.code: (("01-90-00", "O"), ("03-30-00", "M"), ("11-13-00", "S")),
    LABS.code: (("26-24-00", "E"), ("28-46-00", "S")),
    HOTEL.code: (("09-68-00", "S"), ("09-65-00", "S")),
    ANNEX.code: (("01-90-00", "O"), ("05-50-00", "S"), ("08-44-00", "S"), ("09-91-00", "S")),
}


def true_file() -> str:
    """This function will return harborline.csv as it is: 134 lines, 52,267,200.00."""
    return HARBORLINE.read_text(encoding="utf-8")


def demo_copy() -> str:
    """This function will return the file with the slip the demo is about: two lines coded 03-3000, not 03-30-00."""
    return true_file().replace(",03-30-00,", ",03-3000,", 2)


def kinds() -> list[Kind]:
    """This function will list every cost code with its cost types, as Harborline has them and a few more."""
    found: dict[tuple[str, str], Kind] = {}
    for row in csv.DictReader(io.StringIO(true_file())):
        kind = Kind(
            row["phase_code"],
            row["cost_type"],
            row["description"],
            row["uom"],
            float(row["qty"]),
            int(row["original_amount"]),
        )
        found.setdefault((kind.cost_code, kind.cost_type), kind)
    return [*found.values(), *MORE_KINDS]


@dataclass(frozen=True)
class Line:
    """One line of a generated budget; whole units, amounts in whole hundreds."""

    job: str
    kind: Kind
    quantity: int
    amount: int

    @property
    def key(self) -> tuple[str, str, str]:
        """Job, cost code, cost type."""
        return self.job, self.kind.cost_code, self.kind.cost_type


def lines_of(job: DemoJob) -> list[Line]:
    """This function will make a job's budget: always the same, spread over its main job and sub jobs."""
    dice = Random(job.code)
    shares = _shares(job)
    return [line for code, number in shares.items() for line in _lines_on(job, code, number, dice)]


def _shares(job: DemoJob) -> dict[str, int]:
    """How many lines each job gets: half of them the main job, where there are sub jobs."""
    if not job.sub_jobs:
        return {job.code: job.lines}
    each = job.lines // (len(job.codes) + 1)
    return dict.fromkeys(reversed(job.codes[1:]), each) | {job.code: job.lines - each * len(job.sub_jobs)}


def _lines_on(job: DemoJob, code: str, number: int, dice: Random) -> Iterator[Line]:
    everything = kinds()
    wanted = set(MUST_HAVE.get(job.code, ())) if code == job.code else set()
    first = [kind for kind in everything if (kind.cost_code, kind.cost_type) in wanted]
    rest = [kind for kind in everything if kind not in first]
    chosen = [*first, *dice.sample(rest, number - len(first))]
    share = job.size if code == job.code else job.size / 4
    for kind in sorted(chosen, key=lambda each: (each.cost_code, each.cost_type)):
        factor = share * dice.uniform(0.7, 1.3)
        quantity = 1 if kind.unit == "LS" else max(1, round(kind.quantity * factor))
        yield Line(code, kind, quantity, max(3, round(kind.amount * factor / 100)) * 100)


def file_of(job: DemoJob) -> str:
    """This function will write a job's budget as the file its project manager imports."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["job", "cost_code", "cost_type", "description", "unit", "quantity", "amount"])
    for line in lines_of(job):
        kind = line.kind
        out.writerow(
            [
                *line.key[:1],
                kind.cost_code,
                kind.cost_type,
                kind.description,
                kind.unit,
                line.quantity,
                line.amount,
            ]
        )
    return text.getvalue()
