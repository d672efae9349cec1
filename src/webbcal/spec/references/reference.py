"""What all reference data have in common."""

from typing import ClassVar

from webbcal.spec.fields import Product, column, declaration

PLANE = ("y", "x")
DQ_DEF = (
    column("BIT", "i4", doc="Bit number in this file."),
    column("VALUE", "u4", doc="Value of that bit."),
    column("NAME", "S40", doc="Name of the flag."),
    column("DESCRIPTION", "S80", doc="What the flag says."),
)


@declaration
class Reference(Product):
    """Base of the reference data; `reftype` is the type's name in the selection system.

    Arrays with axes (y, x) are on the pixels of the exposure once loaded for it: the loader
    cuts a full-frame file to the subarray. DQ flags carry the bits of `webbcal.core.dq`: the
    loader translates them by the table of the file. Arrays named in `idle` are part of the files,
    but no step uses them: the loader leaves them out. `interleaved` kinds are used while NIRSpec
    frames still hold interleaved reference pixels (IRS2).
    """

    reftype: ClassVar[str] = ""
    idle: ClassVar[tuple[str, ...]] = ()
    interleaved: ClassVar[bool] = False
