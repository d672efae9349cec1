"""Options that say which flags leave a pixel usable."""

import re

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidOptions

_ALL_FLAGS = 0xFFFFFFFF


def unusable(good_bits: str | None) -> int:
    """Return the flags that make a pixel unusable, from an option that says which ones do not.

    Parameters
    ----------
    good_bits : str or None
        Names or values of flags that leave a pixel usable, joined by ``+`` or commas; all others
        make it unusable. With ``~`` in front the other way round: ``~DO_NOT_USE+NON_SCIENCE``.
        ``0``: every flag makes it unusable; None, or ``None``: none does.

    Returns
    -------
    int
        Bits of all flags that count.

    Raises
    ------
    InvalidOptions
        For what is neither a flag nor a number.

    Source: JWST User Documentation, calwebb_image3, resample (good_bits), skymatch (dqbits).
    """
    text = "" if good_bits is None else good_bits.strip()
    if text.lower() in ("", "none"):
        return 0
    inverted = text.startswith("~")
    bits = 0
    for word in re.split(r"[+,|\s]+", text.lstrip("~").strip("() ")):
        if word.isdigit() and int(word) <= _ALL_FLAGS:
            bits |= int(word)
        elif word.upper() in DQ.__members__:
            bits |= DQ[word.upper()].value
        else:
            raise InvalidOptions(
                "flags of pixels that may be used",
                expected="names or values of flags joined by +, with ~ in front for all others",
                found=repr(good_bits),
            )
    return bits if inverted else _ALL_FLAGS & ~bits
