"""How the ADF services below CMiC are spoken to: parameters, pages, descriptions, error texts.

The other half of wire.py: like it, it holds the other side's literals and takes no decision.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from cmic_adapter.wire import Resource

PAGE_SIZE = 500
REQUEST_ID = "x-api-request-id"
RETRY_AFTER = "retry-after"
DATE = "date"
ITEM = "application/vnd.oracle.adf.resourceitem+json"
COLLECTION = "application/vnd.oracle.adf.resourcecollection+json"
DESCRIPTION = "application/vnd.oracle.adf.description+json"
HEADERS = {"Rest-Framework-Version": "4", "Accept": f"application/json, {ITEM}, {COLLECTION}, {DESCRIPTION}"}

DUPLICATE_REQUEST = re.compile(r"duplicate request", re.I)
DUPLICATE_KEY = re.compile(r"JBO-25013|ORA-00001|unique constraint|duplicate key|already exists", re.I)
UNKNOWN_NAME = re.compile(
    r"JBO-25058|JBO-25077|[Uu]nknown (attribute|resource|finder)"
    r"|[Aa]ttribute ['\"]?[A-Z][a-z]+[A-Z]\w*['\"]? .{0,60}(not (defined|found|known)|unknown|does not exist)"
)
HTML = re.compile(r"\s*(<!doctype html|<html|<head|<body)", re.I)
CHARSETS = {"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-16", "utf-16-le", "utf-16-be"}
DIGITS = re.compile("[0-9]{1,9}")
LONGEST_WORDS = 2000  # characters of an error text that are looked at and kept
MOST_ROWS = Decimal(10) ** 9  # no list has more
UNPRINTABLE = re.compile("[\ud800-\udfff\0]")
MAY_BE_UNPRINTABLE = re.compile(r"\\u(0000|[dD][89a-fA-F])")
SUCCESS = re.compile(r"\s*(success|successful|successfully|ok|done)\b", re.I)


@dataclass(frozen=True)
class Refusal:
    """What a refusal's text is about: a stable code, the field, and a sentence for people."""

    pattern: re.Pattern[str]
    code: str
    field: str
    sentence: str  # may use {job}, {cost_code}, {cost_type}


def _refusal(pattern: str, code: str, field: str, sentence: str) -> Refusal:
    return Refusal(re.compile(pattern, re.I), code, field, sentence)


# The first that fits decides.
REFUSALS = (
    _refusal(
        r"is closed|closed job|job .* closed",
        "job_closed",
        "job",
        "Job {job} is closed in CMiC; reopen it there.",
    ),
    _refusal(r"balance", "unbalanced", "amount", "CMiC says that the amounts do not balance."),
    _refusal(r"is posted", "posted_in_erp", "", "It has been posted in CMiC meanwhile."),
    _refusal(
        r"frozen",
        "budget_frozen",
        "amount",
        "The original budget of job {job} is frozen in CMiC: it was started.",
    ),
    _refusal(r"period", "period_closed", "date", "The period of this date is closed in CMiC."),
    _refusal(
        r"cost code|phase",
        "cost_code_refused",
        "cost_code",
        "CMiC does not take {cost_code} with {cost_type} on job {job}: activate it there or change the line.",
    ),
    _refusal(
        r"categor",
        "cost_type_refused",
        "cost_type",
        "CMiC does not take {cost_type} for {cost_code} on job {job}: activate it there or change the line.",
    ),
    _refusal(
        r"measure|unit|\bWM\b",
        "unit_refused",
        "unit",
        "CMiC does not take the unit of {cost_code} on job {job}.",
    ),
    _refusal(r"\bjob\b", "job_refused", "job", "CMiC does not take job {job} here."),
)


@dataclass(frozen=True)
class Page:
    """One page of a collection; `total` is None where the server does not tell."""

    items: list[object]
    has_more: bool
    total: int | None


def page_query(resource: Resource[Any], *, where: str, offset: int) -> dict[str, str]:
    """This function will build the parameters that ask for one page in a stable order."""
    query = {
        "onlyData": "true",
        "fields": ",".join(resource.names),
        "limit": str(PAGE_SIZE),
        "offset": str(offset),
        "orderBy": ",".join(f"{resource.name(ours)}:asc" for ours in resource.order),
        "totalResults": "true",
    }
    return {"q": where, **query} if where else query


def probe_query(resource: Resource[Any], *, where: str = "", names: bool = True) -> dict[str, str]:
    """This function will build the parameters that ask for one row and how many there are.

    Without `names` no attribute is named: for a resource that lacks some.
    """
    query = {"onlyData": "true", "limit": "1", "totalResults": "true"}
    return query | ({"fields": ",".join(resource.names)} if names else {}) | ({"q": where} if where else {})


def read_page(body: object) -> Page | None:
    """This function will return the page that an answer holds, or None when it is not a collection.

    One that has other than the number of rows it says it has is none.
    """
    if not isinstance(body, dict) or not isinstance(body.get("items"), list):
        return None
    if "count" in body and _whole(body["count"]) != len(body["items"]):
        return None
    return Page(
        items=body["items"], has_more=body.get("hasMore") is True, total=_whole(body.get("totalResults"))
    )


