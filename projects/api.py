"""Logging in to the API, and what it says of companies, jobs and people."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from knox.views import LoginView, LogoutView
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.authentication import Basic, Token
from projects.models import Company, Job
from workflow.people import name_of


class TokenSerializer(serializers.Serializer[Any]):
    """Send it as `Authorization: Token <token>`. It is shown this once."""

    token = serializers.CharField()
    expiry = serializers.DateTimeField(allow_null=True)


class Login(LoginView):
    """Takes a username and password by basic authentication."""

    authentication_classes = [Basic]

    @extend_schema(request=None, responses=TokenSerializer, operation_id="login", tags=["auth"])
    def post(self, request: Request, format: str | None = None) -> Response:
        """Get a token for this person."""
        answer: Response = super().post(request, format)
        return answer


class Logout(LogoutView):
    """Takes the token it is called with."""

    authentication_classes = [Token]

    @extend_schema(request=None, responses={204: None}, operation_id="logout", tags=["auth"])
    def post(self, request: Request, format: str | None = None) -> Response:
        """Make this token worthless."""
        answer: Response = super().post(request, format)
        return answer


class PersonSerializer(serializers.Serializer[Any]):
    """A person, by name."""

    id = serializers.IntegerField(source="pk")
    name = serializers.SerializerMethodField()

    def get_name(self, person: Any) -> str:
        """The full name, or the username where there is none."""
        return name_of(person)


class CompanySerializer(serializers.ModelSerializer[Company]):
    """One legal entity."""

    class Meta:
        model = Company
        fields = ["id", "code", "name", "currency", "time_zone"]


class JobSerializer(serializers.ModelSerializer[Job]):
    """What carries cost: the main job, or a sub job of it."""

    is_main = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = ["id", "code", "name", "is_main"]

    def get_is_main(self, job: Job) -> bool:
        """Whether it is the project's main job."""
        return job.parent_id is None
