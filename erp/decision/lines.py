"""A batch's lines against the ERP, as much of them as one page shows: windows, a search, what is unchanged folded."""

from __future__ import annotations

from dataclasses import dataclass

from erp.decision.asked import ALL, MOST_LINES, WINDOW, Asked, Window, says, window
from erp.decision.beside_erp import Decision, DecisionItem, DecisionRow
from erp.decision.transfers import Transfer, drawn

FEW_UNCHANGED = 50  # folded in place; more have a page of their own


@dataclass(frozen=True)
class ShownItem:
    """One document on the page. Its sums are always over all of its lines."""

    of: DecisionItem
    rows: list[DecisionRow]
    window: Window
    closed: str  # the link that opens it, where the page is full
    folded: list[DecisionRow]  # unchanged, few enough to unfold in place
    unfold: str  # the link that shows the unchanged ones, where they are many
    transfer: Transfer | None
    narrowed: bool  # by a search

    @property
    def left_out(self) -> bool:
        """Whether lines of the document stand neither here nor in the fold."""
        return bool(self.closed) or self.narrowed or not self.window.whole


def shown(decision: Decision, wanted: Asked) -> list[ShownItem]:
    """This function will choose the lines that a page shows of each document: at most 400 in all, 200 of one."""
    found, left = [], MOST_LINES
    for item in decision.items:
        one = _item(item, wanted, left)
        left -= len(one.rows)
        found.append(one)
    return found


def _item(item: DecisionItem, wanted: Asked, left: int) -> ShownItem:
    anchor, mine = f"#item-{item.item.pk}", wanted.item == item.item.pk
    rows = sorted((*item.rows, *item.unchanged), key=_place) if wanted.show == ALL else item.rows
    if wanted.words:
        rows = [row for row in rows if _found(row, wanted.words)]
    size = WINDOW if mine or wanted.everything else min(WINDOW, left)
    if rows and not size:
        closed = wanted.link(item=item.item.pk) + anchor
        return ShownItem(item, [], Window(0, 0, len(rows)), closed, [], "", drawn(item), bool(wanted.words))
    cut = window(
        wanted,
        of=len(rows),
        size=max(size, 1),
        start=wanted.start if mine else 0,
        item=item.item.pk,
        anchor=anchor,
    )
    folds = wanted.show != ALL and not wanted.words and bool(item.unchanged)
    few = folds and len(item.unchanged) <= FEW_UNCHANGED
    return ShownItem(
        of=item,
        rows=rows[max(0, cut.first - 1) : cut.last],
        window=cut,
        closed="",
        folded=item.unchanged if few else [],
        unfold=wanted.link(show=ALL, item=item.item.pk) + anchor if folds and not few else "",
        transfer=drawn(item),
        narrowed=bool(wanted.words),
    )


def _place(row: DecisionRow) -> int:
    return row.row.position


def _found(row: DecisionRow, words: str) -> bool:
    line = row.row
    return says(words, line.job, line.cost_code, line.cost_type, line.description)
