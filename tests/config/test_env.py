"""Odd values of the environment are refused with a sentence that names the variable and the fix."""

import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env, erp_env

REDIS = "unix:///run/valkey.sock?db=0"


@pytest.fixture
def shell(monkeypatch):
    """A function that sets variables; none of Tieback's is set before."""
    for name in (
        "BASE_URL",
        "SECRET_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "ALLOWED_HOSTS",
        "EMAIL_URL",
        "TIME_ZONE",
    ):
        monkeypatch.delenv(name, raising=False)

    def export(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return export


@pytest.fixture
def cmic(shell):
    """A shell that holds a working connection to CMiC, one variable of which a test may change."""
    shell(
        CMIC_BASE_URL="https://cmic.example.com/prod",
        CMIC_USERNAME="ACME||TIEBACK",
        CMIC_PASSWORD="pass word ",
    )
    return shell


def options():
    return erp_env.erp_backends(redis_url=REDIS)["cmic"]["OPTIONS"]


def test_a_whole_connection_reaches_the_adapter_as_it_stands(cmic):
    assert options() == {
        "base_url": "https://cmic.example.com/prod",
        "username": "ACME||TIEBACK",
        "password": "pass word ",
        "requests_per_second": 8.0,
        "concurrency": 3,
        "connect_timeout": 5.0,
        "read_timeout": 30.0,
        "write_timeout": 75.0,
        "probe_seconds": (0, 30, 60, 150),
        "redis_url": REDIS,
    }


def test_without_cmic_there_is_no_erp(shell):
    assert erp_env.erp_backends(redis_url=REDIS) == {}


@pytest.mark.parametrize(
    "address",
    [
        "http://cmic.example.com/prod",
        "http://10.0.0.5/prod",
        "http://127.0.0.1.example.com/prod",
        "http://0x7f.1/prod",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/prod",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//cmic.example.com/prod",
        "cmic.example.com/prod",
        "https://",
        "https:///prod",
        "https://user:pass@cmic.example.com/prod",
        "https://cmic.example.com/prod?x=1",
        "https://cmic.example.com/prod#x",
    ],
)
def test_an_address_that_is_not_a_safe_cmic_is_refused_by_name(cmic, address):
    cmic(CMIC_BASE_URL=address)
    with pytest.raises(ImproperlyConfigured, match="CMIC_BASE_URL"):
        options()


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8090/cmictest", "http://localhost:8090/cmictest", "http://[::1]:8090/cmictest/"],
)
def test_plain_http_is_for_this_machine(cmic, address):
    cmic(CMIC_BASE_URL=address)
    assert options()["base_url"] == address.rstrip("/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CMIC_USERNAME", "TIEBACK"),
        ("CMIC_USERNAME", "||TIEBACK"),
        ("CMIC_USERNAME", "ACME||"),
        ("CMIC_PASSWORD", ""),
        ("CMIC_REQUESTS_PER_SECOND", "0"),
        ("CMIC_REQUESTS_PER_SECOND", "fast"),
        ("CMIC_CONCURRENCY", "0"),
        ("CMIC_CONCURRENCY", "2.5"),
        ("CMIC_CONNECT_TIMEOUT", "-1"),
        ("CMIC_READ_TIMEOUT", "NaN"),
        ("CMIC_WRITE_TIMEOUT", "Infinity"),
        ("CMIC_PROBE_SECONDS", "0,30,20"),
        ("CMIC_PROBE_SECONDS", "0;30"),
        ("CMIC_PROBE_SECONDS", ""),
    ],
)
def test_an_odd_setting_of_the_connection_is_refused_by_name(cmic, name, value):
    cmic(**{name: value})
    with pytest.raises(ImproperlyConfigured, match=name):
        options()


def test_the_password_may_lie_in_a_file_whose_last_line_break_does_not_count(cmic, tmp_path):
    (tmp_path / "password").write_text(" pass word \n")
    cmic(CMIC_PASSWORD="", CMIC_PASSWORD_FILE=str(tmp_path / "password"))
    assert options()["password"] == " pass word "


