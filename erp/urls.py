"""What the ERP Integrations tool adds to the budget's pages (config/urls.py puts both into one namespace)."""

from django.urls import path, re_path

from budgets.urls import ACT_ON_BUDGET, BUDGET
from erp import views
from erp.compare import views as compare_views
from erp.evidence import views as evidence_views
from erp.reconciliation import balance_views
from erp.takeover import views as import_views
from erp.timeline import views as timeline_views

urlpatterns = [
    path(f"{BUDGET}send/", views.preview, name="preview"),
    re_path(ACT_ON_BUDGET.format("send|retrieve"), views.act, name="act"),
    path(f"{BUDGET}batches/", views.batches, name="batches"),
    path(f"{BUDGET}batches/compare/", compare_views.page, name="compare"),
    path(f"{BUDGET}batches/compare/reading/", compare_views.reading, name="compare_reading"),
    path(f"{BUDGET}batches/compare/read-again/", compare_views.read_again, name="read_erp"),
    path(f"{BUDGET}reconciliation/", balance_views.page, name="reconciliation"),
    path(f"{BUDGET}reconciliation/read/", balance_views.read, name="reconciliation_read"),
    path(f"{BUDGET}reconciliation/asked/", balance_views.asked, name="reconciliation_asked"),
    path(f"{BUDGET}batches/<int:number>/", views.batch, name="batch"),
    path(f"{BUDGET}batches/<int:number>/progress/", views.progress, name="progress"),
    path(f"{BUDGET}batches/<int:number>/asked/", views.last_asked, name="last_asked"),
    path(f"{BUDGET}batches/<int:number>/timeline/", timeline_views.batch_timeline, name="batch_timeline"),
    path(f"{BUDGET}batches/<int:number>/calls/<int:call>/", timeline_views.batch_call, name="batch_call"),
    path(
        f"{BUDGET}batches/<int:number>/evidence.<slug:kind>",
        evidence_views.batch_evidence,
        name="batch_evidence",
    ),
    path(f"{BUDGET}import-from-erp/", import_views.page, name="import_from_erp"),
    path(f"{BUDGET}import-from-erp/read/", import_views.read, name="import_from_erp_read"),
    path(f"{BUDGET}import-from-erp/asked/", import_views.asked, name="import_from_erp_asked"),
    path(f"{BUDGET}remarks/<int:pk>/answer/", views.answer_remark, name="answer_remark"),
]
