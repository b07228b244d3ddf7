"""The ERP Integrations tool in the Django admin: the approvers' queue, the connections, the events."""

from django.contrib import admin

from erp.admin_approvals import ApprovalRuleAdmin, DelegationAdmin
from erp.admin_batch import BatchAdmin
from erp.admin_connection import ConnectionAdmin, EventAdmin
from erp.admin_errors import ErrorAdmin
from erp.admin_reconciliation import ReconciliationAdmin
from erp.models import ApprovalRule, Batch, Connection, Delegation, DriftDecision, ErrorExplanation
from workflow.models import Event

admin.site.register(ApprovalRule, ApprovalRuleAdmin)
admin.site.register(Batch, BatchAdmin)
admin.site.register(Connection, ConnectionAdmin)
admin.site.register(Delegation, DelegationAdmin)
admin.site.register(DriftDecision, ReconciliationAdmin)
admin.site.register(ErrorExplanation, ErrorAdmin)
admin.site.register(Event, EventAdmin)
