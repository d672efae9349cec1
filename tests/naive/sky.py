"""Slow, obvious forms of the kernels of sky levels."""

import numpy as np


def matched_differences(first, second, nodes, step, stride):
    found = []
    for y in range(first.shape[0]):
        for x in range(y % stride, first.shape[1], stride):
            j, i = y // step, x // step
            v, u = y / step - j, x / step - i
            corner = nodes[j : j + 2, i : i + 2]
            p, q = np.einsum("j,i,jic->c", [1 - v, v], [1 - u, u], corner)
            if not np.isfinite(p + q):
                continue
            p, q = int(np.floor(p + 0.5)), int(np.floor(q + 0.5))
            if 0 <= p < second.shape[1] and 0 <= q < second.shape[0]:
                difference = first[y, x] - second[q, p]
                if np.isfinite(difference):
                    found.append(difference)
    return np.array(found, np.float32)


def clipped(values, lower, upper, rounds):
    values = np.asarray(values, np.float64)
    for _ in range(rounds):
        mean, deviation = values.mean(), values.std()
        inside = (values >= mean - lower * deviation) & (values <= mean + upper * deviation)
        if inside.all():
            break
        values = values[inside]
    return values
