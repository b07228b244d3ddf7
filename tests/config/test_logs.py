"""What a log line may hold."""

import logging

from config.logs import LineFormatter


def entry(message, *args, exc_info=None):
    record = logging.LogRecord("erp", logging.INFO, "", 0, message, args, exc_info)
    return LineFormatter(secrets=["hunter2", ""]).format(record)


def test_a_line_break_in_somebodys_words_starts_no_new_entry():
    assert "\n" not in entry("project %s", "A\n2026-01-01 INFO erp all is well")


def test_a_secret_is_blacked_out_in_message_and_traceback():
    try:
        raise ValueError("login with hunter2 failed")
    except ValueError as error:
        line = entry("password %s", "hunter2", exc_info=(ValueError, error, error.__traceback__))
    assert "hunter2" not in line
    assert "login with ********" in line
