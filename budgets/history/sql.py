"""The SQL behind the change history: every value that changed, out of the rows that database triggers keep.

A stored row says what a line held after a change (before it, when it was deleted); the row before it says what it held
until then. Flags that Tieback sets by itself (`in_batch`, `was_posted`, `version`, `changed_*`) are no change of a
value; nor is a code that the company has now in place of the same text. Changes are told in the codes of today. A line
that is added or deleted is one change, of its amount; what else it holds is the change's `detail`.
"""

from __future__ import annotations

from collections.abc import Mapping

# field -> (what it is called, SQL of its value in a stored row `r` whose codes are joined as j, c, t, u)
LINE_FIELDS: Mapping[str, tuple[str, str]] = {
    "job": ("Job", "{j}.code"),
    "cost_code": ("Cost code", "coalesce({c}.code, nullif(({r}).cost_code_text, ''))"),
    "cost_type": ("Cost type", "coalesce({t}.code, nullif(({r}).cost_type_text, ''))"),
    "description": ("Description", "nullif(({r}).description, '')"),
    "quantity": ("Quantity", "({r}).quantity::text"),
    "unit": ("Unit", "coalesce({u}.code, nullif(({r}).unit_text, ''))"),
    "unit_cost": ("Unit cost", "({r}).unit_cost::text"),
    "automatic": ("Calculated amount", "CASE WHEN ({r}).automatic THEN 'yes' END"),
    "amount": ("Original amount", "({r}).amount::text"),
}
MODIFICATION_FIELDS: Mapping[str, tuple[str, str]] = {
    "number": ("Number", "({r}).number::text"),
    "title": ("Title", "nullif(({r}).title, '')"),
    "date": ("Date", "({r}).date::text"),
    "note": ("Note", "nullif(({r}).note, '')"),
    "state": ("State", "({r}).state::text"),
}
FORECAST_FIELDS: Mapping[str, tuple[str, str]] = {
    "forecast": ("Forecast by hand", "({r}).amount::text"),
    "forecast_note": ("Note of the forecast", "nullif(({r}).note, '')"),
}
CHANGE = "change"  # a modification's amount on a line
LABELS = {
    **{field: label for field, (label, _) in (*LINE_FIELDS.items(), *MODIFICATION_FIELDS.items())},
    CHANGE: "Amount of the modification",
    **{field: label for field, (label, _) in FORECAST_FIELDS.items()},
}
AMOUNTS = ("amount", CHANGE)  # what sums up
MONEY = (*AMOUNTS, "forecast")
FORECASTS = tuple(FORECAST_FIELDS)
ONE_LINE = "(%(line)s::bigint IS NULL OR {column} = %(line)s)"
_KEPT = ", ".join(
    f"({{r}}).{column}"
    for column in (
        *("job_id", "cost_code_id", "cost_code_text", "cost_type_id", "cost_type_text", "description"),
        *("quantity", "unit_id", "unit_text", "unit_cost", "automatic", "amount"),
    )
)  # what a person sees of a line; most updates of a large budget are flags alone
_KEY = "coalesce(s.pgh_context_id::text, s.pgh_created_at::text)"  # rows of one change carry one context


def _values(fields: Mapping[str, tuple[str, str]]) -> str:
    before = {"r": "s.b", "j": "jb", "c": "cb", "t": "tb", "u": "ub"}
    after = {"r": "s.a", "j": "ja", "c": "ca", "t": "ta", "u": "ua"}
    return ", ".join(
        f"({place}, '{field}', {value.format(**before)}, {value.format(**after)})"
        for place, (field, (_, value)) in enumerate(fields.items())
    )


def _steps(table: str, where: str) -> str:
    """Each stored row as `b` (what was) and `a` (what is)."""
    return f"""(
    SELECT e.pgh_id, e.pgh_created_at, e.pgh_context_id, e.pgh_label AS deed, e.id,
      CASE e.pgh_label WHEN 'insert' THEN NULL WHEN 'delete' THEN e
        ELSE lag(e) OVER (PARTITION BY e.id ORDER BY e.pgh_id) END AS b,
      CASE WHEN e.pgh_label <> 'delete' THEN e END AS a
    FROM {table} e WHERE {where})"""  # noqa: S608  names of ours


