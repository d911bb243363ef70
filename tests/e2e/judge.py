# SPDX-License-Identifier: Apache-2.0
"""What a target program expects, and whether a report says so. Pure functions over text.

A leaking program says in a comment

    # expect: verdict=leak holder="module __main__: SESSIONS\\b" type=dict

where holder and type are regular expressions: holder is searched for in held_by, type must match as
a whole. The lines that store are marked with a trailing `# LEAK`. An innocent one says

    # expect: no-leak
"""

import collections
import os
import re
import shlex

TOP = 3  # a holder further down does not count as named

# holder, type: compiled, or None where nothing is asked; lines: {(file name, line)}
Expectation = collections.namedtuple("Expectation", "leaks verdict holder type lines")

# rank: of the right holder, 0 where it is not among the first; line: "right", "missing", "wrong",
# or "" where no line is asked for
Judgement = collections.namedtuple("Judgement", "passed rank line cell reason")


def expectation(path):
    with open(path) as source:
        text = source.read().splitlines()
    words = next(shlex.split(line[len("# expect:"):]) for line in text
                 if line.startswith("# expect:"))
    marked = {(os.path.basename(path), number) for number, line in enumerate(text, 1)
              if line.endswith("# LEAK")}
    if words == ["no-leak"]:
        return Expectation(False, None, None, None, marked)
    asked = dict(word.split("=", 1) for word in words)
    if "holder" not in asked or not marked:
        raise ValueError("%s: a leaking program names its holder and marks its line" % path)
    kind = asked.get("type")
    return Expectation(True, asked.get("verdict", "leak"), re.compile(asked["holder"]),
                       re.compile(kind) if kind else None, marked)


def judge(expected, report):
    if expected.leaks:
        return judge_leak(expected, report)
    return judge_innocent(report)


def judge_leak(expected, report):
    if report["verdict"] != expected.verdict:
        reason = "verdict %s, not %s" % (report["verdict"], expected.verdict)
        return Judgement(False, 0, "missing", "✗ " + report["verdict"], reason)
    for candidate in report["candidates"][:TOP]:
        if expected.holder.search(candidate["held_by"] or ""):
            return judge_candidate(expected, candidate)
    named = ", ".join(str(each["held_by"]) for each in report["candidates"][:TOP]) or "nobody"
    return Judgement(False, 0, "missing", "✗", "named %s" % named)


def judge_candidate(expected, candidate):
    """The candidate has the right holder."""
    rank = candidate["rank"]
    if candidate["verdict"] != expected.verdict:
        reason = "the right holder's verdict is %s" % candidate["verdict"]
        return Judgement(False, 0, "missing", "✗ " + candidate["verdict"], reason)
    if expected.type and not expected.type.fullmatch(candidate["type"] or ""):
        reason = "the right holder's type is %s" % candidate["type"]
        return Judgement(False, 0, "missing", "✗ type", reason)
    line = judge_line(expected, candidate)
    cell = "%d %s" % (rank, {"right": "✓line", "missing": "-", "wrong": "✗line"}[line])
    return Judgement(line != "wrong", rank, line, cell, "rank %d, line %s" % (rank, line))


def judge_line(expected, candidate):
    """stored_by is the first frame outside the standard library, where that is not stored_at."""
    frames = [candidate.get(name) for name in ("stored_at", "stored_by")]
    places = {(os.path.basename(frame["file"]), frame["line"]) for frame in frames if frame}
    if not places:
        return "missing"
    return "right" if places & expected.lines else "wrong"


def judge_innocent(report):
    accused = [str(each["held_by"]) for each in report["candidates"] if each["verdict"] == "leak"]
    if accused or report["verdict"] == "leak":
        return Judgement(False, 0, "", "✗ leak", "accused %s" % ", ".join(accused))
    return Judgement(True, 0, "", "✓", report["verdict"])
