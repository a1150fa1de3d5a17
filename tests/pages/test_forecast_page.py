"""The page of a forecast: lines over rising load, each in its band, readable on a laptop and on a telephone."""

import pytest
from conftest import NARROW, WIDE


@pytest.fixture(scope="session")
def sweep(written):
    return written("forecast.html", "forecast", "--sweep", "--html", "{out}")


@pytest.fixture(scope="session")
def sizes(written):
    machines = ["--size", "NC144ds_xl", "--size", "NC288ds_xl", "--model", "qwen3-32b", "--max-model-len", "8192"]
    return written("sizes.html", "forecast", *machines, "-c", "4,16", "--html", "{out}")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_line_has_its_band(sweep, opened, width):
    page = opened(sweep, width=width)
    for chart, lines in [("throughput", 2), ("cost", 3)]:
        box = page.locator(f"#{chart} svg").bounding_box()
        assert 280 <= box["width"] and 150 <= box["height"], f"{chart} is {box}"
        assert page.locator(f"#{chart} path.line").count() == lines
        assert page.locator(f"#{chart} path.band").count() == lines
        # a band has an area that is seen
        assert page.locator(f"#{chart} path.band").first.bounding_box()["height"] > 20
        size = page.evaluate(f"document.querySelector('#{chart} svg text').getBoundingClientRect().height")
        assert 9 <= size, f"text of {chart} is {size} px high"
    # the report's two results
    assert page.locator("#throughput circle.kbad").count() == 2
    assert "measured at 16" in page.locator("#throughput circle.kbad title").first.text_content()
    page.shot(f"forecast-{width}")


def test_the_text_of_the_terminal_is_on_the_page(sweep, opened):
    page = opened(sweep)
    assert "What to rent for a given load" in page.inner_text("#figures")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_sizes_have_a_line_each(sizes, opened, width):
    page = opened(sizes, width=width)
    for chart in ["throughput", "tpot", "ttft", "cost"]:
        assert page.locator(f"#{chart} path.line").count() == 3, chart
    assert "TP=2, NC288ds_xl" in page.inner_text("#cost figcaption")
    page.shot(f"sizes-{width}")


def test_the_page_is_readable_in_the_dark(sweep, opened):
    page = opened(sweep, color_scheme="dark")
    page.shot("forecast-dark")
