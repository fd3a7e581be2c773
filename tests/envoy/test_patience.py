"""Slow is not hung: a process that gets no processor is waited for."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from wasmnb.envoy.patience import Patience

LOOP = "print(flush=True)\nwhile True: pass"
REST = "import time; print(flush=True)\ntime.sleep(60)"


@pytest.fixture
def started():
    made = []

    def start(program, cpu):
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        made.append(process)
        process.stdout.readline()
        os.sched_setaffinity(process.pid, {cpu})
        return process.pid

    yield start
    for process in made:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how long a thread waited for a processor")
def test_what_waits_for_a_processor_is_waited_for(started):
    cpu = min(os.sched_getaffinity(0))
    loops = [started(LOOP, cpu) for _ in range(4)]
    starved, resting = Patience(loops[0], 1.0), Patience(started(REST, cpu), 1.0)
    time.sleep(2.0)
    # Four take turns on one processor: three quarters of the time do not count.
    assert starved.left() > 0
    assert resting.left() < 0 < resting.waited


def test_of_a_process_that_is_gone_every_second_counts():
    patience = Patience(0, 0.02)
    assert patience.left() > 0
    time.sleep(0.03)
    assert patience.left() < 0
