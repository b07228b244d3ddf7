"""Every CMiC name, length, status value and text pattern, and the translation of each to our words and back.

Nothing else in this package may hold a CMiC literal. A field's alias is CMiC's name for it; everything else
asks by our name. When a tenant's `/describe` shows another name, it is changed here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from cmic_adapter.values import Day, Money, Text, words
from erp.port import ErpKey, ErpLimits, JobStatus

LIMITS = ErpLimits(
    job=10,
    cost_code=16,
    cost_type=16,
    code_pattern="[ -~]+",  # printable ASCII: the server counts bytes
)
NUMBER_LENGTH, NAME_LENGTH, UNIT_LENGTH = 11, 200, 6
AMOUNT_LIMIT, AMOUNT_STEP = Decimal("1e16"), Decimal("0.01")
UNITS_LIMIT, UNITS_STEP = Decimal("1e14"), Decimal("0.0001")

JOB_STATUSES = {"P": JobStatus.PENDING, "I": JobStatus.STARTED, "C": JobStatus.CLOSED}
TYPE_CLASSES = {"O": "original", "I": "internal", "T": "transfer", "E": "external"}
PENDING_TYPES = {"P": "pre_pending", "N": "pending", "A": "approved", "R": "rejected"}
ADD_TO_PROJECTION = "A"
NO_PARENT = "ALL"
ON, OFF = "Y", "N"


# A status we do not know takes nothing: closed is the careful reading.
Status = Annotated[JobStatus, words(JOB_STATUSES, JobStatus.CLOSED)]
Flag = Annotated[bool, BeforeValidator(lambda value: value != OFF if value in (ON, OFF, None) else value)]
Parent = Annotated[str, BeforeValidator(lambda value: "" if value in (None, NO_PARENT) else value)]


class Row(BaseModel):
    """One row of an answer. No field has a default: an attribute that is not there must not pass unseen."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")
    id: str


class Company(Row):
    id: str = Field(alias="CompVUuid")
    code: str = Field(alias="CompCode")
    name: Text = Field(alias="CompName")
    currency: Text = Field(alias="CompCurrCode")


class Job(Row):
    id: str = Field(alias="JobVUuid")
    company: str = Field(alias="JobCompCode")
    code: str = Field(alias="JobCode")
    name: Text = Field(alias="JobName")
    parent: Parent = Field(alias="JobCtrlCode")
    status: Status = Field(alias="JobStatusCode")
    takes_changes: Flag = Field(alias="JobAllowPciFlag")


class CostCode(Row):
    id: str = Field(alias="PhsVUuid")
    company: str = Field(alias="PhsCompCode")
    code: str = Field(alias="PhsCode")
    parent: Parent = Field(alias="PhsCtrlCode")
    name: Text = Field(alias="PhsName")
    active: Flag = Field(alias="PhsActiveFlag")


class CostType(Row):
    id: str = Field(alias="CatVUuid")
    company: str = Field(alias="CatCompCode")
    code: str = Field(alias="CatCode")
    name: Text = Field(alias="CatName")
    active: Flag = Field(alias="CatActiveFlag")


class Unit(Row):
    id: str = Field(alias="WmVUuid")
    code: str = Field(alias="WmCode")
    name: Text = Field(alias="WmName")


class JobCostCode(Row):
    id: str = Field(alias="GjjpVUuid")
    company: str = Field(alias="GjjpCompCode")
    job: str = Field(alias="GjjpJobCode")
    code: str = Field(alias="GjjpCode")
    active: Flag = Field(alias="GjjpActiveFlag")


class BudgetCode(Row):
    id: str = Field(alias="JcatVUuid")
    company: str = Field(alias="JcatCompCode")
    job: str = Field(alias="JcatJobCode")
    cost_code: str = Field(alias="JcatPhsCode")
    cost_type: str = Field(alias="JcatCode")
    type_active: Flag = Field(alias="JcatCatActiveFlag")
    code_active: Flag = Field(alias="JcatPhaseActiveFlag")
    original: Money = Field(alias="JcatOrigBudgAmt")
    current: Money = Field(alias="JcatCurrBudgAmt")
    unit: Text = Field(alias="JcatWmCode")

    @property
    def key(self) -> ErpKey:
        return ErpKey(job=self.job, cost_code=self.cost_code, cost_type=self.cost_type)


