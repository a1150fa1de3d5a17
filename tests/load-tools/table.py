"""table.py RECORDING…: recordings of `rehearsal check --client` as one Markdown table, and what each client got wrong."""

import json
import sys

reports = [json.load(open(path)) for path in sys.argv[1:]]
cases = {case["id"]: case for report in reports for case in report["cases"]}
names = [report["client"]["name"] for report in reports]
verdicts = [{case["id"]: case["verdict"] for case in report["cases"]} for report in reports]

print("| case | what a client should report |", " | ".join(names), "|")
print("|---|---|" + "---|" * len(names))
for case in sorted(cases):
    cells = [found.get(case, "not run") for found in verdicts]
    print(f"| {case} | {cases[case]['title']} |", " | ".join(cells), "|")

print("\nRequests that each client counts as successes, where some were none:\n")
print("| case | truth |", " | ".join(names), "|")
print("|---|---|" + "---|" * len(names))
for case in sorted(cases):
    counted = [{finding["about"]: finding for finding in found["findings"]} for report in reports for found in report["cases"] if found["id"] == case]
    truths = {finds["successes"]["expected"] for finds in counted if "successes" in finds}
    if any(truth.split()[0] != truth.split()[-1] for truth in truths):
        # a client that tries again sends more requests
        cells = [f"{finds['successes']['seen'].split(',')[0]} of {finds['successes']['expected'].split()[-1]}" for finds in counted if "successes" in finds]
        print(f"| {case} | {' or '.join(sorted(truths))} |", " | ".join(cells), "|")
for report in reports:
    failed = [(case, finding) for case in report["cases"] for finding in case["findings"] if finding["verdict"] == "FAIL"]
    if failed:
        print(f"\n## {report['client']['name']}\n\n`{report['client']['command']}`\n")
        print("| case | figure | truth | reported |\n|---|---|---|---|")
        for case, finding in failed:
            print(f"| {case['id']} | {finding['about']} | {finding['expected']} | {finding['seen']} |")
