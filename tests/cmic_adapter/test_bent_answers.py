"""Answers bent at random: only the four meanings come out, and what was written is there once in the end."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from cmic_adapter.backend import CmicBackend
from erp.port import ErpDocument, ErpMisconfigured, ErpRefused, ErpUnavailable, ErpUnconfirmed
from tests.cmic_adapter.corpus import CASES
from tests.cmic_adapter.gate import Gate
from tests.cmic_adapter.support import STARTED, Diary, Tenant, book, change, company, line, money
from tests.support.soak import counts

FOUR_MEANINGS = (ErpUnavailable, ErpRefused, ErpUnconfirmed, ErpMisconfigured)
DOCUMENT = change(line("01-100", "L", "-1.10"), line("02-100", "M", "1.10"))
ODD = [
    b"",
    b"\0",
    b"\xff",
    b"{",
    b"}",
    b'"',
    b"null",
    b"1e999999999",
    b"-1",
    b"\\ud800",
    b"<html>",
    b"\r\n\r\n",
]
READS: list[Callable[[CmicBackend], object]] = [
    lambda cmic: list(cmic.companies()),
    lambda cmic: list(cmic.jobs(company())),
    lambda cmic: cmic.reading(company(), [STARTED]),
    lambda cmic: cmic.check(company()),
    lambda cmic: cmic.find(DOCUMENT),
    lambda cmic: cmic.postings([replace(DOCUMENT, route="pci_transfer")]),
    lambda cmic: cmic.push(DOCUMENT, Diary()),
]

# where (in thousandths of the answer), how much is taken out, what is put in, how often
Bend = tuple[int, int, bytes, int]
BENDS = st.lists(
    st.tuples(
        st.integers(0, 1000),
        st.integers(0, 40),
        st.one_of(st.sampled_from(ODD), st.binary(max_size=6)),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=3,
)
WHOLE = st.sampled_from([case.raw for case in CASES if len(case.raw) < 10_000])


def bent(answer: bytes, bends: list[Bend]) -> bytes:
    """An answer with some bytes of it others."""
    for where, out, put_in, times in bends:
        at = len(answer) * where // 1000
        answer = answer[:at] + put_in * times + answer[at + out :]
    return answer


@pytest.fixture
def gate(tenant: Tenant) -> Iterator[Gate]:
    gate = Gate(base_url=tenant.base_url)
    yield gate
    gate.close()


@counts("answers", short=100, long=10_000)
def test_whatever_a_read_is_answered_it_has_one_of_the_four_meanings(
    gate: Gate, make_backend: Callable[..., CmicBackend], answers: int
):
    @seed(1)
    @settings(max_examples=answers, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(read=st.integers(0, len(READS) - 1), nth=st.integers(0, 9), bends=BENDS, whole=st.none() | WHOLE)
    def bend(read: int, nth: int, bends: list[Bend], whole: bytes | None) -> None:
        seen: list[str] = []

        def at_nth(method: str, answer: bytes) -> bytes:
            seen.append(method)
            if len(seen) <= nth or method != "GET":
                return answer
            return bent(answer, bends) if whole is None else whole

        gate.bend = at_nth
        cmic = make_backend(base_url=gate.base_url)
        try:
            READS[read](cmic)
        except FOUR_MEANINGS:
            pass
        finally:
            cmic.close()

    bend()


@counts("answers", short=100, long=10_000)
def test_whatever_a_write_is_answered_it_has_one_of_the_four_meanings_and_ends_right(
    tenant: Tenant, gate: Gate, make_backend: Callable[..., CmicBackend], answers: int
):
    straight = make_backend()

    @seed(2)
    @settings(max_examples=answers, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(nth=st.integers(0, 3), bends=BENDS, whole=st.none() | WHOLE, lasting=st.booleans())
    def bend(nth: int, bends: list[Bend], whole: bytes | None, lasting: bool) -> None:
        seen: list[str] = []

        def at_nth(method: str, answer: bytes) -> bytes:
            if method == "GET":
                return answer
            seen.append(method)
            if len(seen) <= nth or (len(seen) > nth + 1 and not lasting):
                return answer
            return bent(answer, bends) if whole is None else whole

        tenant.reset(book())
        gate.bend = at_nth
        cmic, diary = make_backend(base_url=gate.base_url), Diary()
        try:
            cmic.push(DOCUMENT, diary)
        except FOUR_MEANINGS:
            pass
        finally:
            cmic.close()
        end_right(tenant, straight, diary.of(DOCUMENT))

    bend()


def end_right(tenant: Tenant, cmic: CmicBackend, document: ErpDocument) -> None:
    """Push again, undisturbed: the document is there once, whole and approved."""
    cmic.push(document, Diary())
    [pci] = tenant.pcis()
    assert pci["status"] == "APPR"
    assert tenant.lines() == [
        (STARTED, "01-100", "L", money("-1.10")),
        (STARTED, "02-100", "M", money("1.10")),
    ]
