"""What the ERP Integrations tool shows on the Budget tool's pages; the templates put the two together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, Func, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Concat, JSONObject
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.utils import timezone

from budgets.grid.rows import ORDER
from budgets.models import Budget, BudgetLine
from erp import selectors, snapshots
from erp.decision import remarks
from erp.documents import ZERO
from erp.models import OPEN, Batch, BatchLine, DocumentState
from workflow.models import Event

register = template.Library()


@register.filter
def of(things: Mapping[Any, Any], key: Any) -> Any:
    """This function will look a key up; None where it is missing."""
    return things.get(key)


@register.simple_tag
def latest_batch(budget: Budget) -> Batch | None:
    """This function will find the last send of a budget."""
    return snapshots.latest_batch(budget)


@register.simple_tag
def batch_numbers(budget: Budget) -> dict[int, int]:
    """This function will find the numbers of a budget's batches, by id."""
    return dict(budget.batches.values_list("pk", "number"))


@register.simple_tag
def erp_totals(budget: Budget) -> Any:
    """This function will sum what was sent and is not posted, and what the ERP held when it was last read."""
    return selectors.erp_totals(budget)


@register.simple_tag
def on_no_line(budget: Budget, on_lines: Decimal | None) -> Decimal:
    """This function will find what the ERP holds of a job beside what it holds on its lines (`on_lines`)."""
    held = selectors.in_erp(budget)
    return ZERO if held is None else held - (on_lines or ZERO)


@register.simple_tag
def remarks_by_line(budget: Budget) -> dict[int, remarks.ShownRemark]:
    """This function will find the last rejection's remarks, by line id; none once it was sent again."""
    return remarks.by_line(remarks.on_budget(budget))


@register.simple_tag
def open_remarks(budget: Budget) -> list[int]:
    """This function will find the lines whose remark still wants a change or an answer, in the order of the grid."""
    wanting = {shown.remark.line_id for shown in remarks.on_budget(budget) if shown.wants_answer}
    if not wanting:
        return []
    return list(budget.lines.filter(pk__in=wanting).order_by(*ORDER).values_list("pk", flat=True))


@register.simple_tag
def remarks_tally(budget: Budget) -> remarks.Tally:
    """This function will count the last rejection's remarks, and those that still want an answer."""
    return remarks.tally(budget)


@register.simple_tag
def remarks_on(line: BudgetLine) -> list[remarks.ShownRemark]:
    """This function will find every remark on a line, the newest first."""
    return remarks.on_line(line)


@register.simple_tag
def in_erp(line: BudgetLine) -> selectors.LineInErp:
    """This function will find what the ERP held for a line's budget code when it was last read."""
    return selectors.line_in_erp(line)


# -- My projects ----------------------------------------------------------------------------------------


@register.simple_tag
def erp_totals_of(rows: Iterable[Any]) -> Mapping[int, Any]:
    """This function will sum what was sent and is not posted of many budgets at once, by budget id."""
    under_way = BatchLine.objects.filter(
        item__batch__budget__in=[row.budget.pk for row in rows], item__batch__state__in=OPEN
    ).exclude(item__document__state=DocumentState.POSTED)
    return dict(under_way.values_list("item__batch__budget").annotate(total=Sum("delta")).order_by())


@register.simple_tag
def last_events(rows: Iterable[Any]) -> dict[int, dict[str, Any]]:
    """This function will find each budget's last event in one query: actor and sentence, by budget id."""
    keys = [row.budget.pk for row in rows]
    about = _label(OuterRef("pk"))
    newest: QuerySet[Event, Any] = Event.objects.filter(about__contains=about).order_by("-seq")
    said = newest.values(said=JSONObject(actor="actor", sentence="sentence"))[:1]
    budgets = Budget.objects.filter(pk__in=keys).annotate(last_event=Subquery(said))
    return {pk: event for pk, event in budgets.values_list("pk", "last_event") if event}


def _label(pk: Any) -> Any:
    name = Concat(Value(f"{Budget._meta.label_lower}:"), Cast(pk, CharField()), output_field=CharField())
    return Func(
        name, template="ARRAY[%(expressions)s]::varchar[]", output_field=ArrayField(CharField(max_length=60))
    )


@register.tag
def company_zone(parser: Parser, token: Token) -> template.Node:
    """This tag will write the times inside it in the time zone of a budget's company."""
    expression = parser.compile_filter(token.split_contents()[1])
    inside = parser.parse(("endcompany_zone",))
    parser.delete_first_token()
    return _CompanyZone(expression, inside)


class _CompanyZone(template.Node):
    def __init__(self, budget: FilterExpression, inside: NodeList) -> None:
        self.budget, self.nodelist = budget, inside

    def render(self, context: template.Context) -> str:
        """Render what is inside in that zone."""
        with timezone.override(self.budget.resolve(context).project.company.time_zone):
            return str(self.nodelist.render(context))