_OF_LINES = _steps(
    "budgets_budgetlineevent", f"e.budget_id = %(budget)s AND {ONE_LINE.format(column='e.id')}"
)
_OF_MODIFICATIONS = _steps(
    "budgets_modificationevent", "e.budget_id = %(budget)s AND %(line)s::bigint IS NULL"
)
_OF_AMOUNTS = _steps(
    "budgets_modificationlineevent",
    "e.modification_id IN (SELECT id FROM modifications) AND "  # noqa: S608  names of ours
    + ONE_LINE.format(column="e.line_id"),
)

_OF_THIS_BUDGET = """EXISTS (
    SELECT 1 FROM budgets_budgetlineevent b WHERE b.pgh_obj_id = e.line_id AND b.budget_id = %(budget)s)"""
_OF_FORECASTS = _steps(
    "budgets_forecastevent", f"{_OF_THIS_BUDGET} AND {ONE_LINE.format(column='e.line_id')}"
)
# The line of `x` as it was last, also where it is gone.
_LAST_LINE = """LEFT JOIN LATERAL (
    SELECT * FROM budgets_budgetlineevent e WHERE e.pgh_obj_id = x.line_id ORDER BY e.pgh_id DESC LIMIT 1
  ) l ON true
  LEFT JOIN projects_job j ON j.id = l.job_id
  LEFT JOIN projects_costcode c ON c.id = l.cost_code_id
  LEFT JOIN projects_costtype t ON t.id = l.cost_type_id"""

