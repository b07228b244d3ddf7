"""The people of accounting at their screens: the approver in the queue, the accountant in CMiC."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Locator, expect

from tests.browser.people import Person, wait_for


class Approver(Person):
    """Works in the ERP Integrations queue."""

    @property
    def standing(self) -> Locator:
        """Where the batch stands, with what can be done to it."""
        return self.page.get_by_role("region", name="Where this batch stands")

    def opens_the_queue(self) -> None:
        """Go to the queue as the head of every page offers it."""
        self.goes_to("/")
        offered = self.page.get_by_role("navigation", name="Main")
        offered.get_by_role("link", name="ERP Integrations queue").click()
        expect(self.page.get_by_role("heading", name="ERP Integrations queue")).to_be_visible()

    def opens(self, project: str) -> None:
        """Open a project's waiting batch from the queue, and wait until a worker has read CMiC."""
        self.opens_the_queue()
        self.page.get_by_role("link", name=project).click()
        wait_for(self.page, self.page.get_by_text("CMiC was read"))

    def compares(self, line: str, *, now: str, sent: str, change: str, after: str) -> None:
        """Read one line: in CMiC now, sent, change, after posting."""
        cells = self.line(line).get_by_role("cell")
        expect(cells.nth(1)).to_have_text(now)
        expect(cells.nth(2)).to_have_text(sent)
        expect(cells.nth(3)).to_have_text(change)
        expect(cells.nth(4)).to_have_text(after)

    def sees_total(self, *, sent: str, after: str) -> None:
        """Read the foot of the original budget: what was sent in all, and what CMiC will hold for it."""
        cells = self.page.get_by_role("region", name="Original budget").first.locator("tfoot td")
        for cell, amount in ((cells.nth(1), sent), (cells.nth(3), after)):
            expect(cell).to_have_text(amount)
            expect(cell).to_be_visible()

    def line(self, line: str) -> Locator:
        """A line's row of the original budget: "26-0288 01-31-00 L"."""
        original = self.page.get_by_role("region", name="Original budget").first
        return original.get_by_role("row").filter(
            has=self.page.get_by_role("rowheader", name=line, exact=True)
        )

    def reads_it_against_cmic(self) -> None:
        """Turn from what changed since the rejection to what CMiC holds."""
        self.page.get_by_role("link", name="Against CMiC now").click()
        expect(self.page.get_by_role("region", name="Original budget").first).to_be_visible()

    def rejects(self, *, because: str, sentence: str, remarks: Mapping[str, str]) -> None:
        """Send the batch back with a reason, a sentence, and remarks pinned to lines."""
        for line, remark in remarks.items():
            self.line(line).get_by_text("Pin a remark").click()
            self.line(line).get_by_role("textbox").fill(remark)
        self.page.get_by_label("Reason", exact=True).select_option(label=because)
        self.page.get_by_label("What should the project manager do?").fill(sentence)
        self.presses("Reject")
        expect(self.standing).to_contain_text("Sent back")

    def accepts(self) -> None:
        """Let the batch go to CMiC."""
        self.presses("Accept", inside=self.standing)
        self.reads("Accepted. Tieback writes it into the ERP now.")

    def waits_until(self, words: str) -> None:
        """Look again until the batch stands there."""
        wait_for(self.page, self.standing.locator(".big-state", has_text=words))

    def numbers(self) -> list[str]:
        """The numbers of the batch's documents in CMiC, in their order."""
        documents = self.page.get_by_role("region", name="Documents").locator("tbody tr")
        return [text.strip() for text in documents.locator(".code:not(.soft)").all_text_contents()]

    def checks_now(self) -> None:
        """Have CMiC asked for postings now, not at the next poll."""
        self.presses("Check now", inside=self.standing)
        self.reads("The ERP is being asked for postings.")


class Accountant(Person):
    """Works at CMiC's own screens, for which the desk stands in."""

    def opens_the_desk(self) -> None:
        """Open CMiC."""
        self.goes_to("/desk")
        expect(self.page.get_by_role("heading", name="Accountant's desk")).to_be_visible()

    def posts(self, number: str, *, total: str) -> None:
        """Post the entry of that number, which amounts to the total."""
        self.opens_the_desk()
        entry = self.page.get_by_role("article").filter(has=self.page.get_by_role("link", name=number))
        expect(entry).to_contain_text(total)
        self.presses("Post", inside=entry)
        self.reads(f"{number} is posted")

    def starts_job(self, job: str) -> None:
        """Start a pending job."""
        self.opens_the_desk()
        pending = self.page.get_by_role("region", name="Pending jobs").get_by_role("article")
        mine = pending.filter(has=self.page.get_by_role("link", name=job, exact=True))
        self.presses("Start job", inside=mine)
        self.reads(f"Job {job} is started")
