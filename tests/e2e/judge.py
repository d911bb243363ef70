# SPDX-License-Identifier: Apache-2.0
"""What a target program expects, and whether a report says so. Pure functions over text.

A leaking program says in a comment

    # expect: verdict=leak holder="module __main__: SESSIONS\\b" type=dict
    # expect: cause="dict that only gets new keys"

where holder, type and cause are regular expressions: holder and cause are searched for in held_by
and cause, type must match as a whole. The lines that store are marked with a trailing `# LEAK`. An
innocent one says

    # expect: no-leak verdict=cache|warm-up

with the verdicts that are right for the process, and gets no advice.
"""

import collections
import os
import re
import shlex

TOP = 3  # a holder further down does not count as named

# holder, type, cause: compiled, or None where nothing is asked; verdicts: those that are right;
# lines: {(file name, line)}
Expectation = collections.namedtuple("Expectation", "leaks verdicts holder type cause lines")

# rank: of the right holder, 0 where it is not among the first. line: "right", "missing", "wrong",
# or "" where no line is asked for. why: the same of the cause or, of an innocent program, the verdict.
# leaks: whether the program does.
Judgement = collections.namedtuple("Judgement", "leaks passed rank line why cell reason")


def expectation(path):
    with open(path) as source:
        text = source.read().splitlines()
    words = [word for line in text if line.startswith("# expect:")
             for word in shlex.split(line[len("# expect:"):])]
    marked = {(os.path.basename(path), number) for number, line in enumerate(text, 1)
              if line.endswith("# LEAK")}
    leaks = "no-leak" not in words
    asked = dict(word.split("=", 1) for word in words if word != "no-leak")
    if leaks and ("cause" not in asked or (marked and "holder" not in asked)):
        raise ValueError("%s: a leaking program names its cause, and who holds it" % path)
    verdicts = asked.get("verdict", "leak" if leaks else "")
    compiled = [re.compile(asked[name]) if name in asked else None
                for name in ("holder", "type", "cause")]
    return Expectation(leaks, set(verdicts.split("|")) - {""}, *compiled, marked)


def judge(expected, report):
    if expected.leaks:
        return judge_leak(expected, report)
    return judge_innocent(expected, report)


def missed(cell, reason):
    return Judgement(True, False, 0, "missing", "missing", cell, reason)


def judge_leak(expected, report):
    if report["verdict"] not in expected.verdicts:
        reason = "verdict %s, not %s" % (report["verdict"], " or ".join(expected.verdicts))
        return missed("✗ " + report["verdict"], reason)
    for candidate in report["candidates"][:TOP]:
        held_by = candidate["held_by"] or ""
        if not expected.holder or expected.holder.search(held_by):
            return judge_candidate(expected, candidate)
    named = ", ".join(str(each["held_by"]) for each in report["candidates"][:TOP]) or "nobody"
    return missed("✗", "named %s" % named)


def judge_candidate(expected, candidate):
    """The candidate has the right holder."""
    rank = candidate["rank"]
    if candidate["verdict"] not in expected.verdicts:
        reason = "the right holder's verdict is %s" % candidate["verdict"]
        return missed("✗ " + candidate["verdict"], reason)
    if expected.type and not expected.type.fullmatch(candidate["type"] or ""):
        return missed("✗ type", "the right holder's type is %s" % candidate["type"])
    line = judge_line(expected, candidate)
    why = judge_cause(expected, candidate)
    cell = "%d %s" % (rank, {"right": "✓line", "missing": "-", "wrong": "✗line", "": ""}[line])
    cell += {"right": " ✓cause", "missing": " -", "wrong": " ✗cause"}[why]
    reason = "rank %d, line %s, cause %s" % (rank, line or "not asked for", why)
    if why == "wrong":
        reason += ": " + candidate["cause"]
    return Judgement(True, line != "wrong" and why != "wrong", rank, line, why, cell, reason)


def judge_line(expected, candidate):
    """stored_by is the first frame outside the standard library, where that is not stored_at."""
    frames = [candidate.get(name) for name in ("stored_at", "stored_by")]
    places = {(os.path.basename(frame["file"]), frame["line"]) for frame in frames if frame}
    if not expected.lines:
        return ""
    if not places:
        return "missing"
    return "right" if places & expected.lines else "wrong"


def judge_cause(expected, candidate):
    """A cause comes with its advice, or there is neither."""
    cause, advice = candidate["cause"], candidate["advice"]
    if not cause and not advice:
        return "missing"
    return "right" if cause and advice and expected.cause.search(cause) else "wrong"


def judge_innocent(expected, report):
    verdict = report["verdict"]
    accused = [str(each["held_by"]) for each in report["candidates"] if each["verdict"] == "leak"]
    if accused or verdict == "leak":
        return Judgement(False, False, 0, "", "wrong", "✗ leak", "accused %s" % ", ".join(accused))
    advised = [each["advice"] for each in report["candidates"]
               if each["advice"] and each["verdict"] != "fragmentation"]
    if advised:
        return Judgement(False, False, 0, "", "wrong", "✗ advice", "advised: %s" % advised[0])
    right = not expected.verdicts or verdict in expected.verdicts
    why = "right" if right else "missing"
    return Judgement(False, True, 0, "", why, "✓ " + verdict if right else "- " + verdict, verdict)
