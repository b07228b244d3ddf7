"""The README is the list people go by: what is in the code is in it, and the reverse, and its examples work."""

import json
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import httpx2
import pytest

import cmic_simulator
from cmic_simulator.faults import KINDS, MATCHES, Faults
from cmic_simulator.seed_format import SECTIONS
from cmic_simulator.simulator import Simulator
from cmic_simulator.switches import RELEASES, Switches
from tests.cmic_simulator.tenant import Tenant

TEXT = (Path(cmic_simulator.__file__).parent / "README.md").read_text()


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of the tables of a section, without their heads."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [
        row for row, below in zip(cells, [*cells[1:], [""]], strict=True) if not {row[0], below[0]} & {"---"}
    ]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


FAULTS = {quoted(row[0])[0]: row for row in rows("Faults")}


def test_every_fault_of_the_code_is_in_the_list_and_the_reverse() -> None:
    assert set(FAULTS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_list_tells_every_parameter_of_a_fault(kind: str) -> None:
    _, parameters, seen, done, example = FAULTS[kind]
    assert seen and done
    names = {name for name in quoted(parameters) if name.isidentifier()}
    assert set(KINDS[kind][1]) <= names
    given = json.loads(quoted(example)[0])
    assert given["fault"] == kind
    shown = Faults().add(given).as_dict()
    assert {name: shown[name] for name in given} == given


def test_the_ways_to_match_are_all_told() -> None:
    words = set(quoted(section("Faults").split("`match`")[1].split("|")[0]))
    assert words >= MATCHES


def test_every_switch_is_told_with_its_default() -> None:
    told = {quoted(row[0])[0]: row[1].strip("`") for row in rows("Switches") if len(row) == 3}
    usual = Switches()
    assert set(told) == {f.name for f in fields(Switches)}
    for name, text in told.items():
        value = getattr(usual, name)
        assert text == (value if isinstance(value, str) else json.dumps(value)), name
    assert {name for row in rows("Switches") if len(row) == 5 for name in quoted(row[0])} == set(RELEASES)


def test_every_call_of_the_control_interface_is_told(tenant: Tenant) -> None:
    known = tenant.sim.get("nothing").json()["error"].split("known are ")[1].split(", ")
    assert {call for row in rows("Control interface") for call in quoted(row[0])} == set(known)


def test_every_option_of_the_command_line_is_told() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "cmic_simulator", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"--[a-z-]+", said)) - {"--help"} == {
        quoted(row[0])[0].split()[0] for row in rows("Install")
    }


def test_every_section_of_a_seed_is_told_with_its_keys() -> None:
    told = {quoted(row[0])[0]: row[1] for row in rows("Seed")}
    assert set(told) == {*SECTIONS, "pcis[].lines"}
    for name, (_, known) in SECTIONS.items():
        keys = {key for key, _, _ in known}
        assert keys <= set(re.findall(r"\w+", told[name])), name


def commands(origin: str) -> list[list[str]]:
    """The commands of the page, each as its words, with the variables filled in."""
    first, *lines = [line.strip() for line in section("First calls").strip().splitlines()]
    script = "\n".join(line for line in lines if not line.startswith("#"))
    for name, value in (one.split("=", 1) for one in shlex.split(first.replace(";", " "))):
        script = script.replace(f"${name}", value)
    script = script.replace("http://127.0.0.1:8090", origin)
    return [shlex.split(one) for one in re.split(r"\n(?=curl )", script)]


def send(words: list[str]) -> httpx2.Response:
    """Do what curl would."""
    given: dict[str, list[str]] = {}
    flags, url = iter(words[1:]), ""
    for word in flags:
        if word in ("-u", "-H", "-d", "--data-urlencode"):
            given.setdefault(word, []).append(next(flags))
        elif not word.startswith("-"):
            url = word
    data = [*given.get("-d", []), *given.get("--data-urlencode", [])]
    return httpx2.request(
        "POST" if data and "-G" not in words else "GET",
        url,
        auth=tuple(given["-u"][0].split(":")) if "-u" in given else None,  # type: ignore[arg-type]
        headers=dict(header.split(": ", 1) for header in given.get("-H", [])),
        params=dict(one.split("=", 1) for one in data) if "-G" in words else None,
        content=None if "-G" in words or not data else data[0],
    )


def test_the_first_calls_work_as_written() -> None:
    simulator = Simulator().start()
    try:
        answers = [send(words) for words in commands(simulator.origin)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 201, 201, 200, 200, 200, 200]
        assert answers[1].json()["items"][0]["JobCode"] == "26-0418"
        assert [row["JcatCurrBudgAmt"] for row in simulator.book.tables["jcjobcategory"]] == [1268400]
        assert [row["CmmStatCode"] for row in simulator.book.tables["cmmast"]] == ["P"]
        assert answers[-1].json()["entries"][-1]["resource"] == "cmdetail"
    finally:
        simulator.stop()
