"""The page of `rehearsal check`, and the one that sets several servers side by side."""

import json

import pytest
from conftest import NARROW, WIDE

CELLS = "#matrix button.cell"


@pytest.fixture(scope="session")
def one(written):
    return written("one.html", "check", "--fake", "--seed", "1", "--output", "{out}")


@pytest.fixture(scope="session")
def recordings(written):
    versions = ("0.13.0", "0.32.0", "0.32.0-rust")
    return [written(f"{version}.json", "check", "--fake", "--vllm-version", version, "--seed", "1", "--output", "{out}") for version in versions]


@pytest.fixture(scope="session")
def several(written, recordings):
    return written("several.html", "page", *recordings, "--output", "{out}")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_click_on_a_cell_shows_the_exchange(one, opened, width):
    page = opened(one, width=width)
    page.shot(f"check-{width}")
    page.click(f"{CELLS}[data-case=U-20]")
    assert page.inner_text("#detail h2").startswith("U-20")
    assert "POST /v1/chat/completions" in page.inner_text("#detail pre.request >> nth=0")
    assert "data: [DONE]" in page.inner_text("#detail pre.response >> nth=0")
    assert page.get_attribute(f"{CELLS}[data-case=U-20]", "aria-pressed") == "true"
    page.shot(f"check-{width}-exchange")
    page.keyboard.press("Escape")
    assert not page.is_visible("#detail")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_servers_stand_side_by_side(several, recordings, opened, width):
    page = opened(several, width=width)
    cases = json.loads(recordings[0].read_text())["cases"]
    assert page.locator(CELLS).count() == 3 * len(cases)
    page.shot(f"servers-{width}")
    # 0.13.0 sends usage for `stream_options: {}`, its successors do not
    page.click(f"{CELLS}[data-case=U-25][data-column='2']")
    page.click("#detail .bar button >> nth=0")
    assert page.get_attribute(f"{CELLS}[data-case=U-25][data-column='0']", "aria-pressed") == "true"
    page.shot(f"servers-{width}-exchange")


def test_the_two_servers_of_a_diff_are_a_page_too(written, recordings, opened):
    page = opened(written("diff.html", "diff", *recordings[:2], "--html", "{out}"))
    assert page.locator("#matrix thead th").all_inner_texts() == ["case", "what holds", "0.13.0", "0.32.0"]


def test_search_and_filters_leave_what_was_asked_for(several, recordings, opened):
    page = opened(several)
    verdicts = {}
    for file in recordings:
        for case in json.loads(file.read_text())["cases"]:
            verdicts.setdefault(case["id"], []).append(case["verdict"])

    def visible():
        return set(page.eval_on_selector_all(CELLS, "cells => cells.map((cell) => cell.dataset.case)"))

    page.fill("#search", "u-20")
    assert visible() == {"U-20"}
    assert page.inner_text("#shown") == f"1 of {len(verdicts)} cases"
    page.fill("#search", "no case says this")
    assert visible() == set()
    page.fill("#search", "")
    assert visible() == set(verdicts)

    page.check("#differing input")
    assert visible() == {case for case, found in verdicts.items() if 1 < len(set(found))}
    page.uncheck("#differing input")
    page.click("#verdicts button.PASS")
    assert visible() == {case for case, found in verdicts.items() if set(found) != {"PASS"}}


def test_a_link_to_a_cell_opens_it(several, opened):
    page = opened(several)
    page.click(f"{CELLS}[data-case=U-04][data-column='1']")
    link = page.url
    assert link.endswith("#U-04/2")
    page.goto("about:blank")
    page.goto(link)
    assert page.inner_text("#detail h2").startswith("U-04")
    assert page.inner_text("#detail .bar button[aria-current=true]") == "0.32.0"


def test_the_page_is_readable_in_the_dark(one, opened):
    page = opened(one, color_scheme="dark")
    page.click(f"{CELLS}[data-case=U-20]")
    page.shot("check-dark")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_clients_have_a_page_too(written, opened, width):
    page = opened(written("clients.html", "check", "--own-client", "--output", "{out}"), width=width)
    page.click(f"{CELLS}[data-case=C-06]")
    assert "E2EL" in page.inner_text("#detail table.findings")
    assert "data: [DONE]" in page.inner_text("#detail pre.response >> nth=0")
    page.shot(f"clients-{width}")


def test_a_text_with_markup_is_text(one, recordings, written, opened, tmp_path):
    """What a server says reaches the page as text, whatever it looks like."""
    report = json.loads(recordings[0].read_text())
    report["cases"][0]["title"] = "</script><img src=x onerror=alert(1)>"
    report["cases"][0]["exchanges"][0]["response"]["body"] = "<b>bold</b></script>"
    hostile = tmp_path / "hostile.json"
    hostile.write_text(json.dumps(report))
    page = opened(written("hostile.html", "page", hostile, "--output", "{out}"))
    page.click(f"{CELLS} >> nth=0")
    assert "<img src=x" in page.inner_text("#detail h2")
    assert "<b>bold</b>" in page.inner_text("#detail pre.response >> nth=0")
    assert page.locator("img").count() == 0
