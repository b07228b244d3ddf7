"""People who keep the workers busy: over several projects everybody does the next thing that can be done.

Dana writes shifts and sends, Mira accepts, the accountant posts, and some batches are returned instead or were posted
in part. `act()` is one round over all projects; `rest()` says whether nothing is on its way any more.
"""

import random
from decimal import Decimal

from django.utils import timezone

from erp.delivery import aftercare
from erp.models import Batch, BatchState, Document, DocumentState
from erp.posting import confirmations
from tests.support.delivery import OPEN
from tests.support.simulator import Simulator
from tests.support.story import Story, begin_all, cmic_holds
from workflow.actions import ActionBlocked

LINES = (
    ("01-31-00", "L", "1260000.10"),
    ("01-31-00", "O", "0.00"),
    ("03-30-00", "L", "0.30"),
    ("03-30-00", "M", "9999.99"),
    ("09-68-00", "S", "0.00"),
)
PENDING_EVERY = 3  # every third job's budget is still open in CMiC
MOST_SHIFTS = 3  # modifications in one batch, at most
GAVE_UP = "gave_up"


def projects(simulator: Simulator, number: int) -> list[Story]:
    """A company with so many projects of six lines, every third on a job whose budget is still open."""
    jobs = {f"26-{1000 + i}": "P" if i % PENDING_EVERY == 2 else "I" for i in range(number)}
    stories = begin_all(simulator, cmic_holds(status="I", jobs=jobs), *jobs)
    for story in stories:
        for code, kind, amount in LINES:
            story.add_line(code, kind, amount)
        story.add_line("03-30-00", "M", "-0.01", job=story.sub_job)
        story.lock()
    return stories


class People:
    """What the people of all projects do, one round at a time."""

    def __init__(self, stories: list[Story], dice: random.Random) -> None:
        self.stories, self.dice = stories, dice
        self.simulator = stories[0].simulator
        self.sent = self.returned = self.retried = 0
        self.resting = False  # nothing new is sent any more
        # Jobs whose budget was open in CMiC at first: their originals go alone.
        self._open = {job["code"] for job in self.simulator.book()["jobs"] if job["status"] == "P"}
        self._ended: set[int] = set()  # batches that were posted or returned, which takes its time to be seen

    def act(self) -> None:
        """Everybody does what can be done now; somebody who is too late is told so and goes on."""
        for story in self.stories:
            batch = story.reload().batches.order_by("-number").first()
            try:
                self._next(story, batch)
            except ActionBlocked as blocked:
                assert blocked.blockers, "people are told why"

    def _next(self, story: Story, batch: Batch | None) -> None:
        if batch is None or batch.state in (BatchState.POSTED, BatchState.RETURNED):
            if not self.resting:
                self._send(story)
        elif batch.state == BatchState.WAITING:
            story.read()
            story.accept(batch)
        elif batch.state == BatchState.EXPORTED and batch.pk not in self._ended:
            self._end(story, batch)
            self._ended.add(batch.pk)
        elif batch.documents.filter(state=DocumentState.REFUSED).exists():
            self._look_at_refusals(story, batch)

    def _send(self, story: Story) -> None:
        if story.job not in self._open or not story.budget.lines.filter(was_posted=False).exists():
            self.shift(story)
        story.accept(story.send())
        self.sent += 1

    def shift(self, story: Story) -> None:
        """Dana moves some cents between two or three lines, once or a few times."""
        lines = list(story.budget.lines.order_by("pk"))
        for number in range(self.dice.randint(1, MOST_SHIFTS)):
            chosen = self.dice.sample(lines, self.dice.choice((2, 2, 3)))
            amounts = [Decimal(self.dice.randint(1, 99_999)) / 100 for _ in chosen[1:]]
            parts = [-sum(amounts), *amounts]
            story.modify(
                f"shift {number}", *[(line, f"{part:.2f}") for line, part in zip(chosen, parts, strict=True)]
            )

    def _end(self, story: Story, batch: Batch) -> None:
        """The accountant posts all of it, or some; or Mira returns what is not posted."""
        chance = 1.0 if self.resting else self.dice.random()
        if chance > 0.35:
            story.post_everything()
        elif chance > 0.25:
            self._post_one(story)
        if chance <= 0.35:
            aftercare.return_to_pm(batch, user=story.mira, now=timezone.now(), note="Not this month, please.")
            self.returned += 1
            return
        confirmations.check_now(batch, user=story.mira, now=timezone.now())

    def _post_one(self, story: Story) -> None:
        for item in self.simulator.book()["pcis"]:
            if item["job"] == story.job and not item.get("posted"):
                self.simulator.post(company="001", job=story.job, code=item["code"])
                return

    def _look_at_refusals(self, story: Story, batch: Batch) -> None:
        """The one refusal that happens here: workers were killed ten times over the same document."""
        refused = batch.documents.filter(state=DocumentState.REFUSED)
        found = [finding for document in refused for finding in document.findings]
        assert {finding["code"] for finding in found} <= {GAVE_UP}, found
        aftercare.retry(batch, user=story.mira, now=timezone.now())
        self.retried += 1

    def rest(self) -> bool:
        """Nobody sends any more; whether every document is where it stays and every batch at its end."""
        self.resting = True
        self.act()
        moving = Document.objects.filter(state__in=OPEN).exists()
        return not moving and not Batch.objects.exclude(state__in=["posted", "returned"]).exists()
