"""Groups of exposures that belong together: read, infer from headers, write, name products."""

from webbcal.associations._association import AsnProduct, Association, Member
from webbcal.associations.grouping import Grouped, associate
from webbcal.associations.reading import is_association, locate, read_association
from webbcal.associations.writing import write_association

__all__ = [
    "AsnProduct",
    "Association",
    "Grouped",
    "Member",
    "associate",
    "is_association",
    "locate",
    "read_association",
    "write_association",
]
