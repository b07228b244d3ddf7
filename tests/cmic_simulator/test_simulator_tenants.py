"""The adapter against recorded tenants: it works, or it stops with a readable sentence before it writes."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from cmic_adapter.backend import CmicBackend
from cmic_simulator.simulator import Simulator
from erp.port import CheckState, ErpCompany, ErpMisconfigured
from tests.cmic_adapter.support import PASSWORD, STARTED, USER, Diary, Tenant, book, change, company, line
from tests.cmic_simulator.describes import VARIANTS, path_of

DOCUMENT = change(line("01-100", "L", "-30.10"), line("02-100", "M", "30.10"))
MISSING = {
    "as_declared": [],
    "vendor_words": [],
    "renamed_attribute": [
        "cmmast has no attribute CmmRefDate; likely candidates: CmmReferenceDate.",
        "cmdetail has no attribute CmdBudgAmt; likely candidates: CmdBudgetAmt, CmdBillAmt.",
        "cmdetailunposted has no attribute CmdBudgAmt; "
        "likely candidates: CmdBudgetAmt, CmdBudgUnits, CmdBillAmt.",
    ],
    "no_pci_rights": [
        "CMiC does not offer POST, PATCH, DELETE on cmmast; ask its administrator for that.",
        "CMiC does not offer POST, DELETE on cmdetail; ask its administrator for that.",
    ],
    "shorter_lengths": [
        "jcjobcategory.JcatPhsCode takes 10 characters, we need 16.",
        "cmmast.CmmCode takes 8 characters, we need 11.",
        "cmmast.CmmName takes 60 characters, we need 200.",
        "cmdetail.CmdChgCode takes 8 characters, we need 11.",
    ],
    "missing_resource": [
        "CMiC does not describe cmstatus; likely candidates: cmstatuses.",
        "CMiC does not describe cmdetailunposted; likely candidates: jcdetailposted.",
    ],
    "more_is_wanted": ["cmmast wants CmmReasonCode, which we do not know to fill."],
}
Place = tuple[Tenant, CmicBackend]


@pytest.fixture(scope="module")
def places() -> Iterator[Callable[[str], Place]]:
    """Opens each tenant once, with an adapter pointed at it."""
    opened: dict[str, tuple[Simulator, Tenant, CmicBackend]] = {}

    def open_place(variant: str) -> Place:
        if variant not in opened:
            simulator = Simulator(throttle=False, describe=[path_of(variant)]).start()
            adapter = CmicBackend(
                base_url=simulator.base_url, username=USER, password=PASSWORD, requests_per_second=5000
            )
            opened[variant] = simulator, Tenant(base_url=simulator.base_url), adapter
        return opened[variant][1:]

    yield open_place
    for simulator, tenant, adapter in opened.values():
        adapter.close()
        tenant.close()
        simulator.stop()


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=["patch21", "nexus2"])
def place(request: pytest.FixtureRequest, variant: str, places: Callable[[str], Place]) -> Place:
    tenant, adapter = places(variant)
    tenant.reset(book())
    tenant.switch(release=request.param)
    return tenant, adapter


def test_every_recorded_tenant_is_looked_at() -> None:
    assert set(MISSING) == set(VARIANTS)


def test_the_check_names_what_is_missing_with_candidates(place: Place, variant: str) -> None:
    _, adapter = place
    assert adapter.check(company()) == MISSING[variant]


def test_the_report_misses_what_the_check_misses_and_closes_every_way(place: Place, variant: str) -> None:
    _, adapter = place
    items = adapter.report(company(originals_on_started_jobs=True))
    missing = [item for item in items if item.state is CheckState.MISSING]
    assert sorted(item.sentence for item in missing) == sorted(MISSING[variant])
    assert all(candidate in item.sentence for item in missing for candidate in item.candidates)
    ways = {item.state for item in items if item.area == "Ways into CMiC"}
    assert ways == {CheckState.OFF if missing else CheckState.OK}


def test_a_push_works_or_writes_nothing(place: Place, variant: str) -> None:
    tenant, adapter = place
    adapter.check(company())
    if not MISSING[variant]:
        assert adapter.push(DOCUMENT, Diary()).total == Decimal(0)
        assert tenant.lines() == [
            (STARTED, "01-100", "L", Decimal("-30.10")),
            (STARTED, "02-100", "M", Decimal("30.10")),
        ]
        return
    with pytest.raises(ErpMisconfigured) as stopped:
        adapter.push(DOCUMENT, Diary())
    needed = [s for s in MISSING[variant] if s in str(stopped.value)]
    assert needed, stopped.value
    assert tenant.writes() == []


def test_reading_goes_on_where_the_names_are_there(place: Place) -> None:
    _, adapter = place
    assert {row.code for row in adapter.jobs(company())} >= {STARTED}
    assert [row.code for row in adapter.companies()] == ["001", "002"]


def test_a_recording_can_be_dropped_in_and_holds_no_secret(
    places: Callable[[str], Place], tmp_path: Path
) -> None:
    tenant, adapter = places("renamed_attribute")
    tenant.reset(book())
    recorded = adapter.record()
    assert set(recorded) == {
        "cm-rest-api.rest.1.json",
        "glrestapi.rest.v1.json",
        "jc-rest-api.rest.1.json",
        "sys-rest-api.rest.1.json",
    }
    for text in recorded.values():
        assert not {word for word in (PASSWORD, USER, "127.0.0.1", "QUNNRXx8") if word in text}
    for name, text in recorded.items():
        (tmp_path / name).write_text(text)
    twin = Simulator(throttle=False, describe=[tmp_path]).start()
    try:
        again = CmicBackend(
            base_url=twin.base_url, username=USER, password=PASSWORD, requests_per_second=5000
        )
        assert again.check(company()) == MISSING["renamed_attribute"]
        assert again.record() == recorded
        again.close()
    finally:
        twin.stop()


def said(adapter: CmicBackend, area: str, **options: object) -> dict[str, CheckState]:
    return {item.sentence: item.state for item in adapter.report(company(**options)) if item.area == area}


@pytest.fixture
def usual(places: Callable[[str], Place]) -> Place:
    tenant, adapter = places("as_declared")
    tenant.reset(book())
    return tenant, adapter


def test_a_look_writes_nothing_and_does_not_post(usual: Place) -> None:
    tenant, adapter = usual
    adapter.report(company())
    assert {call["method"] for call in tenant.calls()} == {"GET"}
    assert "postcm" not in {call["resource"] for call in tenant.calls()}


def test_the_company_is_told_in_figures_and_codes(usual: Place) -> None:
    _, adapter = usual
    told = said(adapter, "Company")
    assert "We see 6 jobs: 2 pending, 3 started, 1 closed. Job security may hide others." in told
    assert "It has 6 cost codes and 3 cost types." in told
    assert "Change items are written in status PPEND, made ready to post in APPR." in told
    assert "Class transfer goes as type COT." in told


def test_a_company_that_numbers_itself_is_told(usual: Place) -> None:
    tenant, adapter = usual
    tenant.switch(auto_numbering=["001"])
    told = said(adapter, "Company")
    assert "Class internal goes as type COI; CMiC numbers it itself (COI*), so we find ours by name." in told
    tenant.switch(auto_numbering=[])


@pytest.mark.parametrize(
    ("options", "words", "state"),
    [
        ({}, "originals of started jobs): disabled, originals_on_started_jobs is off", CheckState.OFF),
        ({"originals_on_started_jobs": True}, "originals of started jobs): enabled", CheckState.OK),
        ({"transfer_for_balanced": False}, "disabled, transfer_for_balanced is off", CheckState.OFF),
        ({"type_internal": "X"}, "CMiC has no change type of class internal X: it has COI", CheckState.OFF),
        ({"type_orginal": "COO"}, "the company's change types could not be read", CheckState.OFF),
        ({}, "Enter Budget (original budgets of pending jobs): enabled", CheckState.OK),
    ],
)
def test_each_way_is_open_or_says_why_not(
    usual: Place, options: dict[str, object], words: str, state: CheckState
) -> None:
    _, adapter = usual
    [found] = {s for sentence, s in said(adapter, "Ways into CMiC", **options).items() if words in sentence}
    assert found is state


def test_a_right_to_read_that_is_missing_is_told_with_the_resource(usual: Place) -> None:
    tenant, adapter = usual
    tenant.fault("403", match={"resource": "cmdetailunposted", "kind": "collection"}, times=None)
    [sentence] = [s for s, state in said(adapter, "Rights").items() if state is CheckState.MISSING]
    assert sentence.startswith("We cannot read cmdetailunposted: ")
    assert "HTTP 403" in sentence and "Ask CMiC's administrator for GET on it" in sentence


def test_a_refused_log_in_ends_the_look_at_once(usual: Place) -> None:
    tenant, adapter = usual
    tenant.fault("401", times=None)
    [item] = adapter.report(company())
    assert (item.area, item.state) == ("Connection", CheckState.MISSING)
    assert "does not let us in" in item.sentence
    assert len(tenant.calls()) == 1
    tenant.no_faults()
    assert adapter.check(company()) == []


def test_a_log_in_page_is_no_cmic(usual: Place) -> None:
    tenant, adapter = usual
    tenant.fault("login_html_200", times=None)
    [item] = adapter.report(company())
    assert "web page" in item.sentence


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "agree"), (7200, "120 minutes ahead of ours"), (-7200, "120 minutes behind ours")],
)
def test_clocks_that_differ_are_told(usual: Place, seconds: int, words: str) -> None:
    tenant, adapter = usual
    tenant.later(seconds)
    assert any(words in sentence for sentence in said(adapter, "Connection"))


def test_values_that_are_not_what_we_think_are_told(usual: Place) -> None:
    tenant, adapter = usual
    none = '{"items":[],"count":0,"hasMore":false,"limit":1,"offset":0,"totalResults":0}'
    tenant.fault("custom_answer", match={"contains": "JobStatusCode = 'C'"}, body=none)
    assert any("1 jobs have a status beside P, I, C" in sentence for sentence in said(adapter, "Company"))
    text = '{"items":[{"CompVUuid":"1","CompCode":1,"CompName":"A","CompCurrCode":"USD"}],"hasMore":false}'
    tenant.fault("custom_answer", match={"contains": "fields=CompVUuid"}, body=text)
    missing = [s for s, state in said(adapter, "Names").items() if state is CheckState.MISSING]
    assert missing == [
        "CMiC's glcompany does not answer with CompCode as expected; compare the names with its /describe."
    ]


def test_a_company_without_visible_jobs_and_one_that_is_hidden_are_told(usual: Place) -> None:
    _, adapter = usual
    none = {item.sentence for item in adapter.report(ErpCompany(code="002"))}
    assert "We see no job of company 002: ask for job security if it has some." in none
    gone = {item.sentence: item.state for item in adapter.report(ErpCompany(code="777"))}
    sentence = "CMiC does not show us company 777; correct its code or ask for access."
    assert gone[sentence] is CheckState.MISSING
