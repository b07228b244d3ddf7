"""Addresses of import, export and copying, among those of a budget's pages: budgets/urls.py."""

from django.urls import path, re_path

from budgets.files import export_views
from budgets.importing import copy_views
from budgets.importing import views as import_views

BUDGET = "projects/<int:project_id>/budget/"

urlpatterns = [
    path(f"{BUDGET}import/", import_views.begin, name="import"),
    path(f"{BUDGET}import/<uuid:pk>/", import_views.look, name="import_look"),
    path(f"{BUDGET}import/<uuid:pk>/progress/", import_views.progress, name="import_progress"),
    path(f"{BUDGET}import/<uuid:pk>/columns/", import_views.columns, name="import_columns"),
    path(f"{BUDGET}import/<uuid:pk>/decimals/", import_views.decimals, name="import_decimals"),
    path(f"{BUDGET}import/<uuid:pk>/fix/", import_views.fix, name="import_fix"),
    path(f"{BUDGET}import/<uuid:pk>/again/", import_views.again, name="import_again"),
    path(f"{BUDGET}import/<uuid:pk>/load/", import_views.load, name="import_load"),
    path(f"{BUDGET}import/<uuid:pk>/discard/", import_views.discard, name="import_discard"),
    path(f"{BUDGET}import/<uuid:pk>/repair/", import_views.repair, name="import_repair"),
    path(f"{BUDGET}copy/", copy_views.copy, name="copy"),
    re_path(
        r"^projects/(?P<project_id>[0-9]{1,18})/budget/export/(?P<kind>xlsx|csv)/$",
        export_views.export,
        name="export",
    ),
]
