# SPDX-License-Identifier: Apache-2.0
"""The program that walks once and prints what it counted, built from census.c."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

import launch  # noqa: E402

BUILD = os.path.join(launch.REPOSITORY, "build")
PROGRAM = os.path.join(BUILD, "census")


def build():
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-g",
                    "-Wall", "-Werror", "-I" + BUILD, "-o", PROGRAM,
                    os.path.join(HERE, "census.c"), os.path.join(BUILD, "libpyleak.a"),
                    "-lbpf", "-lelf", "-ldw", "-ljansson", "-lz", "-lm"], check=True)
