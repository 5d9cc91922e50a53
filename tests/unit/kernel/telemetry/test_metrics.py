"""The numbers, in Prometheus' text format."""

from kernel.telemetry.metrics import Metrics


def test_counted_requests_are_shown_by_route_and_status():
    metrics = Metrics()
    metrics.requests.labels("GET", "/api/v1/{applet}/{collection}", "200").inc()
    text = metrics.render().decode()
    assert 'bos_http_requests_total{method="GET",route="/api/v1/{applet}/{collection}",status="200"} 1.0' in text


def test_two_registries_count_apart():
    first, second = Metrics(), Metrics()
    first.worker_errors.inc()
    assert "bos_worker_errors_total 0.0" in second.render().decode()
