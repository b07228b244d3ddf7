"""The sections and keys of the seed format, and which attribute each key fills (see README.md)."""

from decimal import Decimal

Field = tuple[str, str, object]
REQUIRED = object()
# section -> (resource, fields); a field is (friendly key, attribute, default).
SECTIONS: dict[str, tuple[str, tuple[Field, ...]]] = {
    "companies": (
        "glcompany",
        (("code", "CompCode", REQUIRED), ("name", "CompName", "=code"), ("currency", "CompCurrCode", "USD")),
    ),
    "units": ("weightmeasure", (("code", "WmCode", REQUIRED), ("name", "WmName", "=code"))),
    "types": (
        "cmtype",
        (
            ("company", "CmtCompCode", REQUIRED),
            ("code", "CmtTypeCode", REQUIRED),
            ("name", "CmtName", "=code"),
            ("class", "CmtClassCode", REQUIRED),
            ("mask", "CmtChgOrdNumberMask", None),
            ("override", "CmtPciMaskOverrideFlag", True),
        ),
    ),
    "statuses": (
        "cmstatus",
        (
            ("company", "CmsCompCode", REQUIRED),
            ("code", "CmsStatusCode", REQUIRED),
            ("name", "CmsName", "=code"),
            ("pending_type", "CmsPendingType", REQUIRED),
        ),
    ),
    "jobs": (
        "jcjob",
        (
            ("company", "JobCompCode", REQUIRED),
            ("code", "JobCode", REQUIRED),
            ("name", "JobName", "=code"),
            ("control", "JobCtrlCode", "ALL"),
            ("status", "JobStatusCode", "I"),
            ("currency", "JobCurrCode", "USD"),
            ("allow_pci", "JobAllowPciFlag", True),
            ("department", "JobDefaultDeptCode", None),
        ),
    ),
    "phases": (
        "jcmastercostcodes",
        (
            ("company", "PhsCompCode", REQUIRED),
            ("code", "PhsCode", REQUIRED),
            ("control", "PhsCtrlCode", "ALL"),
            ("name", "PhsName", "=code"),
            ("active", "PhsActiveFlag", True),
        ),
    ),
    "categories": (
        "jcmastercategories",
        (
            ("company", "CatCompCode", REQUIRED),
            ("code", "CatCode", REQUIRED),
            ("name", "CatName", "=code"),
            ("active", "CatActiveFlag", True),
        ),
    ),
    "job_phases": (
        "jcjobcostcodes",
        (
            ("company", "GjjpCompCode", REQUIRED),
            ("job", "GjjpJobCode", REQUIRED),
            ("phase", "GjjpCode", REQUIRED),
            ("control", "GjjpCtrlCode", None),
            ("name", "GjjpName", None),
            ("active", "GjjpActiveFlag", True),
        ),
    ),
    "budget": (
        "jcjobcategory",
        (
            ("company", "JcatCompCode", REQUIRED),
            ("job", "JcatJobCode", REQUIRED),
            ("phase", "JcatPhsCode", REQUIRED),
            ("category", "JcatCode", REQUIRED),
            ("original", "JcatOrigBudgAmt", Decimal(0)),
            ("units", "JcatBudgUnits", None),
            ("unit", "JcatWmCode", None),
            ("active", "JcatCatActiveFlag", True),
            ("phase_active", "JcatPhaseActiveFlag", True),
            ("cost_to_complete_override", "JcatCostToComplOvrdFlg", False),
            ("exclude_cost_budget_wip", "JcatExclCostBudgWip", False),
            ("exclude_cost_wip", "JcatExclCostWip", False),
            ("labour_forecast", "JcatLabourForecastFlag", False),
        ),
    ),
    "pcis": (
        "cmmast",
        (
            ("company", "CmmCompCode", REQUIRED),
            ("job", "CmmJobCode", REQUIRED),
            ("code", "CmmCode", REQUIRED),
            ("type", "CmmTypeCode", REQUIRED),
            ("name", "CmmName", "=code"),
            ("status", "CmmPrepostStatCode", REQUIRED),
            ("ref_date", "CmmRefDate", "=today"),
            ("method", "CmmCalcProjAmtMethod", "A"),
            ("source", "CmmSourceText", None),
            ("posted", "CmmPostDate", None),
            ("batch", "CmmPostBatchNum", None),
            ("uuid", "CmmVUuid", None),
        ),
    ),
    "costs": (
        "jcdetailposted",
        (
            ("company", "JcdtCompCode", REQUIRED),
            ("job", "JcdtJobCode", REQUIRED),
            ("phase", "JcdtPhsCode", REQUIRED),
            ("category", "JcdtCatCode", REQUIRED),
            ("type", "JcdtTypeCode", None),
            ("amount", "JcdtAmt", REQUIRED),
            ("date", "JcdtPostDate", "=today"),
        ),
    ),
}
LINE_FIELDS: tuple[Field, ...] = (
    ("job", "CmdJobCode", REQUIRED),
    ("phase", "CmdPhsCode", REQUIRED),
    ("category", "CmdCatCode", REQUIRED),
    ("amount", "CmdBudgAmt", REQUIRED),
    ("units", "CmdBudgUnits", None),
    ("unit", "CmdWmCode", None),
    ("bill_amount", "CmdBillAmt", None),
    ("status", "CmdStatusCode", None),
    ("uuid", "CmdVUuid", None),
)
DEFAULT_TYPES = (
    ("COO", "Original budget", "O"),
    ("COI", "Internal change", "I"),
    ("COT", "Transfer", "T"),
    ("COE", "External change", "E"),
)
DEFAULT_STATUSES = (
    ("PPEND", "Pre-pending", "P"),
    ("PEND", "Pending", "N"),
    ("APPR", "Approved", "A"),
    ("REJ", "Rejected", "R"),
)
