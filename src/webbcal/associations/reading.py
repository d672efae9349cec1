"""Read association files, from wherever they come.

Nothing a file says is trusted: names stay below the folder of the association, sizes are
bounded, and whatever is wrong is told in one line with the file, the product and the member.

Source: JWST User Documentation, associations.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from webbcal.associations._association import ROLES, AsnProduct, Association, Member
from webbcal.core.errors import InvalidInput
from webbcal.io.fits import DiskFile

LARGEST_FILE = 64 << 20  # bytes; a mosaic of ten thousand exposures takes three
MOST_MEMBERS = 200_000
LONGEST_NAME = 1024
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+{}-]*")
_SHOWN = 60


def read_association(path: Path | str) -> Association:
    """Read an association file of level 2 or 3.

    Parameters
    ----------
    path : Path or str
        JSON file, as the archive or another tool makes it.

    Returns
    -------
    Association
        Its `path` is set. Keys that mean nothing to calibration are passed over.

    Raises
    ------
    InvalidInput
        If it cannot be read, is no association, is larger than any real one, names a file
        outside its folder or itself, or says one thing twice.
    """
    path = Path(path)
    tree = _load(path)
    products = tree.get("products")
    if not isinstance(products, list) or not products:
        raise _no_association(path, "'products', a list with at least one", products)
    made = tuple(_product(item, number, path) for number, item in enumerate(products, 1))
    if sum(len(product.members) for product in made) > MOST_MEMBERS:
        raise InvalidInput("too many members", where=path, expected=f"at most {MOST_MEMBERS}")
    _check_names_differ(made, path)
    return Association(
        kind=_text(tree, "asn_type", "user_built", path),
        rule=_text(tree, "asn_rule", "", path),
        program=_text(tree, "program", "", path),
        identifier=_identifier(tree, path),
        target=_text(tree, "target", "none", path),
        products=made,
        constraints=_text(tree, "constraints", "No constraints", path),
        degraded=_text(tree, "degraded_status", "", path),
        pool=_text(tree, "asn_pool", "none", path),
        version=_text(tree, "version_id", "", path) or None,
        code_version=_text(tree, "code_version", "", path),
        path=path,
    )


def locate(association: Association, *folders: Path) -> Mapping[str, Path]:
    """Return where each member is.

    Parameters
    ----------
    association : Association
        Read from a file, or made in memory.
    *folders : Path
        Where else to look, after the folder of the association: where an earlier stage puts its
        products, say.

    Returns
    -------
    mapping of str to Path
        Of every member name, and of every catalogue that a member names.

    Raises
    ------
    InvalidInput
        If one is missing, no regular file, or a link that leads out of these folders.
    """
    where = association.path
    own = [] if where is None else [where.parent]
    allowed = [(folder, folder.resolve()) for folder in (*own, *folders)]
    itself = None if where is None else where.resolve()
    found: dict[str, Path] = {}
    missing: list[str] = []
    for product, member in association.members:
        for name in (member.name, member.catalog):
            if name is None or name in found or name in missing:
                continue
            _check_inside(name, f"product {product.name}, member", where)
            path = _find(name, allowed, where)
            if path is None:
                missing.append(name)
                continue
            if itself is not None and path.resolve() == itself:
                raise InvalidInput("an association cannot be its own member", where=where)
            found[name] = path
    if missing:
        raise _missing(missing, [folder for folder, _ in allowed], where)
    return found


def _find(name: str, allowed: list[tuple[Path, Path]], where: Path | None) -> Path | None:
    for folder, _ in allowed:
        path = folder / name
        try:
            target = path.resolve(strict=True)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, RuntimeError) as error:
            raise InvalidInput(
                f"member {_shown(name)} cannot be reached ({error})", where=where
            ) from None
        if not any(target.is_relative_to(real) for _, real in allowed):
            raise InvalidInput(
                f"member {_shown(name)} is a link that leads out of the folder",
                where=where,
                expected="a file in the folder of the association",
                advice="Copy the file there.",
            )
        if not target.is_file():
            raise InvalidInput(f"member {_shown(name)} is not a file", where=where)
        return path
    return None


def _missing(names: list[str], folders: list[Path], where: Path | None) -> InvalidInput:
    shown = ", ".join(_shown(name) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    plural = "s are" if len(names) > 1 else " is"
    return InvalidInput(
        f"{len(names)} member{plural} missing: {shown}{more}",
        where=where,
        expected=f"files in {' or '.join(map(str, folders)) or 'a folder'}",
        advice="Fetch them, or take them out of the association.",
    )


def _load(path: Path) -> dict[str, Any]:
    file = DiskFile(path)
    if file.size > LARGEST_FILE:
        raise InvalidInput(
            "too large for an association",
            where=path,
            expected=f"at most {LARGEST_FILE >> 20} MB",
            found=f"{file.size >> 20} MB",
        )
    try:
        text = file.read(0, LARGEST_FILE).decode("utf-8-sig")
        tree = json.loads(text, object_pairs_hook=_without_repetition)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidInput(
            f"not a JSON file ({error.msg})", where=f"{path}, {place}", advice="Mend or replace it."
        ) from None
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else _shown(str(error))
        raise InvalidInput(f"not a JSON file ({reason})", where=path) from None
    if not isinstance(tree, dict):
        raise _no_association(path, "an object with 'products'", tree)
    return tree


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {twice!r} occurs twice in one object")
    return tree


def _no_association(path: Path, expected: str, found: Any) -> InvalidInput:
    return InvalidInput(
        "not an association", where=path, expected=expected, found=_described(found)
    )


def _product(item: Any, number: int, path: Path) -> AsnProduct:
    where = f"{path}, product {number}"
    if not isinstance(item, dict):
        raise InvalidInput(
            "not a product", where=where, expected="an object", found=_described(item)
        )
    name, members = item.get("name"), item.get("members")
    if not isinstance(name, str) or not _PLAIN_NAME.fullmatch(name) or len(name) > 200:
        raise InvalidInput(
            "product name that no file can have",
            where=where,
            expected="letters, digits, '-', '_', '.', '+'; no path",
            found=_described(name),
        )
    where = f"{path}, product {name}"
    if not isinstance(members, list) or not members:
        raise InvalidInput(
            "no members",
            where=where,
            expected="a list with at least one",
            found=_described(members),
        )
    made = tuple(
        _member(entry, f"{where}, member {place}", path) for place, entry in enumerate(members, 1)
    )
    _check_roles(made, where)
    return AsnProduct(name, made)


def _member(item: Any, where: str, path: Path) -> Member:
    if not isinstance(item, dict):
        raise InvalidInput(
            "not a member", where=where, expected="an object", found=_described(item)
        )
    name = item.get("expname")
    if not isinstance(name, str):
        raise InvalidInput(
            "no file name", where=where, expected="'expname'", found=_described(name)
        )
    _check_inside(name, where, path)
    if PurePosixPath(name).name.lower().endswith(".json"):
        itself = name == path.name
        what = "an association cannot be its own member" if itself else "a member is no exposure"
        raise InvalidInput(what, where=where, expected="a product file", found=_shown(name))
    role = item.get("exptype")
    if not isinstance(role, str) or role.lower() not in ROLES:
        raise InvalidInput(
            "unknown use of a member ('exptype')",
            where=f"{where} ({_shown(name)})",
            expected=", ".join(sorted(ROLES)),
            found=_described(role),
        )
    catalog = _text(item, "tweakreg_catalog", "", where)
    if catalog:
        _check_inside(catalog, f"{where}, tweakreg_catalog", path)
    return Member(
        name=name,
        role=role.lower(),
        error=_text(item, "exposerr", "null", where),
        candidate=_text(item, "asn_candidate", "", where),
        group=_text(item, "group_id", "", where) or None,
        catalog=catalog or None,
    )


def _check_inside(name: str, where: str, path: Path | None) -> None:
    """Refuse the name of a file that is not plainly one below the folder."""
    pure = PurePosixPath(name)
    outside = (
        not name.strip()
        or len(name) > LONGEST_NAME
        or not name.isprintable()
        or "\\" in name
        or bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", name))
        or name.startswith("~")
        or any(part in ("..", ".", "") for part in name.split("/"))
        or any(len(part.encode("utf-8", "replace")) > 255 for part in pure.parts)
    )
    if outside:
        folder = "" if path is None else f" {path.parent}"
        raise InvalidInput(
            "a member outside the folder of its association",
            where=where,
            expected=f"the name of a file below the folder{folder}",
            found=_described(name),
            advice="Put the file there and give its name without a path.",
        )


def _check_roles(members: tuple[Member, ...], where: str) -> None:
    """Refuse a file that serves twice: it would count double, or be taken from itself."""
    seen: set[tuple[str, str]] = set()
    for member in members:
        if (member.name, member.role) in seen:
            raise InvalidInput(
                f"{_shown(member.name)} is listed twice as {member.role}",
                where=where,
                advice="Take one out.",
            )
        seen.add((member.name, member.role))
    for member in members:
        for role in ("background", "imprint", "psf"):
            if member.role == "science" and (member.name, role) in seen:
                raise InvalidInput(
                    f"{_shown(member.name)} is both science and {role}",
                    where=where,
                    advice=f"An exposure cannot be its own {role}: take one out.",
                )
    if not any(member.role == "science" for member in members):
        raise InvalidInput("no member is science", where=where, expected="at least one")


def _check_names_differ(products: tuple[AsnProduct, ...], path: Path) -> None:
    seen: set[str] = set()
    for product in products:
        if product.name in seen:
            raise InvalidInput(
                f"two products are called {product.name}",
                where=path,
                advice="They would write the same files: rename one.",
            )
        seen.add(product.name)


def _identifier(tree: dict[str, Any], path: Path) -> str:
    """Return ``asn_id``, which becomes part of file names."""
    identifier = _text(tree, "asn_id", "a3001", path) or "a3001"
    if not re.fullmatch(r"[A-Za-z0-9]{1,20}", identifier):
        raise InvalidInput(
            "'asn_id' that no file name can have",
            where=path,
            expected="letters and digits, such as o001",
            found=_described(identifier),
        )
    return identifier


def _text(tree: Mapping[str, Any], key: str, default: str, where: object) -> str:
    value = tree.get(key)
    if value is None:
        return default
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, list | dict) and key in ("asn_candidate", "constraints"):
        return _dumped(value, where)
    if not isinstance(value, str):
        raise InvalidInput(
            f"nonsense in {key!r}", where=where, expected="text", found=_described(value)
        )
    return value


def _dumped(value: Any, where: object) -> str:
    try:
        return json.dumps(value)
    except RecursionError:
        raise InvalidInput("nested too deeply", where=where) from None


def _described(value: Any) -> str:
    """Say what was found without spelling out a structure, which may be deep or long."""
    if isinstance(value, str):
        return f"'{_shown(value)}'"
    kinds = {dict: "an object", list: "a list" if value else "an empty list", type(None): "nothing"}
    return kinds.get(type(value)) or _shown(str(value))


def _shown(text: str) -> str:
    """Return text that fits a line, without what a terminal would act on."""
    plain = "".join(c if c.isprintable() else "?" for c in text[: 2 * _SHOWN])
    return plain if len(text) <= _SHOWN else f"{plain[:_SHOWN]}..."


def is_association(path: Path) -> bool:
    """Tell by its name whether a file is meant to be an association."""
    return path.suffix.lower() == ".json"
