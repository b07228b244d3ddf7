"""The budget codes a job has in CMiC, and making those it lacks: creating one is the assignment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cmic_adapter import wire
from cmic_adapter.client import Client
from cmic_adapter.document import Wanted
from cmic_adapter.findings import line_refused
from cmic_adapter.meanings import Rejected
from cmic_adapter.setup import Setup
from cmic_adapter.steps import Step
from cmic_adapter.wire import BudgetCode
from erp.port import ErpKey, ErpRefused, Finding, Journal

MOST = 50  # cost codes a request: the query travels in the address


def budget_codes(*, client: Client, company: str, keys: Iterable[ErpKey]) -> dict[ErpKey, BudgetCode]:
    """This function will return the budget codes that CMiC has; keys it lacks are left out."""
    wanted = set(keys)
    rows = client.rows_in(
        wire.BUDGET_CODES,
        field="cost_code",
        values={key.cost_code for key in wanted},
        most=MOST,
        company=company,
        job=sorted({key.job for key in wanted}),
    )
    return {row.key: row for row in rows if row.company == company and row.key in wanted}


def ensure_allowed(*, setup: Setup, missing: Iterable[Wanted]) -> None:
    """This function will raise ErpRefused, a finding a line, when we may not assign what is missing."""
    missing = list(missing)
    if missing and not setup.options.assign_missing:
        raise ErpRefused([_not_assigned(wanted) for wanted in missing])


def assign(
    *, client: Client, setup: Setup, journal: Journal, missing: Iterable[Wanted]
) -> tuple[dict[ErpKey, BudgetCode], dict[ErpKey, Finding]]:
    """This function will create budget codes, and return those created and a finding for each one refused.

    One that exists by now counts as created without a row.
    """
    created: dict[ErpKey, BudgetCode] = {}
    refused: dict[ErpKey, Finding] = {}
    for wanted in missing:
        step = Step.ASSIGN.of(wanted.label)
        body = _body(setup=setup, key=wanted.key)
        try:
            row = client.write(
                wire.BUDGET_CODES,
                journal=journal,
                step=step,
                method="POST",
                body=body,
                ours=lambda row, key=wanted.key: (row.company, row.key) == (setup.company.code, key),  # type: ignore[misc]
            )
        except Rejected as error:
            if not error.duplicate_key:
                refused[wanted.key] = line_refused(error, wanted=wanted)
            continue
        if row is not None:
            created[wanted.key] = row
    return created, refused


def _body(*, setup: Setup, key: ErpKey) -> dict[str, object]:
    flags: Mapping[str, str] = {**wire.JCAT_FLAGS, **setup.options.jcat_flags}
    return wire.BUDGET_CODES.body(
        company=setup.company.code, job=key.job, cost_code=key.cost_code, cost_type=key.cost_type, **flags
    )


def _not_assigned(wanted: Wanted) -> Finding:
    said = f"{wanted.label} is not assigned to its job in CMiC; assign it there or let us assign."
    return Finding(code="not_assigned", message=said, refs=wanted.refs, field="cost_code")
