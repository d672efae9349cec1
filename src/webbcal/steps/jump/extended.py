"""Snowballs and showers: the part of the jump search that needs whole frames."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps._exposure import first_integration, positive
from webbcal.steps.jump.integration import BAD, JUMP, Integration
from webbcal.steps.jump.options import JumpOptions

PER_MILLION_PIXELS = 1e6


@dataclass(frozen=True)
class Memory:
    """What is known of the integrations before.

    `events` is their number of snowballs or showers; `masked`, int32 (y, x), the first group,
    counted through all integrations, in which the charge left by them may be forgotten.
    """

    events: int
    masked: np.ndarray

    def with_events(self, count: int, masks: list[tuple[int, np.ndarray]]) -> "Memory":
        """Return the memory after more events; `masks` are groups and flat indices of pixels."""
        masked = self.masked.reshape(-1).copy() if masks else self.masked
        for until, pixels in masks:
            masked[pixels] = np.maximum(masked[pixels], until)
        return Memory(self.events + count, masked.reshape(self.masked.shape))


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
    memory = carried or Memory(0, np.zeros(gain.sci.shape, np.int32))
    groupdq = ramp.groupdq.copy()
    for number in range(len(groupdq)):
        integration = Integration.of(ramp, number, groupdq[number], gain, readnoise)
        begin = (first_integration(ramp.meta) + number) * len(integration.flags)
        before = memory
        if options.expand_large_events:
            memory = _flag_snowballs(integration, begin, memory, options, parallel)
        if options.find_showers:
            memory = _flag_showers(ramp, integration, begin, memory, options, parallel)
        _mask(integration.flags, before.masked - begin)
    frames = (-1, *groupdq.shape[-2:])  # one by one, to make no mask of the whole
    if all(map(np.array_equal, groupdq.reshape(frames), ramp.groupdq.reshape(frames))):
        return ramp, memory
    return ramp.with_changes(groupdq=groupdq), memory


def _flag_snowballs(
    integration: Integration, begin: int, memory: Memory, options: JumpOptions, parallel: Any
) -> Memory:
    """Flag the snowballs of the integration whose first group has number `begin`."""
    from webbcal.steps.jump import snowballs

    found = snowballs.find_snowballs(integration, options, parallel)
    snowballs.apply(integration.flags, found)
    masks = []
    if options.mask_snowball_core_next_int:
        groups = int(options.snowball_time_masked_next_int // integration.group_time)
        until = begin + len(integration.flags) + groups
        masks = [(until, event.core) for event in found if event.enlarged.size]
    return memory.with_events(len(found), masks)


def _flag_showers(
    ramp: Ramp,
    integration: Integration,
    begin: int,
    memory: Memory,
    options: JumpOptions,
    parallel: Any,
) -> Memory:
    """Flag the showers of the integration whose first group has number `begin`."""
    from webbcal.steps.jump import showers

    if not (ramp.has("typical_difference") and ramp.has("difference_scatter")):
        return memory  # too few groups in the exposure
    noise = showers.noise_of(
        integration, ramp.typical_difference, ramp.difference_scatter, ramp.pixeldq
    )
    found = showers.find_showers(integration, noise, options, parallel)
    masks = showers.apply(integration, noise, found, options, parallel)
    return memory.with_events(len(found), [(begin + until, pixels) for until, pixels in masks])


def _mask(flags: np.ndarray, groups: np.ndarray) -> None:
    """Set JUMP_DET in the first `groups` groups, but the very first; it is in no difference."""
    y, x = np.nonzero(groups > 1)
    for group in range(1, len(flags) if y.size else 0):
        here = (groups[y, x] > group) & (flags[group, y, x] & BAD == 0)
        flags[group, y[here], x[here]] |= JUMP


def record(ramp: Ramp, memory: Memory, options: JumpOptions) -> Ramp:
    """Write the rate of extended events, per second and million pixels, into the metadata."""
    compared = ramp.jump_differences
    if not compared.any():
        return ramp
    seconds = float(compared.max()) * positive(ramp.meta, "group_time")
    rate = PER_MILLION_PIXELS * memory.events / (seconds * compared.size)
    meta = ramp.meta.replace({"exposure.extended_emission_events": rate})
    return ramp.with_changes(meta=meta)
