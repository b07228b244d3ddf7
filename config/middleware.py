"""Before a page: where a visitor comes from, and what no page can do anything with."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render

BAD_REQUEST, TOO_LARGE = 400, 413
NUL = "\0"
API = "/api/"
SENTENCE = "This text contains a NUL character, which cannot be kept. Take it out and send it again."

HUGE = "This is larger than {most} MB, the most that is taken at once. Send less, or in several steps."

Answer = Callable[[HttpRequest], HttpResponse]


def address_behind_proxy(get_response: Answer) -> Answer:
    """This middleware will take the visitor's address from a trusted proxy: the last one it names, which it saw itself.

    What stands before it in X-Forwarded-For, and what anybody else sends, is only claimed.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        named = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        if named and ({request.META.get("REMOTE_ADDR", ""), "*"} & settings.TRUSTED_PROXIES):
            request.META["REMOTE_ADDR"] = named
        return get_response(request)

    return answer


def within_size(get_response: Answer) -> Answer:
    """This middleware will answer 413 to more than any page takes, before a byte of it is kept on the disk."""

    def answer(request: HttpRequest) -> HttpResponse:
        said = request.META.get("CONTENT_LENGTH") or "0"
        if said.isdecimal() and int(said[:20]) > settings.LARGEST_REQUEST:
            return _refused(request, HUGE.format(most=settings.LARGEST_REQUEST // 1024**2), status=TOO_LARGE)
        return get_response(request)

    return answer


def without_nul(get_response: Answer) -> Answer:
    """This middleware will answer 400 to text that holds a NUL character: the database cannot keep one.

    A body for the API is left to its serializers, which name the field. A session cookie with a NUL is no session.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if NUL in request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]
        api = request.path.startswith(API)
        if _has_nul(request.GET) or (not api and _has_nul(request.POST)):
            return _refused(request, SENTENCE, status=BAD_REQUEST)
        return get_response(request)

    return answer


def _refused(request: HttpRequest, sentence: str, *, status: int) -> HttpResponse:
    if request.path.startswith(API):
        return JsonResponse({"detail": sentence}, status=status)
    return render(request, "400.html", {"sentence": sentence, "status": status}, status=status)


def _has_nul(values: QueryDict) -> bool:
    return any(NUL in text for name, texts in values.lists() for text in (name, *texts))