# Params: budget, company, about (the budget's label in events), line (null for all of them).
_CHANGES = f"""
WITH line_steps AS MATERIALIZED (
  SELECT {_KEY} AS key, s.* FROM {_OF_LINES} s
  WHERE s.deed <> 'update' OR ({_KEPT.format(r="s.a")}) IS DISTINCT FROM ({_KEPT.format(r="s.b")})
), line_changes AS (
  SELECT s.key, s.pgh_context_id, s.pgh_created_at, s.pgh_id, s.deed,
    s.id AS line_id, NULL::bigint AS modification_id, ja.code AS job,
    coalesce(ca.code, (s.a).cost_code_text) AS cost_code, coalesce(ta.code, (s.a).cost_type_text) AS cost_type,
    NULL::int AS number, NULL::text AS title, v.place, v.field, v.old, v.new, NULL::text AS detail
  FROM line_steps s
  LEFT JOIN projects_job jb ON jb.id = (s.b).job_id
  LEFT JOIN projects_job ja ON ja.id = (s.a).job_id
  LEFT JOIN projects_costcode cb ON cb.id = (s.b).cost_code_id
  LEFT JOIN projects_costcode ca ON ca.id = (s.a).cost_code_id
  LEFT JOIN projects_costtype tb ON tb.id = (s.b).cost_type_id
  LEFT JOIN projects_costtype ta ON ta.id = (s.a).cost_type_id
  LEFT JOIN projects_unit ub ON ub.id = (s.b).unit_id
  LEFT JOIN projects_unit ua ON ua.id = (s.a).unit_id
  CROSS JOIN LATERAL (VALUES {_values(LINE_FIELDS)}) AS v(place, field, old, new)
  WHERE s.deed = 'update' AND v.old IS DISTINCT FROM v.new
), lines_in_and_out AS (
  SELECT s.key, s.pgh_context_id, s.pgh_created_at, s.pgh_id, s.deed, s.id, NULL::bigint, j.code,
    coalesce(c.code, (s.r).cost_code_text), coalesce(t.code, (s.r).cost_type_text), NULL::int, NULL::text,
    0, 'amount', (s.b).amount::text, (s.a).amount::text,
    concat_ws(', ', nullif((s.r).description, ''),
      concat_ws(' ', trim_scale((s.r).quantity)::text, coalesce(u.code, (s.r).unit_text)))
  FROM (SELECT *, CASE deed WHEN 'insert' THEN a ELSE b END AS r FROM line_steps WHERE deed <> 'update') s
  LEFT JOIN projects_job j ON j.id = (s.r).job_id
  LEFT JOIN projects_costcode c ON c.id = (s.r).cost_code_id
  LEFT JOIN projects_costtype t ON t.id = (s.r).cost_type_id
  LEFT JOIN projects_unit u ON u.id = (s.r).unit_id
), modifications AS MATERIALIZED (
  SELECT DISTINCT ON (id) id, number, title FROM budgets_modificationevent
  WHERE budget_id = %(budget)s ORDER BY id, pgh_id DESC
), modification_changes AS (
  SELECT {_KEY} AS key, s.pgh_context_id, s.pgh_created_at, s.pgh_id, s.deed,
    NULL::bigint, s.id, NULL::text, NULL::text, NULL::text, m.number, m.title, v.place, v.field, v.old, v.new,
    NULL::text
  FROM {_OF_MODIFICATIONS} s
  JOIN modifications m ON m.id = s.id
  CROSS JOIN LATERAL (VALUES {_values(MODIFICATION_FIELDS)}) AS v(place, field, old, new)
  WHERE v.old IS DISTINCT FROM v.new AND (s.deed = 'update' OR v.field IN ('title', 'date', 'note'))
), amounts AS (  -- writing a modification replaces its rows: what counts is the first value and the last
  SELECT {_KEY} AS key, min(s.pgh_context_id::text)::uuid AS pgh_context_id,
    min(s.pgh_created_at) AS pgh_created_at, max(s.pgh_id) AS pgh_id, s.line_id, s.modification_id,
    (array_agg((s.b).amount::text ORDER BY s.pgh_id))[1] AS old,
    (array_agg((s.a).amount::text ORDER BY s.pgh_id DESC))[1] AS new
  FROM (
    SELECT p.*, coalesce((p.a).line_id, (p.b).line_id) AS line_id,
      coalesce((p.a).modification_id, (p.b).modification_id) AS modification_id
    FROM {_OF_AMOUNTS} p
  ) s GROUP BY 1, s.line_id, s.modification_id
), amount_changes AS (
  SELECT x.key, x.pgh_context_id, x.pgh_created_at, x.pgh_id,
    CASE WHEN x.old IS NULL THEN 'insert' WHEN x.new IS NULL THEN 'delete' ELSE 'update' END,
    x.line_id, x.modification_id, j.code, coalesce(c.code, l.cost_code_text),
    coalesce(t.code, l.cost_type_text), m.number, m.title, 99, '{CHANGE}', x.old, x.new, NULL::text
  FROM amounts x
  JOIN modifications m ON m.id = x.modification_id
  {_LAST_LINE}
  WHERE x.old IS DISTINCT FROM x.new
), forecasts AS (
  SELECT x.key, x.pgh_context_id, x.pgh_created_at, x.pgh_id, 'update', x.line_id, NULL::bigint,
    j.code, coalesce(c.code, l.cost_code_text), coalesce(t.code, l.cost_type_text), NULL::int, NULL::text,
    x.place, x.field, x.old, x.new, NULL::text
  FROM (
    SELECT {_KEY} AS key, s.*, coalesce((s.a).line_id, (s.b).line_id) AS line_id, v.*
    FROM {_OF_FORECASTS} s CROSS JOIN LATERAL (VALUES {_values(FORECAST_FIELDS)}) AS v(place, field, old, new)
    WHERE v.old IS DISTINCT FROM v.new
  ) x {_LAST_LINE}
), changes AS (
  SELECT a.*, k.metadata ->> 'change_set' AS change_set,
    CASE WHEN a.field IN {AMOUNTS} THEN coalesce(a.new::numeric, 0) - coalesce(a.old::numeric, 0) END AS difference
  FROM (
    SELECT * FROM line_changes
    UNION ALL SELECT * FROM lines_in_and_out
    UNION ALL SELECT * FROM modification_changes
    UNION ALL SELECT * FROM amount_changes
    UNION ALL SELECT * FROM forecasts
  ) a LEFT JOIN pghistory_context k ON k.id = a.pgh_context_id
), events AS MATERIALIZED (
  SELECT id, seq, at, actor, actor_pk, action, about, sentence, note, data ->> 'change_set' AS change_set
  FROM workflow_event WHERE chain = %(company)s AND about @> ARRAY[%(about)s]::varchar[]
)
"""  # noqa: S608  names of ours; values are parameters

# What changed beside the event that says who did it and when. One side may be missing: an event that changed no value
# (locked, sent), or rows that were changed past Tieback's services.
TOLD = (
    _CHANGES  # noqa: S608  names of ours
    + """, told AS (
  SELECT coalesce(c.key, 'event:' || e.id) AS entry, coalesce(e.at, c.pgh_created_at) AS moment,
    e.id AS event_id, e.seq, e.actor, e.actor_pk, e.action, e.about, e.sentence, e.note,
    c.pgh_id, c.deed, c.line_id, c.modification_id, c.job, c.cost_code, c.cost_type, c.number, c.title,
    c.place, c.field, c.old, c.new, c.detail, c.difference
  FROM changes c FULL JOIN events e ON e.change_set = c.change_set
), wanted AS (SELECT * FROM told WHERE {where})
"""
)
