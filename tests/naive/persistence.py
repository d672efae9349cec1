"""Persistence windows of one pixel, by the list of its groups."""


def flag(ramp, flags, times, duration, threshold, added, end):
    """Return flags (i, g) and the end of the window that is open afterwards, 0 for none."""
    result = [list(row) for row in flags]
    for i, row in enumerate(ramp):
        full_before = [False, *(any(f & 2 for f in flags[i][: g + 1]) for g in range(len(row)))]
        for g, value in enumerate(row):
            now = times[i][g]
            open_now = end != 0 and now <= end
            if not open_now:
                end = 0
            starts = bool(flags[i][g] & 2) and not full_before[g]
            starts = starts or (not open_now and value > threshold)
            if starts:
                end = now + duration
            if starts or open_now:
                result[i][g] |= added
    return result, end
