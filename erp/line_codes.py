"""Where a budget's lines stand in the ERP's own codes: by the links of their job, cost code and cost type."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TypeVar

from django.db.models import Model, Prefetch, QuerySet

from budgets import large_reads
from budgets.models import Budget, BudgetLine
from erp.models import BatchLine
from erp.port import ErpKey
from projects.models import CostCode, CostType, Job

Row = TypeVar("Row", bound=Model)


def keys_of(lines: Iterable[BudgetLine]) -> list[tuple[int, ErpKey]]:
    """This function will find the ERP's codes of lines that are linked, as (line id, key)."""
    return [(line.pk, key) for line in lines if (key := erp_key(line))]


def erp_key(line: BudgetLine) -> ErpKey | None:
    """This function will find a line's budget code in the ERP; None while job, code or type is not linked."""
    job = getattr(line.job, "erp_link", None)
    code = getattr(line.cost_code, "erp_link", None) if line.cost_code else None
    cost_type = getattr(line.cost_type, "erp_link", None) if line.cost_type else None
    if not (job and code and cost_type):
        return None
    return ErpKey(job.erp_job.code, code.erp_cost_code.code, cost_type.erp_cost_type.code)


def key_of(row: BatchLine) -> ErpKey | None:
    """This function will find a sent line's budget code in the ERP: as Accept fixed it, before that as it is mapped."""
    if row.erp_cost_code:
        return ErpKey(row.erp_job, row.erp_cost_code, row.erp_cost_type)
    return row.mapped


def codes_on(budget: Budget) -> dict[str, dict[str, str]]:
    """This function will find the ERP's codes of the cost codes and types on a budget's lines, by kind and our id."""
    found = {}
    for kind in ("cost_code", "cost_type"):
        mapped = budget.lines.exclude(**{f"{kind}__erp_link": None}).order_by(f"{kind}_id")
        pairs = mapped.values_list(f"{kind}_id", f"{kind}__erp_link__erp_{kind}__code").distinct()
        found[kind] = {str(ours): theirs for ours, theirs in pairs}
    return found


ERP_CODES = (
    "job__erp_link__erp_job__code",
    "cost_code__erp_link__erp_cost_code__code",
    "cost_type__erp_link__erp_cost_type__code",
)
IN_ORDER = ("job__code", "cost_code__code", "cost_type__position", "pk")


def with_codes(rows: QuerySet[Row], line: str = "") -> QuerySet[Row]:
    """This function will read rows with the ERP's codes of their lines, each job, code and type once for all rows.

    10,000 lines share a few hundred of these; joined to every line they would be 140,000 objects. `line` is the path
    from a row to its budget line, with "__" at its end.
    """
    linked = {
        "job": Job.objects.select_related("erp_link__erp_job"),
        "cost_code": CostCode.objects.select_related("erp_link__erp_cost_code"),
        "cost_type": CostType.objects.select_related("erp_link__erp_cost_type"),
    }
    return rows.prefetch_related(
        *(Prefetch(f"{line}{name}", queryset=each) for name, each in linked.items()), f"{line}unit"
    )


def linked_lines(budget: Budget) -> list[BudgetLine]:
    """This function will read a budget's lines with the ERP's codes, in the snapshot's order."""
    return list(with_codes(budget.lines.order_by(*IN_ORDER)))


def amounts_and_keys(budget: Budget) -> tuple[list[tuple[int, Decimal]], list[tuple[int, ErpKey]]]:
    """This function will read the originals of a budget's lines, and the keys of those that are linked."""
    with large_reads.cursor():
        rows = list(budget.lines.order_by(*IN_ORDER).values_list("pk", "amount", *ERP_CODES))
    keys = [(pk, ErpKey(*codes)) for pk, _, *codes in rows if None not in codes]
    return [(pk, amount) for pk, amount, *_ in rows], keys
