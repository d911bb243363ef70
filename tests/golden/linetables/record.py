# SPDX-License-Identifier: Apache-2.0
"""
Record line tables and what CPython itself says of them, for t_linetable.c:

    pythonX.Y record.py [FILE...] >3_Y.txt

Without FILE the functions below are recorded; with FILE, every code object in those sources. One line each:

    MINOR FIRST_LINE TABLE_HEX OFFSET:LINE,OFFSET:LINE,...     a LINE of - means that the instruction has none
"""
import dis
import sys
import types

SOURCES = [
    "def plain(a, b):\n    c = a + b\n    return c\n",
    "def call():\n    return max(\n        len('a'),\n        min(\n            1,\n            2,\n"
    "        ),\n    )\n",
    "def backwards(x):\n    x = [\n        f(\n            x\n        )\n        for y in x\n        if y\n    ]\n"
    "    return x\n",
    "def far():\n    a = 1\n" + "\n" * 300 + "    return a\n",
    "def wide():\n    return (" + " + ".join("a%d" % i for i in range(150)) + ",\n b)\n",
    "def handlers():\n    try:\n        with a as b:\n            yield b\n    except ValueError as e:\n"
    "        raise\n    finally:\n        print()\n",
    "async def waits(a):\n    async with a as b:\n        await b\n    async for c in b:\n        yield c\n",
    "class C:\n    x: int = 1\n\n    @staticmethod\n    def m():\n        return lambda: (\n            1,\n            x,\n"
    "        )\n",
    "def loop(xs):\n    while True:\n        for x in xs:\n            if x: continue\n            break\n"
    "        else:\n            return\n",
    "\n" * 70000 + "def late(): return 1\n",
]


def codes(code):
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from codes(const)


def expected(code):
    """(offset, line) of each instruction: co_lines() has 3.10, before it dis computes them by itself."""
    if sys.version_info >= (3, 10):
        for start, end, line in code.co_lines():
            for offset in range(start, end, 2):
                yield offset, line
        return
    starts = dict(dis.findlinestarts(code))
    line = code.co_firstlineno
    for offset in range(0, len(code.co_code), 2):
        line = starts.get(offset, line)
        yield offset, line


def main():
    sources = [open(name).read() for name in sys.argv[1:]] or SOURCES
    for source in sources:
        for code in codes(compile(source, "t", "exec")):
            table = code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab
            lines, last = [], 0
            for offset, line in expected(code):
                text = "-" if line is None else str(line)
                if text != last:
                    lines.append("%d:%s" % (offset, text))
                last = text
            print(sys.version_info[1], code.co_firstlineno, table.hex() or "-",
                  ",".join(lines) + ",%d:end" % len(code.co_code))


main()
