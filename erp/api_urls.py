"""Addresses of this app: batches, and what sends a budget or pulls it back."""

from django.urls import path

from budgets.api_urls import BUDGET
from erp import api
from erp.compare import api as api_compare
from erp.decision import api as api_decision
from erp.delivery import api as api_delivery
from erp.mapping import api as api_mapping
from erp.posting import api as api_posting
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
    path(f"{BATCH}read-again/", api_decision.ReadAgain.as_view(), name="api-read-again"),
    path(f"{BATCH}accept/", api_decision.Accept.as_view(), name="api-accept"),
    path(f"{BATCH}name-for-step/", api_decision.NameForStep.as_view(), name="api-name-for-step"),
    path(f"{BATCH}reject/", api_decision.Reject.as_view(), name="api-reject"),
    path(f"{BATCH}retry/", api_delivery.Retry.as_view(), name="api-retry"),
    path(f"{BATCH}return-to-pm/", api_delivery.ReturnToPm.as_view(), name="api-return-to-pm"),
    path(f"{BATCH}decline-return/", api_delivery.DeclineReturn.as_view(), name="api-decline-return"),
    path(f"{BATCH}check-now/", api_posting.CheckNow.as_view(), name="api-check-now"),
    path(f"{BATCH}confirm-posted/", api_posting.ConfirmPosted.as_view(), name="api-confirm-posted"),
    path(f"{BATCH}say-arrived/", api_delivery.SayArrived.as_view(), name="api-say-arrived"),
    path(f"{BATCH}say-not-arrived/", api_delivery.SayNotArrived.as_view(), name="api-say-not-arrived"),
    path(f"{BATCH}take-out-anyway/", api_delivery.TakeOutAnyway.as_view(), name="api-take-out-anyway"),
    path(f"{BATCH}leave-in-erp/", api_delivery.LeaveInErp.as_view(), name="api-leave-in-erp"),
    path(f"{BATCH}close-alarm/", api_posting.CloseAlarm.as_view(), name="api-close-alarm"),
]
