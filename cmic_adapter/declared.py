"""The settings of a company as people choose them: what each changes, and what CMiC has to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cmic_adapter import wire
from cmic_adapter.options import options_of
from cmic_adapter.setup import Setup
from erp.port import ErpCompany, ErpMisconfigured, Setting, SettingKind

ONLY = "Empty: the only one that CMiC has of this kind."
TYPES = "PCI types"
STATUSES = "PCI statuses"
FLAGS = "Flags of a cost code that is assigned to a job"

FLAG_WORDS = (  # in the order of `wire.JCAT_FLAGS`
    "Category is active",
    "Phase is active",
    "Cost to complete may be overridden",
    "Budget is left out of WIP",
    "Cost is left out of WIP",
    "Labour is forecast",
)


def declared() -> tuple[Setting, ...]:
    """This function will list the settings in the order people read them."""
    codes = (
        (
            TYPES,
            "type_internal",
            "Type for changes of the grand total",
            "PCIs of class Internal get this type.",
        ),
        (TYPES, "type_transfer", "Type for transfers", "PCIs of class Transfer get this type."),
        (
            TYPES,
            "type_original",
            "Type for originals on started jobs",
            "Changed originals of a started job go as PCIs of class Original, with this type.",
        ),
        (
            STATUSES,
            "status_staging",
            "Status while it is written",
            "Nobody can post a PCI in this status; it has it until everything was written and verified.",
        ),
        (STATUSES, "status_ready", "Status when it is complete", "From this status an accountant can post."),
        (
            STATUSES,
            "status_rejected",
            "Status of a rejected PCI",
            "A PCI that CMiC’s people set to it is taken as turned down, and comes back.",
        ),
    )
    return (
        Setting(
            "transfer_for_balanced",
            "Balanced modifications go as class Transfer",
            "Off: they go as class Internal, like changes of the grand total.",
            SettingKind.FLAG,
            default=True,
            group=TYPES,
        ),
        *(
            Setting(name, label, f"{help_} {ONLY}", SettingKind.CODE, default="", group=group)
            for group, name, label, help_ in codes
        ),
        *(
            Setting(
                f"jcat_flags.{name}",
                words,
                f"{name}, sent when a document assigns a cost code to a job where CMiC lacks it.",
                SettingKind.CHOICE,
                default=default,
                choices=((wire.ON, "yes"), (wire.OFF, "no")),
                group=FLAGS,
            )
            for (name, default), words in zip(wire.JCAT_FLAGS.items(), FLAG_WORDS, strict=True)
        ),
    )


def faults(company: ErpCompany) -> list[str]:
    """This function will say what is wrong with a company's options without asking CMiC."""
    try:
        options_of(company)
    except ErpMisconfigured as problem:
        return [str(problem)]
    return []


def choices(setup: Setup) -> Mapping[str, Sequence[tuple[str, str]]]:
    """This function will list the codes that a company has in CMiC, by setting."""
    found: dict[str, list[tuple[str, str]]] = {
        f"type_{kind}": [(row.code, row.name) for row in setup.types if row.kind == kind]
        for kind in ("internal", "transfer", "original")
    }
    for name, kinds in (
        ("status_staging", ("pre_pending", "pending")),
        ("status_ready", ("approved",)),
        ("status_rejected", ("rejected",)),
    ):
        rows = [row for row in setup.statuses if row.kind in kinds]
        found[name] = [(row.code, row.kind.replace("_", " ")) for row in rows]
    return found
