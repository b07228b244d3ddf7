"""The whole book of the played tenant: tables, job security, closed periods and commits that come late."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from cmic_simulator.clock import Clock
from cmic_simulator.errors import Refused, refused
from cmic_simulator.profile import BASE_PROFILE, RESOURCES, Profile
from cmic_simulator.switches import Switches
from cmic_simulator.table import Attributes, Table

TIEBACK = "ACME||TIEBACK"
ACCOUNTANT = "ACME||ACCOUNTANT"
PCI_KEY: Attributes = ("CmdCompCode", "CmdMastJobCode", "CmdChgCode")
LINE_CODES: Attributes = ("CmdCompCode", "CmdJobCode", "CmdPhsCode", "CmdCatCode")
SUB_JOBS: Attributes = ("JobCompCode", "JobCtrlCode")
INDEXES: dict[str, tuple[Attributes, ...]] = {
    "jcjob": (SUB_JOBS,),
    "jcmastercostcodes": (("PhsCompCode",),),
    "jcjobcostcodes": (("GjjpCompCode", "GjjpJobCode"),),
    "jcjobcategory": (("JcatCompCode", "JcatJobCode"),),
    "cmtype": (("CmtCompCode",),),
    "cmstatus": (("CmsCompCode",),),
    "cmmast": (("CmmCompCode", "CmmCode"), ("CmmCompCode", "CmmJobCode")),
    "cmdetail": (PCI_KEY, LINE_CODES, ("CmdCompCode", "CmdChgCode"), ("CmdCompCode", "CmdMastJobCode")),
    "jcdetailposted": (("JcdtCompCode", "JcdtJobCode"),),
}
# Where a row names the jobs that job security looks at.
JOB_ATTRIBUTES: dict[str, tuple[str, Attributes]] = {
    "jcjob": ("JobCompCode", ("JobCode",)),
    "jcjobcostcodes": ("GjjpCompCode", ("GjjpJobCode",)),
    "jcjobcategory": ("JcatCompCode", ("JcatJobCode",)),
    "cmmast": ("CmmCompCode", ("CmmJobCode",)),
    "cmdetail": ("CmdCompCode", ("CmdMastJobCode", "CmdJobCode")),
    "cmdetailunposted": ("CmdCompCode", ("CmdMastJobCode", "CmdJobCode")),
    "jcdetailposted": ("JcdtCompCode", ("JcdtJobCode",)),
}


def empty_tables(profile: Profile) -> dict[str, Table]:
    """This function will return empty tables for every stored resource of the profile."""
    extra = {name: profile.beside(name) for name in RESOURCES}
    extra["cmdetail"] += tuple(n for n in extra["cmdetailunposted"] if n not in extra["cmdetail"])
    return {
        name: Table(key=r.key, unique=r.unique, indexes=INDEXES.get(name, ()), extra=extra[name])
        for name, r in RESOURCES.items()
        # cmdetailunposted is a view of cmdetail and postcm is an action: neither holds rows.
        if name not in ("cmdetailunposted", "postcm")
    }


@dataclass
class LateCommit:
    """A write that takes effect at a later moment of the virtual clock."""

    due: datetime
    run: Callable[[], None]


@dataclass
class Book:
    """Everything the tenant remembers. Use `session()` around every read and write."""

    clock: Clock
    switches: Switches
    profile: Profile = BASE_PROFILE
    tables: dict[str, Table] = field(init=False)
    # Changes of the current budget that no PCI of this book explains: history, or direct edits.
    prior_changes: dict[tuple, Decimal] = field(default_factory=dict)
    hidden_jobs: set[tuple[str, str]] = field(default_factory=set)
    closed_through: dict[str, str] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    late: list[LateCommit] = field(default_factory=list)
    on_change: Callable[[], None] = lambda: None
    lock: threading.RLock = field(default_factory=threading.RLock)
    _undo: list[Callable[[], object]] | None = None

    def __post_init__(self) -> None:
        self.tables = empty_tables(self.profile)

    @contextmanager
    def session(self) -> Iterator["Book"]:
        """This function will hold the book for one caller, after letting late commits land that are due."""
        with self.lock:
            self.settle()
            yield self

    def settle(self) -> None:
        """This function will run the late commits whose moment has come, oldest first."""
        now = self.clock.now()
        due = sorted((c for c in self.late if c.due <= now), key=lambda c: c.due)
        self.late = [c for c in self.late if c.due > now]
        for commit in due:
            commit.run()

    def commit_later(self, *, due: datetime, run: Callable[[], None]) -> None:
        """This function will have a write take effect once the virtual clock has reached `due`."""
        self.late.append(LateCommit(due=due, run=run))

    def put(self, resource: str, row: dict, *, user: str) -> dict:
        """This function will stamp and store a row (new when it has no VUuid yet) and return it."""
        entry = RESOURCES[resource]
        stamp = self.clock.stamp()
        if row.get(entry.key) is None:
            row[entry.key] = uuid.uuid4().hex.upper()
        if row.get(f"{entry.prefix}IuCreateDate") is None:
            row[f"{entry.prefix}IuCreateDate"] = stamp
        row[f"{entry.prefix}IuUpdateDate"] = stamp
        row[f"{entry.prefix}IuUpdateUser"] = user.partition("||")[2] or user
        table = self.tables[resource]
        if self._undo is not None:
            self._undo.append(_undone(table, key=row[entry.key]))
        table.put(row)
        self.on_change()
        return row

    def remove(self, resource: str, uuid: str) -> None:
        """This function will delete a row."""
        table = self.tables[resource]
        row, place = table.remove(uuid)
        if self._undo is not None:
            self._undo.append(lambda: table.put(row, place=place))
        self.on_change()

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """This function will take back every change of the block when it ends with an exception.

        Numbers that a company gave out meanwhile stay used, as a sequence of a database does.
        """
        self._undo = []
        try:
            yield
        except BaseException:
            for step in reversed(self._undo):
                step()
            raise
        finally:
            self._undo = None

    def next_number(self, name: str) -> int:
        """This function will count a named sequence up and return its new value (1 first)."""
        self.sequences[name] = self.sequences.get(name, 0) + 1
        return self.sequences[name]

    def hidden(self, resource: str, row: dict, *, user: str) -> bool:
        """This function will say whether job security keeps the row from the user."""
        if not self.hidden_jobs or user == ACCOUNTANT or resource not in JOB_ATTRIBUTES:
            return False
        company, jobs = JOB_ATTRIBUTES[resource]
        return any((row[company], row[job]) in self.hidden_jobs for job in jobs)

    def job(self, company: object, code: object, *, user: str, path: str) -> dict:
        """This function will return a job that can be written to; missing, hidden or closed is 400."""
        row = self.tables["jcjob"].one(company, code)
        if row is None or self.hidden("jcjob", row, user=user):
            raise refused(f"Job Code {code} is not valid for company {company}.", code="JBO-27019", path=path)
        if row["JobStatusCode"] == "C":
            raise refused(f"Job {code} is closed; no changes are allowed.", code="JBO-27019", path=path)
        return row

    def main_job(self, job: dict) -> dict:
        """This function will return the main job of a sub job, or the job itself."""
        control = job["JobCtrlCode"]
        if control in (None, "ALL"):
            return job
        return self.tables["jcjob"].one(job["JobCompCode"], control) or job

    def pci_lines(self, header: dict) -> list[dict]:
        """This function will return the lines of a PCI, oldest first."""
        key = (header["CmmCompCode"], header["CmmJobCode"], header["CmmCode"])
        return self.tables["cmdetail"].find(PCI_KEY, *key)

    def pci_of(self, line: dict) -> dict | None:
        """This function will return the header a line belongs to."""
        return self.tables["cmmast"].one(line["CmdCompCode"], line["CmdMastJobCode"], line["CmdChgCode"])

    def class_of(self, header: dict) -> str:
        """This function will return the class (O, I, T or E) of a PCI's type."""
        kind = self.tables["cmtype"].one(header["CmmCompCode"], header["CmmTypeCode"])
        return kind["CmtClassCode"] if kind else ""

    def pending_type(self, company: object, status: object) -> str:
        """This function will return P, N, A or R for a status code; an unknown code is refused with 400."""
        row = self.tables["cmstatus"].one(company, status)
        if row is None:
            raise refused(
                f"Status Code {status} is not valid for company {company}.",
                code="JBO-27019",
                path="CmmPrepostStatCode",
            )
        return row["CmsPendingType"]

    def statuses_of_type(self, company: object, pending_type: str) -> list[str]:
        """This function will return the company's status codes of a pending type."""
        rows = self.tables["cmstatus"].find(("CmsCompCode",), company)
        return [row["CmsStatusCode"] for row in rows if row["CmsPendingType"] == pending_type]

    def clear(self) -> None:
        """This function will empty the book."""
        self.tables = empty_tables(self.profile)
        for store in (self.prior_changes, self.hidden_jobs, self.closed_through, self.sequences, self.late):
            store.clear()
        self.on_change()


def _undone(table: Table, *, key: str) -> Callable[[], object]:
    old = table.get(key)
    return (lambda: table.remove(key)) if old is None else (lambda: table.put(old))


def not_found(what: str) -> Refused:
    """This function will build the refusal for something that is not there or not visible."""
    return refused(f"{what} was not found.", code="JBO-29114", status=404)
