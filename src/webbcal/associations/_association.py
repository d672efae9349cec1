"""What an association is: products to make, and the exposures each is made from."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SCIENCE, BACKGROUND, IMPRINT, PSF = "science", "background", "imprint", "psf"
DIRECT_IMAGE, SOURCE_CATALOG, SEGMENTATION = "direct_image", "sourcecat", "segmap"
TARGET_ACQUISITION = "target_acquisition"

ROLES = frozenset(
    {
        SCIENCE,
        BACKGROUND,
        IMPRINT,
        PSF,
        DIRECT_IMAGE,
        SOURCE_CATALOG,
        SEGMENTATION,
        TARGET_ACQUISITION,
        "selfcal",
        "dark",
        "flat",
        "engineering",
        "autoflat",
        "autowave",
    }
)
"""What a member is used for (``exptype``)."""


@dataclass(frozen=True)
class Member:
    """One file, and what it is used for.

    Parameters
    ----------
    name : str
        File, relative to the folder of the association (``expname``).
    role : str
        One of `ROLES` (``exptype``).
    error : str
        What is known to be wrong with the exposure (``exposerr``); "null" for nothing.
    candidate : str
        What the observatory grouped it by (``asn_candidate``).
    group : str or None
        Exposures of one group are aligned together (``group_id``).
    catalog : str or None
        File with the sources of this exposure (``tweakreg_catalog``).
    """

    name: str
    role: str = SCIENCE
    error: str = "null"
    candidate: str = ""
    group: str | None = None
    catalog: str | None = None


@dataclass(frozen=True)
class AsnProduct:
    """One product to make: the root of its file names, and its members."""

    name: str
    members: tuple[Member, ...]

    def of_role(self, role: str) -> tuple[Member, ...]:
        """Return the members of a role, in order."""
        return tuple(member for member in self.members if member.role == role)

    @property
    def science(self) -> tuple[Member, ...]:
        """The exposures that the product shows."""
        return self.of_role(SCIENCE)


@dataclass(frozen=True)
class Association:
    """Products of one kind that are made in one go.

    Parameters
    ----------
    kind : str
        ``asn_type``: image2, image3, spec2, tso3 ..., as the maker of the file calls it.
    rule : str
        ``asn_rule``.
    program : str
        Five digits, or what the file says.
    identifier : str
        ``asn_id``: o001, c1000, a3001. File names of later products carry it.
    target : str
        ``target``: three digits, or "none".
    products : tuple of AsnProduct
        At least one.
    constraints, degraded, pool, version, code_version : str
        Text for people.
    path : Path or None
        File that it was read from. Its folder is where members are looked for.
    """

    kind: str
    rule: str
    program: str
    identifier: str
    target: str
    products: tuple[AsnProduct, ...]
    constraints: str = "No constraints"
    degraded: str = "No known degraded exposures in association."
    pool: str = "none"
    version: str | None = None
    code_version: str = ""
    path: Path | None = field(default=None, compare=False)

    @property
    def members(self) -> Iterator[tuple[AsnProduct, Member]]:
        """Every member with its product."""
        for product in self.products:
            for member in product.members:
                yield product, member

    @property
    def level(self) -> int:
        """2 if single exposures are calibrated, 3 if they are combined.

        The type says so; one made by hand (``user_built``) is told by what its members are.
        """
        for digit in (2, 3):
            if self.kind.endswith(str(digit)):
                return digit
        rates = ("_rate.fits", "_rateints.fits")
        science = [member.name for product in self.products for member in product.science]
        return 2 if science and all(name.endswith(rates) for name in science) else 3
