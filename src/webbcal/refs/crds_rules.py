"""Ask the selection rules of the observatory's reference data system, through its own client.

The client `crds` takes its settings from the environment and writes to the standard error
stream, ends the process on some errors, and costs 0.6 s to import. All of that stays in here.
Only its rule objects are used (context, instrument, type); its interface for whole exposures
needs further packages of the observatory (decision 0020).
"""

import ast
import contextlib
import functools
import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webbcal.core.errors import InvalidReference, MissingReference

OBSERVATORY = "jwst"
NOT_APPLICABLE = "not applicable by the rules"
UNDECLARED = "the context does not know this type"

_CONTEXT = re.compile(r"jwst_\d+\.pmap")
_RULE_KEY = re.compile(r"\bMETA(?:\.[A-Z0-9_]+)+")
_RULE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?:\.\d+)?")
_DATE_KEYS = {"META.OBSERVATION.DATE", "META.OBSERVATION.TIME"}
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Rules:
    """What a selection of one type depends on.

    Parameters
    ----------
    files : tuple of Path
        Mapping files, from context to type. The last one is missing where the instrument says
        all there is to say.
    keys : tuple of str
        Metadata paths, upper case, that the rules look at, without the date.
    dates : tuple of str
        All dates that occur in the rules, ascending. Between two of them the answer is the same.
    """

    files: tuple[Path, ...]
    keys: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """File name chosen by the rules, or None and why there is none.

    `missing` tells that the rules fail the exposure, rather than rule a file out.
    """

    name: str | None
    reason: str = ""
    missing: bool = False


@dataclass(frozen=True)
class RulesClient:
    """The selection rules of one cache and the settings they are read with.

    Parameters
    ----------
    path : Path
        Root of the cache (CRDS_PATH).
    settings : mapping
        Further CRDS_ variables, as the user has set them.
    """

    path: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_server(self) -> bool:
        """Whether the cache may be filled from a server."""
        return "CRDS_SERVER_URL" in self.settings

    def context(self, asked: str | None) -> str:
        """Return the name of the context in use.

        A literal name stands for itself. Without a server, no name means what the cache was
        last told; a symbolic name, and no name with a server, are resolved by the client.

        Raises
        ------
        MissingReference
            The cache has no configuration, or the client cannot resolve the name.
        """
        if asked and _CONTEXT.fullmatch(asked):
            return asked
        if not self.has_server:
            config = self._server_config
            if asked in (None, "", "latest", "jwst-latest", "jwst-operational"):
                name = config.get("latest_context") or config.get("operational_context")
                if isinstance(name, str):
                    return name
        with self._client(f"context {asked or 'in use'}"):
            from crds.core import heavy_client

            return str(heavy_client.get_context_name(OBSERVATORY, asked or None))

    @functools.cached_property
    def _server_config(self) -> dict[str, Any]:
        path = self.config_file
        try:
            content = ast.literal_eval(path.read_text("utf-8"))
        except OSError as error:
            raise MissingReference(
                f"the cache of reference files has no configuration ({error.strerror})",
                where=path,
                advice="Set CRDS_PATH to a filled cache, or CRDS_SERVER_URL to a server, or use "
                "--reference-dir or --reference TYPE=FILE.",
            ) from None
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise MissingReference(
                "the configuration of the cache is damaged",
                where=path,
                expected="a Python dictionary",
                advice="Fill the cache again with 'crds sync'.",
            )
        return content

    @property
    def config_file(self) -> Path:
        """Where the cache keeps what the server told last."""
        return self.path / "config" / OBSERVATORY / "server_config"

    def choose(
        self, context: str, instrument: str, reftype: str, header: Mapping[str, Any]
    ) -> tuple[Answer, Rules]:
        """Apply the rules of a type to an exposure.

        Parameters
        ----------
        context : str
            Name of a context, ``jwst_0001.pmap``.
        instrument, reftype : str
            Lower case.
        header : mapping
            Plain values by metadata path, upper case.

        Returns
        -------
        Answer
            The file, or that none applies, or that none is found.
        Rules
            What the answer depends on.

        Raises
        ------
        InvalidReference
            The file they name is marked as bad.
        MissingReference
            The rules cannot be read.
        """
        if not self.has_server:
            _ = self._server_config  # without it the client would end the process
        with self._client(f"rules of {context}"):
            from crds.core import config

            instrument_rules = self._context_rules(context).get_imap(instrument)
            files = (
                Path(config.locate_mapping(context)),
                Path(config.locate_mapping(instrument_rules.basename)),
            )
            answer, rules = _apply(instrument_rules, reftype, header, files)
        if answer.name is not None:
            self._refuse_bad(reftype, answer.name, rules)
        return answer, rules

    def _context_rules(self, context: str) -> Any:
        from crds.client import api
        from crds.core import rmap

        # Not the client's own cache: a mapping file may have been replaced since.
        try:
            return rmap.load_mapping(context)
        except OSError:
            if not self.has_server:
                raise
        api.dump_mappings(context)
        return rmap.load_mapping(context)

    def _refuse_bad(self, reftype: str, name: str, rules: Rules) -> None:
        if self.settings.get("CRDS_ALLOW_BAD_REFERENCES", "0").lower() in ("1", "true"):
            return
        if self.has_server:
            with self._client("list of bad files"):
                from crds.core import heavy_client

                heavy_client.update_config_info(OBSERVATORY)  # for later, without the server
                bad = heavy_client.get_config_info(OBSERVATORY).bad_files_set
        else:
            listed = self._server_config.get("bad_files_list")
            bad = set(map(str, listed)) if isinstance(listed, list) else set()
        marked = bad & {name, *(file.name for file in rules.files)}
        if marked:
            raise InvalidReference(
                f"{', '.join(sorted(marked))} is marked as scientifically invalid",
                where=f"{reftype} reference chosen by {rules.files[-1].name}",
                advice=f"Use another context (CRDS_CONTEXT), or --reference {reftype}=FILE.",
            )

    def fetch(self, context: str, instrument: str, reftype: str, name: str) -> Path:
        """Return the path of a reference file in the cache; download it if a server is set.

        A cache holds all files in one folder, or those of each instrument in a folder of its own.

        Raises
        ------
        MissingReference
            It is not there and cannot be had.
        """
        with self._client(f"{reftype} reference {name}"):
            from crds.client import api
            from crds.core import config

            path = Path(config.get_crds_refpath(OBSERVATORY))
            if config.get_crds_ref_subdir_mode(OBSERVATORY) != "flat":
                path /= instrument
            path /= name
            if self.has_server and not path.is_file():
                cacher = api.FileCacher(context, raise_exceptions=True)
                cacher.download_files([name], {name: str(path)})
        if path.is_file():
            return path
        raise MissingReference(
            f"{reftype} reference is not in the cache",
            where=path,
            expected=f"the file that {context} selects",
            advice=f"Fill the cache ('crds sync --contexts {context} --fetch-references'), set "
            f"CRDS_SERVER_URL, or use --reference {reftype}=FILE.",
        )

    @contextlib.contextmanager
    def _client(self, what: str) -> Iterator[None]:
        """Run the client on this cache; turn every way in which it fails into one error."""
        with _LOCK, _environment({**self.settings, "CRDS_PATH": str(self.path)}):
            try:
                _prepare_client(str(self.path), self.settings)
                yield
            except (MissingReference, InvalidReference):
                raise
            except SystemExit:
                raise self._failure(what, "the client cannot find its configuration") from None
            except Exception as error:  # noqa: BLE001 - a foreign library of many moods
                raise self._failure(what, f"{type(error).__name__}: {error}") from None

    def _failure(self, what: str, found: str) -> MissingReference:
        server = self.settings.get("CRDS_SERVER_URL", "no server")
        return MissingReference(
            f"cannot read the {what}",
            where=f"{self.path} ({server})",
            found=found,
            advice="Check CRDS_PATH, CRDS_CONTEXT and CRDS_SERVER_URL, fill the cache with "
            "'crds sync', or use --reference-dir or --reference TYPE=FILE.",
        )


