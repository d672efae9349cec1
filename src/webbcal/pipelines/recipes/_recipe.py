"""What a recipe is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from webbcal.spec.fields import Product
from webbcal.spec.meta import Meta


@dataclass(frozen=True)
class Recipe:
    """An ordered list of steps, by name.

    Parameters
    ----------
    name : str
        Name in mode tables and records.
    stage : int
        Stage of the pipeline, 1 to 3.
    parameters : str
        Type of the parameter reference of the whole pipeline, in the selection system.
    reads : tuple of type
        Products the first step can start from.
    steps : tuple of str
        Names in the catalogue of the steps on one exposure.
    saves : mapping
        Names under which a result on the way can be saved, beside the names of the steps:
        the step after which it is complete.
    makes : tuple of str
        Suffixes of its products; ``ints`` products only where there are several integrations.
    sets : tuple of str
        Names in the catalogue of the steps on several exposures together, which come after.
    unless : mapping
        Name of a step to ``reason(meta, shape)``: why an exposure does without it, empty where
        it does not.
    """

    name: str
    stage: int
    parameters: str
    reads: tuple[type[Product], ...]
    steps: tuple[str, ...]
    saves: dict[str, str]
    makes: tuple[str, ...] = ("rate", "rateints")
    sets: tuple[str, ...] = ()
    unless: Mapping[str, Callable[[Meta, tuple[int, ...]], str]] = field(default_factory=dict)
