"""Names of combined products follow the conventions of the archive."""

import pytest

from webbcal.associations.naming import CombinedName, association_name
from webbcal.modes.associating import NameForm

CASES = [
    (("NIRCAM", ("F200W", "CLEAR")), {}, "nircam_clear-f200w"),
    (("NIRCAM", ("F444W", "F405N")), {}, "nircam_f405n-f444w"),
    (("NIRCAM", ("F150W2", "F162M")), {}, "nircam_f150w2-f162m"),
    (("NIRCAM", ("F200W", "CLEAR")), {"subarray": "SUB160"}, "nircam_clear-f200w-sub160"),
    (("NIRCAM", ("F200W", "CLEAR")), {"subarray": "FULL"}, "nircam_clear-f200w"),
    (
        ("NIRCAM", ("F322W2", "GRISMR")),
        {"subarray": "SUBGRISM256"},
        "nircam_f322w2-grismr-subgrism256",
    ),
    (
        ("NIRCAM", ("F335M", "MASKRND")),
        {"subarray": "SUB320A335R"},
        "nircam_f335m-maskrnd-sub320a335r",
    ),
    (("MIRI", ("F770W",)), {"subarray": "BRIGHTSKY"}, "miri_f770w-brightsky"),
    (("MIRI", ("F1065C",)), {"subarray": "MASK1065"}, "miri_f1065c-mask1065"),
    (("MIRI", ("P750L",)), {"subarray": "SLITLESSPRISM"}, "miri_p750l-slitlessprism"),
    (("MIRI", ()), {"form": NameForm.INSTRUMENT}, "miri"),
    (("FGS", ()), {}, "fgs_clear"),
    (("NIRISS", ("F277W", "CLEARP")), {}, "niriss_clearp-f277w"),
    (("NIRISS", ("GR150R", "F200W")), {}, "niriss_f200w-gr150r"),
    (("NIRISS", ("F480M", "NRM")), {"subarray": "SUB80"}, "niriss_f480m-nrm-sub80"),
    (
        ("NIRISS", ("CLEAR", "GR700XD")),
        {"subarray": "SUBSTRIP256"},
        "niriss_clear-gr700xd-substrip256",
    ),
    (
        ("NIRSPEC", ("F290LP", "G395H")),
        {"slit": "S1600A1", "subarray": "SUB2048"},
        "nirspec_f290lp-g395h-s1600a1-sub2048",
    ),
    (("NIRSPEC", ("G140H",)), {"form": NameForm.GRATING}, "nirspec_g140h"),
]


def name(instrument, elements, **more):
    words = {"program": "01234", "identifier": "o001", "target": "t003"}
    return str(CombinedName(instrument=instrument, elements=elements, **words, **more))


@pytest.mark.parametrize(("what", "more", "end"), CASES, ids=[case[2] for case in CASES])
def test_target_instrument_elements_slit_and_subarray(what, more, end):
    assert name(*what, **more) == f"jw01234-o001_t003_{end}"


def test_sources_are_filled_in_later():
    assert name("NIRSPEC", ("PRISM", "CLEAR"), form=NameForm.SOURCE) == (
        "jw01234-o001_{source_id}_nirspec_clear-prism"
    )
    assert name(
        "NIRSPEC", ("F170LP", "G235H"), form=NameForm.SLITS, slit="S200A1", subarray="SUBS200A1"
    ) == ("jw01234-o001_t003-{source_id}_nirspec_f170lp-g235h-{slit_name}-subs200a1")


def test_wavefront_pairs_carry_detector_and_activity_around_the_suffix():
    made = name(
        "NIRCAM", ("F212N", "WLP8"), form=NameForm.WAVEFRONT, detector="NRCA3", activity="0A"
    )
    assert made == "jw01234-o001_t003_nircam_f212n-wlp8-nrca3_{suffix}-0a"


def test_an_epoch_follows_the_target():
    assert name("MIRI", ("F770W",), epoch=2) == "jw01234-o001_t003-epoch2_miri_f770w"


def test_association_files_are_numbered_with_five_digits():
    assert association_name("01234", "a3001", "tso-image2", 7) == (
        "jw01234-a3001_tso-image2_00007_asn.json"
    )
