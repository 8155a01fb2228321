"""Refusals that are part of logging in, told from failures."""

from typing import Any

import pytest

from detector.outcomes import AT_ONCE
from tests.unit.detector.frames import BROWSER, request, sessions_of


def failures(*requests: dict[str, Any]) -> float:
    """Return how many failed logins and repeated refusals a client is told to have."""
    row = sessions_of(*requests).row(0, named=True)
    return row["login_failures"] + row["denied_repeats"]


def test_mail_programs_are_refused_once_for_each_request_and_then_let_in() -> None:
    url = "/Microsoft-Server-ActiveSync?Cmd=Ping&User=anna"
    rows = [request(second, url, method="POST", status=(401, 200)[second % 2]) for second in range(40)]
    row = sessions_of(*rows).row(0, named=True)
    assert (row["login_failures"], row["login_successes"], row["client_exploits"]) == (0, 20, 0)


def test_a_handshake_in_three_steps_is_no_guessing() -> None:
    rows = [request(second, "/sites/team", status=(401, 401, 200)[second % 3]) for second in range(60)]
    assert failures(*rows) == 0


def test_guesses_that_are_all_refused_fail() -> None:
    rows = [request(second, "/intern/", status=401) for second in range(20)]
    assert failures(*rows, request(21, "/intern/")) == 18  # the first is none yet, the last may be a right password


def test_a_form_that_was_refused_and_then_sends_on_is_one_failure() -> None:
    rows = [request(0, "/login", method="POST", status=401), request(5, "/login", method="POST", status=302)]
    assert failures(*rows, request(6, "/home")) == 1


@pytest.mark.parametrize("path", ["/oauth/token", "/realms/a/protocol/openid-connect/token"])
def test_fetching_token_after_token_is_no_guessing(path: str) -> None:
    rows = [request(60 * number, path, method="POST", status=200) for number in range(20)]
    assert failures(*rows) == 0
    assert failures(*({**each, "status": 400} for each in rows)) == 20


@pytest.mark.parametrize(
    "url",
    [
        "/index.php?route=account/login",
        "/webmail/?_task=login",
        "/ucp.php?mode=login",
        "/index.php?title=Special:UserLogin&returnto=Main",
        "/api/verify-otp",
        "/account/2fa",
        "/login/index.php",
    ],
)
def test_logins_are_known_by_their_query_and_by_more_paths(url: str) -> None:
    rows = [request(second, url, method="POST", status=401) for second in range(5)]
    assert failures(*rows) == 5
    assert failures(*({**each, "method": "GET"} for each in rows)) in {0, 4}


def test_signed_calls_and_applications_at_xmlrpc_try_no_passwords() -> None:
    path = "/xmlrpc.php"
    assert failures(*(request(second, path, method="POST") for second in range(9))) == 9
    signed = f"{path}?for=jetpack&token=a&signature=b"
    assert failures(*(request(second, signed, method="POST") for second in range(9))) == 0
    telephone = [request(60 * number, path, method="POST", user_agent="wp-android/23.1") for number in range(9)]
    assert sessions_of(*telephone)["client_login_failures"].item() == 0


APP = "ShopApp/4.2 (iPhone; iOS 17.4) CFNetwork/1474 Darwin/23.0.0"


@pytest.mark.parametrize(("url", "method"), [("/api/login", "POST"), ("/calendar/", "GET")])
def test_an_app_that_keeps_an_old_password_guesses_no_others(url: str, method: str) -> None:
    old = [request(60 * number, url, method=method, status=401, user_agent=APP) for number in range(60)]
    assert failures(*old) <= 1
    assert failures(*({**each, "user_agent": BROWSER} for each in old)) >= 59


def test_a_program_whose_token_has_run_out_guesses_nothing() -> None:
    asked = [
        request(60 * number, "/api/v1/data", status=401, user_agent="python-requests/2.31.0") for number in range(60)
    ]
    assert failures(*asked) == 0


def test_an_app_that_tries_one_password_after_the_other_fails_each_time() -> None:
    tries = [request(2 * number, "/api/login", method="POST", status=401, user_agent=APP) for number in range(40)]
    assert failures(*tries) == 40 + 1 - AT_ONCE


def test_who_is_refused_under_ever_other_names_fails_as_often() -> None:
    guesses = [request(5 * number, "/admin/", status=401, user_agent=f"{BROWSER} {number}") for number in range(20)]
    assert sessions_of(*guesses)["client_login_failures"].to_list() == [19.0] * 20
    let_in = [request(5 * number + 1, "/admin/", user_agent=f"{BROWSER} {number}") for number in range(20)]
    assert sessions_of(*guesses, *let_in)["client_login_failures"].to_list() == [0.0] * 20


def tries(*answers: tuple[int, int]) -> tuple[float, float]:
    """Return the failures and successes of a program's logins, answered so (status, bytes)."""
    made = [
        request(60 * number, "/account/login/", method="POST", status=status, bytes=size, user_agent="node")
        for number, (status, size) in enumerate(answers)
    ]
    row = sessions_of(*made).row(0, named=True)
    return row["login_failures"], row["login_successes"]


def test_where_wrong_passwords_have_a_status_a_short_answer_is_a_token() -> None:
    assert tries((400, 43), *[(200, 104)] * 20) == (1, 20)
    assert tries(*[(400, 43)] * 20, (200, 104)) == (20, 1)


@pytest.mark.parametrize(
    "answers", [[(200, 104)] * 20, [(400, 43), *[(200, 2431)] * 19], [(429, 43), *[(200, 104)] * 19]]
)
def test_the_form_again_stays_a_failure(answers: list[tuple[int, int]]) -> None:
    assert tries(*answers) == (20, 0)
