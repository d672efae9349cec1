"""YAML as a graph of nodes, built without recursion and within bounds.

The composers of the yaml package recurse without a limit, which a hostile file can use to crash
the interpreter; the parser below them does not.
"""

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from webbcal.core.errors import InvalidInput

YAML = "tag:yaml.org,2002:"
NODES = 500_000
_DEPTH = 100  # levels of nesting; a WCS has about 20


def compose(text: bytes, where: object) -> Node:
    """Build the node graph of a document.

    Raises
    ------
    InvalidInput
        If it is empty, nested too deeply or too large.
    yaml.YAMLError
        If it is not YAML.
    """
    graph = _Graph(where)
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.NodeEvent):
            graph.add(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            graph.close()
    if graph.root is None:
        raise InvalidInput("the metadata tree is empty", where=where)
    return graph.root


class _Graph:
    """A node graph that grows event by event."""

    def __init__(self, where: object) -> None:
        self.root: Node | None = None
        self._where = where
        self._resolver = yaml.resolver.Resolver()
        self._anchors: dict[str, Node] = {}
        self._stack: list[Node] = []  # the collections that are open
        self._keys: list[Node | None] = []  # for each: the key that waits for its value
        self._count = 0

    def add(self, event: Any) -> None:
        node = self._node(event)
        self._count += 1
        if self._count > NODES or len(self._stack) >= _DEPTH:
            raise InvalidInput("the metadata tree is too deep or too large", where=self._where)
        self._attach(node)
        if isinstance(event, yaml.CollectionStartEvent):
            self._stack.append(node)
            self._keys.append(None)

    def close(self) -> None:
        self._stack.pop()
        self._keys.pop()

    def _node(self, event: Any) -> Node:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise InvalidInput(f"unknown alias {event.anchor}", where=self._where)
            return self._anchors[event.anchor]
        tag = event.tag
        if isinstance(event, yaml.ScalarEvent):
            if tag is None or tag == "!":
                tag = self._resolver.resolve(ScalarNode, event.value, event.implicit)
            node = ScalarNode(tag, event.value, style=event.style)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = SequenceNode(tag or YAML + "seq", [], flow_style=event.flow_style)
        else:
            node = MappingNode(tag or YAML + "map", [], flow_style=event.flow_style)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _attach(self, node: Node) -> None:
        if not self._stack:
            self.root = self.root or node
        elif isinstance(self._stack[-1], SequenceNode):
            self._stack[-1].value.append(node)
        elif self._keys[-1] is None:
            self._keys[-1] = node
        else:
            self._stack[-1].value.append((self._keys[-1], node))
            self._keys[-1] = None


def entry(node: Node, name: str) -> Node | None:
    """Return the scalar at a key of a mapping, None where there is none."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == name and isinstance(value, ScalarNode):
                return value
    return None


def walk(root: Node) -> Iterator[Node]:
    """Yield every node below and including one, each once."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, SequenceNode):
            stack.extend(node.value)
        elif isinstance(node, MappingNode):
            stack.extend(part for pair in node.value for part in pair)
