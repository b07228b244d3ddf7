"""An address that somebody types is no way into the network the server stands in."""

from __future__ import annotations

import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from tests.support.receiver import Receiver
from webhooks import addresses, wire
from webhooks.addresses import AddressRefused, addresses_of, target_of

PUBLIC = "93.184.216.34"


def meaning(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """What the name service says, time after time; the last answer for good."""
    queue = list(answers)

    def look_up(host: str, port: int, **more: Any) -> list[Any]:
        found = queue.pop(0) if len(queue) > 1 else queue[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", look_up)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https://",
        "https:///path",
        "hooks.example.com",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:99999/",
        "https://user:password@hooks.example.com/",
        "https://user@hooks.example.com/",
        "https://hooks.example.com/#there",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nHost: evil",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://h\u00f6oks.example.com/",
        "https://hooks.example.com/" + "a" * 500,
        "javascript:alert(1)",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_proper_address(url: str):
    with pytest.raises(AddressRefused):
        target_of(url)


@pytest.mark.parametrize(
    "ip",
    [
        *("fec0::1", "192.0.0.8", "192.88.99.1", "168.63.129.16"),
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:93.184.216.34", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1"),
    ],
)
def test_a_name_that_leads_inside_is_refused_also_when_another_of_its_addresses_does_not(
    monkeypatch: pytest.MonkeyPatch, ip: str
):
    for answer in ([ip], [PUBLIC, ip]):
        meaning(monkeypatch, answer)
        with pytest.raises(AddressRefused, match="private network"):
            addresses_of(target_of("https://hooks.example.com/"))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::1]", "localhost", "[::ffff:7f00:1]"],
)
def test_this_machine_by_any_spelling(host: str):
    with pytest.raises(AddressRefused):
        addresses_of(target_of(f"https://{host}/"))


def test_the_open_internet_is_fine(monkeypatch: pytest.MonkeyPatch):
    meaning(monkeypatch, [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"])
    target = target_of("https://hooks.example.com:8443/a?b=c")
    assert (target.authority, target.path) == ("hooks.example.com:8443", "/a?b=c")
    assert addresses_of(target)[0] == PUBLIC


def test_a_listed_tool_may_be_inside_but_never_where_clouds_keep_their_secrets(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings
):
    settings.WEBHOOK_HOSTS = frozenset({"https://tools.example.internal:9443"})
    meaning(monkeypatch, ["10.1.2.3"])
    assert addresses_of(target_of("https://tools.example.internal:9443/")) == ["10.1.2.3"]
    with pytest.raises(AddressRefused):
        addresses_of(target_of("https://other.example.internal/"))
    with pytest.raises(AddressRefused):
        target_of("http://tools.example.internal:9443/")
    meaning(monkeypatch, ["169.254.169.254"])
    with pytest.raises(AddressRefused):
        addresses_of(target_of("https://tools.example.internal:9443/"))


def test_a_name_that_means_something_else_a_moment_later_leads_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
):
    """Rebinding: looked up once a call, and the call goes to the very address that was checked."""
    meaning(monkeypatch, [PUBLIC], ["127.0.0.1"])
    dialled: list[Any] = []

    def dial(address: Any, **more: Any) -> socket.socket:
        dialled.append(address)
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(wire.socket, "create_connection", dial)
    assert "nobody there" in wire.post("https://hooks.example.com/", body=b"{}", headers={}).error
    assert dialled == [(PUBLIC, 443)]
    answer = wire.post("https://hooks.example.com/", body=b"{}", headers={})
    assert "private network" in answer.error
    assert len(dialled) == 1, "the second call was not made"


def test_a_silent_name_service_holds_nobody_up(monkeypatch: pytest.MonkeyPatch):
    over = threading.Event()

    def look_up(*given: Any, **more: Any) -> list[Any]:
        over.wait()
        raise socket.gaierror("nobody answered")

    monkeypatch.setattr(addresses.socket, "getaddrinfo", look_up)
    monkeypatch.setattr(addresses, "LOOK_UP", 0.05)
    monkeypatch.setattr(addresses, "AT_ONCE", threading.BoundedSemaphore(1))
    said = "hooks.example.com could not be looked up in time: the name service did not answer."
    answers = [wire.post("https://hooks.example.com/", body=b"{}", headers={}) for _ in range(2)]
    assert [(one.status, one.error) for one in answers] == [(None, said)] * 2
    assert [t.name for t in threading.enumerate()].count("look-up") == 1, "the second began none of its own"
    over.set()
    for thread in threading.enumerate():
        if thread.name == "look-up":
            thread.join()
    assert "cannot be found" in wire.post("https://hooks.example.com/", body=b"{}", headers={}).error


def test_a_redirect_is_not_followed(receiver: Receiver):
    receiver.statuses, receiver.location = [302], receiver.url + "&again"
    answer = wire.post(receiver.url, body=b"{}", headers={})
    assert (answer.status, answer.taken) == (302, False)
    assert "redirect" in answer.error
    assert len(receiver.got) == 1


def test_an_answer_is_read_up_to_a_limit_and_shown_in_part(receiver: Receiver):
    receiver.answer = b"<b>\x00no\x1b" + b"x" * 1_000_000
    answer = wire.post(receiver.url, body=b"{}", headers={})
    assert answer.taken
    assert len(answer.excerpt) <= wire.EXCERPT
    assert answer.excerpt.isprintable()


def test_a_receiver_that_drips_for_ever_costs_the_whole_time_out_and_no_more(receiver: Receiver):
    receiver.endless = True
    answer = wire.post(receiver.url, body=b"{}", headers={}, whole=0.3)
    assert answer.status is None
    assert answer.error == "It did not answer in time."


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 100])
def test_what_speaks_no_http_is_a_failure_and_nothing_else(settings: LazySettings, said: bytes):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings.WEBHOOK_HOSTS = frozenset({f"http://127.0.0.1:{port}"})

        def speak() -> None:
            line, _ = server.accept()
            with line:
                line.recv(65536)
                line.sendall(said)

        thread = threading.Thread(target=speak)
        thread.start()
        answer = wire.post(f"http://127.0.0.1:{port}/", body=b"{}", headers={})
        thread.join()
    assert answer.status is None
    assert answer.error


def test_no_header_is_smuggled(receiver: Receiver):
    answer = wire.post(receiver.url, body=b"{}", headers={"x": "a\r\nHost: evil"})
    assert answer.status is None and receiver.got == []


def test_a_certificate_that_nobody_vouches_for_is_refused(settings: LazySettings, tmp_path: Path):
    import ssl

    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=localhost"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings.WEBHOOK_HOSTS = frozenset({f"https://localhost:{port}"})

        def speak() -> None:
            line, _ = server.accept()
            try:
                context.wrap_socket(line, server_side=True).close()
            except OSError:
                line.close()

        thread = threading.Thread(target=speak)
        thread.start()
        answer = wire.post(f"https://localhost:{port}/", body=b"{}", headers={})
        thread.join()
    assert answer.status is None
    assert "certificate cannot be trusted" in answer.error
