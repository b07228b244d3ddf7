"""How API clients prove who they are: knox's tokens and basic logins, with garbage refused as garbage."""

from __future__ import annotations

from typing import Any

from drf_spectacular.authentication import BasicScheme as SpectacularBasicScheme
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from projects import tries


class Token(TokenAuthentication):
    """A token of knox. Bytes that can be none are a wrong token, not an error of ours."""

    def authenticate_credentials(self, token: bytes) -> Any:
        """Find the person; raises AuthenticationFailed."""
        if not token.isalnum():  # knox's are hexadecimal
            raise AuthenticationFailed("Invalid token.")
        return super().authenticate_credentials(token)


class TokenScheme(KnoxTokenScheme):
    """The same token, as the schema describes it; drf-spectacular finds it by itself."""

    target_class = "projects.authentication.Token"


class Basic(BasicAuthentication):
    """A username and password. Nobody's holds a NUL character, and the database would not take the question."""

    def authenticate_credentials(self, userid: str, password: str, request: Request | None = None) -> Any:
        """Find the person; raises AuthenticationFailed, or Throttled after too many tries."""
        if "\0" in userid + password:
            raise AuthenticationFailed("Invalid username/password.")
        try:
            return super().authenticate_credentials(userid, password, request)
        except AuthenticationFailed:
            if minutes := getattr(request, tries.SHUT, 0):
                raise Throttled(minutes * 60) from None
            raise


class BasicScheme(SpectacularBasicScheme):
    """The same login, as the schema describes it."""

    target_class = "projects.authentication.Basic"
