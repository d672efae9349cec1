"""Selections remembered on disk, so that most runs never ask the selection rules.

One file for each cache, context and instrument. An answer is filed under the type, the values
of the keys its rules look at and the interval between neighbouring dates of those rules that
the exposure falls into: inside it no rule can change. It is dropped as soon as one of the
mapping files it came from has another size or time, or the configuration of the cache names the
file, as it does with files withdrawn by the observatory.
"""

import bisect
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webbcal.refs.crds_rules import Answer, Rules, RulesClient
from webbcal.refs.disk_memory import amend_json, read_json, stamp

_FORMAT = 1


@dataclass(frozen=True)
class Remembered:
    """An answer, the path of the file, and the values of the keys that led to it."""

    answer: Answer
    path: Path | None
    keys: Mapping[str, Any]


@dataclass(frozen=True)
class SelectionMemory:
    """What was selected before from one context for one instrument.

    Parameters
    ----------
    file : Path or None
        Where it is kept; None remembers nothing.
    config_file : Path or None
        Configuration of the cache.
    """

    file: Path | None
    config_file: Path | None = None

    @classmethod
    def of(
        cls, folder: Path | None, client: RulesClient, context: str, instrument: str
    ) -> "SelectionMemory":
        """Return the memory of a context, below a folder that many of them share."""
        if folder is None:
            return cls(None)
        source = json.dumps([str(client.path.absolute()), sorted(client.settings.items())])
        digest = hashlib.sha256(source.encode()).hexdigest()[:16]
        file = folder / "selections" / f"{digest}-{Path(context).stem}-{instrument}.json"
        return cls(file, client.config_file)

    def recall(
        self, reftypes: list[str], header: Mapping[str, Any], when: str
    ) -> dict[str, Remembered]:
        """Return what is still known, by type; unknown types are left out.

        Parameters
        ----------
        reftypes : list of str
            Types asked for.
        header : mapping
            Plain metadata by path, upper case.
        when : str
            Start of the exposure, ``YYYY-MM-DD hh:mm:ss``.
        """
        if self.file is None:
            return {}
        types = _types(read_json(self.file))
        withdrawn = self._config_text()
        found = {}
        for reftype in reftypes:
            try:
                remembered = _recall(types[reftype], header, when)
            except (KeyError, TypeError, ValueError, AttributeError):
                continue  # never known, or the file is damaged
            if remembered is None:
                continue
            if remembered.answer.name is None or remembered.answer.name not in withdrawn:
                found[reftype] = remembered
        return found

    def _config_text(self) -> str:
        try:
            return "" if self.config_file is None else self.config_file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def remember(
        self,
        answers: Mapping[str, tuple[Answer, Rules, Path | None]],
        header: Mapping[str, Any],
        when: str,
    ) -> None:
        """Add answers, by type."""
        if self.file is None or not answers:
            return

        def add(content: dict[str, Any]) -> dict[str, Any]:
            types = _types(content)
            for reftype, (answer, rules, path) in answers.items():
                entry = {
                    "files": [[str(file), stamp(file)] for file in rules.files],
                    "keys": list(rules.keys),
                    "dates": list(rules.dates),
                }
                known = types.get(reftype)
                same = isinstance(known, dict) and all(
                    json.loads(json.dumps(entry[name])) == known.get(name) for name in entry
                )
                old = known.get("answers") if same and isinstance(known, dict) else None
                new = {
                    _filed_under(rules.keys, rules.dates, header, when): {
                        "name": answer.name,
                        "reason": answer.reason,
                        "missing": answer.missing,
                        "path": None if path is None else str(path.absolute()),
                    }
                }
                types[reftype] = {**entry, "answers": (old if isinstance(old, dict) else {}) | new}
            return {"format": _FORMAT, "types": types}

        amend_json(self.file, add)


def _types(content: dict[str, Any]) -> dict[str, Any]:
    types = content.get("types")
    return types if content.get("format") == _FORMAT and isinstance(types, dict) else {}


def _filed_under(
    keys: tuple[str, ...], dates: tuple[str, ...], header: Mapping[str, Any], when: str
) -> str:
    # Left and right position differ where the exposure starts at one of the dates itself.
    interval = [bisect.bisect_left(dates, when), bisect.bisect_right(dates, when)]
    return json.dumps([[header.get(key) for key in keys], interval])


def _recall(entry: Mapping[str, Any], header: Mapping[str, Any], when: str) -> Remembered | None:
    for name, known in entry["files"]:
        now = stamp(Path(name))
        if now is None or [*now] != known:
            return None
    keys = tuple(entry["keys"])
    filed = entry["answers"][_filed_under(keys, tuple(entry["dates"]), header, when)]
    answer = Answer(filed["name"], filed["reason"], filed["missing"])
    if answer.name is None:
        return Remembered(answer, None, {key: header.get(key) for key in keys})
    path = Path(filed["path"])
    if path.name != answer.name or not path.is_file():
        return None
    return Remembered(answer, path, {key: header.get(key) for key in keys})
