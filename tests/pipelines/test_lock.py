"""Two runs do not make the same products at once."""

import subprocess
import sys

import pytest

from webbcal.core.errors import CannotWrite
from webbcal.pipelines.lock import only_one

HOLD = """
import sys
from pathlib import Path
from webbcal.pipelines.lock import only_one
with only_one(Path(sys.argv[1]), "jw1"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Start another process that holds the right to write jw1."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_the_second_run_is_told(holder, tmp_path):
    with (
        pytest.raises(CannotWrite, match="another run is making the products"),
        only_one(tmp_path, "jw1"),
    ):
        pass


def test_other_exposures_are_free(holder, tmp_path):
    with only_one(tmp_path, "jw2"):
        assert (tmp_path / ".jw2.lock").exists()
    assert not (tmp_path / ".jw2.lock").exists()


def test_a_killed_run_blocks_nobody(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert (tmp_path / ".jw1.lock").exists()
    with only_one(tmp_path, "jw1"):
        pass
    assert not list(tmp_path.iterdir())
