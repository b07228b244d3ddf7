"""Addresses of this app: batches, and what sends a budget or pulls it back."""

from django.urls import path

from budgets.api_urls import BUDGET
from erp import api
from erp.compare import api as api_compare
from erp.mapping import api as api_mapping
from erp.reconciliation import api as api_reconciliation
from erp.takeover import api as api_import
from erp.timeline import api as api_timeline

BATCH = "batches/<int:pk>/"

MAPPING = "companies/<int:company_id>/mapping/"

urlpatterns = [
    path(MAPPING, api_mapping.Mapping.as_view(), name="api-mapping"),
    path(f"{MAPPING}<slug:kind>/", api_mapping.MappedCodes.as_view(), name="api-mapped-codes"),
    path(f"{MAPPING}<slug:kind>/<path:code>/", api_mapping.MappedCode.as_view(), name="api-mapped-code"),
    path(f"{BUDGET}send/", api.Send.as_view(), name="api-send"),
    path(f"{BUDGET}retrieve/", api.Retrieve.as_view(), name="api-retrieve"),
    path(f"{BUDGET}import-from-erp/", api_import.ErpImport.as_view(), name="api-import-from-erp"),
    path(
        f"{BUDGET}import-from-erp/reading/",
        api_import.ErpImportReading.as_view(),
        name="api-import-from-erp-reading",
    ),
    path(f"{BUDGET}remarks/<int:pk>/answer/", api.AnswerRemark.as_view(), name="api-answer-remark"),
    path(f"{BUDGET}reconciliation/", api_reconciliation.Reconciliation.as_view(), name="api-reconciliation"),
    path(
        "companies/<int:company_id>/reconciliation/",
        api_reconciliation.CompanyReconciliation.as_view(),
        name="api-company-reconciliation",
    ),
    path(f"{BUDGET}compare/", api_compare.Compare.as_view(), name="api-compare"),
    path(f"{BUDGET}read-erp/", api_compare.ReadErp.as_view(), name="api-read-erp"),
    path("batches/", api.Batches.as_view(), name="api-batches"),
    path(BATCH, api.OneBatch.as_view(), name="api-batch"),
    path(f"{BATCH}timeline/", api_timeline.BatchTimeline.as_view(), name="api-timeline"),
    path(f"{BATCH}evidence/", api_timeline.BatchEvidence.as_view(), name="api-evidence"),
    path(f"{BATCH}reading/", api.OneReading.as_view(), name="api-reading"),
    path(f"{BATCH}read-again/", api.ReadAgain.as_view(), name="api-read-again"),
    path(f"{BATCH}accept/", api.Accept.as_view(), name="api-accept"),
    path(f"{BATCH}name-for-step/", api.NameForStep.as_view(), name="api-name-for-step"),
    path(f"{BATCH}reject/", api.Reject.as_view(), name="api-reject"),
    path(f"{BATCH}retry/", api.Retry.as_view(), name="api-retry"),
    path(f"{BATCH}return-to-pm/", api.ReturnToPm.as_view(), name="api-return-to-pm"),
    path(f"{BATCH}decline-return/", api.DeclineReturn.as_view(), name="api-decline-return"),
    path(f"{BATCH}check-now/", api.CheckNow.as_view(), name="api-check-now"),
    path(f"{BATCH}confirm-posted/", api.ConfirmPosted.as_view(), name="api-confirm-posted"),
    path(f"{BATCH}say-arrived/", api.SayArrived.as_view(), name="api-say-arrived"),
    path(f"{BATCH}say-not-arrived/", api.SayNotArrived.as_view(), name="api-say-not-arrived"),
    path(f"{BATCH}take-out-anyway/", api.TakeOutAnyway.as_view(), name="api-take-out-anyway"),
    path(f"{BATCH}leave-in-erp/", api.LeaveInErp.as_view(), name="api-leave-in-erp"),
    path(f"{BATCH}close-alarm/", api.CloseAlarm.as_view(), name="api-close-alarm"),
]
