"""Audit times: what they are called in CMiC, and reading only what changed by them.

Like wire.py this file holds CMiC's names. A tenant that does not describe these attributes, or does not let us search
by them, is read whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from cmic_adapter.adf import Attribute
from cmic_adapter.wire import (
    COST_CODES,
    COST_TYPES,
    COSTS,
    JOB_COST_CODES,
    JOBS,
    Cost,
    CostCode,
    CostType,
    Job,
    JobCostCode,
    Resource,
    Row,
)

# Read again before the last audit time we saw. It covers the clocks of several servers, what was not committed while we
# read, the time that our own reading takes, and an hour that a clock without summer time is set back.
OVERLAP = timedelta(hours=2)


def _moment(value: object) -> datetime | None:
    """An audit time in UTC. One we cannot read is none: then we only read more than needed."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC))


Moment = Annotated[datetime | None, BeforeValidator(_moment)]


class DatedJob(Job):
    updated: Moment = Field(alias="JobIuUpdateDate")
    made: Moment = Field(alias="JobIuCreateDate")


class DatedCostCode(CostCode):
    updated: Moment = Field(alias="PhsIuUpdateDate")
    made: Moment = Field(alias="PhsIuCreateDate")


class DatedCostType(CostType):
    updated: Moment = Field(alias="CatIuUpdateDate")
    made: Moment = Field(alias="CatIuCreateDate")


class DatedJobCostCode(JobCostCode):
    updated: Moment = Field(alias="GjjpIuUpdateDate")
    made: Moment = Field(alias="GjjpIuCreateDate")


class DatedCost(Cost):
    updated: Moment = Field(alias="JcdtIuUpdateDate")
    made: Moment = Field(alias="JcdtIuCreateDate")


DATED_JOBS = Resource(JOBS.path, DatedJob, JOBS.order)
DATED_COST_CODES = Resource(COST_CODES.path, DatedCostCode, COST_CODES.order)
DATED_COST_TYPES = Resource(COST_TYPES.path, DatedCostType, COST_TYPES.order)
DATED_JOB_COST_CODES = Resource(JOB_COST_CODES.path, DatedJobCostCode, JOB_COST_CODES.order)

DATED_COSTS = Resource(COSTS.path, DatedCost, COSTS.order)


def names(resource: Resource[Any]) -> tuple[str, str]:
    """This function will return the names of a dated resource's audit times."""
    return resource.name("updated"), resource.name("made")


def is_searchable(resource: Resource[Any], attributes: Mapping[str, Attribute]) -> bool:
    """This function will say whether the description lets us search by the audit times."""
    return all(name in attributes and attributes[name].searchable for name in names(resource))


def changed_since(resource: Resource[Any], moment: datetime) -> str:
    """This function will build the condition that a row was changed, or made, since a moment less the overlap."""
    since = (moment - OVERLAP).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return "(" + " or ".join(f"{name} >= '{since}'" for name in names(resource)) + ")"


def changed_at(row: Row) -> datetime | None:
    """This function will return when a row last changed, None where it does not tell."""
    moments = (getattr(row, name, None) for name in ("updated", "made"))
    return max((moment for moment in moments if moment), default=None)
