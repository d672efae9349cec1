"""Correction of the nonlinear response of pixels.

Axes: i integration, g group, k power, y row, x column. Rows are worked on in chunks of columns,
whose coefficients stay in the cache for all groups; the loops over x are the inner ones, so that
the compiler can use vector instructions.
"""

import numpy as np

from webbcal.kernels._jit import entry, kernel

SATURATED = np.uint8(2)
CHUNK = 512  # columns: 5 powers of float64 fill 20 of the 32 kB of a first-level cache
STRIDE = 4  # steps of Horner's rule that one loop over a chunk takes


@kernel
def room_for(powers):
    """Return an empty chunk (k, x) for polynomials; surplus powers have coefficient 0."""
    steps = (powers - 1 + STRIDE - 1) // STRIDE * STRIDE
    return np.zeros((1 + steps, CHUNK))


@kernel
def load_chunk(coefficients, skip, y, start, columns, chunk):
    """Copy the coefficients of part of a row, (k, y, x), to the first columns of `chunk`, (k, x).

    A pixel to skip, or with a NaN among its coefficients or a linear one of 0, gets those of the
    identity and is marked in `skip` (y, x).
    """
    powers = coefficients.shape[0]
    marks, any_marked = skip[y, start : start + columns], False
    for k in range(powers):
        source, row = coefficients[k, y, start : start + columns], chunk[k]
        for x in range(columns):
            row[x] = source[x]
            marks[x] |= (source[x] != source[x]) | ((k == 1) & (source[x] == 0))
    for x in range(columns):
        any_marked |= marks[x]
    if any_marked:
        for k in range(powers):
            for x in range(columns):
                if marks[x]:
                    chunk[k, x] = 1.0 if k == 1 else 0.0


@kernel
def begin(chunk, signal, result):
    """Take all but the last steps of Horner's rule along the polynomials `chunk` (k, x)."""
    last = chunk.shape[0] - 1
    top = chunk[last]
    for x in range(result.size):
        result[x] = top[x]
    for k in range(last, STRIDE, -STRIDE):
        a, b, c, d = chunk[k - 1], chunk[k - 2], chunk[k - 3], chunk[k - 4]
        for x in range(result.size):
            s = np.float64(signal[x])
            result[x] = (((result[x] * s + a[x]) * s + b[x]) * s + c[x]) * s + d[x]


@kernel
def evaluate(chunk, signal, result):
    """Set `result` (x) to the polynomials `chunk` (k, x) at `signal` (x)."""
    begin(chunk, signal, result)
    a, b, c, d = chunk[3], chunk[2], chunk[1], chunk[0]
    for x in range(result.size):
        s = np.float64(signal[x])
        result[x] = (((result[x] * s + a[x]) * s + b[x]) * s + c[x]) * s + d[x]


@kernel
def store(result, signal, flags, out):
    """Set `out` (x) to `result`, or to the measured signal where the group is saturated."""
    for x in range(out.size):
        out[x] = signal[x] if flags[x] & SATURATED else np.float32(result[x])


@kernel
def correct(chunk, signal, flags, room, out):
    """Set `out` (x) to the linear signal of one group: `evaluate` and `store` in one loop."""
    begin(chunk, signal, room)
    a, b, c, d = chunk[3], chunk[2], chunk[1], chunk[0]
    for x in range(out.size):
        s = np.float64(signal[x])
        linear = np.float32((((room[x] * s + a[x]) * s + b[x]) * s + c[x]) * s + d[x])
        out[x] = signal[x] if flags[x] & SATURATED else linear


@entry
def linearise(sci, groupdq, coefficients, unusable):
    """Return the linear signal of (i, g, y, x) arrays and the pixels that were left alone.

    Parameters
    ----------
    sci : float32 (i, g, y, x)
        Signal, DN. NaN stays NaN.
    groupdq : uint8 (i, g, y, x)
        Flags; SATURATED groups keep their value.
    coefficients : float32 (k, y, x)
        Of each power of the signal in DN; at least two.
    unusable : bool (y, x)
        Pixels to leave alone.

    Returns
    -------
    out : float32 (i, g, y, x)
        Linear signal, DN.
    skip : bool (y, x)
        Pixels left alone: those told, and those with unusable coefficients.
    """
    integrations, groups, rows, columns = sci.shape
    out = np.empty_like(sci)
    skip = unusable.copy()
    chunk = room_for(coefficients.shape[0])
    room = np.empty(CHUNK)
    for y in range(rows):
        for start in range(0, columns, CHUNK):
            stop = min(start + CHUNK, columns)
            result = room[: stop - start]
            load_chunk(coefficients, skip, y, start, result.size, chunk)
            for i in range(integrations):
                for g in range(groups):
                    signal = sci[i, g, y, start:stop]
                    flags = groupdq[i, g, y, start:stop]
                    correct(chunk, signal, flags, result, out[i, g, y, start:stop])
    return out, skip


