"""Addresses of the budget's pages. ERP Integrations adds its own to the same namespace: config/urls.py."""

from django.urls import path, re_path

from budgets import line_set_views, line_views, my_projects, pulse_views, views
from budgets.forecasts import views as forecast_pages
from budgets.grid import cell_views
from budgets.grid import chart_views as chart_pages
from budgets.grid import views as grid_views
from budgets.history import views as history_views
from budgets.importing import urls as import_urls
from budgets.modifications import attachment_views
from budgets.modifications import file_views as modification_file_views
from budgets.modifications import list_views as modification_list
from budgets.modifications import views as modification_views
from budgets.requests import views as request_views
from budgets.saved_views import views as view_pages

project_urls = [path("", my_projects.mine, name="mine")]

BUDGET = "projects/<int:project_id>/budget/"
ONE = f"{BUDGET}modifications/<int:pk>"
ACT_ON_BUDGET = r"^projects/(?P<project_id>[0-9]{{1,18}})/budget/do/(?P<action>{})/$"

urlpatterns = [
    path(BUDGET, views.page, name="page"),
    path(f"{BUDGET}rows/", grid_views.division, name="rows"),
    path(f"{BUDGET}row/", grid_views.row, name="row"),
    path(f"{BUDGET}pulse/", pulse_views.ask, name="pulse"),
    path(f"{BUDGET}print/", grid_views.paper, name="print"),
    path(f"{BUDGET}density/", grid_views.density, name="density"),
    re_path(ACT_ON_BUDGET.format("|".join(views.DEEDS)), views.act, name="act"),
    re_path(
        r"^projects/(?P<project_id>[0-9]{1,18})/budget/ask/(?P<action>ask_unlock|ask_return)/$",
        request_views.ask,
        name="ask",
    ),
    re_path(
        r"^projects/(?P<project_id>[0-9]{1,18})/budget/ask/(?P<kind>unlock|return)/withdraw/$",
        request_views.withdraw,
        name="withdraw_request",
    ),
    path(f"{BUDGET}ask/unlock/decline/", request_views.decline, name="decline_unlock"),
    path(f"{BUDGET}pieces/", cell_views.pieces, name="pieces"),
    path(f"{BUDGET}lines/choices/", cell_views.choose, name="choose"),
    path(f"{BUDGET}history/", history_views.page, name="history"),
    path(f"{BUDGET}lines/add/", line_views.add, name="line_add"),
    path(f"{BUDGET}lines/add/here/", line_set_views.add_here, name="add_here"),
    path(f"{BUDGET}lines/delete/", line_set_views.delete_many, name="delete_many"),
    path(f"{BUDGET}lines/restore/", line_set_views.restore, name="restore"),
    path(f"{BUDGET}lines/<int:pk>/cell/", cell_views.cell, name="cell"),
    path(f"{BUDGET}lines/<int:pk>/", line_views.edit, name="line_edit"),
    path(f"{BUDGET}lines/<int:pk>/about/", line_views.about, name="line_about"),
    path(f"{BUDGET}lines/<int:pk>/delete/", line_views.delete, name="line_delete"),
    *import_urls.urlpatterns,
    path(f"{BUDGET}modifications/", modification_list.index, name="modifications"),
    path(
        f"{BUDGET}modifications/effective/", modification_list.make_effective, name="modifications_effective"
    ),
    path(f"{BUDGET}modifications/print/", modification_list.printed, name="modifications_print"),
    path(f"{BUDGET}modifications/export/", modification_list.export, name="modifications_export"),
    path(f"{BUDGET}modifications/file/", modification_file_views.choose, name="modification_files"),
    path(
        f"{BUDGET}modifications/file/example/",
        modification_file_views.example,
        name="modification_file_example",
    ),
    path(
        f"{BUDGET}modifications/file/<uuid:file>/", modification_file_views.preview, name="modification_file"
    ),
    path(f"{ONE}/print/", modification_views.printed, name="modification_print"),
    path(f"{BUDGET}modifications/new/", modification_views.new, name="modification_new"),
    path(f"{BUDGET}modifications/<int:pk>/", modification_views.detail, name="modification"),
    path(f"{BUDGET}modifications/<int:pk>/edit/", modification_views.edit, name="modification_edit"),
    path(f"{ONE}/attachments/", attachment_views.add, name="attachment_add"),
    path(f"{ONE}/attachments/<int:attachment>/", attachment_views.download, name="attachment"),
    path(f"{ONE}/attachments/<int:attachment>/remove/", attachment_views.remove, name="attachment_remove"),
    re_path(
        rf"^projects/(?P<project_id>[0-9]{{1,18}})/budget/modifications/(?P<pk>[0-9]{{1,18}})/do/"
        rf"(?P<action>{'|'.join(modification_views.SERVICES)})/$",
        modification_views.act,
        name="modification_act",
    ),
]

urlpatterns += [
    path(f"{BUDGET}charts/", chart_pages.index, name="charts"),
    path(f"{BUDGET}forecast/", forecast_pages.index, name="forecast"),
    path(f"{BUDGET}forecast/<int:pk>/", forecast_pages.line, name="forecast_line"),
    path(f"{BUDGET}views/", view_pages.index, name="views"),
    path(f"{BUDGET}views/open/", view_pages.opened, name="view_open"),
    path(f"{BUDGET}views/export/", view_pages.export, name="view_export"),
    path(f"{BUDGET}views/new/", view_pages.new, name="view_new"),
    path(f"{BUDGET}views/default/", view_pages.default, name="view_default"),
    path(f"{BUDGET}views/<int:pk>/", view_pages.edit, name="view_edit"),
    path(f"{BUDGET}views/<int:pk>/share/", view_pages.share, name="view_share"),
    path(f"{BUDGET}views/<int:pk>/delete/", view_pages.delete, name="view_delete"),
]
