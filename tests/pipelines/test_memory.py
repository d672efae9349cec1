"""The allocator is told how to treat arrays that are gone."""

import subprocess
import sys
import textwrap

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="of the GNU C library")
def test_arrays_that_are_kept_are_used_again_without_new_pages():
    """In a process of its own, since the setting holds for all of one."""
    code = """
        import resource
        import numpy as np
        from webbcal.pipelines.memory import keep_arrays

        def faults():
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            for _ in range(20):
                np.ones(3 << 20, np.uint8)
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

        first = faults()
        keep_arrays()
        faults()
        print(faults(), first)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    kept, first = map(int, done.stdout.split())
    assert kept < 0.1 * max(first, 768)
