"""Options of the persistence step."""

from dataclasses import dataclass

from webbcal.core.options import Options, option


@dataclass(frozen=True)
class PersistenceOptions(Options):
    """Options of `correct_persistence`."""

    method: str = option(
        "auto",
        "Flag groups within a time after saturation, or subtract what charge traps release; auto "
        "flags where persistence_time is given and else follows the traps.",
        choices=("auto", "flag", "traps"),
    )
    persistence_time: float | None = option(
        None, "How long a pixel is flagged after it was saturated.", unit="s", low=0.0
    )
    dn_threshold: float | None = option(
        None, "Signal that is followed by persistence even below saturation.", unit="DN"
    )
    persistence_array_file: str | None = option(
        None, "Product perswindow of an earlier exposure with this detector."
    )
    persistence_dnu: bool = option(False, "Flag these groups DO_NOT_USE as well.")
    input_trapsfilled: str | None = option(
        None, "Product trapsfilled of the previous exposure with this detector."
    )
    flag_pers_cutoff: float = option(
        40.0,
        "Flag pixels of which at least this much persistence was subtracted.",
        unit="DN",
        low=0.0,
    )
    save_persistence: bool = option(
        False,
        "Also write the subtracted signal (output_pers), or until when pixels are flagged "
        "(perswindow).",
    )
