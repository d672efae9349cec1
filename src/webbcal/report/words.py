"""Quantities in words: sizes and times."""

__all__ = ["duration", "plural", "size_in_words"]


def duration(seconds: float) -> str:
    """Return a time in words: ``12 ms``, ``8.2 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if 0 < seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 6000:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size_in_words(size: float) -> str:
    """Return a number of bytes with a unit: ``83.5 kB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError


def plural(count: int, word: str) -> str:
    """Return a number and a word for it: ``1 exposure``, ``3 exposures``."""
    return f"{count} {word}{'' if count == 1 else 's'}"
