"""The API's schema and documentation: for people who are logged in."""

from io import StringIO

from django.core.management import call_command
from django.test import Client

SCHEMA, DOCS = "/api/v1/schema/", "/api/v1/docs/"


def test_a_stranger_reads_neither_schema_nor_documentation(client: Client, db: None):
    assert client.get(SCHEMA).status_code == 401
    answer = client.get(DOCS)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={DOCS}")


def test_whoever_is_logged_in_reads_both(scene, api):
    dana = api(scene.dana)
    assert b"/api/v1/projects/" in dana.get(SCHEMA).content
    assert dana.get(DOCS).status_code == 200


def test_the_schema_is_written_to_a_file_without_logging_in():
    out = StringIO()
    call_command("spectacular", stdout=out)
    assert "/api/v1/projects/" in out.getvalue()