class ChangeType(Row):
    id: str = Field(alias="CmtVUuid")
    company: str = Field(alias="CmtCompCode")
    code: str = Field(alias="CmtTypeCode")
    name: Text = Field(alias="CmtName")
    kind: Annotated[str, words(TYPE_CLASSES)] = Field(alias="CmtClassCode")
    mask: Text = Field(alias="CmtChgOrdNumberMask")
    may_override: Flag = Field(alias="CmtPciMaskOverrideFlag")

    @property
    def numbers_itself(self) -> bool:
        return bool(self.mask) and not self.may_override


class ChangeStatus(Row):
    id: str = Field(alias="CmsVUuid")
    company: str = Field(alias="CmsCompCode")
    code: str = Field(alias="CmsStatusCode")
    kind: Annotated[Text, words(PENDING_TYPES)] = Field(alias="CmsPendingType")


class Header(Row):
    id: str = Field(alias="CmmVUuid")
    company: str = Field(alias="CmmCompCode")
    job: str = Field(alias="CmmJobCode")
    type: str = Field(alias="CmmTypeCode")
    number: str = Field(alias="CmmCode")
    name: Text = Field(alias="CmmName")
    status: Text = Field(alias="CmmPrepostStatCode")
    posted_on: Day = Field(alias="CmmPostDate")
    counts: Annotated[bool, BeforeValidator(lambda value: value == "P")] = Field(alias="CmmStatCode")

    @property
    def posted(self) -> bool:
        return self.counts or self.posted_on is not None


class Line(Row):
    id: str = Field(alias="CmdVUuid")
    company: str = Field(alias="CmdCompCode")
    main_job: str = Field(alias="CmdMastJobCode")
    number: str = Field(alias="CmdChgCode")
    job: str = Field(alias="CmdJobCode")
    cost_code: str = Field(alias="CmdPhsCode")
    cost_type: str = Field(alias="CmdCatCode")
    amount: Money = Field(alias="CmdBudgAmt")
    posted: Annotated[bool, BeforeValidator(lambda value: value == "POSTED")] = Field(alias="CmdPostingFlag")

    @property
    def key(self) -> ErpKey:
        return ErpKey(job=self.job, cost_code=self.cost_code, cost_type=self.cost_type)


class Cost(Row):
    """One posting of a cost; what was spent to date is the sum."""

    id: str = Field(alias="JcdtVUuid")
    company: str = Field(alias="JcdtCompCode")
    job: str = Field(alias="JcdtJobCode")
    cost_code: str = Field(alias="JcdtPhsCode")
    cost_type: str = Field(alias="JcdtCatCode")
    amount: Money = Field(alias="JcdtAmt")
    day: Day = Field(alias="JcdtPostDate")

    @property
    def key(self) -> ErpKey:
        return ErpKey(job=self.job, cost_code=self.cost_code, cost_type=self.cost_type)


RowT = TypeVar("RowT", bound=Row)


@dataclass(frozen=True)
class Resource(Generic[RowT]):
    """A resource: its path, its rows, the order that pages are read in, and what we write to it."""

    path: str
    model: type[RowT]
    order: tuple[str, ...]
    created: tuple[str, ...] = ()
    patched: tuple[str, ...] = ()
    deleted: bool = False
    lengths: Mapping[str, int] = field(default_factory=dict)
    only_written: Mapping[str, str] = field(
        default_factory=dict
    )  # our name -> CMiC's, for what no row carries

    @property
    def label(self) -> str:
        return self.path.rsplit("/", 1)[1]

    @property
    def root(self) -> str:
        return self.path.rsplit("/", 1)[0]

    @property
    def methods(self) -> list[str]:
        """The HTTP methods we use."""
        used = {"POST": self.created, "PATCH": self.patched, "DELETE": self.deleted}
        return ["GET", *(method for method, how in used.items() if how)]

    @property
    def names(self) -> list[str]:
        """The attributes we read."""
        return [self.name(ours) for ours in self.model.model_fields]

    def name(self, ours: str) -> str:
        """This function will return CMiC's name of one of our fields."""
        info = self.model.model_fields.get(ours)
        return str(info.alias) if info else self.only_written[ours]

    def where(self, **conditions: str | Iterable[str]) -> str:
        """This function will build a row-match query: every field equals its text, or is one of its texts."""
        return " and ".join(
            f"{self.name(ours)} = {_quote(value)}"
            if isinstance(value, str)
            else f"{self.name(ours)} in ({','.join(_quote(v) for v in value)})"
            for ours, value in conditions.items()
        )

    def ending(self, *, field: str, text: str) -> str:
        """This function will build the condition that a text attribute ends with `text`."""
        return f"{self.name(field)} like {_quote('%' + text)}"

    def body(self, **values: object) -> dict[str, object]:
        """This function will name the values of a write as CMiC does, without those that are None."""
        return {self.name(ours): value for ours, value in values.items() if value is not None}


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


