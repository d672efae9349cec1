"""Exposures that consist of a header: what grouping needs, and nothing else."""

from itertools import count

from webbcal.io.cards import BLOCK, format_card

NIRCAM = {
    "INSTRUME": "NIRCAM",
    "DETECTOR": "NRCA1",
    "EXP_TYPE": "NRC_IMAGE",
    "FILTER": "F200W",
    "PUPIL": "CLEAR",
    "CHANNEL": "SHORT",
    "MODULE": "A",
}
MIRI = {"INSTRUME": "MIRI", "DETECTOR": "MIRIMAGE", "EXP_TYPE": "MIR_IMAGE", "FILTER": "F770W"}
NIRISS = {
    "INSTRUME": "NIRISS",
    "DETECTOR": "NIS",
    "EXP_TYPE": "NIS_IMAGE",
    "FILTER": "CLEAR",
    "PUPIL": "F200W",
}
NIRSPEC = {
    "INSTRUME": "NIRSPEC",
    "DETECTOR": "NRS1",
    "EXP_TYPE": "NRS_IFU",
    "FILTER": "F100LP",
    "GRATING": "G140H",
}

_GENERAL = {
    "PROGRAM": "01234",
    "VISIT": "001",
    "TARGPROP": "M-92",
    "SUBARRAY": "FULL",
    "NINTS": 1,
    "VISITYPE": "PRIME_TARGETED_FIXED",
    "PATTTYPE": "NONE",
    "DATE-OBS": "2022-10-28",
    "ACT_ID": "01",
}


def block(cards):
    """Return a header block."""
    text = "".join(format_card(*card) for card in cards) + f"{'END':<80}"
    return text.ljust(-(-len(text) // BLOCK) * BLOCK).encode()


def write_header(path, keywords):
    """Write a FITS file with these keywords and an empty SCI extension."""
    primary = [("SIMPLE", True, ""), ("BITPIX", 8, ""), ("NAXIS", 0, "")]
    primary += [(name, value, "") for name, value in keywords.items() if value is not None]
    science = [
        ("XTENSION", "IMAGE", ""),
        ("BITPIX", -32, ""),
        ("NAXIS", 0, ""),
        ("PCOUNT", 0, ""),
        ("GCOUNT", 1, ""),
        ("EXTNAME", "SCI", ""),
    ]
    path.write_bytes(block(primary) + block(science))
    return path


class Folder:
    """A folder that fills with exposures, numbered in the order of time."""

    def __init__(self, path):
        self.path = path
        self._numbers = count(1)

    def expose(self, *setups, obs=1, suffixes=("rate",), segment="", **keywords):
        """Write an exposure; return the start of its name."""
        number = next(self._numbers)
        header = _GENERAL | {"OBSERVTN": f"{obs:03d}", "EXPOSURE": str(number)}
        header |= {"PATT_NUM": number, "TIME-OBS": f"{number // 60:02d}:{number % 60:02d}:00"}
        for setup in (*setups, keywords):
            header |= {name.replace("__", "-"): value for name, value in setup.items()}
        detector = str(header["DETECTOR"]).lower()
        activity = header["ACT_ID"]
        root = f"jw01234{obs:03d}001_021{activity}_{number:05d}{segment}_{detector}"
        for suffix in suffixes:
            write_header(self.path / f"{root}_{suffix}.fits", header)
        return root
