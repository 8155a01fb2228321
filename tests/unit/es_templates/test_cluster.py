"""The write index of a data stream is the one of the highest generation, whatever its date says."""

from es_templates.cluster import _generation


def test_generation_and_not_the_date_orders_backing_indices() -> None:
    after_the_clock_was_set_back = [
        ".ds-logs-www.access-a-2026.03.20-000009",
        ".ds-logs-www.access-a-2026.03.14-000010",
    ]
    assert max(after_the_clock_was_set_back, key=_generation).endswith("-000010")
