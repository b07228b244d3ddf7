"""A company's settings in words: what each changes, from when it counts, and which ones are asked about twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from erp.models import Connection
from erp.port import Setting, SettingKind
from projects.models import Company


@dataclass(frozen=True)
class Told:
    """One setting: whose field it is, what it changes, and from when on a change counts."""

    name: str
    label: str
    changes: str
    counts: str
    kind: str = "flag"
    risky: Any = None  # the value that is asked about twice; ANY for every change

    @property
    def of_connection(self) -> bool:
        """Whether it is a field of the connection, not of the company."""
        return self.name in CONNECTION_FIELDS


ANY = object()
CONNECTION_FIELDS = ("enabled", "assign_missing", "originals_on_started_jobs")
COMPANY_FIELDS = ("four_eyes", "allow_total_change", "digest_hour", "time_zone", "currency")
SETTINGS = (
    Told(
        "four_eyes",
        "Four eyes",
        "Whoever sent a batch, or last changed a line or modification in it, may not accept it.",
        "From the next batch that is sent; a waiting batch keeps what held when it was sent.",
        risky=False,
    ),
    Told(
        "allow_total_change",
        "Modifications may change the grand total",
        "Off: every modification must balance. On: internal changes are allowed, and each is confirmed by its sum.",
        "At once, for modifications made effective from now on.",
        risky=True,
    ),
    Told(
        "assign_missing",
        "Assign cost codes that a job lacks in the ERP",
        "A document may assign a cost code to a job where the ERP lacks it. Off: such lines stop Send.",
        "At once, for documents written from now on.",
    ),
    Told(
        "originals_on_started_jobs",
        "Originals may change on started jobs",
        "Changes of original amounts may be sent after the job was started in the ERP. Off: only modifications are.",
        "At once, for batches sent from now on.",
        risky=True,
    ),
    Told(
        "enabled",
        "Use the connection",
        "Off: nothing is sent, read or polled; what is under way waits.",
        "At once.",
        risky=False,
    ),
    Told(
        "digest_hour",
        "Hour of the daily mail",
        "When approvers are told once a day what waits, in the company’s time zone.",
        "From the next mail on.",
        kind="number",
    ),
    Told(
        "time_zone",
        "Time zone",
        "The zone of every moment on the company’s pages and mails, and of the daily mail.",
        "At once; moments that were kept are shown in the new zone.",
        kind="zone",
    ),
    Told(
        "currency",
        "Currency",
        "The currency of every amount of the company. Nothing is converted.",
        "At once; it cannot be changed any more once a batch was sent.",
        kind="text",
        risky=ANY,
    ),
)


def value_of(company: Company, connection: Connection | None, told: Told) -> Any:
    """This function will read a setting as it stands."""
    return getattr(connection if told.of_connection else company, told.name)


# -- settings of the adapter -----------------------------------------------------------------------------------


def option(options: dict[str, Any], setting: Setting) -> Any:
    """This function will read a setting of the adapter, its default where it is not set."""
    *path, last = setting.name.split(".")
    inner: Any = options
    for key in path:
        inner = inner.get(key, {}) if isinstance(inner, dict) else {}
    return inner.get(last, setting.default) if isinstance(inner, dict) else setting.default


def with_option(options: dict[str, Any], setting: Setting, value: Any) -> None:
    """This function will put a setting of the adapter in its place; what is at its default is left out."""
    *path, last = setting.name.split(".")
    inner = options
    for key in path:
        held = inner.get(key)
        inner[key] = inner = dict(held) if isinstance(held, dict) else {}
    if value == setting.default:
        inner.pop(last, None)
    else:
        inner[last] = value
    if path and not options[path[0]]:
        del options[path[0]]


def said(value: Any, setting: Setting | Told) -> str:
    """This function will say a value in words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(setting, Setting) and setting.kind is SettingKind.CHOICE:
        return dict(setting.choices).get(str(value), str(value))
    return str(value) or "empty"
