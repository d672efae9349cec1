"""Persistence as a time: groups soon after saturation are flagged."""

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import PersistenceWindows
from webbcal.steps._exposure import positive
from webbcal.steps.persistence._options import PersistenceOptions
from webbcal.steps.persistence.times import DAY, ReadTimes


def flag_persistence(
    ramp: Ramp, windows: PersistenceWindows | None, options: PersistenceOptions
) -> Ramp:
    """Flag the groups that are read within `persistence_time` after their pixel was saturated.

    Parameters
    ----------
    ramp : Ramp
        Signal and flags, all integrations.
    windows : PersistenceWindows or None
        What an earlier exposure has left.
    options : PersistenceOptions
        Time, threshold, flags.

    Returns
    -------
    Ramp
        New product; `groupdq` differs, and `persistence_end` where it is to be saved.

    Raises
    ------
    CannotCalibrate
        If no time is given, or the time of the exposure is unknown.

    Notes
    -----
    Flags used: SATURATED. Flags set: PERSISTENCE, and DO_NOT_USE where asked for.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.persistence import flag_windows

    if not options.persistence_time:
        raise CannotCalibrate("persistence_time is not set")
    times = ReadTimes.of(ramp)
    if ramp.meta.exposure.lookup("read_times"):
        groups = times.frames[:, -1]
    else:
        groups = np.arange(1, ramp.shape_of("sci")[1] + 1) * positive(ramp.meta, "group_time")
    reads = times.starts[:, np.newaxis] + groups / DAY
    flags = DQ.PERSISTENCE | (DQ.DO_NOT_USE if options.persistence_dnu else 0)
    groupdq, ends = flag_windows(
        frozen(ramp.sci),
        frozen(ramp.groupdq),
        frozen(reads),
        options.persistence_time / DAY,
        np.inf if options.dn_threshold is None else options.dn_threshold,
        np.uint8(flags),
        frozen(np.zeros(ramp.pixeldq.shape) if windows is None else windows.sci),
    )
    return ramp.with_changes(
        groupdq=groupdq, persistence_end=ends if options.save_persistence else None
    )
