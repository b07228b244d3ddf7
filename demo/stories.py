"""The nine jobs, each as the story that leads to its state. A story yields the moment of what it does next."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from budgets import services
from demo.catalog import (
    ANNEX,
    CENTER,
    CLINIC,
    COMPANY,
    DOCK,
    HOTEL,
    LABS,
    PARKADE,
    QUAY,
    SCHOOL,
    TIME_ZONE,
    DemoJob,
    demo_copy,
)
from demo.office import Key, Office
from erp import services as erp
from erp.decision import deciding
from erp.models import Batch

Story = Generator[datetime, datetime, None]

SLOW_SECONDS = 20  # a line of Riverside: 60 of them take 20 minutes
CONTINGENCY: Key = ("01-90-00", "O")
BUYOUT_MAIL = b"""From: Ines Calder <ines@calder-steel.example>\r
To: Dana Reyes <dana@northgate.example>\r
Subject: Harborline Center, structural steel: agreed price\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=utf-8\r
\r
Dana, as agreed on the phone: structural steel complete, 214,000 below the estimate. Contract follows.\r
Ines\r
"""


@dataclass(frozen=True)
class Calendar:
    """Moments counted back from when the demo is made."""

    now: datetime

    def day(self, ago: int, at: str) -> datetime:
        """A time of day in the company, so many days ago."""
        zone = ZoneInfo(TIME_ZONE)
        local = self.now.astimezone(zone) - timedelta(days=ago)
        return datetime.combine(local.date(), time.fromisoformat(at), tzinfo=zone)

    def hours(self, ago: float) -> datetime:
        """So many hours ago."""
        return self.now - timedelta(hours=ago)


def center(office: Office, calendar: Calendar) -> Story:
    """Harborline Center: locked, with two lines coded in a way CMiC does not know, and a month of modifications."""
    now = yield calendar.day(33, "08:40")
    budget = office.open(CENTER, now=now)
    office.bring(budget, by="dana", now=now, text=demo_copy(), name="harborline.csv")
    now = yield calendar.day(32, "16:05")
    office.lock(budget, by="dana", now=now)
    now = yield calendar.day(27, "10:20")
    changes = {("05-12-00", "S"): -214_000, CONTINGENCY: 214_000}
    buyout = office.draft(
        budget,
        "Buyout savings to contingency",
        changes,
        by="dana",
        now=now,
        note="Structural steel bought out below the estimate.",
    )
    buyout = office.attach(buyout, "Steel buyout.eml", BUYOUT_MAIL, by="dana", now=now)
    services.make_effective(buyout, user=office.people["dana"], now=now)
    now = yield calendar.day(19, "14:45")
    changes = {("07-84-00", "S"): 38_000, CONTINGENCY: -38_000}
    office.modify(budget, "Scope gap in firestopping", changes, by="dana", now=now)
    now = yield calendar.day(12, "09:30")
    new = {"job": CENTER.code, "cost_code": "03-35-00", "cost_type": "S", "description": "Concrete finishing"}
    written = services.save_modification(
        budget,
        user=office.people["dana"],
        now=now,
        title="Finishing from own labor to a subcontract",
        date=now.date(),
        note="The slab crew is tied up at Quay Street.",
        lines=[(office.line(budget, ("03-35-00", "L")), Decimal(-60_000))],
        new_lines=[(new, Decimal(60_000))],
    )
    services.make_effective(written, user=office.people["dana"], now=now)
    now = yield calendar.day(5, "11:15")
    note = "Changes the grand total, so it waits until the company allows that or the money is named."
    changes = {("23-09-00", "S"): 24_000}
    office.draft(budget, "Estimate correction: control points", changes, by="dana", now=now, note=note)
    now = yield calendar.day(2, "15:50")
    office.draft(budget, "Re-split of division 01", _resplit(), by="dana", now=now)


def _resplit() -> dict[Key, int]:
    """Twelve lines of division 01 that net to zero."""
    return {
        ("01-31-00", "L"): -84_000,
        ("01-32-00", "L"): 16_000,
        ("01-32-00", "O"): 6_000,
        ("01-35-23", "L"): 22_000,
        ("01-35-23", "M"): -4_000,
        ("01-45-00", "S"): 15_000,
        ("01-50-00", "M"): -12_000,
        ("01-50-00", "E"): 24_000,
        ("01-54-00", "E"): 18_000,
        ("01-54-00", "L"): -11_000,
        ("01-71-23", "L"): 8_000,
        ("01-74-00", "L"): 2_000,
    }


def clinic(office: Office, calendar: Calendar) -> Story:
    """Eastgate Clinic: sent back with remarks on four lines, and sent again after two were changed."""
    now = yield calendar.day(9, "09:10")
    budget = office.prepare(CLINIC, by="dana", now=now)
    now = yield calendar.day(8, "13:30")
    office.lock(budget, by="dana", now=now)
    batch = office.send(budget, by="dana", now=now)
    now = yield calendar.day(7, "10:05")
    remarks = {
        ("03-30-00", "M"): "The quote of the ready-mix supplier is lower. Which one holds?",
        ("05-12-00", "S"): "Bought out last week for less; please use the subcontract's amount.",
        ("09-21-16", "S"): "Why more than in the estimate we have?",
        ("23-31-00", "S"): "Is the duct insulation in here or in 23-07-00?",
    }
    deciding.open_batch(batch, user=office.people["mira"], now=now)
    deciding.reject(
        batch,
        user=office.people["mira"],
        now=now,
        reason_code="amounts",
        reason="Four lines do not match what was bought out. Please look at the remarks.",
        remarks={office.line(budget, key).pk: text for key, text in remarks.items()},
    )
    now = yield calendar.day(6, "15:40")
    services.unlock(budget, user=office.people["dana"], now=now)
    for key, less in ((("03-30-00", "M"), 4_200), (("05-12-00", "S"), 9_800)):
        line = office.line(budget, key)
        office.set_amount(budget, key, line.amount - Decimal(less), by="dana", now=now)
    office.lock(budget, by="dana", now=now)
    now = yield calendar.hours(7)
    answers = {
        "09-21-16": "Two more fire-rated walls since; the estimate of March is out of date.",
        "23-31-00": "It is in 23-07-00, as at Harborline.",
    }
    for remark in batch.remarks.filter(line__cost_code__code__in=answers).select_related("line__cost_code"):
        erp.answer_remark(
            remark, user=office.people["dana"], now=now, answer=answers[str(remark.line.cost_code)]
        )
    office.send(budget, by="dana", now=now, note="Concrete and steel corrected, the other two answered.")


def dock(office: Office, calendar: Calendar) -> Story:
    """Dock 9 Warehouse: posted before, now a change of 310,000 out of contingency waits; Tom prepared it."""
    now = yield calendar.day(66, "08:30")
    budget = office.prepare(DOCK, by="tom", now=now)
    yield from _to_posted(office, calendar, DOCK, by="tom", ago=65)
    now = yield calendar.day(1, "16:20")
    changes = {("03-30-00", "M"): 180_000, ("11-13-00", "S"): 130_000, CONTINGENCY: -310_000}
    note = "Owner wants a third dock leveller and a thicker slab. Paid from contingency."
    office.modify(budget, "Third dock leveller, thicker slab", changes, by="tom", now=now, note=note)
    now = yield calendar.hours(5)
    office.send(budget, by="tom", now=now, note=note)


def school(office: Office, calendar: Calendar) -> Story:
    """Riverside School: accepted a moment ago; CMiC is slow with it, and the workers write line after line."""
    now = yield calendar.day(3, "11:00")
    budget = office.prepare(SCHOOL, by="dana", now=now)
    now = yield calendar.day(2, "09:45")
    office.lock(budget, by="dana", now=now)
    batch = office.send(budget, by="dana", now=now, note="As presented to the school board.")
    now = yield calendar.hours(0.02)
    office.control.slow_lines(SCHOOL.code, seconds=SLOW_SECONDS)
    office.accept(batch, by="jonas", now=now)


def labs(office: Office, calendar: Calendar) -> Story:
    """Union Labs: two of 214 lines refused, because somebody changed CMiC after the batch was accepted."""
    now = yield calendar.day(5, "10:00")
    budget = office.prepare(LABS, by="dana", now=now)
    now = yield calendar.day(4, "14:15")
    office.lock(budget, by="dana", now=now)
    batch = office.send(budget, by="dana", now=now)
    now = yield calendar.hours(20)
    office.accept(batch, by="jonas", now=now)
    place = {"company": COMPANY, "job": LABS.code, "active": False}
    office.control.tell("set_active", **place, phase="26-24-00", category="3000")
    office.control.tell("set_active", **place, phase="28-46-00")
    office.deliver(batch, now=now)


def parkade(office: Office, calendar: Calendar) -> Story:
    """Parkade C: in CMiC, and no accountant has posted it for 26 hours."""
    now = yield calendar.day(6, "09:20")
    budget = office.prepare(PARKADE, by="dana", now=now)
    now = yield calendar.day(5, "13:05")
    office.lock(budget, by="dana", now=now)
    batch = office.send(budget, by="dana", now=now)
    now = yield calendar.hours(26)
    office.accept(batch, by="jonas", now=now)
    office.deliver(batch, now=now)


def hotel(office: Office, calendar: Calendar) -> Story:
    """Hotel Meridian: posted; later somebody raised the carpets by 18,400 straight in CMiC."""
    now = yield calendar.day(48, "10:30")
    budget = office.prepare(HOTEL, by="dana", now=now)
    yield from _to_posted(office, calendar, HOTEL, by="dana", ago=46)
    now = yield calendar.day(18, "09:00")
    changes = {("09-65-00", "S"): -9_600, ("09-68-00", "S"): 9_600}
    office.modify(budget, "Corridors: carpet instead of vinyl", changes, by="dana", now=now)
    yield from _decided_and_posted(office, calendar, budget_of=HOTEL, by="dana", approver="mira", ago=17)
    now = yield calendar.day(2, "17:35")
    held = office.read(budget, now=now)
    current = next(row[5] for row in held.rows if row[:3] == [HOTEL.code, "09-68-00", "2000"])
    raised = {"phase": "09-68-00", "category": "2000", "current": str(Decimal(current) + 18_400)}
    office.control.tell("set_budget", company=COMPANY, job=HOTEL.code, **raised)
    now = yield calendar.day(2, "18:10")
    office.read(budget, now=now)


def annex(office: Office, calendar: Calendar) -> Story:
    """City Annex: three batches, all posted; a draft would take the stair nosings back."""
    now = yield calendar.day(140, "08:50")
    budget = office.prepare(ANNEX, by="tom", now=now)
    yield from _to_posted(office, calendar, ANNEX, by="tom", ago=138)
    now = yield calendar.day(90, "11:10")
    changes = {("05-50-00", "S"): 14_500, CONTINGENCY: -14_500}
    office.modify(budget, "Stair nosings after inspection", changes, by="tom", now=now)
    changes = {("08-44-00", "S"): -22_000, ("09-91-00", "S"): 22_000}
    office.modify(budget, "Curtain wall savings to painting", changes, by="tom", now=now)
    yield from _decided_and_posted(office, calendar, budget_of=ANNEX, by="tom", approver="mira", ago=88)
    now = yield calendar.day(25, "15:25")
    changes = {("09-91-00", "S"): 8_300, CONTINGENCY: -8_300}
    office.modify(budget, "Repainting of the lobby", changes, by="tom", now=now)
    yield from _decided_and_posted(office, calendar, budget_of=ANNEX, by="tom", approver="mira", ago=24)
    now = yield calendar.day(3, "10:40")
    nosings = budget.modifications.get(number=1)
    services.reverse_modification(nosings, user=office.people["tom"], now=now)


def quay(office: Office, calendar: Calendar) -> Story:
    """Quay Street: a draft; its job is pending in CMiC, where the budget will be entered."""
    now = yield calendar.day(1, "13:45")
    office.prepare(QUAY, by="dana", now=now)


STORIES: tuple[Callable[[Office, Calendar], Story], ...] = (
    center,
    clinic,
    dock,
    school,
    labs,
    parkade,
    hotel,
    annex,
    quay,
)


def _to_posted(office: Office, calendar: Calendar, job: DemoJob, *, by: str, ago: int) -> Story:
    """Lock a draft, then send it all the way; originals move millions, so Jonas accepts."""
    now = yield calendar.day(ago, "09:05")
    office.lock(office.budget_of(job), by=by, now=now)
    yield from _decided_and_posted(office, calendar, budget_of=job, by=by, approver="jonas", ago=ago)


def _decided_and_posted(
    office: Office, calendar: Calendar, *, budget_of: DemoJob, by: str, approver: str, ago: int
) -> Story:
    """Send, have it accepted the same day, delivered at once and posted the next."""
    now = yield calendar.day(ago, "10:15")
    batch: Batch = office.send(office.budget_of(budget_of), by=by, now=now)
    now = yield calendar.day(ago, "14:40")
    office.accept(batch, by=approver, now=now)
    office.deliver(batch, now=now)
    now = yield calendar.day(ago - 1, "08:55")
    office.post(batch, now=now)
