"""Choose the reference files of an exposure: by hand, from a folder, or by the rules of CRDS."""

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from webbcal.core.errors import MissingReference
from webbcal.refs.crds_rules import Answer, Rules, RulesClient
from webbcal.refs.exposure_keys import (
    describe,
    exposure_datetime,
    flat_header,
    instrument_of,
    keyword_of,
)
from webbcal.refs.folder import Folder
from webbcal.refs.selection_memory import Remembered, SelectionMemory
from webbcal.spec.meta import Meta

BY_HAND = "command line"
FROM_FOLDER = "folder"


@dataclass(frozen=True)
class Selection:
    """The choice of a reference file of one type for one exposure.

    Parameters
    ----------
    reftype : str
        Type, lower case.
    path : Path or None
        The file; None where none applies.
    origin : str
        Who chose: ``crds jwst_0001.pmap``, ``folder`` or ``command line``.
    keys : mapping
        FITS keywords of the exposure that the choice looked at, and their values.
    reason : str
        Why there is no file; empty otherwise.
    """

    reftype: str
    path: Path | None
    origin: str
    keys: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class ReferenceSource:
    """Where references come from, in this order: by hand, a folder, the selection rules.

    Parameters
    ----------
    crds_path : Path or None
        Root of the cache of reference files and rules (CRDS_PATH).
    requested_context : str or None
        Context the user asked for (CRDS_CONTEXT); None for the one in use.
    folder : Path or None
        Folder of reference files; types of which it holds no file come from the rules.
    overrides : mapping
        Type to file, or to None for "does not apply".
    memory : Path or None
        Folder in which selections are remembered; None for no memory.
    crds_settings : mapping
        Further settings of the rules' client, by their CRDS_ names.
    """

    crds_path: Path | None = None
    requested_context: str | None = None
    folder: Path | None = None
    overrides: Mapping[str, Path | None] = field(default_factory=dict)
    memory: Path | None = None
    crds_settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        *,
        folder: Path | None = None,
        overrides: Mapping[str, Path | None] | None = None,
        memory: Path | None = None,
    ) -> Self:
        """Read CRDS_PATH, CRDS_CONTEXT, CRDS_SERVER_URL and their like.

        Parameters
        ----------
        environ : mapping
            The environment of the process. Empty values count as unset.
        folder, overrides, memory
            As for the class.
        """
        settings = {k: v for k, v in environ.items() if k.startswith("CRDS_") and v}
        path = settings.pop("CRDS_PATH", None)
        context = settings.pop("CRDS_CONTEXT", None)
        return cls(
            crds_path=Path(path) if path else None,
            requested_context=context,
            folder=folder,
            overrides={name.lower(): file for name, file in (overrides or {}).items()},
            memory=memory,
            crds_settings=settings,
        )

    @property
    def context(self) -> str | None:
        """Name of the context that the rules are read from; None without a cache.

        Raises
        ------
        MissingReference
            The cache cannot tell.
        """
        return None if self.crds_path is None else self._context

    @property
    def crds_version(self) -> str | None:
        """Version of the client that reads the rules; None without a cache."""
        return None if self.crds_path is None else metadata.version("crds")

    @functools.cached_property
    def _context(self) -> str:
        return self._client.context(self.requested_context)

    @functools.cached_property
    def _client(self) -> RulesClient:
        if self.crds_path is None:
            raise MissingReference(
                "no source of reference files",
                advice="Set CRDS_PATH to a cache, or use --reference-dir or --reference TYPE=FILE.",
            )
        return RulesClient(self.crds_path, self.crds_settings)

    @functools.cached_property
    def _folder(self) -> Folder | None:
        return None if self.folder is None else Folder(self.folder)

    def select(
        self, meta: Meta, types: Sequence[str], optional: Collection[str] = ()
    ) -> dict[str, Selection]:
        """Return the choice for each type.

        Parameters
        ----------
        meta : Meta
            Metadata of the exposure.
        types : sequence of str
            Reference types, lower case.
        optional : collection of str
            Those among them for which nothing found is no error.

        Returns
        -------
        dict
            By type. `path` is None where the user or the rules say that none applies, and for
            an optional type of which none is found.

        Raises
        ------
        MissingReference
            No file of a type is found, or the rules cannot be read.
        InvalidReference
            The choice is ambiguous, or the file is marked as bad.
        InvalidInput
            The exposure has no instrument or date.
        """
        chosen: dict[str, Selection] = {}
        by_rules = []
        for reftype in types:
            if reftype in self.overrides:
                chosen[reftype] = self._by_hand(reftype)
            elif self._folder is not None and self._folder.holds(reftype):
                chosen[reftype] = self._from_folder(meta, reftype, reftype in optional)
            else:
                by_rules.append(reftype)
        if by_rules:
            chosen |= self._without_rules(by_rules, optional)
            asked = [reftype for reftype in by_rules if reftype not in chosen]
            chosen |= self._by_rules(meta, asked, optional) if asked else {}
        return {reftype: chosen[reftype] for reftype in types}

    def _by_hand(self, reftype: str) -> Selection:
        path = self.overrides[reftype]
        if path is None:
            return Selection(reftype, None, BY_HAND, reason="not applicable, said the user")
        if not path.is_file():
            raise MissingReference(f"no {reftype} reference file", where=path)
        return Selection(reftype, path, BY_HAND)

    def _from_folder(self, meta: Meta, reftype: str, optional: bool) -> Selection:
        assert self._folder is not None
        try:
            path, keys = self._folder.choose(meta, reftype)
        except MissingReference as error:
            if not optional:
                raise
            return Selection(reftype, None, FROM_FOLDER, reason=str(error))
        return Selection(reftype, path, FROM_FOLDER, keys)

    def _without_rules(
        self, reftypes: Sequence[str], optional: Collection[str]
    ) -> dict[str, Selection]:
        """Answer for the types that only rules could choose, where there are no rules."""
        if self.crds_path is not None:
            return {}
        for reftype in reftypes:
            if reftype not in optional:
                raise MissingReference(
                    f"no {reftype} reference",
                    where=self.folder or "no source of reference files",
                    advice="Set CRDS_PATH to a cache of reference files, or use "
                    f"--reference-dir or --reference {reftype}=FILE (N/A for none).",
                )
        origin = FROM_FOLDER if self.folder else "no source"
        return {r: Selection(r, None, origin, reason="no source of this type") for r in reftypes}

    def _by_rules(
        self, meta: Meta, reftypes: Sequence[str], optional: Collection[str]
    ) -> dict[str, Selection]:
        instrument, when = instrument_of(meta), exposure_datetime(meta)
        header = flat_header(meta)
        memory = SelectionMemory.of(self.memory, self._client, self._context, instrument)
        known = memory.recall(list(reftypes), header, when)
        learnt: dict[str, tuple[Answer, Rules, Path | None]] = {}
        try:
            for reftype in reftypes:
                if reftype not in known:
                    answer, rules, path = self._ask(instrument, reftype, header)
                    learnt[reftype] = answer, rules, path
                    keys = {key: header.get(key) for key in rules.keys}
                    known[reftype] = Remembered(answer, path, keys)
        finally:
            memory.remember(learnt, header, when)
        return {r: self._selection(r, known[r], meta, r in optional) for r in reftypes}

    def _ask(
        self, instrument: str, reftype: str, header: Mapping[str, Any]
    ) -> tuple[Answer, Rules, Path | None]:
        answer, rules = self._client.choose(self._context, instrument, reftype, header)
        if answer.name is None:
            return answer, rules, None
        path = self._client.fetch(self._context, instrument, reftype, answer.name)
        return answer, rules, path

    def _selection(self, reftype: str, known: Remembered, meta: Meta, optional: bool) -> Selection:
        keys = {keyword_of(key): value for key, value in known.keys.items() if value is not None}
        keys["DATE-OBS"] = meta.observation.date
        if known.answer.missing and not optional:
            raise MissingReference(
                f"no {reftype} reference",
                where=self._context,
                expected=f"one for {describe(keys)}",
                found=known.answer.reason,
                advice="Use a newer context (CRDS_CONTEXT) or --reference "
                f"{reftype}=FILE (N/A for none).",
            )
        origin = f"crds {self._context}"
        return Selection(reftype, known.path, origin, keys, known.answer.reason)
