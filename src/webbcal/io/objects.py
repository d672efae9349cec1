"""World coordinates, transforms and tables in trees, without the asdf library."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from yaml.nodes import Node, ScalarNode, SequenceNode

from webbcal.core.errors import InvalidInput
from webbcal.geometry.chain import Transform
from webbcal.geometry.chain_reading import is_known, transform_of
from webbcal.geometry.world import FRAMES, STEP_TAG, WCS_TAG, World, world_of
from webbcal.io.asdf_arrays import array_of
from webbcal.io.asdf_tree import YAML_TAGS, EncodedNode, encode, is_array, plain_scalar
from webbcal.io.yaml_graph import NODES
from webbcal.spec.tagged import Tagged, TaggedWord

TABLES = ("tag:astropy.org:astropy/table/table-", "tag:stsci.edu:asdf/core/table-")
COLUMNS = ("tag:stsci.edu:asdf/table/column-", "tag:stsci.edu:asdf/core/column-")


def read_object(stored: EncodedNode, where: object) -> World | Transform | dict[str, np.ndarray]:
    """Return the world coordinates, the transform, or the columns of the table of a node.

    Raises
    ------
    InvalidInput
        If it describes something else, or is damaged.

    Notes
    -----
    Parts of unknown kind are decoded by the asdf library when they are needed.
    """
    tree = _Reader(stored.blocks, where).value(stored.node)
    if stored.tag.startswith(TABLES):
        return _columns(tree, stored)
    try:
        if not stored.tag.startswith(WCS_TAG):
            return transform_of(tree)
        return world_of(tree, stored)
    except InvalidInput as error:
        raise InvalidInput(
            error.what, where=where, expected=error.expected, found=error.found
        ) from None


def _columns(tree: Any, stored: EncodedNode) -> dict[str, np.ndarray]:
    columns = tree.get("columns") if isinstance(tree, Mapping) else None
    if not isinstance(columns, list) or not all(
        isinstance(each, Tagged) and isinstance(each.get("data"), np.ndarray) for each in columns
    ):
        table = stored.decode()  # of columns that are not plain
        return {str(name): np.asarray(table[name]) for name in table.colnames}
    return {str(each["name"]): each["data"] for each in columns}


def tree_of(world: World) -> Any:
    """Return world coordinates as a tree, in which models of astropy are encoded."""
    return _without_models(world.stored())


def _without_models(tree: Any) -> Any:
    if isinstance(tree, Tagged):
        return Tagged(tree.tag, {name: _without_models(item) for name, item in tree.items()})
    if isinstance(tree, Mapping):
        return {name: _without_models(item) for name, item in tree.items()}
    if isinstance(tree, list):
        return [_without_models(item) for item in tree]
    if tree is None or isinstance(tree, EncodedNode | str | bool | int | float):
        return tree
    return encode({"part": tree})["part"]


class _Reader:
    """Turns nodes into trees of known objects; parts of unknown kind stay nodes."""

    def __init__(self, blocks: tuple[bytes, ...], where: object) -> None:
        self._blocks = blocks
        self._where = where
        self._open: set[int] = set()
        self._count = 0

    def value(self, node: Node) -> Any:
        """Return what a node describes."""
        self._count += 1
        if self._count > NODES or id(node) in self._open:
            raise InvalidInput("the metadata tree repeats itself", where=self._where)
        self._open.add(id(node))
        try:
            return self._value(node)
        finally:
            self._open.discard(id(node))

    def _value(self, node: Node) -> Any:
        tag = str(node.tag)
        if isinstance(node, ScalarNode):
            plain = tag in YAML_TAGS
            return plain_scalar(node, self._where) if plain else TaggedWord(tag, node.value)
        if isinstance(node, SequenceNode):
            return [self.value(item) for item in node.value]
        stored = EncodedNode(node, self._blocks, self._where)
        if is_array(node):
            return array_of(stored, self._where)
        known = is_known(tag) or tag.startswith((WCS_TAG, STEP_TAG, *FRAMES, *TABLES, *COLUMNS))
        if tag not in YAML_TAGS and not known:
            return stored
        entries = {str(key.value): self.value(item) for key, item in node.value}
        return Tagged(tag, entries, stored) if known else entries
