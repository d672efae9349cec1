"""Background levels and noise of lines, obvious versions."""

import numpy as np


def clipped(values, limit, rounds):
    """Return median, mean, deviation and number of values within `limit` deviations."""
    values = np.asarray(values, float)
    for _ in range(rounds):
        middle, spread = np.median(values), values.std()
        kept = values[np.abs(values - middle) <= limit * spread]
        if kept.size == values.size:
            break
        values = kept
    return np.median(values), values.mean(), values.std(), values.size


def lower_half(values, centre, limit, rounds):
    """Return the deviation of the values below a centre and their mirror images."""
    below = np.asarray(values, float)[np.asarray(values) <= centre]
    for _ in range(rounds):
        spread = np.sqrt(np.mean((below - centre) ** 2))
        kept = below[below >= centre - limit * spread]
        if kept.size == below.size:
            break
        below = kept
    return np.sqrt(np.mean((below - centre) ** 2))


def line_medians(image, mask, low, high, parts, enough=1):
    """Return the median of the usable pixels of each part of each line, NaN for none."""
    medians = np.full((image.shape[0], parts), np.nan)
    for line, (values, good) in enumerate(zip(image, mask, strict=True)):
        for part, (v, g) in enumerate(
            zip(np.array_split(values, parts), np.array_split(good, parts), strict=True)
        ):
            chosen = v[(g != 0) & (v >= low) & (v <= high)].astype(float)
            if chosen.size >= enough:
                medians[line, part] = np.median(chosen)
    return medians


def median_errors(image, mask, parts):
    """Return the variance of these medians, by the median absolute deviation; 0 for none."""
    errors = np.zeros((image.shape[0], parts))
    for line, (values, good) in enumerate(zip(image, mask, strict=True)):
        for part, (v, g) in enumerate(
            zip(np.array_split(values, parts), np.array_split(good, parts), strict=True)
        ):
            chosen = v[g != 0].astype(float)
            if chosen.size:
                scatter = 1.4826 * np.median(np.abs(chosen - np.median(chosen)))
                errors[line, part] = np.pi / 2 * scatter**2 / chosen.size
    return errors


def box_levels(image, mask, height, width, enough, limit, rounds):
    """Return the clipped median of each box, NaN where too few pixels are usable."""
    rows, columns = image.shape
    levels = []
    for y in range(0, rows, height):
        for x in range(0, columns, width):
            box = np.s_[y : y + height, x : x + width]
            values = image[box][mask[box] != 0]
            few = values.size == 0 or values.size < enough * image[box].size
            levels.append(np.nan if few else clipped(values, limit, rounds)[0])
    return np.reshape(levels, (-(-rows // height), -1))


def waves(line, weights, pass_band):
    """Return the filtered least-squares fit of waves to a line."""
    x = np.arange(line.size)
    number = np.arange(pass_band.size)
    phase = 2 * np.pi * np.outer(x, number) / line.size
    basis = np.hstack([np.cos(phase), np.sin(phase[:, 1:])])
    root = np.sqrt(weights)[:, None]
    solution = np.linalg.lstsq(basis * root, line * root[:, 0], rcond=None)[0]
    return basis @ (solution * np.concatenate([pass_band, pass_band[1:]]))
