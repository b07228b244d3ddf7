"""Whatever calls itself a secret is shown to nobody; everything else stays as it is, to the last digit."""

import pytest

from erp.timeline.masking import mask, readable

CANARY = "hunter2canary"


@pytest.mark.parametrize(
    "text",
    [
        *(
            f'{{"{name}": "{CANARY}"}}'
            for name in (
                *(
                    "password",
                    "Passwd",
                    "passphrase",
                    "passcode",
                    "PWD",
                    "clientSecret",
                    "access_token",
                    "Authorization",
                ),
                *(
                    "authorisation",
                    "credentials",
                    "Set-Cookie",
                    "session_id",
                    "apiKey",
                    "access-key",
                    "private key",
                ),
                *("client_key", "signingKey", "signature", "p\\u0061ssword"),
            )
        ),
        f'{{"login": {{"secret": {{"deep": ["{CANARY}"]}}}}}}',
        f'[{{"note": "the password: {CANARY}"}}]',
        f'{{"cut off": "no end", "token": "{CANARY}',
        f"Authorization: Basic {CANARY}",
        f"bearer {CANARY}",
        f"<ns:Password>{CANARY}</ns:Password>",
        f"https://erp.example/x?access_token={CANARY}&y=1",
        f"https://user:{CANARY}@erp.example/x",
        f"token='{CANARY}'",
        f'{{"name": "password", "value": "{CANARY}"}}',
        f'[{{"Key": "X-Api-Key", "Value": ["{CANARY}"]}}]',
        f'{{"cut off": [{{"name": "db.password", "value": "{CANARY}',
        f'<param name="password">{CANARY}</param>',
        f'<add key="client.secret" value="{CANARY}"/>',
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n{CANARY}\n-----END RSA PRIVATE KEY-----",
        f'{{"note": "-----BEGIN PRIVATE KEY-----\\n{CANARY}"}}',
        f"Authorization: NTLM {CANARY}",
        f"WWW-Authenticate: Negotiate {CANARY}abcdef",
        f"Authorization: Token {CANARY}",
        '{"a":' * 500 + f'{{"password": "{CANARY}"}}' + "}" * 500,
    ],
)
def test_a_secret_is_taken_out(text):
    for shown in (mask(text).text, readable(text)):
        assert CANARY not in shown
        assert "***" in shown
    assert mask(text).masked


@pytest.mark.parametrize(
    "text",
    [
        '{"Amount": 12345678901234.50, "Exponent": 1E+2,  "spaced" : null}',
        "[" * 5000,
        '{"a":' * 500 + '{"key": 1}' + "}" * 500,
        '[{"name": "Key west, signature wall", "value": 5000.00}, {"id": 7, "name": "Carpet", "value": 1}]',
        '<line id="7" name="Token ring">5000.00</line>',
        "Phase 03-30-00 is inactive on this job.",
        "https://erp.example/rest/1/budget/7",
        "",
    ],
)
def test_what_is_no_secret_stays_to_the_character(text):
    assert mask(text).text == text
    assert not mask(text).masked


def test_json_is_laid_out_with_its_numbers_as_they_came():
    assert (
        readable('{"a": 10.10, "b": [1E+2], "c": {}}')
        == '{\n  "a": 10.10,\n  "b": [\n    1E+2\n  ],\n  "c": {}\n}'
    )
