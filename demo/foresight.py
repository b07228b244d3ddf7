"""The views that the demo company shares, and what its project managers expect their work still to cost."""

from __future__ import annotations

from datetime import datetime

from budgets.forecasts import services as forecast_services
from budgets.saved_views import services as view_services
from budgets.saved_views.calculated import Formula
from budgets.saved_views.services import ViewValues
from demo.catalog import ANNEX
from demo.office import Key, Office

CURTAIN_WALL: Key = ("08-44-00", "S")
NOTE = "Two storefront bays are left at the unit price of change order 7, and the water test."
VIEWS = (
    ViewValues(
        "Forecast",
        ("description", "type", "revised", "cost", "spent", "forecast", "at_completion", "over_under"),
        (Formula("spent", "Spent", "cost / revised", "percent"),),
    ),
    ViewValues(
        "Against CMiC",
        ("description", "type", "revised", "sent", "in_erp", "difference", "not_there"),
        (Formula("not_there", "Not in CMiC yet", "max(revised - in_erp, 0)"),),
    ),
)


def look_ahead(office: Office, *, now: datetime) -> None:
    """This function will let Jonas share the company's two views, and Tom set one forecast by hand."""
    company, jonas = office.connection.company, office.people["jonas"]
    for values in VIEWS:
        view = view_services.create(company, values, user=jonas, now=now)
        view_services.share(view, user=jonas, now=now)
    line = office.line(office.budget_of(ANNEX), CURTAIN_WALL)
    tom = office.people["tom"]
    forecast_services.set_forecast(line, user=tom, now=now, version=0, amount="612500.00", note=NOTE)
