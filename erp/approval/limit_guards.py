"""What the database itself asks of whoever lets an amount go: a right, its limit, a delegation that holds."""

from __future__ import annotations

import pgtrigger

from projects.models import Direction, ErpLevel
from workflow import guards

LENT_NOW = "nobody acts for another without a delegation that holds now"
LENT_LIMIT = "nobody acts for another beyond what was lent"
NO_RIGHT = "nobody lets an amount go who may not push to accounting"
OWN_LIMIT = "an amount is let go within the limit of whoever has the right, or lent it"


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


def letting_go(
    *,
    taker: str,
    lender: str,
    company: str,
    at: str,
    lent: str,
    own: str,
    where: str = "TRUE",
    last: str = "TRUE",
) -> list[tuple[str, str, str]]:
    """This function will list what is refused to whoever lets an amount go: (name, SQL on NEW, because).

    `lent` is the amount held against the delegation, `own` the one held against the limit of whoever's right it is.
    A right is asked for `where` something is let go, and its limit at the `last` step to that.
    """
    of = {"lender": lender, "taker": taker, "company": company, "at": at}
    acting = f"COALESCE({lender}, {taker})"
    return [
        ("lent", f"{lender} IS NOT NULL AND NOT {lends(**of)}", LENT_NOW),
        ("lent_limit", f"{lender} IS NOT NULL AND NOT {lends(**of, amount=lent)}", LENT_LIMIT),
        ("no_right", f"{where} AND NOT {may_let_go(person=taker, company=company, amount='0')}", NO_RIGHT),
        (
            "own_limit",
            f"{where} AND {last} AND NOT {may_let_go(person=acting, company=company, amount=own)}",
            OWN_LIMIT,
        ),
    ]


def when_inserted(refused: list[tuple[str, str, str]]) -> list[pgtrigger.Trigger]:
    """This function will make the triggers of a row that lets an amount go as it is written."""
    return [
        guards.refuse(name, operation=pgtrigger.Insert, when=when, because=because)
        for name, when, because in refused
    ]
