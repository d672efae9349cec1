"""Write association files, with the keys that other tools know.

Source: JWST User Documentation, associations: keys and file names.
"""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import webbcal
from webbcal.associations._association import Association, Member
from webbcal.core.errors import CannotWrite


def write_association(
    association: Association, path: Path | str, *, overwrite: bool = False
) -> Path:
    """Write an association file; it is complete or absent.

    Parameters
    ----------
    association : Association
        What to write.
    path : Path or str
        The file; its folder must exist.
    overwrite : bool
        Replace another file of this name. One with the same content is left as it is.

    Raises
    ------
    CannotWrite
        If the file exists with other content, or the disk refuses it.
    """
    path = Path(path)
    text = as_json(association)
    if not overwrite:
        check_replaceable(association, path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)  # noqa: PTH105 - same folder, atomic
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise CannotWrite(f"cannot write the association ({error.strerror})", where=path) from None
    return path


def check_replaceable(association: Association, path: Path) -> None:
    """Refuse to replace a file of another content: somebody may have edited it.

    Raises
    ------
    CannotWrite
        If there is one.
    """
    try:
        there = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise CannotWrite(f"something is in the way ({error.strerror})", where=path) from None
    if there != as_json(association).encode():
        raise CannotWrite(
            "another association of this name exists",
            where=path,
            advice="Say --overwrite to replace it, or choose another folder.",
        )


def as_json(association: Association) -> str:
    """Return the content of an association file."""
    content: Mapping[str, Any] = {
        "asn_type": association.kind,
        "asn_rule": association.rule,
        "version_id": association.version,
        "code_version": association.code_version or f"webbcal {webbcal.__version__}",
        "degraded_status": association.degraded,
        "program": association.program,
        "constraints": association.constraints,
        "asn_id": association.identifier,
        "target": association.target,
        "asn_pool": association.pool,
        "products": [
            {"name": product.name, "members": [_member(m) for m in product.members]}
            for product in association.products
        ],
    }
    return json.dumps(content, indent=4) + "\n"


def _member(member: Member) -> dict[str, str]:
    entry = {
        "expname": member.name,
        "exptype": member.role,
        "exposerr": member.error,
        "asn_candidate": member.candidate,
    }
    if member.group is not None:
        entry["group_id"] = member.group
    if member.catalog is not None:
        entry["tweakreg_catalog"] = member.catalog
    return entry
