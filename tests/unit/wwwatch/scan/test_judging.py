"""Judging a log in a line of threads."""

import threading
from collections.abc import Iterator

import polars as pl
import pytest

from wwwatch.scan.judging import ahead, pages


def test_items_come_in_their_order_and_all_of_them() -> None:
    assert list(ahead(iter(range(100)))) == list(range(100))
    assert list(ahead(iter(()))) == []


def test_stages_work_at_the_same_time() -> None:
    # Each waits until both of the other stages are at work on other items: only a line of threads comes through.
    met = threading.Barrier(3, timeout=30)

    def stage(items: Iterator[int], last: int) -> Iterator[int]:
        for item in items:
            if last <= item < last + 5:
                met.wait()
            yield item

    line = stage(ahead(stage(ahead(stage(iter(range(9)), 2)), 1)), 0)
    assert list(line) == list(range(9))


def test_what_fails_in_a_stage_is_raised_where_its_item_is_used() -> None:
    line = ahead(map((1).__truediv__, ahead(iter((2, 1, 0, 3)))))
    assert [next(line), next(line)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(line)


@pytest.mark.parametrize(
    "order", [list(range(10)), list(range(3, 10)), [1, 0, 2, 3, 4, 5, 9, 8, 7, 6], [5], []], ids=str
)
def test_pages_are_the_rows_in_the_order_of_time(order: list[int]) -> None:
    rows = pl.concat([pl.DataFrame({"row": range(begin, begin + 5)}) for begin in (0, 5)], rechunk=False)
    found = list(pages(rows, pl.Series(order, dtype=pl.UInt32), 4))
    assert [row for page in found for row in page["row"]] == order
    assert all(page.height == 4 for page in found[:-1])


def test_items_are_worked_out_before_they_are_asked_for() -> None:
    third = threading.Event()

    def items() -> Iterator[int]:
        yield from (1, 2)
        third.set()
        yield 3

    line = ahead(items(), 3)
    assert third.wait(30)
    assert list(line) == [1, 2, 3]
