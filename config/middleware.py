"""Before a page: where a visitor comes from, and what no page can do anything with."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render

BAD_REQUEST = 400
NUL = "\0"
API = "/api/"
SENTENCE = "This text contains a NUL character, which cannot be kept. Take it out and send it again."

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


def without_nul(get_response: Answer) -> Answer:
    """This middleware will answer 400 to text that holds a NUL character: the database cannot keep one.

    A body for the API is left to its serializers, which name the field. A session cookie with a NUL is no session.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if NUL in request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]
        api = request.path.startswith(API)
        if _has_nul(request.GET) or (not api and _has_nul(request.POST)):
            if api:
                return JsonResponse({"detail": SENTENCE}, status=BAD_REQUEST)
            return render(request, "400.html", {"sentence": SENTENCE}, status=BAD_REQUEST)
        return get_response(request)

    return answer


def _has_nul(values: QueryDict) -> bool:
    return any(NUL in text for name, texts in values.lists() for text in (name, *texts))
