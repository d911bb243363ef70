# SPDX-License-Identifier: Apache-2.0
"""The table of peers as bars on a logarithmic scale, in SVG."""

import math
from xml.sax.saxutils import escape

WIDTH, LABEL, ROW, TOP = 760, 220, 26, 48
BAR = WIDTH - LABEL - 170


def x_of(ratio, most):
    return LABEL + BAR * math.log(max(ratio, 1.0)) / math.log(most)


def answer(row):
    if "rank" not in row:
        return "no Python lines"
    return "names %d of 3" % row["named"]


def write(rows, path):
    rows = [row for row in rows if "ratio" in row]
    most = max([2.0] + [row["total"] for row in rows]) * 1.1
    height = TOP + ROW * len(rows) + 16
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'font-family="sans-serif" font-size="13">' % (WIDTH, height),
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="8" y="18" font-weight="bold">Processor time per request, untraced = 1 '
           '(logarithmic); pale: with the tool\'s own processes</text>']
    for tick in (1, 2, 5, 10, 20, 50, 100):
        if tick <= most:
            x = x_of(tick, most)
            out.append('<line x1="%.0f" y1="%d" x2="%.0f" y2="%d" stroke="#ddd"/>'
                       '<text x="%.0f" y="%d" fill="#666" text-anchor="middle">%d</text>'
                       % (x, TOP - 8, x, height - 12, x, TOP - 12, tick))
    for number, row in enumerate(rows):
        y = TOP + ROW * number
        color = "#2a7f3f" if row["name"].startswith("pyleak") else "#8a9bb0"
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (
            LABEL - 8, y + 15, escape(row["name"])))
        for ratio, opacity in ((row["total"], 0.4), (row["ratio"], 1)):
            out.append('<rect x="%d" y="%d" width="%.0f" height="%d" fill="%s" opacity="%g"/>' % (
                LABEL, y + 3, max(x_of(ratio, most) - LABEL, 2), ROW - 8, color, opacity))
        out.append('<text x="%.0f" y="%d" fill="#333">%.2f, %s</text>' % (
            x_of(row["total"], most) + 6, y + 15, row["ratio"], answer(row)))
    out.append("</svg>\n")
    with open(path, "w") as svg:
        svg.write("\n".join(out))
