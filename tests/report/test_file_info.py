"""What a file is, from headers and tree."""

from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from tests.io.conformance.sample_files import asdf_text, write_product

from webbcal.core.errors import InvalidInput
from webbcal.report.file_info import MAX_EXTENSIONS, file_info
from webbcal.spec.products.detector1 import Rate
from webbcal.spec.products.slits import CalMultiSlit


def test_steps_references_and_provenance_are_found(tmp_path: Path) -> None:
    def edit(hdus: fits.HDUList) -> None:
        hdus[0].header.update({"S_JUMP": "COMPLETE", "S_IPC": "SKIPPED", "R_DARK": "crds://d.fits"})
        hdus[0].header["R_FLAT"] = "N/A"

    def edit_tree(tree: dict[str, Any]) -> None:
        tree["webbcal"] = {"version": "1.0", "recipe": "detector1"}
        tree["meta"]["wcs"] = {"name": "a"}

    path = write_product(tmp_path / "jw1_rate.fits", Rate, edit=edit, edit_tree=edit_tree)
    found = file_info(path)
    assert (found.product, found.model, found.kind) == ("rate", "ImageModel", "product")
    assert (found.done, found.skipped) == (("jump",), ("ipc",))
    assert found.references == {"dark": "crds://d.fits"}
    assert found.provenance["recipe"] == "detector1"
    assert found.wcs
    assert found.facts["Exposure"]["NGROUPS"] == 3


def test_memory_is_that_of_the_pixels(tmp_path: Path) -> None:
    found = file_info(write_product(tmp_path / "jw1_rate.fits", Rate))
    sci = found.extensions[0]
    assert (sci.name, sci.shape, sci.dtype, sci.size) == ("SCI", "5 x 4", "float32", 80)


def test_many_extensions_are_listed_by_name(tmp_path: Path) -> None:
    found = file_info(write_product(tmp_path / "jw1_cal.fits", CalMultiSlit))
    assert len(found.extensions) <= MAX_EXTENSIONS
    sci = found.extensions[0]
    assert (sci.name, sci.size) == ("SCI,1..2", 160)


def test_asdf_reference_tells_its_type(tmp_path: Path) -> None:
    path = tmp_path / "a.asdf"
    meta = {"reftype": "DISTORTION", "instrument": {"name": "NIRCAM", "detector": "NRCA1"}}
    path.write_bytes(asdf_text({"meta": meta, "model": {}}))
    found = file_info(path)
    assert (found.kind, found.product) == ("reference", "distortion")
    assert found.facts["Instrument"] == {"INSTRUME": "NIRCAM", "DETECTOR": "NRCA1"}


@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"#ASDF 1.0.0\n--- [", b"# %ECSV 1.0\n# a: ["]
)
def test_file_of_no_kind_is_invalid_input(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a_rate.fits"
    path.write_bytes(content)
    with pytest.raises(InvalidInput):
        file_info(path)
