"""What the database itself asks of whoever acts for another: a delegation that holds, its limit, the lender's own."""

from __future__ import annotations

import pgtrigger

from projects.models import Direction, ErpLevel
from workflow import guards

LENT_NOW = "nobody acts for another without a delegation that holds now"
LENT_LIMIT = "nobody acts for another beyond what was lent"
OWN_LIMIT = "what was lent reaches no further than the right and the limit of whoever lent it"


def lends(*, lender: str, taker: str, company: str, at: str, amount: str = "0") -> str:
    """This function will say in SQL that a delegation holds at a moment, for an amount."""
    return (
        f"EXISTS (SELECT 1 FROM erp_delegation d WHERE d.from_user_id = {lender} AND d.to_user_id = {taker}"  # noqa: S608
        f" AND d.company_id = {company} AND d.revoked_at IS NULL AND {at} >= d.starts_at"
        f" AND {at} < d.ends_at AND {amount} <= d.limit)"
    )


def may_let_go(*, person: str, company: str, amount: str) -> str:
    """This function will say in SQL that a person's own right, and their own limit, let an amount go to the ERP."""
    return (
        f"EXISTS (SELECT 1 FROM projects_membership m WHERE m.user_id = {person} AND m.company_id = {company}"  # noqa: S608
        f" AND m.can_push AND m.erp_level >= {ErpLevel.STANDARD:d} AND m.direction <> '{Direction.BACK:s}'"
        f" AND (m.approval_limit IS NULL OR {amount} <= m.approval_limit))"
    )


def acting_for(*, taker: str, company: str, at: str, lent: str, own: str) -> list[pgtrigger.Trigger]:
    """This function will make the triggers of a row that is inserted on behalf of somebody, within what was lent.

    `lent` is the amount held against the delegation, `own` the one held against the lender's own limit.
    """
    lender = "NEW.on_behalf_of_id"
    of = {"lender": lender, "taker": taker, "company": company, "at": at}
    within = may_let_go(person=lender, company=company, amount=own)
    return [
        guards.refuse(
            name,
            operation=pgtrigger.Insert,
            when=f"{lender} IS NOT NULL AND NOT {condition}",
            because=because,
        )
        for name, condition, because in (
            ("lent", lends(**of), LENT_NOW),
            ("lent_limit", lends(**of, amount=lent), LENT_LIMIT),
            ("own_limit", within, OWN_LIMIT),
        )
    ]