def _apply(
    instrument_rules: Any, reftype: str, header: Mapping[str, Any], files: tuple[Path, ...]
) -> tuple[Answer, Rules]:
    from crds.core import config, exceptions, utils

    try:
        rules = instrument_rules.get_rmap(reftype)
    except exceptions.CrdsUnknownReftypeError:
        return Answer(None, UNDECLARED, missing=True), Rules(files)
    except (exceptions.IrrelevantReferenceTypeError, exceptions.OmitReferenceTypeError):
        return Answer(None, NOT_APPLICABLE), Rules(files)
    path = Path(config.locate_mapping(rules.basename))
    text = path.read_text("utf-8")
    required = [key.upper() for key in rules.get_required_parkeys()]
    keys = sorted({*required, *_RULE_KEY.findall(text)} - _DATE_KEYS)
    dates = sorted({date.replace("T", " ") for date in _RULE_DATE.findall(text)})
    found = Rules((*files, path), tuple(keys), tuple(dates))
    conditioned = utils.condition_header(dict(header))
    name = rules.get_best_ref({key: "UNDEFINED" for key in required} | conditioned)
    if name is None or (name.startswith("NOT FOUND") and "n/a" in name.lower()):
        return Answer(None, NOT_APPLICABLE), found
    if name.startswith("NOT FOUND"):
        why = name.removeprefix("NOT FOUND").strip()
        return Answer(None, f"no rule of {path.name} fits: {why}", missing=True), found
    return Answer(str(name)), found


_own_variables: dict[str, str] = {}
"""What the client has put into the environment for itself while it was imported."""


@contextlib.contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Show the client these CRDS_ variables and its own, and no others; restore all afterwards."""
    before = _crds_variables()
    for name in before:
        del os.environ[name]
    os.environ.update({**_own_variables, **settings})
    try:
        yield
    finally:
        after = _crds_variables()
        for name in after:
            del os.environ[name]
        os.environ.update(before)
        _own_variables.update({n: v for n, v in after.items() if n not in settings})


def _crds_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("CRDS_")}


_prepared: list[tuple[str, tuple[tuple[str, str], ...]]] = []


def _prepare_client(path: str, settings: Mapping[str, str]) -> None:
    """Make the client forget the answers it keeps for another cache, and keep it silent."""
    from crds.client import api
    from crds.core import config, log, utils

    wanted = (path, tuple(sorted(settings.items())))
    if _prepared == [wanted]:
        return
    log.THE_LOGGER.remove_console_handler()
    log.THE_LOGGER.logger.addHandler(logging.NullHandler())
    log.THE_LOGGER.logger.propagate = True
    if "CRDS_SERVER_URL" in settings:
        api.set_crds_server(settings["CRDS_SERVER_URL"])
    utils.clear_function_caches()
    config.CRDS_REF_SUBDIR_MODE = None  # how the files of the cache are arranged
    _prepared[:] = [wanted]
