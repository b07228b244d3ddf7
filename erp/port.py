"""The contract between Tieback and an ERP: what may be asked of it, and what its answers mean.

Standard library only. `erp/` speaks to every ERP through `ErpBackend`; an adapter (for example `cmic_adapter/`)
implements it and knows nothing else of ours. Money is Decimal in the company's currency with 2 places, quantities have
4 places, codes are the ERP's own, kept to the character. Words are neutral: the adapter translates.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class JobStatus(StrEnum):
    """Where a job stands in the ERP: its original budget is open, it is in process, or it takes nothing any more."""

    PENDING = "pending"
    STARTED = "started"
    CLOSED = "closed"


class DocumentKind(StrEnum):
    """What a document changes: the original budget, or the budget after it."""

    ORIGINAL = "original"
    MODIFICATION = "modification"


class PostingState(StrEnum):
    """What the ERP says of a delivered document."""

    WAITING = "waiting"  # complete and ready, no accountant has posted it yet
    POSTED = "posted"  # counts, with exactly our amounts
    POSTED_DIFFERENT = "posted_different"  # counts, with other amounts: see differences
    REJECTED = "rejected"  # the ERP's people turned it down
    ABSENT = "absent"  # not there although its job is visible; erp calls it removed when seen twice
    STAGING = "staging"  # somebody set it back to an unapproved status
    INDETERMINATE = "indeterminate"  # the evidence does not decide


class WithdrawState(StrEnum):
    """How a withdrawal ended."""

    WITHDRAWN = "withdrawn"  # nothing of the document is left in the ERP
    POSTED = "posted"  # too late: it counts already
    CONFLICT = "conflict"  # somebody changed what we wrote; a person decides


@dataclass(frozen=True, order=True)
class ErpKey:
    """One budget code in the ERP's own codes."""

    job: str
    cost_code: str
    cost_type: str


@dataclass(frozen=True)
class ErpCompany:
    """A company of the ERP and the settings its adapter needs for it (the adapter validates `options`)."""

    code: str
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class ErpLine:
    """One line of a document.

    `ref` is ours and comes back in findings. `delta` is the signed change. An ORIGINAL line also has `target` (what the
    original budget shall be, absolute) and `before` (what the ERP held when the document was accepted). Lines with the
    same key are summed by the adapter. `quantity` is only set where it may travel with the amount.
    """

    ref: str
    key: ErpKey
    description: str
    delta: Decimal
    target: Decimal | None = None
    before: Decimal | None = None
    quantity: Decimal | None = None
    unit: str = ""


@dataclass(frozen=True)
class ErpDocument:
    """One thing to be written in the ERP, frozen: the same object is pushed, found, polled and withdrawn."""

    company: ErpCompany
    number: str  # 11 characters, minted once, never reused
    content_hash: str  # hex SHA-256 over the neutral snapshot
    kind: DocumentKind
    job: str  # the main job
    title: str
    date: date
    lines: tuple[ErpLine, ...]
    route: str = ""  # the adapter's own word for the way taken, as its Receipt or Journal told; empty before
    erp_number: str = ""  # the number the ERP gave, where it numbers itself

    @property
    def net(self) -> Decimal:
        """The sum of the deltas; 0 for a transfer."""
        return sum((line.delta for line in self.lines), Decimal(0))


@dataclass(frozen=True)
class Finding:
    """Something a person must fix, in plain words, tied to our lines where it concerns lines."""

    code: str  # stable, snake_case
    message: str  # what is wrong and what to do, one sentence
    refs: tuple[str, ...] = ()  # ErpLine.ref of the lines it concerns
    field: str = ""
    raw: str = ""  # the ERP's own words


class Fixer(StrEnum):
    """Who can put a refusal right."""

    PROJECT_MANAGER = "project_manager"
    APPROVER = "approver"  # who accepted it here
    ERP_ADMIN = "erp_admin"  # of the company, here
    ERP_ACCOUNTANT = "erp_accountant"  # works in the ERP
    ERP_ADMINISTRATOR = "erp_administrator"  # of the ERP itself


class Place(StrEnum):
    """Where a person goes to put it right."""

    LINES = "lines"  # the lines it concerns, on the budget page
    BATCH = "batch"  # the decision page
    CONNECTION = "connection"  # the settings of the connection
    ERP = "erp"  # in the ERP: there is no link


