"""The approvers' queue: the list with its shelves, and what is done to several batches at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from erp.approval.other_eyes import who_instead
from erp.decision import admin as admin_views
from erp.decision import admin_bulk
from erp.desk import DeskAdmin, memberships
from erp.models import Batch
from erp.queue import admin_filters, row_words
from erp.queue import listing as queue
from erp.queue import narrowing as queue_narrowing
from erp.queue.admin_narrowed import CompanyFilter, SenderFilter, ShelfFilter, WholeNarrowing, counted
from erp.rounds import SENT_BACK
from erp.timeline import admin as admin_trail
from projects.models import Direction
from workflow.numbers import number
from workflow.templatetags.figures import age, money


class QueueList(ChangeList):
    """A page of the queue, each row knowing who may accept what the person may not."""

    def get_results(self, request: HttpRequest) -> None:
        """The rows of this page."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        self.sums = queue.sums(self.queryset) if self.result_list else []
        row_words.count_left(self.result_list)
        instead = who_instead(self.result_list)
        listed = urlencode({"list": queue_narrowing.read(request.GET)[0].query})
        for batch in self.result_list:
            batch.instead = instead.get(batch.pk, "")
            batch.link = f"{reverse('admin:erp_batch_change', args=[batch.pk])}?{listed}"


