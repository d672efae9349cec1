"""What a recipe is."""

from dataclasses import dataclass

from webbcal.spec.fields import Product


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
    reads : type
        Product the first step starts from.
    steps : tuple of str
        Names in the step catalogue.
    saves : mapping
        Names under which a result on the way can be saved, beside the names of the steps:
        the step after which it is complete.
    makes : tuple of str
        Suffixes of its products; ``ints`` products only where there are several integrations.
    """

    name: str
    stage: int
    parameters: str
    reads: type[Product]
    steps: tuple[str, ...]
    saves: dict[str, str]
    makes: tuple[str, ...] = ("rate", "rateints")
