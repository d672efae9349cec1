"""Run a command as a process and account for it."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FORBIDS_BYTE_CODE = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True)
class Usage:
    """What one process took: wall and processor seconds, peak resident memory in MB."""

    wall: float
    cpu: float
    peak_mb: float
    output: str


def run(
    command: Sequence[str | Path], environ: Mapping[str, str], folder: Path, *, status: int = 0
) -> Usage:
    """Run a command to its end and return what it took, by the operating system's account.

    Python may keep the byte code of what it imports, even where the environment forbids it: an
    installed package has it.

    Raises
    ------
    RuntimeError
        If it ends with another exit status than expected; the message has its output.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "output.log"
    kept = {name: value for name, value in os.environ.items() if name != FORBIDS_BYTE_CODE}
    start = time.perf_counter()
    with log.open("w") as stream:
        process = subprocess.Popen(
            [str(word) for word in command],
            env={**kept, **environ},
            cwd=folder,
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        _, code, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(code)
    output = log.read_text(errors="replace")
    if process.returncode != status:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}:\n{output[-3000:]}")
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)
