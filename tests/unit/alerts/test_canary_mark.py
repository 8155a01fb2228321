"""The canary's mark and its lines."""

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from alerts.canary.attack import REQUESTS, address_of, is_mark, make_mark, render_events, render_lines
from tests.alerting import NOW

KEY = b"k" * 32


def test_only_the_key_makes_a_mark() -> None:
    mark = make_mark(KEY, "00aa")
    assert is_mark(mark, KEY)
    assert not is_mark(mark, b"x" * 32)
    assert not is_mark(mark + "0", KEY)
    assert not is_mark(mark.replace("00aa", "00ab"), KEY)


@given(st.text(max_size=80))
def test_what_anybody_writes_is_no_mark(user_agent: str) -> None:
    assert not is_mark(user_agent, KEY)
    assert not is_mark(f"wwwatch-canary/{user_agent}", KEY)


@given(st.integers(min_value=0, max_value=10**6))
def test_its_address_is_one_for_documentation_and_another_each_time(number: int) -> None:
    addresses = {address_of(number + each) for each in range(254)}
    assert len(addresses) == 254
    assert all(ip_address(each) in ip_network("192.0.2.0/24") for each in addresses)


def test_lines_and_events_are_the_same_requests() -> None:
    mark, client = make_mark(KEY, "00aa"), address_of(7)
    lines = render_lines(mark, client, NOW).splitlines()
    events = [event for _, event in render_events(mark, client, NOW)]
    assert len(lines) == len(events) == REQUESTS
    for line, event in zip(lines, events, strict=True):
        assert line.startswith(f"{client} - - [14/Mar/2026:02:1")
        assert event["url"]["original"] in line
        assert line.endswith(f'"{mark}"')
    assert len({identity for identity, _ in render_events(mark, client, NOW)}) == REQUESTS
