"""What the ERP Integrations tool lets open budget pages watch: all that may block or free an action, in one query."""

from __future__ import annotations

from django.db import connection

from budgets.models import Budget

# Every open page asks this again and again: written down, because putting it together costs more than answering it.
SQL = """
SELECT erp.alias, erp.enabled, erp.stopped_at, erp.verified_at, erp.synced_at, erp.mapping_version,
    erp.assign_missing, erp.originals_on_started_jobs,
    (SELECT state FROM erp_batch WHERE budget_id = %(budget)s ORDER BY number DESC LIMIT 1),
    (SELECT MAX(remark.answered_at) FROM erp_remark remark JOIN erp_batch batch ON batch.id = remark.batch_id
        WHERE batch.budget_id = %(budget)s),
    (SELECT (id, state)::text FROM erp_erpreading WHERE budget_id = %(budget)s ORDER BY id DESC LIMIT 1),
    (SELECT silent_since FROM erp_circuit WHERE connection_id = erp.id),
    (SELECT MAX(link.confirmed_at) FROM erp_costtypelink link
        JOIN erp_erpcosttype theirs ON theirs.id = link.erp_cost_type_id WHERE theirs.connection_id = erp.id)
FROM erp_connection erp WHERE erp.company_id = %(company)s ORDER BY erp.id LIMIT 1
"""


def part(budget: Budget) -> object:
    """This function will tell how the connection, the last batch, its remarks and the last reading stand."""
    with connection.cursor() as cursor:
        cursor.execute(SQL, {"budget": budget.pk, "company": budget.project.company_id})
        return cursor.fetchone()
