"""Time series of detector outputs with interleaved reference pixels.

Axes: p sample within a line, s line (along the slow axis), f frequency along the lines.
Sample p of line s is number ``p + P s`` of the time series of an output.
"""

import numpy as np

from webbcal.kernels._jit import entry


@entry
def fill_missing(series, weights, out):
    """Copy a series (p, s), missing values (NaN) replaced by a weighted mean of near ones.

    Parameters
    ----------
    series : float32 (p, s)
        NaN where there is no value.
    weights : float64 (k)
        Weights of the neighbours in time, odd number, the value itself in the middle. The
        series is continued at its ends by itself. Where all neighbours are missing the result
        is 0.
    out : float32 (p, s)
        Result.
    """
    samples, lines = series.shape
    half = weights.size // 2
    total, weight = np.empty(lines), np.empty(lines)
    for p in range(samples):
        complete = True
        for s in range(lines):
            out[p, s] = series[p, s]
            complete = complete and series[p, s] == series[p, s]
        if complete:
            continue
        for s in range(lines):
            total[s], weight[s] = 0.0, 0.0
        for k in range(weights.size):
            q = p + k - half
            shift = q // samples
            row = series[q - shift * samples]
            for s in range(lines):
                value = row[(s + shift) % lines] if shift != 0 else row[s]
                known = value == value
                total[s] += weights[k] * value if known else 0.0
                weight[s] += weights[k] if known else 0.0
        for s in range(lines):
            if series[p, s] != series[p, s]:
                out[p, s] = np.float32(total[s] / weight[s]) if weight[s] > 0 else 0.0


@entry
def straight_line(values, samples, lines, span):
    """Return offset and slope of the straight line in time through some values.

    Parameters
    ----------
    values : float32 (p', s')
        NaN is left out.
    samples, lines : int64 (p'), (s')
        Their places.
    span : tuple of int
        Samples of a line, lines of a frame.

    Returns
    -------
    tuple of float
        At the middle of the frame, and per frame. 0 where there are no values.
    """
    count, st, sy, stt, sty = 0.0, 0.0, 0.0, 0.0, 0.0
    length = 1.0 * span[0] * span[1]
    for i in range(samples.size):
        for j in range(lines.size):
            value = np.float64(values[i, j])
            if value == value:
                t = (samples[i] + 1.0 * span[0] * lines[j]) / length - 0.5
                count += 1.0
                st += t
                sy += value
                stt += t * t
                sty += t * value
    determinant = count * stt - st * st
    if determinant <= 0.0:
        return (sy / count if count > 0.0 else 0.0), 0.0
    slope = (count * sty - st * sy) / determinant
    return (sy - slope * st) / count, slope


@entry
def subtract_line(values, samples, line, span):
    """Subtract a straight line in time from values (p', s), in place."""
    length = 1.0 * span[0] * span[1]
    for i in range(samples.size):
        first = line[0] + line[1] * (samples[i] / length - 0.5)
        step = line[1] * span[0] / length
        for s in range(values.shape[1]):
            values[i, s] = np.float32(values[i, s] - (first + step * s))


@entry
def weighted_sum(one, first, other, second, out):
    """Set `out` to ``one * first + other * second``, complex (p, f)."""
    rows, columns = one.shape
    for p in range(rows):
        for f in range(columns):
            out[p, f] = one[p, f] * first[p, f] + other[p, f] * second[p, f]


@entry
def subtract_model(frame, rows, model, backwards, out, targets):
    """Write rows of a frame, less a model of each, to other rows.

    Parameters
    ----------
    frame : float32 (y, x)
        As stored.
    rows : int64 (r)
        Rows to take.
    model : float32 (r, s)
        What to subtract, line by line.
    backwards : bool
        Whether lines are stored from the last to the first.
    out : float32 (r', x)
        Result.
    targets : int64 (r)
        Row of `out` for each of `rows`.
    """
    width = frame.shape[1]
    for r in range(rows.size):
        source, target, level = frame[rows[r]], out[targets[r]], model[r]
        if backwards:
            for x in range(width):
                target[x] = source[x] - level[width - 1 - x]
        else:
            for x in range(width):
                target[x] = source[x] - level[x]
