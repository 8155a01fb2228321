"""Advice: commands that can be pasted, made of real addresses alone."""

import pytest

from alerts.mails.incident import KINDS
from core.advice import Facts, advise
from detector.kinds import KINDS as DETECTED


def test_an_ipv6_client_is_blocked_as_its_network() -> None:
    facts = Facts("abc", ["2001:db8:1:2::/64", "203.0.113.9"], 2, "/login")
    lines = [line for step in advise("bruteforce", facts) for line in step.lines]
    assert "nft add element inet wwwatch blocked6 '{ 2001:db8:1:2::/64 timeout 1h }'" in lines
    assert "nft add element inet wwwatch blocked4 '{ 203.0.113.9 timeout 1h }'" in lines
    assert "deny 2001:db8:1:2::/64;" in lines
    assert all("flags interval, timeout" in line for line in lines if "add set" in line)


def test_what_is_no_address_is_in_no_command() -> None:
    facts = Facts(
        "abc; reboot", ["$(reboot)", "203.0.113.9; rm -rf /", "fe80::1%eth0", "host.example"], 4, "/$(reboot)"
    )
    lines = [line for kind in KINDS for step in advise(kind, facts) for line in step.lines]
    assert not [
        line for line in lines if "reboot" in line or "rm -rf" in line or "host.example" in line or "eth0" in line
    ]


def test_alerts_have_words_for_every_kind_that_is_detected() -> None:
    assert set(KINDS) == set(DETECTED)


@pytest.mark.parametrize("kind", sorted(set(DETECTED) - {"novel"}))
def test_every_known_kind_has_advice_of_its_own(kind: str) -> None:
    facts = Facts("abc", ["203.0.113.9"], 1, "/login")
    assert advise(kind, facts)
    assert advise(kind, facts) != advise("novel", facts)
