"""Traces and metrics of runs: in memory by the SDK's own exporters, and over the wire to a local
collector. What was said stays out unless it is asked for, and no collector can harm a run."""

import gzip
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from programs import PLACE, Performance, act, carousel, narrative, perform, program, sequence
from servers.gemini import KEY, GeminiServer, Reply, refuses, says, streams
from servers.listening import listening

from botticelli.cli.main import cli
from botticelli.compiler.ir.program import ModelSettings, Multipliers, Parallel, Retry, RunAct
from botticelli.runtime.shell.clock import RealClock
from botticelli.runtime.telemetry import opening
from botticelli.runtime.telemetry.telemetry import Telemetry

SECRET = "The painter's secret"
SOURCE = (
    '[narrative]\nname = "tale"\n[toc]\norder = ["tell"]\n'
    f'[acts]\ntell = {{ input = "{SECRET}", max_tokens = 50 }}\n'
)


class Collected:
    """What the SDK has collected of a run's events."""

    def __init__(self, performance: Performance) -> None:
        exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
        traces, meters = TracerProvider(), MeterProvider([reader])
        traces.add_span_processor(SimpleSpanProcessor(exporter))
        telemetry = Telemetry(
            traces.get_tracer("t"), meters.get_meter("t"), messages=False, finish=lambda: None
        )
        for event in performance.events:
            telemetry.take(event)
        self.spans = list(exporter.get_finished_spans())
        data = reader.get_metrics_data()
        assert data is not None
        self.metrics = {
            metric.name: list(metric.data.data_points)
            for metric in data.resource_metrics[0].scope_metrics[0].metrics
        }
        traces.shutdown()
        meters.shutdown()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def path(self, span: ReadableSpan) -> list[str]:
        """The names of a span and of those around it, the run's first."""
        by_id = {each.context.span_id: each for each in self.spans if each.context is not None}
        names = [span.name]
        while span.parent is not None:
            span = by_id[span.parent.span_id]
            names.insert(0, span.name)
        return names

    def sum(self, metric: str, **attributes: str) -> float:
        points = [
            point
            for point in self.metrics[metric]
            if attributes.items()
            <= {k.rpartition(".")[2]: v for k, v in point.attributes.items()}.items()
        ]
        return sum(getattr(point, "value", None) or getattr(point, "sum", 0) for point in points)


def collect(made: Any, project: Path, driver: str = "simulate", **more: Any) -> Collected:
    return Collected(perform(made, project, driver, **more))


SETTINGS = ModelSettings(
    model="gemini-2.5-flash", max_tokens=100, temperature=0.5, seed=7, stop=("END",)
)


def test_a_run_holds_iterations_acts_and_attempts(tmp_path: Path) -> None:
    made = program(
        narrative(act("a", "Hello", settings=SETTINGS), carousel=carousel(2, every=60.0))
    )
    found = collect(made, tmp_path)
    attempts = found.named("generate_content gemini-2.5-flash")
    assert [found.path(each) for each in attempts] == [
        ["invoke_workflow tale", "iteration", "act a", "generate_content gemini-2.5-flash"]
    ] * 2
    assert len({each.context.trace_id for each in found.spans if each.context}) == 1
    (run,) = found.named("invoke_workflow tale")
    assert run.attributes is not None
    assert run.attributes["gen_ai.operation.name"] == "invoke_workflow"
    assert run.attributes["botticelli.status"] == "completed"
    assert run.status.status_code is StatusCode.UNSET
    assert run.end_time is not None
    assert run.start_time is not None
    assert run.end_time - run.start_time >= 60e9


def test_an_attempt_says_what_the_conventions_ask_for(tmp_path: Path) -> None:
    found = collect(program(narrative(act("a", "Hello", settings=SETTINGS))), tmp_path)
    (attempt,) = found.named("generate_content gemini-2.5-flash")
    assert attempt.kind is SpanKind.CLIENT
    attributes = dict(attempt.attributes or {})
    for own in [name for name in attributes if name.startswith("botticelli.")]:
        del attributes[own]
    used = attributes.pop("gen_ai.usage.input_tokens"), attributes.pop("gen_ai.usage.output_tokens")
    assert all(isinstance(each, int) and each > 0 for each in used)
    assert attributes == {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-2.5-flash",
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.response.model": "gemini-2.5-flash",
        "gen_ai.response.finish_reasons": ("stop",),
    }


