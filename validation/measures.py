"""What is measured of a count rate whose truth is known."""

from dataclasses import dataclass

import numpy as np

from validation.ladder import Ladder

DO_NOT_USE, SATURATED, JUMP = 1, 2, 4


def robust_width(values: np.ndarray) -> float:
    """Return 1.4826 times the median absolute deviation: sigma of a Gaussian."""
    return float(1.482602 * np.median(np.abs(values - np.median(values))))


@dataclass(frozen=True)
class Level:
    """Pixels of one brightness: number, ratio to the truth with its standard error, pulls."""

    electrons: float
    pixels: int
    ratio: float
    ratio_error: float
    width: float
    shift: float


def levels(ladder: Ladder, arrays: dict[str, np.ndarray]) -> list[Level]:
    """Measure a rate level by level, in good pixels that never saturate.

    `ratio` is the median of rate / truth and `ratio_error` its standard error, `width` the
    robust width of (rate - truth) / err, `shift` their median.
    """
    never = (ladder.saturation_group < 0).all(axis=0)
    usable = ladder.good & never & ((arrays["DQ"] & (DO_NOT_USE | SATURATED)) == 0)
    usable &= np.isfinite(arrays["SCI"]) & (arrays["ERR"] > 0)
    found = []
    for number, electrons in enumerate(ladder.electrons):
        here = usable & (ladder.level == number)
        if here.sum() < 100:
            continue
        rate, truth = arrays["SCI"][here].astype(float), ladder.rate[here]
        ratio, pulls = rate / truth, (rate - truth) / arrays["ERR"][here]
        error = 1.2533 * robust_width(ratio) / np.sqrt(ratio.size)
        found.append(
            Level(
                float(electrons),
                int(here.sum()),
                float(np.median(ratio)),
                float(error),
                robust_width(pulls),
                float(np.median(pulls)),
            )
        )
    return found


@dataclass(frozen=True)
class Detection:
    """Cosmic rays above a threshold that were found, and groups flagged without one."""

    hits: int
    found: int
    groups: int
    false: int
    false_beside: int


def detection(ladder: Ladder, groupdq: np.ndarray, sigmas: float = 10.0) -> Detection:
    r"""Count cosmic rays that were found, and flags without a cosmic ray.

    Sigma is the noise of the difference of two successive groups,
    :math:`\sqrt{r\,t_g + 2 R^2 / n}` electrons, with the true rate of pixel and dark r, the
    true noise of a read R, and n frames in a group. A hit is all the charge that particles leave
    in a pixel between two groups; it counts if it exceeds `sigmas` and if the groups before and
    after it are neither saturated nor flagged DO_NOT_USE: there the search could see it.
    Charge that falls into an averaged group is split between the differences before and after it.

    A flag is false if no charge at all fell into the difference; it is `false_beside` if a
    neighbouring pixel was hit in that group (those are flagged on purpose), else `false`.
    """
    readout, pixels = ladder.readout, ladder.pixels
    shape = groupdq.shape
    charge = np.zeros(shape)  # electron that arrive in the difference before each group
    h = ladder.hits
    np.add.at(
        charge, (h["integration"], h["group"], h["y"], h["x"]), h["electrons"] * h["fraction"]
    )
    later = h["group"] + 1 < shape[1]
    rest = h[later]
    np.add.at(
        charge,
        (rest["integration"], rest["group"] + 1, rest["y"], rest["x"]),
        rest["electrons"] * (1 - rest["fraction"]),
    )
    rate = ladder.rate * pixels.gain + pixels.dark_rate
    read = pixels.read_noise * pixels.gain
    sigma = np.sqrt(rate * readout.group_time_s + 2 * read**2 / readout.frames_averaged)
    usable = (groupdq & (DO_NOT_USE | SATURATED)) == 0
    seen = usable[:, 1:] & usable[:, :-1] & ladder.good
    flagged = (groupdq[:, 1:] & JUMP) > 0
    arrived = charge[:, 1:]
    hit = seen & (arrived > sigmas * sigma)
    spurious = seen & flagged & (arrived == 0)
    beside = np.zeros(arrived.shape, bool)
    some = arrived > 0
    beside[..., 1:, :] |= some[..., :-1, :]
    beside[..., :-1, :] |= some[..., 1:, :]
    beside[..., :, 1:] |= some[..., :, :-1]
    beside[..., :, :-1] |= some[..., :, 1:]
    return Detection(
        int(hit.sum()),
        int((hit & flagged).sum()),
        int(seen.sum()),
        int((spurious & ~beside).sum()),
        int((spurious & beside).sum()),
    )