def test_two_passwords_are_refused(cmic, tmp_path):
    cmic(CMIC_PASSWORD_FILE=str(tmp_path / "password"))
    with pytest.raises(ImproperlyConfigured, match="not both"):
        options()


def test_a_password_file_that_is_missing_is_refused_by_name(cmic, tmp_path):
    cmic(CMIC_PASSWORD="", CMIC_PASSWORD_FILE=str(tmp_path / "nowhere"))
    with pytest.raises(ImproperlyConfigured, match="CMIC_PASSWORD_FILE"):
        options()


def test_no_refusal_repeats_the_password(cmic):
    cmic(CMIC_BASE_URL="https://user:hunter2@cmic.example.com/prod")
    with pytest.raises(ImproperlyConfigured) as refusal:
        options()
    assert "hunter2" not in str(refusal.value)


def test_a_secret_key_is_needed_outside_debugging(shell):
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        env.secret_key(debug=False)
    assert env.secret_key(debug=True)


@pytest.mark.parametrize("value", ["", "tieback.example.com", "https://tieback.example.com/app", "ftp://x"])
def test_links_in_mails_need_a_whole_address(shell, value):
    shell(BASE_URL=value)
    with pytest.raises(ImproperlyConfigured, match="BASE_URL"):
        env.base_url(debug=False)


def test_the_site_answers_to_its_own_name_only(shell):
    assert env.allowed_hosts(base_url="https://tieback.example.com", debug=False) == ["tieback.example.com"]
    shell(ALLOWED_HOSTS="a.example.com, b.example.com")
    hosts = env.allowed_hosts(base_url="https://tieback.example.com", debug=False)
    assert hosts == ["a.example.com", "b.example.com"]
    shell(ALLOWED_HOSTS="*")
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS"):
        env.allowed_hosts(base_url="https://tieback.example.com", debug=False)


@pytest.mark.parametrize("value", ["", "sqlite:///db.sqlite3", "mysql://host/tieback"])
def test_any_other_database_is_refused(shell, value):
    shell(DATABASE_URL=value)
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        env.database()


def test_a_database_may_listen_on_a_socket(shell):
    shell(DATABASE_URL="postgres://tieback@%2Fvar%2Frun%2Fpostgresql:5432/tieback")
    database = env.database()
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("/var/run/postgresql", 5432, "tieback")


@pytest.mark.parametrize(
    ("given", "for_redis", "for_celery"),
    [
        ("redis://cache:6379/2", "redis://cache:6379/2", "redis://cache:6379/2"),
        ("unix:///run/v.sock", "unix:///run/v.sock?db=0", "redis+socket:///run/v.sock?virtual_host=0"),
        ("unix:///run/v.sock?db=3", "unix:///run/v.sock?db=3", "redis+socket:///run/v.sock?virtual_host=3"),
        (
            "redis+socket:///r.sock?virtual_host=1",
            "unix:///r.sock?db=1",
            "redis+socket:///r.sock?virtual_host=1",
        ),
    ],
)
def test_one_address_serves_redis_and_celery_in_their_own_words(shell, given, for_redis, for_celery):
    shell(REDIS_URL=given)
    assert env.redis_url() == for_redis
    assert env.broker_url(redis_url=for_redis) == for_celery


@pytest.mark.parametrize("value", ["", "memcached://host", "redis://", "unix://relative.sock"])
def test_anything_but_a_redis_is_refused(shell, value):
    shell(REDIS_URL=value)
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL"):
        env.redis_url()


@pytest.mark.parametrize("value", ["TB", "TB--", "TÜ-", "T\t-"])
def test_a_number_prefix_has_exactly_three_plain_characters(shell, value):
    shell(TIEBACK_NUMBER_PREFIX=value)
    with pytest.raises(ImproperlyConfigured, match="TIEBACK_NUMBER_PREFIX"):
        env.number_prefix()