def test_each_attempt_is_a_span_and_a_failed_one_says_how(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello", settings=SETTINGS, retry=Retry(attempts=3))))
    found = collect(made, tmp_path, "simulate:fail=2,error=429")
    first, second, third = found.named("generate_content gemini-2.5-flash")
    for failed in (first, second):
        assert failed.status.status_code is StatusCode.ERROR
        assert (failed.attributes or {})["error.type"] == "429"
    assert third.status.status_code is StatusCode.UNSET
    (asking,) = found.named("act a")
    assert [each.name for each in asking.events].count("botticelli.retrying") == 2
    durations = found.metrics["gen_ai.client.operation.duration"]
    assert {point.attributes.get("error.type"): point.count for point in durations} == {
        "429": 2,
        None: 1,
    }


def test_parallel_acts_have_their_own_attempts(tmp_path: Path) -> None:
    items = tuple(RunAct(act=name, place=PLACE) for name in ("a", "b"))
    order = sequence(Parallel(steps=items, place=PLACE))
    made = program(
        narrative(act("a", "A", settings=SETTINGS), act("b", "B", settings=SETTINGS), order=order)
    )
    found = collect(made, tmp_path, "simulate:delay=1")
    paths = [found.path(each)[-2] for each in found.named("generate_content gemini-2.5-flash")]
    assert sorted(paths) == ["act a", "act b"]


def test_a_run_that_fails_ends_all_that_is_open(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello", settings=SETTINGS)))
    found = collect(made, tmp_path, "simulate:fail=1,error=400")
    (run,) = found.named("invoke_workflow tale")
    (asking,) = found.named("act a")
    assert run.status.status_code is asking.status.status_code is StatusCode.ERROR
    assert (run.attributes or {})["error.type"] == "failed"


def test_metrics_tell_tokens_and_what_became_of_the_budget(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello", settings=SETTINGS), carousel=carousel(6)))
    found = collect(made, tmp_path)  # the free tier has 10 requests a minute
    assert {"gen_ai.client.token.usage", "gen_ai.client.operation.duration"} <= set(found.metrics)
    used = found.sum("gen_ai.client.token.usage", type="input")
    assert found.sum("botticelli.budget.settled", type="input") == used
    assert found.sum("botticelli.budget.reserved", type="output") == 600
    assert found.sum("botticelli.budget.requests", outcome="used") == 6
    full = {
        point.attributes["botticelli.limit"]: point.value
        for point in found.metrics["botticelli.limit.used"]
    }
    sizes = {
        point.attributes["botticelli.limit"]: point.value
        for point in found.metrics["botticelli.limit.capacity"]
    }
    assert full.keys() == sizes.keys() >= {"rpm", "rpd", "tpm"}
    assert full["rpd"] == 6


def test_waits_are_measured(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello", settings=SETTINGS), carousel=carousel(3)))
    found = collect(made, tmp_path, budget=Multipliers(rpm=0.1))  # one a minute
    (point,) = found.metrics["botticelli.budget.wait"]
    assert point.attributes == {"botticelli.limit": "rpm"}
    assert point.count == 2
    assert 118 < point.sum < 130


def test_a_streamed_answer_tells_when_it_began(gemini: GeminiServer, tmp_path: Path) -> None:
    gemini.answer(streams("Good ", "morning."))
    environment = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": gemini.address}
    found = collect(
        program(narrative(act("a", "Hello", settings=SETTINGS))),
        tmp_path,
        "gemini",
        clock=RealClock(),
        environment=environment,
        stream=True,
    )
    (attempt,) = found.named("generate_content gemini-2.5-flash")
    attributes = attempt.attributes or {}
    assert attributes["gen_ai.request.stream"] is True
    assert 0 < attributes["gen_ai.response.time_to_first_chunk"] < 10  # type: ignore[operator]
    assert found.metrics["gen_ai.client.operation.time_to_first_chunk"][0].count == 1


class Collector:
    """A local collector that speaks OTLP over HTTP."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.reply = Reply(b"", headers={"content-type": "application/x-protobuf"})

    def take(self, path: str, headers: Any, data: bytes) -> Reply:
        body = gzip.decompress(data) if headers.get("content-encoding") == "gzip" else data
        self.received.append((path, body))
        return self.reply

    @property
    def spans(self) -> dict[str, Any]:
        found = {}
        for path, body in self.received:
            if path == "/v1/traces":
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        found |= {span.name: span for span in scope.spans}
        return found

    @property
    def metrics(self) -> set[str]:
        return {
            metric.name
            for path, body in self.received
            if path == "/v1/metrics"
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    @property
    def resource(self) -> dict[str, str]:
        (body, *_) = [body for path, body in self.received if path == "/v1/traces"]
        resource = ExportTraceServiceRequest.FromString(body).resource_spans[0].resource
        return {each.key: each.value.string_value for each in resource.attributes}


@pytest.fixture
def collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    Path("tale.toml").write_text(SOURCE)
    made = Collector()
    with listening(made.take) as address:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        yield made


def run(*arguments: str) -> Result:
    words = ["exec", "tale.toml", "--driver", "simulate", *arguments]
    return CliRunner().invoke(cli, words)


def test_a_collector_gets_traces_and_metrics_without_what_was_said(collector: Collector) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    names = {"invoke_workflow tale", "act tell", "generate_content gemini-2.5-flash"}
    assert names <= set(collector.spans)
    assert {"gen_ai.client.token.usage", "botticelli.limit.used"} <= collector.metrics
    assert collector.resource["service.name"] == "botticelli"
    for _, body in collector.received:
        assert SECRET.encode() not in body
        assert b"simulated answer" not in body


def test_what_was_said_is_told_where_that_is_asked_for(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "studio")
    assert run().exit_code == 0
    span = collector.spans["generate_content gemini-2.5-flash"]
    attributes = {each.key: each.value.string_value for each in span.attributes}
    assert SECRET in attributes["gen_ai.input.messages"]
    assert "simulated answer" in attributes["gen_ai.output.messages"]
    assert collector.resource["service.name"] == "studio"


def test_one_signal_may_be_had_without_the_other(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    assert run().exit_code == 0
    assert {path for path, _ in collector.received} == {"/v1/traces"}


def test_it_can_be_switched_off(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert run().exit_code == 0
    assert collector.received == []


def test_a_collector_that_refuses_harms_no_run(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.reply = Reply(b"no", 400)
    result = run()
    assert result.exit_code == 0
    assert len([each for each in caplog.records if each.name == "botticelli.telemetry"]) == 1
    assert "Traceback" not in result.output


def test_a_collector_that_does_not_answer_is_not_waited_for(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.reply = Reply(b"", slow=3.0)
    monkeypatch.setattr(opening, "FINISH_SECONDS", 0.2)
    started = time.monotonic()
    assert run().exit_code == 0
    assert time.monotonic() - started < 2.5


def test_an_exporter_that_is_not_there_is_named(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "pigeon")
    assert run().exit_code == 0
    assert "no installed package exports by OTEL_TRACES_EXPORTER = pigeon" in caplog.text


WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
from botticelli.cli.main import main
main()
"""


def test_where_it_is_not_installed_a_run_says_so_and_runs(collector: Collector) -> None:
    words = ["exec", "tale.toml", "--driver", "simulate", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "pip install 'botticelli[otel]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert collector.received == []


def test_nothing_is_loaded_where_nothing_is_asked_for(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_COMPRESSION")
    code = (
        "import sys\nfrom botticelli.cli.main import cli\n"
        "cli(['exec', 'tale.toml', '--driver', 'simulate', '--quiet'], standalone_mode=False)"
    )
    look = "\nfinally:\n    print([n for n in sys.modules if 'telemetry' in n], file=sys.stderr)"
    indented = "try:\n" + "\n".join(f"    {line}" for line in code.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", indented + look], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip().splitlines()[-1] == "[]"


def test_answers_that_fail_are_not_told_twice(
    gemini: GeminiServer, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    gemini.answer(refuses(503, "UNAVAILABLE", "busy"), says("Good."))
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", gemini.address)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only")
    Path("tale.toml").write_text(SOURCE.replace("max_tokens = 50", 'retry = { backoff = "0.1s" }'))
    result = CliRunner().invoke(cli, ["exec", "tale.toml"])
    assert result.exit_code == 0, result.output
    names = [
        span.name
        for path, body in collector.received
        if path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert names.count("generate_content gemini-2.5-flash") == 2
