"""What a company may set for this adapter."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cmic_adapter import wire
from erp.port import ErpCompany, ErpMisconfigured


class CompanyOptions(BaseModel):
    """The settings of one company; an empty code means the only one that CMiC has of its kind."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    originals_on_started_jobs: bool = False  # changed originals of a started job go as class Original
    transfer_for_balanced: bool = True
    assign_missing: bool = True
    type_original: str = ""
    type_transfer: str = ""
    type_internal: str = ""
    status_staging: str = ""
    status_ready: str = ""
    status_rejected: str = ""
    jcat_flags: dict[str, Literal["Y", "N"]] = Field(default_factory=dict)

    @field_validator("jcat_flags")
    @classmethod
    def _known(cls, flags: dict[str, Literal["Y", "N"]]) -> dict[str, Literal["Y", "N"]]:
        unknown = sorted(set(flags) - set(wire.JCAT_FLAGS))
        if unknown:
            raise ValueError(f"unknown flags {', '.join(unknown)}; known are {', '.join(wire.JCAT_FLAGS)}")
        return flags


def options_of(company: ErpCompany) -> CompanyOptions:
    """This function will return a company's options, raising ErpMisconfigured for an unknown or wrong one."""
    try:
        return CompanyOptions.model_validate(dict(company.options))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ErpMisconfigured(f"The CMiC options of company {company.code} are wrong: {faults}") from None