class BatchAdmin(DeskAdmin):
    """The queue. Opening a row leads to the decision; nothing is edited."""

    list_display = (
        *("project", "company", "holds", "lines", "moved_amount", "net_amount", "sender", "waiting"),
        *("round_number", "standing", "heed"),
    )
    list_display_links = None
    list_filter = (ShelfFilter, CompanyFilter, SenderFilter, WholeNarrowing)
    search_fields = queue_narrowing.FIELDS
    ordering = ("sent_at", "pk")
    list_per_page = 200
    list_max_show_all = 200
    show_full_result_count = False
    actions = (admin_bulk.accept_selected, admin_bulk.reject_selected, admin_bulk.read_selected)
    change_list_template = "admin/erp/batch/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        """The batches of the person's companies; others do not exist here."""
        return queue.queue(request.user, memberships(request), now=timezone.now())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list with what its rows need."""
        return QueueList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Batch], search_term: str
    ) -> tuple[QuerySet[Batch], bool]:
        """What is searched for is a part of the narrowing, which the filters have done."""
        return queryset, False

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """The columns; the company only for people who see several."""
        columns = self.list_display
        return columns if len(memberships(request)) > 1 else tuple(c for c in columns if c != "company")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with counts on every shelf."""
        if any(number(key) is None for key in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest("A batch is selected by its id.")
        if place := admin_filters.opened(request):
            return redirect(place)
        chosen = request.GET.get("queue", queue.DEFAULT)
        narrowing, errors = queue_narrowing.read(request.GET)
        numbers = counted(request)
        context = {
            "shelves": numbers.shelves,
            "chosen": chosen,
            "shelf": next((shelf for shelf in numbers.shelves if shelf.key == chosen), None),
            "senders": [(str(pk), name) for pk, name in numbers.senders],
            "desk_companies": [(str(row.company_id), str(row.company)) for row in memberships(request)],
            "offers": self.get_actions(request),
            "nav": "queue",
            "narrowing": narrowing,
            "filter_errors": errors,
            "saved": admin_filters.chips(request, narrowing=narrowing),
            "may_share": admin_filters.may_share(request),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        """The list, and the pages of one batch; Django's own forms are left out."""
        return [
            path("", self._behind(self.changelist_view), name="erp_batch_changelist"),
            path("filters/", self._behind(admin_filters.keep), name="erp_batch_filters"),
            path("look/", self._behind(admin_bulk.look), name="erp_batch_look"),
            path("together/<int:pk>/", self._behind(admin_bulk.outcome), name="erp_batch_together"),
            path("<int:pk>/change/", self._behind(admin_views.page), name="erp_batch_change"),
            path("<int:pk>/do/<slug:action>/", self._behind(admin_views.act), name="erp_batch_act"),
            path("<int:pk>/progress/", self._behind(admin_views.progress), name="erp_batch_progress"),
            path("<int:pk>/timeline/", self._behind(admin_trail.batch_timeline), name="erp_batch_timeline"),
            path(
                "<int:pk>/evidence.<slug:kind>",
                self._behind(admin_trail.batch_evidence),
                name="erp_batch_evidence",
            ),
            path("<int:pk>/calls/<int:call>/", self._behind(admin_trail.batch_call), name="erp_batch_call"),
            path("<int:pk>/reading/", self._behind(admin_views.reading), name="erp_batch_reading"),
            path(
                "<int:pk>/posting-list/",
                self._behind(admin_views.posting_list),
                name="erp_batch_posting_list",
            ),
            path(
                "<int:pk>/attachments/<int:attachment>/",
                self._behind(admin_views.attachment),
                name="erp_batch_attachment",
            ),
        ]

    def _behind(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return self.admin_site.admin_view(view)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """What can be done to several at once, for people who may decide anywhere."""
        pushing = [row.direction for row in memberships(request) if row.can_push]
        left_out = {
            *(["accept_selected"] if set(pushing) <= {Direction.BACK} else []),
            *(["reject_selected"] if set(pushing) <= {Direction.OUT} else []),
        }
        found = super().get_actions(request) if pushing else {}
        return {name: action for name, action in found.items() if name not in left_out}

    # -- columns -------------------------------------------------------------------------------------------

    @admin.display(description="Project", ordering="budget__project__name")
    def project(self, batch: Batch) -> SafeString:
        """The project, leading to the decision."""
        return format_html(
            '<a href="{}">{}</a> <span class="soft nowrap">batch {}</span>',
            batch.__dict__.get("link") or reverse("admin:erp_batch_change", args=[batch.pk]),
            batch.budget.project.name,
            batch.number,
        )

    @admin.display(description="Company", ordering="budget__project__company__code")
    def company(self, batch: Batch) -> str:
        """The company's code and name."""
        return str(batch.budget.project.company)

    @admin.display(description="What")
    def holds(self, batch: Batch) -> str:
        """Original, modifications."""
        return row_words.what(batch)

    @admin.display(description="Lines", ordering="lines_changed")
    def lines(self, batch: Batch) -> int:
        """Lines that change."""
        return batch.lines_changed

    @admin.display(description="Moved", ordering="moved")
    def moved_amount(self, batch: Batch) -> SafeString:
        """What its documents move."""
        return money(batch.moved)

    @admin.display(description="Net", ordering="net")
    def net_amount(self, batch: Batch) -> SafeString:
        """Change of the total."""
        return money(batch.net)

    @admin.display(description="Sent by", ordering="sent_by__first_name")
    def sender(self, batch: Batch) -> str:
        """Who pressed the button."""
        return row_words.sender(batch)

    @admin.display(description="Age", ordering="-sent_at")
    def waiting(self, batch: Batch) -> SafeString:
        """Since when."""
        return age(batch.sent_at)

    @admin.display(description="Round", ordering="round")
    def round_number(self, batch: Batch) -> str:
        """1st, or what it is after it was sent back."""
        return {1: "1st", 2: "2nd", 3: "3rd"}.get(batch.round, f"{batch.round}th")

    @admin.display(description="State", ordering="state")
    def standing(self, batch: Batch) -> SafeString:
        """Where it stands, in words."""
        tone, words = row_words.standing(batch)
        return format_html('<span class="state {}">{}</span>', tone, words)

    @admin.display(description="Note")
    def heed(self, batch: Any) -> SafeString:
        """What to look at before deciding, and where a batch that was sent back went on."""
        marks = format_html_join(
            " ", '<span class="mark warn">{}</span>', ((w,) for w in row_words.warnings(batch))
        )
        if batch.state not in SENT_BACK or batch.later is None:
            return marks
        again = reverse("admin:erp_batch_change", args=[batch.later])
        return format_html('{} <a href="{}">sent again as batch {}</a>', marks, again, batch.later_number)
