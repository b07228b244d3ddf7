"""The names of CMiC that no documentation at hand confirms: a tenant's `/describe` has to.

Like wire.py this file holds CMiC's names. Each is used as wire.py says; here stands only which of them are a guess,
so that a look at a tenant can say so.
"""

from __future__ import annotations

from cmic_adapter import wire

NAMES: dict[str, frozenset[str]] = {
    wire.COMPANIES.label: frozenset({"CompCurrCode"}),
    wire.JOBS.label: frozenset({"JobCompCode", "JobCtrlCode", "JobStatusCode", "JobAllowPciFlag"}),
    wire.COST_CODES.label: frozenset({"PhsCompCode", "PhsCode", "PhsCtrlCode", "PhsName", "PhsActiveFlag"}),
    wire.COST_TYPES.label: frozenset({"CatCompCode", "CatCode", "CatName", "CatActiveFlag"}),
    wire.UNITS.label: frozenset({"WmCode", "WmName"}),
    wire.JOB_COST_CODES.label: frozenset({"GjjpJobCode"}),
    wire.BUDGET_CODES.label: frozenset({"JcatOrigBudgAmt", "JcatCurrBudgAmt", "JcatWmCode", "JcatBudgUnits"}),
    wire.CHANGE_STATUSES.label: frozenset({"CmsCompCode", "CmsStatusCode", "CmsPendingType"}),
    wire.LINES.label: frozenset({"CmdBudgAmt", "CmdBudgUnits", "CmdWmCode"}),
    wire.UNPOSTED_LINES.label: frozenset({"CmdBudgAmt"}),
    wire.COSTS.label: frozenset(
        {"JcdtCompCode", "JcdtJobCode", "JcdtPhsCode", "JcdtCatCode", "JcdtAmt", "JcdtPostDate"}
    ),
}
# What only a person with the tenant before them can confirm, and how it shows. The words of docs/cmic-first-day.md.
MEANINGS = (
    "Class Original raises the original budget of a started job: post one on the test job and look at it in CMiC.",
    "An amount on a line of a change item is a signed change, not a new total: post +1.00 on the test job.",
    "A quantity on a line does not change its amount: send one with a quantity on the test job.",
    "Creating a budget code ignores its amount and a change of it sets it: the first original on a pending job shows.",
    "The postings of a job's costs add up to its costs to date: compare one cost code with CMiC's own report.",
    "Start Job freezes the original budget: start the test job and try to change an amount in CMiC.",
)
