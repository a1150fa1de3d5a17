"""The page of a load run: charts drawn, readable on a laptop and on a telephone."""

import pytest
from conftest import NARROW, WIDE

CHARTS = ["cdf", "latency-over-time", "ttft-histogram", "itl-histogram", "throughput", "concurrency", "slowest"]
CHARTS += ["server-requests", "server-kv-cache"]
LEVELS = ["frontier-ttft", "frontier-tpot", "frontier-e2el", "throughput-over-level"]


@pytest.fixture(scope="session")
def run(written):
    load = ["--fake", "report-tp1", "--model", "tiny", "-c", "16", "-n", "96", "--max-tokens", "48", "--stream"]
    log = written("requests.jsonl", "bench", *load, "--jsonl", "{out}")
    return written("report.html", "report", log, "--html", "{out}")


@pytest.fixture(scope="session")
def levels(written):
    load = ["--fake", "report-tp1", "--model", "tiny", "-n", "32", "--max-tokens", "16", "--stream"]
    load += ["--sweep", "concurrency=1,4,16", "--slo", "ttft:p95<500ms,tpot:p99<75ms"]
    runs = written("runs.json", "bench", *load, "--report", "{out}")
    return written("levels.html", "report", runs, "--html", "{out}")


def drawn(page, charts):
    for chart in charts:
        drawing = page.locator(f"#{chart} svg")
        box = drawing.bounding_box()
        assert 280 <= box["width"] and 150 <= box["height"], f"{chart} is {box}"
        assert 0 < page.locator(f"#{chart} svg :is(path, circle, rect)").count(), f"{chart} is empty"
        # text on the screen, not in the drawing's own units
        size = page.evaluate(f"document.querySelector('#{chart} svg text').getBoundingClientRect().height")
        assert 9 <= size, f"text of {chart} is {size} px high"


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_chart_of_a_sweep_is_drawn_and_readable(levels, opened, width):
    page = opened(levels, width=width)
    drawn(page, LEVELS)
    assert page.locator("#frontier-tpot circle").count() == 3
    assert page.locator("#frontier-tpot path.kbad").count() == 1, "the limit"
    assert page.locator("#levels tr").count() == 4
    page.shot(f"levels-{width}")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_chart_is_drawn_and_readable(run, opened, width):
    page = opened(run, width=width)
    drawn(page, CHARTS)
    assert page.locator("#server-side tr").count() >= 8
    assert page.locator("#latency-over-time circle").count() == 2 * 96
    assert page.locator("#latencies tr").count() >= 8
    page.shot(f"report-{width}")


def test_a_mark_says_which_request_it_is(run, opened):
    page = opened(run, width=WIDE)
    assert page.locator("#slowest rect title").first.text_content().startswith("request ")
    page.click("summary")
    assert page.is_visible("text=from the request's send to the first chunk")