def _whole(value: object) -> int | None:
    """A number of rows or characters, None for anything else."""
    return int(value) if isinstance(value, Decimal) and 0 <= value < MOST_ROWS else None


@dataclass(frozen=True)
class Attribute:
    """What `/describe` says of one attribute; None where it does not say."""

    mandatory: bool
    fixed: bool  # not updatable
    searchable: bool  # may stand in a query
    length: int | None


@dataclass(frozen=True)
class Described:
    """What `/describe` says of one resource; `methods` is empty where it lists none."""

    attributes: Mapping[str, Attribute]
    methods: frozenset[str]


def read_description(body: object) -> dict[str, Described]:
    """This function will return each described resource by name; empty when it is no description."""
    resources = body.get("Resources") if isinstance(body, dict) else None
    if not isinstance(resources, dict):
        return {}
    return {name: _described(found) for name, found in resources.items() if isinstance(found, dict)}


def _described(found: Mapping[str, Any]) -> Described:
    groups = [
        found[name].get("actions") for name in ("collection", "item") if isinstance(found.get(name), dict)
    ]
    methods = [action.get("method") for group in groups for action in _items(group)]
    return Described(
        attributes={str(a.get("name")): _attribute(a) for a in _items(found.get("attributes"))},
        methods=frozenset(m for m in methods if isinstance(m, str)),
    )


def _items(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _attribute(found: Mapping[str, object]) -> Attribute:
    # Three words for the same fact are about, and the figure comes as a number or as text.
    told = [str(found.get(word, "")) for word in ("length", "maxLength", "precision")]
    return Attribute(
        mandatory=found.get("mandatory") is True,
        fixed=found.get("updatable") is False,
        searchable=found.get("queryable") is True,
        length=next((int(text) for text in told if DIGITS.fullmatch(text)), None),
    )


def describe_path(root: str) -> str:
    """This function will return where an application root is described."""
    return f"{root}/describe"


def without_address(text: str) -> str:
    """This function will lay a description out for reading, with another host in place of the real one."""
    shown = json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    return re.sub(r"https?://[^/\s\"]+", "https://cmic.example", shown) + "\n"


def error_text(body: object) -> str:
    """This function will return the failure text of any JSON error shape, empty when there is none."""
    return _error_text(body)[:LONGEST_WORDS]


def _error_text(body: object) -> str:
    if not isinstance(body, dict):
        return ""
    details = body.get("o:errorDetails")
    if isinstance(details, list) and details:
        return "; ".join(_detail(d) for d in details if isinstance(d, dict))
    for name in ("errorMessage", "error"):
        if isinstance(body.get(name), str) and body[name]:
            return str(body[name])
    if isinstance(body.get("result"), str) and not SUCCESS.match(body["result"]):
        return str(body["result"])
    if body.get("status") == "Error":
        return str(body.get("errorCode", "Error"))
    return str(body["title"]) if set(body) <= {"title", "status", "detail"} and "title" in body else ""


def _detail(detail: Mapping[str, object]) -> str:
    code = str(detail.get("o:errorCode") or "")
    prefix = f"JBO-{code}: " if code.isdigit() else f"{code}: " if code else ""
    return f"{prefix}{detail.get('detail', '')}"


def seconds(header: str | None) -> float | None:
    """This function will return the delay that a Retry-After in seconds asks for, at most an hour.

    A date is left to our own pace.
    """
    return min(float(header), 3600.0) if header and DIGITS.fullmatch(header) else None


@dataclass(frozen=True)
class Decoded:
    """An answer's bytes as text; `legible` False where some of them are none in its charset."""

    words: str
    legible: bool


def decoded(content: bytes, *, charset: str | None) -> Decoded:
    """This function will read bytes as the charset that was told, or else UTF-8; what is no text becomes U+FFFD."""
    name = _charset(charset)
    try:
        return Decoded(content.decode(name).replace("\0", "\ufffd"), legible=True)
    except UnicodeError:
        return Decoded(content.decode(name, errors="replace").replace("\0", "\ufffd"), legible=False)


def _charset(told: str | None) -> str:
    try:
        name = codecs.lookup(told or "utf-8").name
    except LookupError:
        name = "utf-8"
    return name if name in CHARSETS and name != "utf-8" else "utf-8-sig"


def loads(text: str) -> object:
    """This function will read JSON with every number as Decimal; raises ValueError."""
    try:
        body = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ArithmeticError, RecursionError) as error:
        raise ValueError(f"The text cannot be read ({type(error).__name__}).") from None
    return _printable(body) if MAY_BE_UNPRINTABLE.search(text) else body


def _printable(value: object) -> object:
    """The same with half characters and NUL, which nothing can store, as U+FFFD."""
    if isinstance(value, str):
        return UNPRINTABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_printable(each) for each in value]
    if isinstance(value, dict):
        return {_printable(name): _printable(each) for name, each in value.items()}
    return value


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no number")


def dumps(body: Mapping[str, object]) -> str:
    """This function will write one flat item as JSON, a Decimal as a number with exactly its digits."""
    return "{" + ", ".join(f"{json.dumps(name)}: {_value(value)}" for name, value in body.items()) + "}"


def _value(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    if value is None or isinstance(value, (str, bool)):
        return json.dumps(value)
    raise TypeError(f"{type(value).__name__} cannot be written")
