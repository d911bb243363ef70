# SPDX-License-Identifier: Apache-2.0
"""The table of an end to end run, as Markdown that also reads well in a terminal."""

import statistics

KEY = """\
Rows are the programs of `tests/targets`, columns interpreters. Of a leaking program, a number is
the rank of the right holder; `✓line` says that the storing line is right, `-` that none was named,
`✗line` that a wrong one was, `✓cause` the same of cause and advice; `✗` that the holder is not among
the first three. Of an innocent program stands the verdict: `✓` that it is right, `-` that another
would be, `✗` that something was called a leak.
"""


def table(columns, programs, results):
    """results: {(column, program): (judgement, seconds)}; a missing one was skipped."""
    rows = [["program", *columns]]
    for program in programs:
        rows.append([program] + [cell(results.get((column, program))) for column in columns])
    for name in ("lines", "causes", "verdicts"):
        rows.append(["*right %s*" % name] + [share(results, column, name) for column in columns])
    rows.append(["*median seconds*"] + [seconds(results, column) for column in columns])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    text = [format_row(row, widths) for row in rows]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text) + "\n"


def cell(result):
    return result[0].cell if result else "skipped"


def of_column(results, column):
    return [result for (name, _), result in results.items() if name == column]


def count(results, column, name):
    """(right, wrong, all) of a column: lines or causes of leaking programs, verdicts of others."""
    found = [judgement.line if name == "lines" else judgement.why
             for judgement, _ in of_column(results, column)
             if name == "lines" or bool(judgement.leaks) == (name == "causes")]
    found = [each for each in found if each]
    return found.count("right"), found.count("wrong"), len(found)


def share(results, column, name):
    right, _, total = count(results, column, name)
    return "%d of %d" % (right, total)


def seconds(results, column):
    """Of the leaking programs: the others are looked at for as long as a look may last."""
    times = [time for judgement, time in of_column(results, column) if judgement.leaks]
    return "%.1f" % statistics.median(times) if times else ""


def format_row(row, widths):
    return "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths)) + " |"
