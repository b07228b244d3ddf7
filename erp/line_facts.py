"""What the ERP Integrations tool tells the Budget tool's grid about each line.

It is told as a query, one row a line, because the grid sums thousands of lines by division in the database.
"""

from __future__ import annotations

from budgets.facts import CostFacts, Relation, Source
from budgets.models import Budget
from erp import readiness, snapshots, words
from erp.documents import ZERO
from erp.models import OPEN, DocumentState
from erp.port import DocumentKind
from erp.reset.link_epochs import epoch_of
from erp.sync.costs import costs_of

# `sent`: what open and posted documents carry. An original that was posted counts with its newest target, an original
# under way before the first posting with its base too; everything else with its delta. What was decided to count as
# being in the ERP already counts as posted.
# `in_erp`: where several lines are one budget code of the ERP, the first carries what it holds.
LINES = """
WITH carried AS (
    SELECT row.line_id, row.target, row.base, row.delta, item.kind, batch.number,
           batch.state = ANY(%(open)s) AS is_open, COALESCE(document.state, '') = %(posted)s AS is_posted
    FROM erp_batch batch
    JOIN erp_batchitem item ON item.batch_id = batch.id
    JOIN erp_batchline row ON row.item_id = item.id
    LEFT JOIN erp_document document ON document.item_id = item.id
    WHERE batch.budget_id = %(budget)s AND (batch.number > %(floor)s OR document.id = ANY(%(kept)s::bigint[])
        AND item.kind = %(modification)s)
), counted AS (
    SELECT DISTINCT ON (line_id) line_id, target AS amount FROM carried
    WHERE kind = %(original)s AND is_posted ORDER BY line_id, number DESC
), parts AS (
    SELECT line_id, amount FROM counted
    UNION ALL
    SELECT line_id, delta FROM carried
    WHERE (is_open OR is_posted AND kind = %(modification)s) AND NOT (is_posted AND kind = %(original)s)
    UNION ALL
    SELECT line_id, base FROM carried
    WHERE is_open AND kind = %(original)s AND NOT EXISTS (SELECT 1 FROM counted)
    UNION ALL
    SELECT line_id, amount FROM budgets_modificationline
    WHERE modification_id IN (SELECT taken_id FROM erp_driftdecision WHERE budget_id = %(budget)s)
), sent AS (
    SELECT line_id, SUM(amount) AS amount FROM parts GROUP BY line_id
), held AS (
    SELECT said ->> 0 AS job, said ->> 1 AS cost_code, said ->> 2 AS cost_type, (said ->> 5)::numeric AS amount
    FROM erp_erpreading reading, jsonb_array_elements(reading.rows) said WHERE reading.id = %(reading)s
), keyed AS (
    SELECT line.id, job.code AS job, code.code AS cost_code, kind.code AS cost_type,
           ROW_NUMBER() OVER (PARTITION BY job.id, code.id, kind.id ORDER BY line.id) AS place
    FROM budgets_budgetline line
    JOIN erp_joblink ON erp_joblink.job_id = line.job_id
    JOIN erp_erpjob job ON job.id = erp_joblink.erp_job_id
    JOIN erp_costcodelink ON erp_costcodelink.cost_code_id = line.cost_code_id
    JOIN erp_erpcostcode code ON code.id = erp_costcodelink.erp_cost_code_id
    JOIN erp_costtypelink ON erp_costtypelink.cost_type_id = line.cost_type_id
    JOIN erp_erpcosttype kind ON kind.id = erp_costtypelink.erp_cost_type_id
    WHERE line.budget_id = %(budget)s AND %(reading)s IS NOT NULL
), last AS (
    SELECT id, state, sent_at FROM erp_batch WHERE budget_id = %(budget)s ORDER BY number DESC LIMIT 1
), modified AS (
    SELECT DISTINCT change.line_id FROM budgets_modificationline change
    JOIN budgets_modification modification ON modification.id = change.modification_id
    WHERE modification.budget_id = %(budget)s AND modification.state = 'effective'
      AND NOT modification.in_batch AND NOT modification.was_posted
)
SELECT line.id AS line_id,
       sent.amount AS sent,
       CASE WHEN keyed.id IS NULL THEN NULL WHEN keyed.place > 1 THEN 0.00 ELSE COALESCE(held.amount, 0.00) END
           AS in_erp,
       spent.amount AS cost,
       COALESCE(line.changed_at > last.sent_at OR last.id IS NOT NULL AND modified.line_id IS NOT NULL, FALSE)
           AS changed,
       remark.id IS NOT NULL AS remark
FROM budgets_budgetline line
LEFT JOIN last ON TRUE
LEFT JOIN sent ON sent.line_id = line.id
LEFT JOIN keyed ON keyed.id = line.id
LEFT JOIN held ON held.job = keyed.job AND held.cost_code = keyed.cost_code AND held.cost_type = keyed.cost_type
LEFT JOIN UNNEST(%(costly)s::bigint[], %(costs)s::numeric[]) spent (line_id, amount) ON spent.line_id = line.id
LEFT JOIN modified ON modified.line_id = line.id
LEFT JOIN erp_remark remark ON remark.line_id = line.id AND remark.batch_id = last.id AND last.state = 'rejected'
WHERE line.budget_id = %(budget)s
"""


def relation(budget: Budget) -> Relation:
    """This function will give the query of what is known about each line of a budget."""
    reading, spent = snapshots.latest_reading(budget), costs_of(budget).on_lines
    epoch = epoch_of(budget)
    return Relation(
        LINES,
        {
            "budget": budget.pk,
            "floor": epoch.floor,
            "kept": list(epoch.kept),
            "reading": reading.pk if reading else None,
            "costly": list(spent),
            "costs": list(spent.values()),
            "open": [state.value for state in OPEN],
            "posted": DocumentState.POSTED.value,
            "original": DocumentKind.ORIGINAL.value,
            "modification": DocumentKind.MODIFICATION.value,
        },
    )


def warnings(budget: Budget) -> dict[int, tuple[str, ...]]:
    """This function will say in a few words why the ERP would refuse lines, by line id."""
    unfit, erp = readiness.unfit_lines(budget), erp_name(budget)
    said: dict[int, tuple[str, ...]] = {}
    for lines, words_ in (
        (unfit.job_not_linked, f"job not in {erp}"),
        (unfit.job_closed, f"job closed in {erp}"),
        ([line for line in unfit.cost_code_unknown if line.cost_code], f"code not in {erp}"),
        (unfit.cost_code_inactive, f"code inactive in {erp}"),
        ([line for line in unfit.cost_type_unknown if line.cost_type], f"type not matched with {erp}"),
        (unfit.cost_type_inactive, f"type inactive in {erp}"),
        (unfit.not_assigned, f"code not on this job in {erp}"),
        ([line for line in unfit.unit_unknown if line.unit], f"unit not in {erp}"),
    ):
        for line in lines:
            said[line.pk] = (*said.get(line.pk, ()), words_)
    return said


def erp_name(budget: Budget) -> str:
    """This function will name the ERP of a budget's company."""
    return words.erp_name(snapshots.erp_connection(budget))


def costs(budget: Budget) -> CostFacts:
    """This function will tell how old the costs to date are, and what was spent on no line alone."""
    known = costs_of(budget)
    return CostFacts(
        read_at=known.read_at,
        elsewhere=sum((one.amount for one in known.unplaced), ZERO),
        places=tuple(f"{one.key.job} {one.key.cost_code} {one.key.cost_type}" for one in known.unplaced),
    )


SOURCE = Source(relation=relation, warnings=warnings, costs=costs, erp=erp_name)
