"""From the log line to the mail, through crashes."""

import time
from collections.abc import Callable

import pytest

from core.documents import ANOMALIES, INCIDENTS
from detector.store import DetectorStore
from shipper import read_status
from simulator.live import LiveTraffic
from simulator.www import Www
from tests.e2e.conftest import Chain
from wwwatch.demo.mailbox import Mail

pytestmark = [pytest.mark.es, pytest.mark.e2e]


def test_killed_detector_and_shipper_lose_and_double_nothing(chain: Chain) -> None:
    """SIGKILL in the middle of an attack: every line once, one incident, one mail."""
    with Www(chain.folder / "www") as www, LiveTraffic(www.url, 3, 20) as traffic:
        start_parts(chain, www)
        truth = traffic.attack("bruteforce")
        wait_for(lambda: truth.sent > truth.planned // 3, 60)
        chain.parts.kill("detector")
        chain.parts.kill("shipper")
        wait_for(lambda: truth.sent > truth.planned * 2 // 3, 60)
        chain.parts.start("shipper", "ship", str(www.access_log))
        chain.parts.start("detector", "detect")
        assert truth.wait(60)
        traffic.stop()
        wait_for(lambda: www.lines_written() >= traffic.sent and is_drained(chain, www), 60)
        wait_for(lambda: bool(mails_about(chain, truth.clients)), 30)
        time.sleep(3)  # a second mail, if one were to come, comes with the next looks
        lines = www.lines_written()
    chain.client.indices.refresh(index=f"{INCIDENTS},{ANOMALIES},{chain.stream}")
    assert chain.client.count(index=chain.stream)["count"] == lines
    assert len(incidents_about(chain, truth.clients)) == 1
    assert len(mails_about(chain, truth.clients)) == 1


def test_mail_names_the_attacker_and_shows_the_lines(chain: Chain) -> None:
    with Www(chain.folder / "www", server="own") as www, LiveTraffic(www.url, 5, 20) as traffic:
        start_parts(chain, www)
        truth = traffic.attack("sqli")
        wait_for(lambda: bool(mails_about(chain, truth.clients)), 60)
        traffic.stop()
    mail = mails_about(chain, truth.clients)[0]
    text = chain.mailbox.read(mail).get_body(("plain",)).get_content()
    assert "injection" in mail.subject
    assert truth.clients[0] in text
    assert f"{truth.clients[0]} - - [" in text, "the first raw lines are in the mail"


def test_a_canary_flies_through_every_process_and_reaches_no_human(chain: Chain) -> None:
    log = chain.folder / "canary.log"
    log.touch()
    chain.parts.start("shipper", "ship", str(log))
    chain.parts.start("detector", "detect", "--from", "beginning")
    chain.parts.start("alerts", "alert", "run")
    told = chain.parts.run("canary", "run", "--log", str(log), "--within", "90s", "--json")
    assert told["why"] == ""
    assert told["returned"] > told["sent"]
    assert chain.mailbox.mails == []
    assert "came back" in chain.parts.run("canary", "check")


def start_parts(chain: Chain, www: Www) -> None:
    """Start shipper, detector and alerts, and wait until the detector looks."""
    chain.parts.start("shipper", "ship", str(www.access_log))
    chain.parts.start("detector", "detect", "--from", "beginning")
    chain.parts.start("alerts", "alert", "run")
    store = DetectorStore(chain.client, chain.stream)
    wait_for(lambda: store.load_checkpoint() is not None, 60)


def is_drained(chain: Chain, www: Www) -> bool:
    """Whether shipper and detector have dealt with every line."""
    shipped = sum(each.ledger.lines for each in read_status(chain.folder / "ship" / f"{chain.namespace}.json"))
    checkpoint = DetectorStore(chain.client, chain.stream).load_checkpoint()
    return checkpoint is not None and shipped == checkpoint.events == www.lines_written()


def incidents_about(chain: Chain, clients: tuple[str, ...]) -> list[str]:
    """Return the ids of the incidents that name one of the clients."""
    chain.client.indices.refresh(index=INCIDENTS)
    found = chain.client.search(index=INCIDENTS, query={"terms": {"source.address": list(clients)}}, size=100)
    return [hit["_id"] for hit in found["hits"]["hits"]]


def mails_about(chain: Chain, clients: tuple[str, ...]) -> list[Mail]:
    """Return the mails about those incidents."""
    ids = set(incidents_about(chain, clients))
    return [mail for mail in chain.mailbox.mails if mail.incident in ids]


def wait_for(ready: Callable[[], bool], seconds: float) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: It is not, in time.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.2)
