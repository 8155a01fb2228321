"""The shipper's figures for Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import SettingsError
from shipper.meter import LATENCY_BOUNDS, Meter

try:
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
    from prometheus_client.registry import Collector
except ImportError as missing:  # the extra is left out
    raise SettingsError(
        f"cannot serve metrics: {missing.name} is not installed", "pip install 'wwwatch[metrics]'"
    ) from None


class MeterCollector(Collector):
    """Reads a meter when Prometheus asks.

    Args:
        meter: The meter of a running shipper.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        with self._meter.lock:
            totals, lag, pending = self._meter.totals, self._meter.lag(), self._meter.pending_bytes()
            lines = CounterMetricFamily(
                "wwwatch_ship_lines", "Log lines acknowledged, by what became of them.", labels=["outcome"]
            )
            for outcome in ("indexed", "present", "rejected", "skipped"):
                lines.add_metric([outcome], getattr(totals.ledger, outcome))
            yield lines
            yield CounterMetricFamily("wwwatch_ship_unparsed_lines", "Lines in no known form.", totals.ledger.unparsed)
            yield CounterMetricFamily("wwwatch_ship_bytes", "Log bytes acknowledged.", totals.bytes)
            yield CounterMetricFamily("wwwatch_ship_batches", "Batches acknowledged.", totals.batches)
            yield CounterMetricFamily("wwwatch_ship_retries", "Bulk requests to be sent again.", totals.retries)
            yield self._latency()
            yield GaugeMetricFamily("wwwatch_ship_lag_seconds", "How long the oldest line has been waiting.", lag)
            yield GaugeMetricFamily("wwwatch_ship_pending_bytes", "Log bytes not acknowledged yet.", pending)
            yield GaugeMetricFamily("wwwatch_ship_failing_files", "Files left alone.", len(self._meter.errors))
            last = totals.last_success.timestamp() if totals.last_success else 0
            yield GaugeMetricFamily(
                "wwwatch_ship_last_success_timestamp_seconds", "When Elasticsearch last acknowledged a batch.", last
            )

    def _latency(self) -> HistogramMetricFamily:
        totals, buckets, count = self._meter.totals, [], 0
        for bound in (*LATENCY_BOUNDS, float("inf")):
            count += totals.bulks[bound]
            buckets.append(("+Inf" if bound == float("inf") else str(bound), count))
        what = "How long Elasticsearch took for a bulk request."
        return HistogramMetricFamily("wwwatch_ship_bulk_seconds", what, buckets=buckets, sum_value=totals.bulk_seconds)


@contextmanager
def serving_metrics(meter: Meter, address: str) -> Iterator[int]:
    """Serve the metrics for as long as the block lasts; yield the port.

    Args:
        meter: The meter of a running shipper.
        address: ``host:port``; port 0 picks a free one.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    host, _, port = address.rpartition(":")
    registry = CollectorRegistry()
    registry.register(MeterCollector(meter))
    try:
        server, thread = start_http_server(int(port), addr=host.strip("[]"), registry=registry)
    except (OSError, OverflowError) as error:
        raise SettingsError(f"cannot serve metrics on {address}: {error}", "change ship.metrics") from None
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