@dataclass(frozen=True)
class Advice:
    """One entry of an error dictionary: which texts of the ERP it is about, what they mean, who does what.

    A pattern of `matches` fits when its words are found in the text, in any case. `*` stands for any words,
    `{name}` for one word that `meaning` and `steps` may repeat as `{name}`; both may also stand at the end of a word
    (`ORA-*`). The pattern with most letters wins. `code` is also the code of findings that it explains without a text.
    """

    code: str
    matches: tuple[str, ...]
    meaning: str  # one plain sentence
    who: Fixer
    steps: tuple[str, ...]  # one sentence each
    place: Place = Place.ERP
    says_only_where: bool = (
        False  # it names whose rule it is; what the rule wants, only the ERP's own words say
    )


class CheckState(StrEnum):
    """What a look at the ERP found of one thing."""

    OK = "ok"
    MISSING = "missing"  # nothing is sent until it is put right
    OFF = "off"  # not used: switched off, or what is missing stands in its way
    UNKNOWN = "unknown"  # cannot be seen from here: a person confirms it
    INFO = "info"


@dataclass(frozen=True)
class CheckItem:
    """One thing that a look at the ERP found, in one sentence; `area` groups them for people, in plain words."""

    area: str
    state: CheckState
    sentence: str
    candidates: tuple[str, ...] = ()  # what may be meant by a name that is missing


class SettingKind(StrEnum):
    """How a setting of an adapter is chosen."""

    FLAG = "flag"  # true or false
    CODE = "code"  # a code of the ERP, or empty
    CHOICE = "choice"  # one of `choices`


@dataclass(frozen=True)
class Setting:
    """One setting of an adapter for a company, as people choose it; `name` is its key in `ErpCompany.options`.

    A dot in the name stands for an object in the object: `flags.active`. What is at its default may be left out.
    """

    name: str
    label: str
    help: str  # what it changes, one or two sentences
    kind: SettingKind
    default: object
    choices: tuple[tuple[str, str], ...] = ()  # value and words
    group: str = ""


@dataclass(frozen=True)
class Receipt:
    """Proof that a document is completely in the ERP, ready to be posted there."""

    number: str
    route: str
    lines: int
    total: Decimal
    erp_number: str = ""


@dataclass(frozen=True)
class Difference:
    """One budget code whose amount in the ERP is not what we sent."""

    key: ErpKey
    refs: tuple[str, ...]
    sent: Decimal
    found: Decimal


@dataclass(frozen=True)
class Posting:
    """What became of one document, with the evidence for it (JSON-ready).

    A `note` in the evidence is a sentence that people read, for example what to put right where nothing was decided.
    """

    number: str
    state: PostingState
    posted_on: date | None = None
    differences: tuple[Difference, ...] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a withdrawal ended, in a word and a sentence."""

    state: WithdrawState
    note: str = ""
    posting: Posting | None = None
    findings: tuple[Finding, ...] = ()  # of a conflict: what differs, line by line


@dataclass(frozen=True)
class BudgetCodeRow:
    """One budget code the ERP has on a job: original and current budget, 2 places."""

    key: ErpKey
    name: str
    original: Decimal
    current: Decimal
    active: bool = True
    unit: str = ""


@dataclass(frozen=True)
class Reading:
    """What the ERP held for some jobs at one moment. A job missing from `statuses` is not visible to us."""

    company: str
    statuses: Mapping[str, JobStatus]
    rows: tuple[BudgetCodeRow, ...]
    read_at: datetime


@dataclass(frozen=True)
class CompanyRow:
    code: str
    name: str
    currency: str


@dataclass(frozen=True)
class JobRow:
    """A job; `parent` is the main job's code for a sub job, else empty. `writable` False: it takes no new documents.

    Here and below `changed_at` is when the ERP says that the row last changed, by the ERP's own clock, None where it
    does not tell.
    """

    code: str
    name: str
    parent: str
    status: JobStatus
    writable: bool = True
    changed_at: datetime | None = None


@dataclass(frozen=True)
class CostCodeRow:
    """A cost code; `parent` is the code above it, else empty."""

    code: str
    name: str
    parent: str
    active: bool
    changed_at: datetime | None = None


@dataclass(frozen=True)
class CostTypeRow:
    code: str
    name: str
    active: bool
    changed_at: datetime | None = None


@dataclass(frozen=True)
class UnitRow:
    code: str
    name: str


@dataclass(frozen=True)
class AssignedCostCodeRow:
    """A cost code the ERP lists for one job; an inactive one refuses entries there."""

    job: str
    code: str
    active: bool
    changed_at: datetime | None = None


@dataclass(frozen=True)
class CostRow:
    """What was spent on one budget code until now, as posted in the ERP; `posted_to` is the day of its last posting."""

    key: ErpKey
    amount: Decimal
    posted_to: date | None = None


@dataclass(frozen=True)
class JobCosts:
    """One job's costs to date, each budget code once; `rows` None: nothing was posted there since the last look."""

    job: str
    rows: tuple[CostRow, ...] | None
    changed_at: datetime | None = None


