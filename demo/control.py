"""The simulator's control interface: seeding CMiC, its clock, its accountant and one slow answer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2

TOKEN_VARIABLE = "CMIC_SIM_TOKEN"  # noqa: S105 the name, not the token
DEFAULT_TOKEN = "sim"  # noqa: S105 the simulator's own default; it opens a toy on this machine


class NoSimulator(Exception):
    """What stands in for CMiC here is no simulator, or does not answer: says what to do."""


class Control:
    """One simulator, found from the address of its CMiC services."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        token = os.environ.get(TOKEN_VARIABLE) or DEFAULT_TOKEN
        self._http = httpx2.Client(
            base_url=f"{self.origin}/__sim/", headers={"X-Sim-Token": token}, timeout=60, trust_env=False
        )

    def __enter__(self) -> Control:
        return self

    def __exit__(self, *problem: object) -> None:
        self._http.close()

    def ask(self, name: str) -> Any:
        """This function will read something. Raises NoSimulator, also where a real CMiC is at that address."""
        return self._send("GET", name, None)

    def tell(self, name: str, **given: Any) -> Any:
        """This function will make the simulator, or the accountant in it, do something. Raises NoSimulator."""
        return self._send("POST", name, given)

    def _send(self, method: str, name: str, given: Mapping[str, Any] | None) -> Any:
        try:
            answer = self._http.request(method, name, json=given)
            if answer.status_code == 200:
                return answer.json()
        except (httpx2.HTTPError, ValueError) as problem:
            raise NoSimulator(f"{self.origin} is no CMiC simulator that answers ({problem}).") from None
        raise NoSimulator(
            f"{self.origin} answered {answer.status_code} to {method} /__sim/{name}: {answer.text[:200]} "
            f"The demo needs the simulator; its token is in {TOKEN_VARIABLE}."
        )

    def set_clock(self, moment: datetime) -> None:
        """This function will set CMiC's clock, so that what is written there is dated like our side."""
        self.tell("clock", set=moment.isoformat())

    def slow_lines(self, job: str, *, seconds: int) -> None:
        """This function will let CMiC take its time for each line written to one job, once."""
        match = {"method": "POST", "resource": "cmdetail", "contains": f'"{job}"'}
        if not any(fault["match"] == match for fault in self.ask("faults")["faults"]):
            self.tell("faults", fault="slow", match=match, times=None, seconds=seconds)
