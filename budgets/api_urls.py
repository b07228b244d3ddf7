"""Addresses of this app. Those of one budget carry the project's id."""

from django.urls import path

from budgets import api
from budgets.forecasts import api as forecast_api
from budgets.history import api as api_history
from budgets.importing import api as import_api
from budgets.modifications import api as modification_api
from budgets.requests import api as api_requests
from budgets.saved_views import api as view_api

BUDGET = "budgets/<int:project_id>/"
MODIFICATIONS = f"{BUDGET}modifications/"
ONE = f"{MODIFICATIONS}<int:pk>"

urlpatterns = [
    path("projects/", api.Projects.as_view(), name="api-projects"),
    path("projects/<int:pk>/", api.OneProject.as_view(), name="api-project"),
    path(BUDGET, api.OneBudget.as_view(), name="api-budget"),
    path(f"{BUDGET}lock/", api.Lock.as_view(), name="api-lock"),
    path(f"{BUDGET}unlock/", api.Unlock.as_view(), name="api-unlock"),
    path(f"{BUDGET}history/", api_history.History.as_view(), name="api-history"),
    path(f"{BUDGET}import/", import_api.ImportFile.as_view(), name="api-import"),
    path(f"{BUDGET}export/", import_api.ExportJson.as_view(), name="api-export"),
    path(f"{BUDGET}export/xlsx/", import_api.ExportXlsx.as_view(), name="api-export-xlsx"),
    path(f"{BUDGET}export/csv/", import_api.ExportCsv.as_view(), name="api-export-csv"),
    path(f"{BUDGET}requests/", api_requests.Requests.as_view(), name="api-requests"),
    path(f"{BUDGET}requests/unlock/", api_requests.AskUnlock.as_view(), name="api-ask-unlock"),
    path(
        f"{BUDGET}requests/unlock/decline/", api_requests.DeclineUnlock.as_view(), name="api-decline-unlock"
    ),
    path(
        f"{BUDGET}requests/unlock/withdraw/",
        api_requests.WithdrawUnlock.as_view(),
        name="api-withdraw-unlock-request",
    ),
    path(f"{BUDGET}requests/return/", api_requests.AskReturn.as_view(), name="api-ask-return"),
    path(
        f"{BUDGET}requests/return/withdraw/",
        api_requests.WithdrawReturn.as_view(),
        name="api-withdraw-return-request",
    ),
    path(f"{BUDGET}lines/", api.Lines.as_view(), name="api-lines"),
    path(f"{BUDGET}lines/<int:pk>/", api.OneLine.as_view(), name="api-line"),
    path(f"{MODIFICATIONS}", modification_api.Modifications.as_view(), name="api-modifications"),
    path(f"{MODIFICATIONS}many/", modification_api.WriteMany.as_view(), name="api-modifications-many"),
    path(
        f"{MODIFICATIONS}many/make-effective/",
        modification_api.MakeManyEffective.as_view(),
        name="api-modifications-effective",
    ),
    path(f"{ONE}/", modification_api.OneModification.as_view(), name="api-modification"),
    path(f"{ONE}/make-effective/", modification_api.MakeEffective.as_view(), name="api-make-effective"),
    path(f"{ONE}/void/", modification_api.Void.as_view(), name="api-void"),
    path(f"{ONE}/reverse/", modification_api.Reverse.as_view(), name="api-reverse"),
    path(f"{ONE}/attachments/", modification_api.Attachments.as_view(), name="api-attachments"),
    path(
        f"{ONE}/attachments/<int:attachment>/",
        modification_api.OneAttachment.as_view(),
        name="api-attachment",
    ),
]

urlpatterns += [
    path(f"{BUDGET}forecasts/", forecast_api.Forecasts.as_view(), name="api-forecasts"),
    path(f"{BUDGET}lines/<int:pk>/forecast/", forecast_api.OneForecast.as_view(), name="api-forecast"),
    path(f"{BUDGET}views/", view_api.Views.as_view(), name="api-views"),
    path(f"{BUDGET}views/default/", view_api.MyDefault.as_view(), name="api-view-default"),
    path(f"{BUDGET}views/<int:pk>/", view_api.OneView.as_view(), name="api-view"),
    path(f"{BUDGET}views/<int:pk>/table/", view_api.ViewTable.as_view(), name="api-view-table"),
    path(f"{BUDGET}views/<int:pk>/share/", view_api.ShareView.as_view(), name="api-view-share"),
]