@dataclass(frozen=True)
class ErpLimits:
    """What a code may look like in this ERP: the longest in characters, and a pattern every code must match whole."""

    job: int
    cost_code: int
    cost_type: int
    code_pattern: str
    takes_sub_jobs: bool = True


class ErpError(Exception):
    """Base of the three failures a delivery can handle."""


class ErpUnavailable(ErpError):
    """This call wrote nothing; try again later (earlier calls of the same push may have written).

    `asked` is False where the ERP was not asked at all, for example because too many calls wait for their turn: that
    says nothing of the ERP.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None, asked: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after  # seconds, where the ERP or the adapter knows
        self.asked = asked


class ErpNotYet(ErpUnavailable):
    """Nothing is broken: the ERP cannot take this document yet, for example because its job has not been started."""


class ErpRefused(ErpError):
    """It said no and wrote nothing more; a person must change something. Carries findings, per line where possible."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(f.message for f in findings))
        self.findings = tuple(findings)


class ErpUnconfirmed(ErpError):
    """A request left us and no trustworthy answer came back; ask find() before sending anything again."""

    def __init__(self, reason: str, *, step: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.step = step


class ErpMisconfigured(Exception):
    """Credentials, rights or names are wrong: stop this connection. Not an ErpError: nothing may swallow it."""


class Journal(Protocol):
    """Where an adapter writes down each write before it leaves and what came back. Handed in by erp, durable."""

    def before(self, *, step: str, request_id: str, method: str, target: str, body: str) -> None:
        """Record durably that this request is about to leave, and extend the claim. Raises when the claim is lost:
        the request must then not be sent. `step` is the adapter's stable key of the write (for example `line:3`)."""

    def after(self, *, request_id: str, status: int | None, answer: str, outcome: str) -> None:
        """Record what came back: `outcome` is done, refused, unavailable, unconfirmed or misconfigured."""

    def learned(self, *, route: str = "", erp_number: str = "") -> None:
        """Keep what the ERP or the route decision taught us, so that the next try starts from it."""


class ErpBackend(ABC):
    """Everything Tieback asks of an ERP. One instance per process and alias; safe to use from one thread at a time."""

    limits: ErpLimits
    name: str  # as people call it, in every sentence they read
    requests_per_second: float = 8  # the rate it keeps to
    sees_postings: bool = True  # WAITING means that nobody has posted; False: only that nobody has said so
    lease_seconds: float = 120  # longer than any one call to the ERP can take
    probe_seconds: tuple[float, ...] = (
        0,
        30,
        60,
        150,
    )  # when to ask after an unknown outcome; the last is the longest
    #                                                      a late write can take to show

    def close(self) -> None:  # noqa: B027 a backend without connections has nothing to give back
        """Give back what the instance holds, for example its connections. It is not used afterwards."""

    def dictionary(self) -> Sequence[Advice]:
        """What the ERP's refusals mean, as far as the adapter knows its texts."""
        return ()

    def settings(self) -> Sequence[Setting]:
        """The settings of a company that this adapter knows, in the order people read them. No network."""
        return ()

    def setting_faults(self, company: ErpCompany) -> list[str]:
        """What is wrong with a company's options on paper, one sentence each. No network."""
        return []

    def setting_choices(self, company: ErpCompany) -> Mapping[str, Sequence[tuple[str, str]]]:
        """What the ERP has to choose from, by the name of a setting: code and words. Raises as a read does."""
        return {}

    def entry(self, document: ErpDocument, status: JobStatus) -> str:
        """What a document becomes in this ERP while its job stands so, in a few of its own words, for people to know it
        by. Without the network; empty where the ERP has no word. Raises ErpMisconfigured."""
        return ""

    def lines_there(self, document: ErpDocument, steps: Sequence[str]) -> tuple[int, int] | None:
        """How many lines of a document, and of how many, are in this ERP by the writes it confirmed: the keys of their
        steps, in order. Without the network; None where a document is not written line by line."""
        return None

    @abstractmethod
    def problems(self, document: ErpDocument) -> list[Finding]:
        """What is wrong with a document that can be seen without the network."""

    @abstractmethod
    def reading(self, company: ErpCompany, jobs: Sequence[str]) -> Reading:
        """What the ERP holds now on these jobs. Raises ErpUnavailable, ErpMisconfigured."""

    @abstractmethod
    def push(self, document: ErpDocument, journal: Journal) -> Receipt:
        """Write what is missing of a document, verify it, make it ready to post. Safe to call again: finishes what is
        missing, doubles nothing; a finished one makes no write. Raises the four failures."""

    @abstractmethod
    def find(self, document: ErpDocument) -> Receipt | None:
        """The receipt of a completely written document, None when it is absent or incomplete. Reads only.

        Raises ErpUnconfirmed where this ERP cannot tell: after the last probe a person is asked."""

    @abstractmethod
    def postings(self, documents: Sequence[ErpDocument]) -> list[Posting]:
        """What became of many delivered documents, in few requests, one Posting each."""

    @abstractmethod
    def withdraw(self, document: ErpDocument, journal: Journal, *, anyway: bool = False) -> Outcome:
        """Take an unposted document out of the ERP again. Writes, so it is journaled; safe to call again.

        What somebody changed there is a conflict and stays as it is, unless a person has said `anyway`."""

    @abstractmethod
    def companies(self) -> Iterator[CompanyRow]:
        """Every company visible to us."""

    # The next reads take `changed_since`, a `changed_at` they gave before: then they may leave out rows that did not
    # change since. They may give more, never fewer, so one that cannot tell gives all. None gives all.

    @abstractmethod
    def jobs(self, company: ErpCompany, *, changed_since: datetime | None = None) -> Iterator[JobRow]:
        """Every job and sub job of a company visible to us."""

    @abstractmethod
    def cost_codes(
        self, company: ErpCompany, *, changed_since: datetime | None = None
    ) -> Iterator[CostCodeRow]:
        """Every cost code of a company, active or not."""

    @abstractmethod
    def cost_types(
        self, company: ErpCompany, *, changed_since: datetime | None = None
    ) -> Iterator[CostTypeRow]:
        """Every cost type of a company, active or not."""

    @abstractmethod
    def assigned_cost_codes(
        self, company: ErpCompany, jobs: Sequence[str], *, changed_since: datetime | None = None
    ) -> Iterator[AssignedCostCodeRow]:
        """The cost codes the ERP lists for these jobs (all jobs of the company when empty)."""

    def costs(
        self, company: ErpCompany, jobs: Sequence[str], *, changed_since: datetime | None = None
    ) -> Iterator[JobCosts]:
        """What was spent on each of these jobs to date. A job that is left out is not told: hidden from us, or this ERP
        tells no costs at all, which stops nothing else. With `changed_since` a job may say that it has nothing new."""
        return iter(())

    @abstractmethod
    def units(self, company: ErpCompany) -> Iterator[UnitRow]:
        """Every unit of measure."""

    @abstractmethod
    def check(self, company: ErpCompany) -> list[str]:
        """What is missing before this ERP may be written to, one sentence each; empty when all is well."""

    def report(self, company: ErpCompany) -> list[CheckItem]:
        """All that can be seen of the ERP without writing, in the order people read it. Whatever check() says is an
        item in the state MISSING here. Raises ErpUnavailable; what is misconfigured is an item."""
        try:
            missing = self.check(company)
        except ErpMisconfigured as problem:
            missing = [str(problem)]
        if not missing:
            return [CheckItem("Set-up", CheckState.OK, f"{self.name} has everything we need.")]
        return [CheckItem("Set-up", CheckState.MISSING, sentence) for sentence in missing]

    def record(self) -> Mapping[str, str]:
        """What the ERP declares of itself, as files: name -> text, without log-ins and addresses. Empty where it
        declares nothing. Raises ErpUnavailable, ErpMisconfigured."""
        return {}
