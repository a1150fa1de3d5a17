"""/metrics, read by the official parsers."""

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus


def test_a_scrape_parses_and_counts(fake):
    def scrape():
        page = httpx.get(fake.url + "/metrics")
        parse = openmetrics if "openmetrics" in page.headers["content-type"] else prometheus
        return list(parse(page.text))

    def generated():
        samples = [sample for family in scrape() for sample in family.samples if sample.name == "vllm:generation_tokens_total"]
        return sum(sample.value for sample in samples)

    before = generated()
    httpx.post(fake.v1 + "/completions", json={"model": fake.model, "prompt": "a", "max_tokens": 7, "ignore_eos": True})
    assert generated() - before == 7
    families = [family for family in scrape() if family.name.startswith("vllm:")]
    assert len(families) > 20 and all(family.documentation and family.type != "unknown" for family in families)
