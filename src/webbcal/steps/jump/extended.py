"""Snowballs and showers: the part of the jump search that needs whole frames."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps._exposure import first_integration, positive
from webbcal.steps.jump import showers, snowballs
from webbcal.steps.jump.integration import BAD, JUMP, Integration
from webbcal.steps.jump.options import JumpOptions

PER_MILLION_PIXELS = 1e6


@dataclass(frozen=True)
class Memory:
    """What is known of the integrations before.

    `events` is their number of snowballs or showers; `masked`, int32 (y, x), the first group,
    counted through all integrations, in which the core of a snowball is no longer flagged.
    """

    events: int = 0
    masked: np.ndarray | None = None


def wanted(options: JumpOptions, meta: Meta) -> bool:
    """Tell whether any search for extended events is asked for."""
    return options.expand_large_events or options.find_showers


def find_extended(
    ramp: Ramp,
    gain: Gain,
    readnoise: ReadNoise,
    options: JumpOptions,
    *,
    carried: Memory | None,
    measured: Any,
    parallel: Any,
) -> tuple[Ramp, Memory]:
    """Flag the snowballs and showers of one or more whole integrations.

    Parameters
    ----------
    ramp : Ramp
        With the jumps of single pixels flagged; its arrays may lie on disk.
    gain, readnoise : Reference
        As in `find_jumps`.
    options : JumpOptions
        See the class.
    carried : Memory or None
        Of the integrations before.
    measured : object
        Not used.
    parallel : callable
        Like `map`: shares out the groups.

    Returns
    -------
    ramp : Ramp
        `groupdq` differs.
    memory : Memory
        For the integrations after.
    """
    memory = carried or Memory()
    groupdq = ramp.groupdq.copy()
    for number in range(len(groupdq)):
        integration = Integration.of(ramp, number, groupdq[number], gain, readnoise)
        if options.expand_large_events:
            absolute = first_integration(ramp.meta) + number
            memory = _flag_snowballs(integration, absolute, memory, options, parallel)
        if options.find_showers:
            found = _flag_showers(ramp, integration, options, parallel)
            memory = Memory(memory.events + found, memory.masked)
    if np.array_equal(groupdq, ramp.groupdq):
        return ramp, memory
    return ramp.with_changes(groupdq=groupdq), memory


def _flag_snowballs(
    integration: Integration, number: int, memory: Memory, options: JumpOptions, parallel: Any
) -> Memory:
    """Flag the snowballs of integration `number` of the exposure and the cores of earlier ones."""
    flags = integration.flags
    found = snowballs.find_snowballs(integration, options, parallel)
    snowballs.apply(flags, found)
    events = memory.events + len(found)
    if not options.mask_snowball_core_next_int:
        return Memory(events)
    ngroups, columns = len(flags), integration.shape[1]
    begin = number * ngroups
    masked = memory.masked
    if masked is not None:
        _mask_cores(flags, masked - begin)
    cores = [event.core for event in found if event.enlarged.size]
    if cores:
        groups = int(options.snowball_time_masked_next_int // integration.group_time)
        masked = np.zeros(flags.shape[1:], np.int32) if masked is None else masked.copy()
        y, x = np.divmod(np.concatenate(cores), columns)
        masked[y, x] = begin + ngroups + groups
    return Memory(events, masked)


def _mask_cores(flags: np.ndarray, groups: np.ndarray) -> None:
    """Set JUMP_DET in the first `groups` groups, but the very first; it is in no difference."""
    y, x = np.nonzero(groups > 1)
    for group in range(1, len(flags)):
        here = (groups[y, x] > group) & (flags[group, y, x] & BAD == 0)
        flags[group, y[here], x[here]] |= JUMP


def _flag_showers(ramp: Ramp, integration: Integration, options: JumpOptions, parallel: Any) -> int:
    """Flag the showers of an integration, and return how many there are."""
    if not (ramp.has("typical_difference") and ramp.has("difference_scatter")):
        return 0  # too few groups in the exposure
    noise = showers.noise_of(
        integration, ramp.typical_difference, ramp.difference_scatter, ramp.pixeldq
    )
    signal = integration.signal()
    found = showers.find_showers(signal, integration, noise, options, parallel)
    showers.apply(signal, integration, noise, found, options)
    return len(found)


def record(ramp: Ramp, memory: Memory, options: JumpOptions) -> Ramp:
    """Write the rate of extended events, per second and million pixels, into the metadata."""
    compared = ramp.jump_differences
    if not compared.any():
        return ramp
    seconds = float(compared.max()) * positive(ramp.meta, "group_time")
    rate = PER_MILLION_PIXELS * memory.events / (seconds * compared.size)
    meta = ramp.meta.replace({"exposure.extended_emission_events": rate})
    return ramp.with_changes(meta=meta)
