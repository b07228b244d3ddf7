"""The ERP Integrations tool in the Django admin: the approvers' queue, the connections, the events."""

from django.contrib import admin

from erp.approval.admin import ApprovalRuleAdmin, DelegationAdmin
from erp.models import ApprovalRule, Batch, Connection, Delegation, DriftDecision, ErrorExplanation
from erp.queue.admin_list import BatchAdmin
from erp.reconciliation.admin import ReconciliationAdmin
from erp.refusals.admin import ErrorAdmin
from erp.setup.admin_connection import ConnectionAdmin, EventAdmin
from workflow.models import Event

admin.site.register(ApprovalRule, ApprovalRuleAdmin)
admin.site.register(Batch, BatchAdmin)
admin.site.register(Connection, ConnectionAdmin)
admin.site.register(Delegation, DelegationAdmin)
admin.site.register(DriftDecision, ReconciliationAdmin)
admin.site.register(ErrorExplanation, ErrorAdmin)
admin.site.register(Event, EventAdmin)