def test_odd_switches_time_zones_and_mail_servers_are_refused_by_name(shell):
    shell(DEBUG="perhaps", TIME_ZONE="Mars/Olympus", EMAIL_URL="pigeon://roof")
    with pytest.raises(ImproperlyConfigured, match="DEBUG"):
        env.flag("DEBUG")
    with pytest.raises(ImproperlyConfigured, match="TIME_ZONE"):
        env.time_zone()
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL"):
        env.email()


def test_mail_may_go_to_a_folder(shell):
    shell(EMAIL_URL="filemail:////tmp/mail")
    assert env.email()["EMAIL_FILE_PATH"] == "/tmp/mail"


# -- accounting by files ----------------------------------------------------------------------------------


def test_a_folder_is_an_erp_of_its_own_beside_cmic(cmic):
    cmic(FILE_ERP_FOLDER="/srv/accounting", FILE_ERP_NAME="Sage")
    backends = erp_env.erp_backends(redis_url=REDIS)
    assert sorted(backends) == ["cmic", "file"]
    assert backends["file"] == {
        "BACKEND": "file_adapter.backend.FileBackend",
        "OPTIONS": {"folder": "/srv/accounting", "name": "Sage"},
    }


def test_a_folder_alone_is_enough(shell):
    shell(FILE_ERP_FOLDER="/srv/accounting")
    assert erp_env.erp_backends(redis_url=REDIS)["file"]["OPTIONS"]["name"] == "Accounting"


@pytest.mark.parametrize(
    ("name", "value"),
    [("FILE_ERP_FOLDER", "accounting"), ("FILE_ERP_NAME", "A" * 31), ("FILE_ERP_NAME", " ")],
)
def test_an_odd_setting_of_the_folder_is_refused_by_name(shell, name, value):
    shell(FILE_ERP_FOLDER="/srv/accounting")
    shell(**{name: value})
    with pytest.raises(ImproperlyConfigured, match=name):
        erp_env.erp_backends(redis_url=REDIS)


def test_the_log_hides_the_passwords_of_every_erp_that_has_one(cmic):
    cmic(FILE_ERP_FOLDER="/srv/accounting")
    assert erp_env.erp_passwords(erp_env.erp_backends(redis_url=REDIS)) == ["pass word "]


def test_tieback_starts_where_accounting_goes_by_files_beside_cmic(cmic, tmp_path):
    cmic(FILE_ERP_FOLDER=str(tmp_path), SECRET_KEY="k" * 50, DEBUG="1", REDIS_URL=REDIS)
    cmic(DATABASE_URL="postgres://x@localhost/x", BASE_URL="http://localhost:8000")
    started = subprocess.run(
        [sys.executable, "-c", "from config import settings; print(sorted(settings.ERP_BACKENDS))"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (started.stdout, started.stderr) == ("['cmic', 'file']\n", "")


def test_tools_of_the_house_are_named_with_scheme_host_and_port(shell):
    shell(WEBHOOK_HOSTS=" Chat.example.internal, tools.example.internal:9443,http://127.0.0.1:9000,")
    assert env.webhook_hosts() == {
        "https://chat.example.internal:443",
        "https://tools.example.internal:9443",
        "http://127.0.0.1:9000",
    }


@pytest.mark.parametrize("odd", ["ftp://x", "https://", "x/y", "x:99999", "u@x", "http://x?y"])
def test_an_odd_tool_of_the_house_is_refused(shell, odd):
    shell(WEBHOOK_HOSTS=odd)
    with pytest.raises(ImproperlyConfigured, match="WEBHOOK_HOSTS"):
        env.webhook_hosts()


def test_old_keys_are_read_with_commas(shell):
    shell(SECRET_KEY_FALLBACKS="one, two,")
    assert env.old_secret_keys() == ["one", "two"]
