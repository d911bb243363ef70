# SPDX-License-Identifier: Apache-2.0
"""Is what pyleak says of a program of target.py right? Judges return what a cell of the table says, and
more for a person."""

import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "target.py")
AMONG_FIRST = 3
NEW_LEAST = 5
INHERITED = 20
NO_OWNER = ("leak_os_open", "leak_dup", "leak_eventfd", "leak_inotify")
CAUSES = {  # what must be in the cause; None: no usual one
    "leak_accepted": "the other side has closed, this one has not",
    "leak_both": "files that are not closed",
    "leak_checkout": "not given back to their pool",
    "leak_cursor": "cursors that are not closed",
    "leak_dup": None,
    "leak_epoll": None,
    "leak_eventfd": None,
    "leak_generator": "a generator that was not run to its end",
    "leak_http": "HTTP connections that are not closed",
    "leak_inotify": None,
    "leak_libpq": "connections that are not closed",
    "leak_mmap": "mmap objects that are not closed",
    "leak_mmap_file": "mmap objects that are not closed",
    "leak_open": "files that are not closed",
    "leak_os_open": None,
    "leak_pipes": "Popen objects are kept",
    "leak_pool": "ThreadPoolExecutors that are not shut down",
    "leak_postgres": "connections that are not closed",
    "leak_response": "responses that are not closed",
    "leak_session": "HTTP sessions or responses that are not closed",
    "leak_socket": None,
    "leak_sqlite": "connections that are not closed",
    "leak_tempfile": "temporary files that are not closed",
    "leak_threads": None,
    "leak_timer": "Timers that wait",
}


class Failure(Exception):
    pass


def expected_lines(program):
    """(lines, holder or None) of the comment LEAK; a call of several lines has any of them."""
    with open(PROGRAM) as source:
        lines = source.read().splitlines()
    for number, line in enumerate(lines, 1):
        found = re.search(r"# LEAK %s(?: (\w+))?$" % program, line)
        if found:
            first = number
            while lines[first - 2].rstrip().endswith(("(", ",")):
                first -= 1
            return range(first, number + 1), found.group(1)
    raise Failure("no comment LEAK for it")


def is_there(frame, numbers):
    return frame and frame["line"] in numbers and os.path.basename(frame["file"]) == "target.py"


def judge_cause(program, cause):
    wanted = CAUSES[program]
    if (wanted or "") not in (cause or "") or (cause and not wanted):
        raise Failure("cause %s, not %s" % (cause, wanted))


def judge_seen(report):
    """Whatever came was seen being made."""
    new = sum(row["came_in_window"] or 0 for row in report["not_seen_being_made"])
    if new >= NEW_LEAST:
        raise Failure("%d not seen being made: %s" % (new, report["not_seen_being_made"]))


def judge_leak(program, report):
    judge_seen(report)
    lines = report["lines"][:AMONG_FIRST]
    numbers, holder = expected_lines(program)
    right = [line for line in lines
             if line["verdict"] == "resource" and is_there(line["made_by"], numbers)]
    if not right:
        raise Failure("line %d is not among %s" % (numbers[-1], [
            (line["verdict"], line["made_by"] and line["made_by"]["line"]) for line in lines]))
    line = right[0]
    if holder and holder not in (line["held_by"] or ""):
        raise Failure("held by %s, not %s" % (line["held_by"], holder))
    if program in NO_OWNER and line["owned_by"]:
        raise Failure("owned by %s, though a bare number" % line["owned_by"])
    judge_cause(program, line["cause"])
    return "%d%s" % (line["rank"], " ✓holder" if holder else ""), "line %d, rank %d, %s%s" % (
        line["made_by"]["line"], line["rank"], line["kind"],
        ", held by " + line["held_by"] if holder else "")


def judge_silent(report):
    """No line leaks."""
    loud = [line for line in report["lines"] if line["verdict"] == "resource"]
    if loud or report["verdict"] == "resource":
        raise Failure("called a leak: %s" % [(line["made_by"], line["live"]) for line in loud])
    return "silent", "silent"


def judge_unseen(program, report):
    """Shown with owner and holder, but no line is said to have made them."""
    judge_silent(report)
    rows = [row for row in report["not_seen_being_made"] if "KEPT" in (row["held_by"] or "")]
    if not rows or "_io.FileIO" not in rows[0]["owned_by"] or rows[0]["kind"] != "file":
        raise Failure("not among %s" % report["not_seen_being_made"])
    new, warned = rows[0]["came_in_window"], any(
        "no watched call made" in text for text in report["warnings"])
    if program == "unseen_inherited":
        if rows[0]["live"] != INHERITED or new != 0 or warned:
            raise Failure("%s live, %s new, warned: %s" % (rows[0]["live"], new, warned))
    elif new is None or new < NEW_LEAST or not warned:
        raise Failure("%s new, warned: %s" % (new, warned))
    return "✓holder", "%d, %d of them new, in %s held by %s" % (
        rows[0]["live"], new, rows[0]["owned_by"], rows[0]["held_by"])


def judge(program, report):
    if report["schema"] != "pyleak.fds/1":
        raise Failure("schema %s" % report["schema"])
    if program.startswith("leak_"):
        return judge_leak(program, report)
    if program.startswith("unseen_"):
        return judge_unseen(program, report)
    judge_seen(report)
    return judge_silent(report)


def judge_beside(program, report, table):
    """The main job: candidates for resources beside those for memory, in JSON and table."""
    if report["schema"] != "pyleak.report/1":
        raise Failure("schema %s" % report["schema"])
    found = [each for each in report["candidates"] if each["verdict"] == "resource"]
    if not program.startswith("leak_"):
        if found or re.search(r"\bresource\b", table):
            raise Failure("called a leak: %s" % found)
        return "silent", "silent"
    numbers, holder = expected_lines(program)
    if len(found) != 1 or not is_there(found[0]["allocated_at"], numbers):
        raise Failure("line %d is not among %s" % (numbers[-1], [
            each["allocated_at"] for each in found]))
    if holder not in (found[0]["held_by"] or "") or not found[0]["inuse_objects"]:
        raise Failure("%s held by %s" % (found[0]["inuse_objects"], found[0]["held_by"]))
    judge_cause(program, found[0]["cause"])
    if not any("descriptors are in use, all of them in" in text for text in found[0]["evidence"]):
        raise Failure("it does not say when they run out: %s" % found[0]["evidence"])
    if report["verdict"] != "leak":
        raise Failure("verdict %s" % report["verdict"])
    memory = [each["held_by"] for each in report["candidates"] if each["verdict"] == "leak"]
    if program == "leak_both" and not any("TABLE" in (each or "") for each in memory):
        raise Failure("the leak of memory is not among %s" % memory)
    if not re.search(r"^ *%d +resource\b" % found[0]["rank"], table, re.M) or (
            "target.py:%d" % found[0]["allocated_at"]["line"] not in table):
        raise Failure("not in the table:\n%s" % table)
    return "%d ✓holder" % found[0]["rank"], "line %d, rank %d, held by %s" % (
        found[0]["allocated_at"]["line"], found[0]["rank"], found[0]["held_by"])
