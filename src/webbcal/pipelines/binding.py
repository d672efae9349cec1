"""References ready for use, kept from one exposure to the next."""

from pathlib import Path

from webbcal.geometry.stripes import layout
from webbcal.pipelines.blocks import windows
from webbcal.pipelines.plan import PlannedStep
from webbcal.pipelines.portions import Source
from webbcal.pipelines.sinks import Sink, spilled
from webbcal.refs.derived import derived
from webbcal.refs.load import load_reference, sha256
from webbcal.refs.select import Selection
from webbcal.spec.fields import Image, declared
from webbcal.spec.meta import Meta
from webbcal.spec.references import Reference
from webbcal.steps._step import Derivation

KEEP_BYTES = 8 << 20
"""References no larger than this stay in memory; larger ones are read by each block, in its
thread, since reading and unpacking them ahead of the sweep would keep one thread busy only."""

DERIVE_BLOCK_BYTES = 16 << 20


class References:
    """Loads references for exposures, each file once for each subarray.

    Parameters
    ----------
    cache : Path
        Folder for what is worth keeping between runs: hashes, derived references.
    derived_bytes : int
        Size the derived references may take there.
    """

    def __init__(self, cache: Path, derived_bytes: int = 8 << 30) -> None:
        self._cache = cache
        self._derived_bytes = derived_bytes
        self._loaded: dict[tuple[object, ...], Reference] = {}

    def load(self, planned: PlannedStep, exposure: Source) -> tuple[Reference | None, ...]:
        """Return the references of a step, in the order of its arguments."""
        return tuple(
            self._load(selection, need.kind, planned.step.derivations.get(argument), exposure)
            for (argument, need), selection in zip(
                planned.step.references.items(), planned.references.values(), strict=True
            )
        )

    def hash(self, path: Path) -> str:
        """Return the SHA-256 of a file's content."""
        return sha256(path, self._cache / "hashes.json")

    def _load(
        self,
        selection: Selection,
        kind: type[Reference],
        derivation: Derivation | None,
        exposure: Source,
    ) -> Reference | None:
        if selection.path is None:
            return None
        rows, columns = exposure.shape_of("sci")[-2:]
        shape, meta = (rows, columns), exposure.meta
        subarray = meta.subarray
        key: tuple[object, ...] = (
            *(selection.path, kind.reftype, shape),
            *(subarray.xstart, subarray.ystart, layout(meta), meta.instrument.detector),
        )
        if key not in self._loaded:
            reference = load_reference(selection.path, kind, meta, shape)
            self._loaded[key] = _keep_if_small(reference)
        reference = self._loaded[key]
        if derivation is None:
            return reference
        variant = derivation.key(reference, meta)
        if variant is None:
            return reference
        if (*key, variant) not in self._loaded:
            made = self._derive(selection.path, reference, derivation, meta, shape, variant)
            self._loaded[*key, variant] = _keep_if_small(made)
        return self._loaded[*key, variant]

    def _derive(
        self,
        path: Path,
        reference: Reference,
        derivation: Derivation,
        meta: Meta,
        shape: tuple[int, int],
        variant: str,
    ) -> Reference:
        subarray = meta.subarray
        place = f"{subarray.xstart}-{subarray.ystart}-{shape[1]}x{shape[0]}{layout(meta)}"
        folder = self._cache / "derived"

        def make() -> Reference:
            return _derive_by_blocks(reference, derivation, meta, shape, self._cache)

        if _size(reference) <= KEEP_BYTES:
            return make()
        key = f"{path.stem}-{self.hash(path)[:32]}-{place}-{variant}"
        return derived(key, make, type(reference), folder, self._derived_bytes)


def _derive_by_blocks(
    reference: Reference, derivation: Derivation, meta: Meta, shape: tuple[int, int], folder: Path
) -> Reference:
    """Reduce a reference window by window, so that it is never in memory as a whole."""
    pixel_bytes = max(_size(reference) // (shape[0] * shape[1]), 1)
    sink: Sink[Reference] | None = None
    for window in windows(shape, pixel_bytes, DERIVE_BLOCK_BYTES):
        part = derivation.derive(reference.cut(window), meta)
        if sink is None:
            sink = Sink(part, shape, spilled(folder))
        sink.put(part)
    assert sink is not None
    return sink.whole()


def _size(reference: Reference) -> int:
    total = 0
    for name, spec in declared(type(reference)).items():
        if isinstance(spec, Image) and reference.has(name):
            count = 1
            for length in reference.shape_of(name):
                count *= length
            total += count * spec.dtype.itemsize
    return total


def _keep_if_small(reference: Reference) -> Reference:
    if _size(reference) <= KEEP_BYTES:
        for name in declared(type(reference)):
            if reference.has(name):
                getattr(reference, name)
    return reference
