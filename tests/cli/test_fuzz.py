"""Damaged files never give a traceback, a hang or unbounded memory."""

import resource
import shutil

import numpy as np
import pytest

from webbcal.core.errors import WebbcalError
from webbcal.pipelines.runner import run_everything
from webbcal.pipelines.settings import Settings

SEEDS = range(40)
MEMORY_MARGIN_KB = 1_500_000


def flip_bytes(content, rng):
    data = bytearray(content)
    for _ in range(rng.integers(1, 30)):
        data[rng.integers(len(data))] = rng.integers(256)
    return bytes(data)


def damage_header(content, rng):
    """Change a digit, letter or sign somewhere in the first headers."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 12)):
        data[rng.integers(0, 23040)] = rng.choice(list(b"0123456789-+'T =/AN\0\xff"))
    return bytes(data)


def enlarge_number(content, rng):
    """Let a header promise far more than the file holds."""
    keyword = rng.choice([b"NAXIS1", b"NAXIS2", b"NAXIS3", b"NAXIS4", b"NGROUPS", b"PCOUNT"])
    at = content.find(keyword.ljust(8) + b"= ")
    value = str(rng.choice([-1, 0, 10**6, 2**31, 2**62])).rjust(20).encode()
    return content[: at + 10] + value + content[at + 30 :] if at >= 0 else content


def cut_or_repeat(content, rng):
    a, b = sorted(rng.integers(0, len(content), 2))
    return content[:a] + content[b:] if rng.random() < 0.5 else content[:b] + content[a:]


@pytest.mark.parametrize("damage", [flip_bytes, damage_header, enlarge_number, cut_or_repeat])
def test_damaged_exposure_is_calibrated_or_refused(programme, environ, tmp_path, damage):
    good = programme.exposures[0].read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        folder.mkdir()
        path = folder / "jw99001001001_02101_00001_nrcb1_uncal.fits"
        path.write_bytes(damage(good, np.random.default_rng(seed)))
        (outcome,) = run_everything([path], Settings(output_dir=folder / "out"))
        if outcome.error is not None:
            assert isinstance(outcome.error, WebbcalError)
            assert "\n" not in str(outcome.error)
            left = list((folder / "out").glob("*")) if (folder / "out").exists() else []
            assert left == []
        shutil.rmtree(folder)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < MEMORY_MARGIN_KB


@pytest.mark.parametrize("kind", ["dark", "gain", "linearity", "mask"])
def test_damaged_reference_is_used_or_refused(programme, environ, tmp_path, kind):
    good = programme.references[kind].read_bytes()
    for seed in range(8):
        path = tmp_path / f"{kind}{seed}.fits"
        path.write_bytes(damage_header(good, np.random.default_rng(seed)))
        settings = Settings(output_dir=tmp_path / f"out{seed}", references={kind: path})
        (outcome,) = run_everything(programme.exposures, settings)
        assert outcome.error is None or "\n" not in str(outcome.error)
