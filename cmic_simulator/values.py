"""Checks of single attribute values: names, types, lengths, decimals, mandatory."""

import re
from datetime import date
from decimal import Decimal

from cmic_simulator.errors import Detail, Refused
from cmic_simulator.profile import OTHER, RESOURCES, Attribute, Resource

DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
CODED = {
    "CmmCalcProjAmtMethod": ("A", "R"),
    "JobStatusCode": ("P", "I", "C"),
    "CmtClassCode": ("O", "I", "T", "E"),
    "CmsPendingType": ("P", "N", "A", "R"),
}
FLAG = re.compile(r"(Flag|Flg)\Z|\AJcatExclCost")


def known(resource: Resource, payload: dict) -> None:
    """This function will refuse attribute names the resource does not have."""
    unknown = [name for name in payload if name not in resource.by_public]
    if unknown:
        raise Refused(
            400,
            *(
                Detail(
                    f"Attribute {n} in the payload is not known to resource {resource.name}.", "JBO-25006", n
                )
                for n in unknown
            ),
        )


def for_create(resource: Resource, payload: dict) -> dict:
    """This function will check a POST payload and return a full row (missing attributes are None).

    Attributes that are neither mandatory nor updatable are ignored, as the vendor does.
    """
    known(resource, payload)
    row = _empty_row(resource)
    problems: list[Detail] = []
    for attribute in resource.attributes:
        if not (attribute.mandatory or attribute.updatable):
            continue
        _take(attribute, payload.get(attribute.public), into=row, problems=problems)
    if problems:
        raise Refused(400, *problems)
    return row


def _empty_row(resource: Resource) -> dict:
    """A row has every attribute the rules look at, also those that this tenant does not have: they are neutral."""
    base = RESOURCES[resource.name].by_name
    row: dict = dict.fromkeys([*base, *resource.by_name])
    for name, attribute in base.items():
        if attribute.mandatory and attribute.type == "decimal" and name not in resource.by_name:
            row[name] = Decimal(0)
    return row


def for_update(resource: Resource, payload: dict) -> dict:
    """This function will check a PATCH payload and return the changes by row name."""
    known(resource, payload)
    changes: dict = {}
    problems: list[Detail] = []
    for name, value in payload.items():
        attribute = resource.by_public[name]
        if not attribute.updatable:
            problems.append(Detail(f"Attribute {name} cannot be updated.", "JBO-27008", name))
            continue
        _take(attribute, value, into=changes, problems=problems)
    if problems:
        raise Refused(400, *problems)
    return changes


def _take(attribute: Attribute, value: object, *, into: dict, problems: list[Detail]) -> None:
    if value is None or value == "":
        if attribute.mandatory:
            problems.append(
                Detail(f"Attribute {attribute.public} is required.", "JBO-27014", attribute.public)
            )
        into[attribute.name] = None
        return
    problem = check(attribute, value)
    if problem:
        problems.append(Detail(problem, "JBO-25009", attribute.public))
    into[attribute.name] = value


def check(attribute: Attribute, value: object) -> str | None:
    """This function will say what is wrong with a value that is not empty, or return None."""
    name = attribute.public
    if attribute.type == "decimal":
        return _check_number(attribute, value)
    if attribute.type == OTHER:
        return None
    if not isinstance(value, str):
        return f"Value {value!r} for attribute {name} cannot be converted to {attribute.type}."
    if attribute.type == "date":
        return None if _is_date(value) else f"Value {value} for attribute {name} is not a date (YYYY-MM-DD)."
    if attribute.length is not None and len(value) > attribute.length:
        return f"Value for attribute {name} is {len(value)} characters long; at most {attribute.length} fit."
    allowed = CODED.get(attribute.name) or (("Y", "N") if FLAG.search(attribute.name) else None)
    if allowed and value not in allowed:
        return f"Value {value} for attribute {name} must be one of {', '.join(allowed)}."
    return None


def _check_number(attribute: Attribute, value: object) -> str | None:
    if not isinstance(value, Decimal):
        return f"Value {value!r} for attribute {attribute.public} cannot be converted to a number."
    whole = (attribute.length or 18) - attribute.scale
    # A number with a huge exponent is refused before any arithmetic touches it.
    if value and value.adjusted() >= whole:
        return (
            f"Value for attribute {attribute.public} has more than {whole} digits before the decimal point."
        )
    if value and value.adjusted() < -attribute.scale or value != round(value, attribute.scale):
        return f"Value {value} for attribute {attribute.public} has more than {attribute.scale} decimals."
    return None


def _is_date(text: str) -> bool:
    if not DATE.match(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