JCAT_FLAGS = {
    "JcatCatActiveFlag": ON,
    "JcatPhaseActiveFlag": ON,
    "JcatCostToComplOvrdFlg": OFF,
    "JcatExclCostBudgWip": OFF,
    "JcatExclCostWip": OFF,
    "JcatLabourForecastFlag": OFF,
}
_LINE_KEY = ("company", "main_job", "number", "job", "cost_code", "cost_type")

COMPANIES = Resource("glrestapi/rest/v1/glcompany", Company, ("code",))
JOBS = Resource("jc-rest-api/rest/1/jcjob", Job, ("code",))
COST_CODES = Resource("jc-rest-api/rest/1/jcmastercostcodes", CostCode, ("code",))
COST_TYPES = Resource("jc-rest-api/rest/1/jcmastercategories", CostType, ("code",))
UNITS = Resource("sys-rest-api/rest/1/weightmeasure", Unit, ("code",))
JOB_COST_CODES = Resource("jc-rest-api/rest/1/jcjobcostcodes", JobCostCode, ("job", "code"))
BUDGET_CODES = Resource(
    "jc-rest-api/rest/1/jcjobcategory",
    BudgetCode,
    ("job", "cost_code", "cost_type"),
    created=("company", "job", "cost_code", "cost_type", *JCAT_FLAGS),
    patched=("original", "quantity", "unit"),
    lengths={"job": 10, "cost_code": 16, "cost_type": 16},
    only_written={"quantity": "JcatBudgUnits", **{name: name for name in JCAT_FLAGS}},
)
CHANGE_TYPES = Resource("cm-rest-api/rest/1/cmtype", ChangeType, ("code",))
CHANGE_STATUSES = Resource("cm-rest-api/rest/1/cmstatus", ChangeStatus, ("code",))
HEADERS = Resource(
    "cm-rest-api/rest/1/cmmast",
    Header,
    ("job", "number"),
    created=("company", "job", "type", "number", "name", "date", "status", "projection"),
    patched=("status",),
    deleted=True,
    lengths={"number": NUMBER_LENGTH, "name": NAME_LENGTH, "job": 10},
    only_written={"date": "CmmRefDate", "projection": "CmmCalcProjAmtMethod"},
)
LINES = Resource(
    "cm-rest-api/rest/1/cmdetail",
    Line,
    ("main_job", "number", "job", "cost_code", "cost_type", "id"),
    created=(*_LINE_KEY, "amount", "quantity", "unit"),
    deleted=True,
    lengths={"number": NUMBER_LENGTH, "job": 10, "cost_code": 16, "cost_type": 16},
    only_written={"quantity": "CmdBudgUnits", "unit": "CmdWmCode"},
)
POSTING = "postcm"  # the accountant's act; named to people, never asked for
UNPOSTED_LINES = Resource("cm-rest-api/rest/1/cmdetailunposted", Line, LINES.order)
COSTS = Resource("jc-rest-api/rest/1/jcdetailposted", Cost, ("job", "cost_code", "cost_type", "id"))

NEEDED_TO_READ: tuple[Resource[Any], ...] = (COMPANIES, JOBS, COST_CODES, COST_TYPES, UNITS, JOB_COST_CODES)
NEEDED_TO_WRITE: tuple[Resource[Any], ...] = (
    JOBS,
    BUDGET_CODES,
    CHANGE_TYPES,
    CHANGE_STATUSES,
    HEADERS,
    LINES,
    UNPOSTED_LINES,
)
GOOD_TO_HAVE: tuple[Resource[Any], ...] = (COSTS,)  # without it only what it tells is missing


def mark(*, number: str, content_hash: str) -> str:
    """This function will return the text at the end of a header's name that says it is this very document."""
    return f"[{number} {content_hash[:8]}]"


def header_name(*, title: str, number: str, content_hash: str) -> str:
    """This function will return a header's name: the title, shortened to fit in bytes too, and the mark."""
    end = mark(number=number, content_hash=content_hash)
    room = NAME_LENGTH - len(end) - 1
    return f"{' '.join(title.split()).encode()[:room].decode(errors='ignore')} {end}".lstrip()