@kernel
def count_rate(linear, flags, frames, rate):
    """Set `rate` (x) to the growth per frame of the linear signal (g, x) of part of a row.

    It is taken between the first group and the last but one of the groups that are not
    SATURATED, at least the second.
    """
    groups = linear.shape[0]
    for x in range(rate.size):
        usable = 0
        for g in range(groups):
            usable += (flags[g, x] & SATURATED) == 0
        last = min(max(usable - 2, 1), groups - 1)
        rate[x] = (np.float64(linear[last, x]) - linear[0, x]) / (last * frames)


@kernel
def average_reads(chunk, inverse, predicted, signal, rooms, result):
    """Set `result` (x) to the linear signal of a group that is the mean of several reads.

    `predicted` (r, x): linear signal expected of each read, replaced by what would be measured;
    `signal` (x): the measured mean; `rooms`: two times (x) to work in.
    """
    reads, shift = rooms
    count = predicted.shape[0]
    columns = result.size
    for x in range(columns):
        result[x] = 0.0
    for r in range(count):
        read = predicted[r, :columns]
        evaluate(inverse, read, reads)
        for x in range(columns):
            read[x] = reads[x]
            result[x] += reads[x]
    for x in range(columns):
        shift[x] = signal[x] - result[x] / count
        result[x] = 0.0
    for r in range(count):
        read = predicted[r, :columns]
        for x in range(columns):
            read[x] += shift[x]
        evaluate(chunk, read, reads)
        for x in range(columns):
            result[x] += reads[x] / count


@kernel
def linearise_part(sci, groupdq, chunk, inverse, frames, room, out):
    """Set `out` (g, x) to the linear signal of part of a row, read by read."""
    groups, columns = sci.shape
    result, start, rate = room[0, :columns], room[1, :columns], room[2, :columns]
    rooms, predicted = (room[3, :columns], room[4, :columns]), room[5:]
    for g in range(groups):
        correct(chunk, sci[g], groupdq[g], result, out[g])
    count_rate(out, groupdq, frames, rate)
    for x in range(columns):
        start[x] = out[0, x]
    for g in range(groups):
        for r in range(frames):
            elapsed = g * frames + r - 0.5 * (frames - 1)
            for x in range(columns):
                predicted[r, x] = start[x] + rate[x] * elapsed
        average_reads(chunk, inverse, predicted, sci[g], rooms, result)
        store(result, sci[g], groupdq[g], out[g])


@entry
def linearise_reads(sci, groupdq, coefficients, inverse, unusable, frames):
    """Return the linear signal of groups that are means of several frames.

    A mean of linear signals is not the linear signal of a mean. The frames of a group are
    predicted from the count rate, made nonlinear, shifted to the measured mean, made linear
    and averaged again.

    Parameters
    ----------
    sci, groupdq, coefficients, unusable
        As for `linearise`; at least two groups.
    inverse : float32 (k, y, x)
        Coefficients of the polynomial from linear to measured signal; at least two.
    frames : int
        Frames per group.

    Returns
    -------
    out, skip
        As from `linearise`; `skip` also marks pixels with unusable inverse coefficients, for
        which the frames of a group are taken to be evenly spaced.
    """
    integrations, _, rows, columns = sci.shape
    out = np.empty_like(sci)
    skip, skip_inverse = unusable.copy(), np.zeros((rows, columns), np.bool_)
    chunk = room_for(coefficients.shape[0])
    inverse_chunk = room_for(inverse.shape[0])
    room = np.empty((5 + frames, CHUNK))
    for y in range(rows):
        for start in range(0, columns, CHUNK):
            stop = min(start + CHUNK, columns)
            width = stop - start
            load_chunk(coefficients, skip, y, start, width, chunk)
            load_chunk(inverse, skip_inverse, y, start, width, inverse_chunk)
            for i in range(integrations):
                linearise_part(
                    sci[i, :, y, start:stop],
                    groupdq[i, :, y, start:stop],
                    chunk,
                    inverse_chunk,
                    frames,
                    room,
                    out[i, :, y, start:stop],
                )
    return out, skip | skip_inverse
