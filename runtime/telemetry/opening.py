"""Telemetry as the environment asks for it, by the standard variables of OpenTelemetry.

Nothing is loaded unless one of them names an exporter or an endpoint. The SDK reads the others
(`OTEL_EXPORTER_OTLP_*`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_*`, …) itself.
"""

import logging
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from threading import Thread
from typing import Any

from botticelli.runtime.telemetry.telemetry import Telemetry

TRACES = "OTEL_TRACES_EXPORTER"
METRICS = "OTEL_METRICS_EXPORTER"
ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)
MESSAGES = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

FINISH_SECONDS = 5.0
"""How long the end of a run waits for a collector that does not answer."""

_GROUPS = {TRACES: "opentelemetry_traces_exporter", METRICS: "opentelemetry_metrics_exporter"}
_PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_CAPTURING = frozenset({"true", "span_only", "span_and_event"})

_log = logging.getLogger("botticelli.telemetry")


def open_telemetry(environment: Mapping[str, str]) -> Telemetry | None:
    """Return the telemetry that the environment asks for, None where it asks for none.

    What cannot be had is a warning in the log, and never keeps a run from running.
    """
    asked = [name for name in (*ENDPOINTS, TRACES, METRICS) if environment.get(name, "").strip()]
    if not asked or environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    if not _installed():
        _log.warning(
            "%s is set, but OpenTelemetry is not installed: pip install 'botticelli[otel]'",
            asked[0],
        )
        return None
    _subdue()
    tracer, end_traces = _traces(_exporters(TRACES, environment), environment)
    meter, end_metrics = _metrics(_exporters(METRICS, environment), environment)
    return Telemetry(
        tracer,
        meter,
        messages=environment.get(MESSAGES, "").strip().lower() in _CAPTURING,
        finish=lambda: _within(FINISH_SECONDS, end_traces, end_metrics),
    )


def _installed() -> bool:
    try:
        return find_spec("opentelemetry.sdk") is not None
    except ModuleNotFoundError:
        return False


def _exporters(variable: str, environment: Mapping[str, str]) -> list[Any]:
    """Make the exporters that a variable names; `otlp` where it names none."""
    names = (environment.get(variable, "").strip() or "otlp").split(",")
    exporters = []
    for name in filter(lambda each: each not in ("", "none"), map(str.strip, names)):
        signal = "TRACES" if variable == TRACES else "METRICS"
        protocol = (
            environment.get(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL")
            or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL")
            or "http/protobuf"
        )
        entry = _PROTOCOLS.get(protocol, protocol) if name == "otlp" else name
        found = entry_points(group=_GROUPS[variable], name=entry)
        try:
            exporters.append(next(iter(found)).load()())
        except StopIteration:
            _log.warning("no installed package exports by %s = %s", variable, entry)
        except Exception as error:  # noqa: BLE001 - another's code, on another's settings
            _log.warning("the exporter %s cannot be used: %s", entry, error)
    return exporters


def _resource(environment: Mapping[str, str]) -> Any:
    from opentelemetry.sdk.resources import Resource

    attributes = {"service.version": version("botticelli")}
    named = "service.name=" in environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
    if not (named or environment.get("OTEL_SERVICE_NAME")):
        attributes["service.name"] = "botticelli"
    return Resource.create(attributes)


def _traces(exporters: list[Any], environment: Mapping[str, str]) -> tuple[Any, Callable[[], None]]:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=_resource(environment), shutdown_on_exit=False)
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider.get_tracer("botticelli", version("botticelli")), provider.shutdown


def _metrics(
    exporters: list[Any], environment: Mapping[str, str]
) -> tuple[Any, Callable[[], None]]:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    readers = [PeriodicExportingMetricReader(exporter) for exporter in exporters]
    provider = MeterProvider(readers, resource=_resource(environment), shutdown_on_exit=False)
    return provider.get_meter("botticelli", version("botticelli")), provider.shutdown


def _within(seconds: float, *work: Callable[[], None]) -> None:
    """Do all of the work side by side, and leave what takes longer to itself."""
    threads = [Thread(target=each, daemon=True) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)


class _Complaints(logging.Handler):
    """Passes on the first of the SDK's complaints, in one line: a collector that is away is met at
    every export."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self._said:
            self._said = True
            _log.warning("OpenTelemetry: %s", " ".join(record.getMessage().split()))


def _subdue() -> None:
    """Keep the SDK's own words, tracebacks among them, from the terminal."""
    sdk = logging.getLogger("opentelemetry")
    sdk.propagate = False
    sdk.handlers = [_Complaints()]
