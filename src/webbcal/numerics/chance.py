"""What chance can do: tails of distributions."""

import math


def poisson_tail(count: int, mean: float) -> float:
    """Return the chance that a Poisson number is at least `count`.

    Parameters
    ----------
    count : int
        From 1.
    mean : float
        Of the distribution, 0 or more.

    Returns
    -------
    float
        From 0 to 1, to some 1e-12 of itself.

    Notes
    -----
    The terms are added from `count` on while they matter, or, where `count` is below the mean,
    those below it are taken from 1.

    Source: Bevington, section 2.3.
    """
    if mean <= 0.0:
        return 0.0
    if count < mean:
        return 1.0 - math.fsum(_poisson(k, mean) for k in range(count))
    terms, k = [_poisson(count, mean)], count
    while terms[-1] > 1e-17 * terms[0]:
        k += 1
        terms.append(terms[-1] * mean / k)
    return math.fsum(terms)


def _poisson(count: int, mean: float) -> float:
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))


def chi_square_tail(freedom: int, square: float) -> float:
    r"""Return the chance that a sum of squares of normal deviates is larger.

    Parameters
    ----------
    freedom : int
        How many deviates, from 1.
    square : float
        The sum, 0 or more.

    Returns
    -------
    float
        From 0 to 1.

    Notes
    -----
    With h half the sum, :math:`Q_1 = \mathrm{erfc} \sqrt h`, :math:`Q_2 = e^{-h}`, and
    :math:`Q_{n + 2} = Q_n + h^{n/2} e^{-h} / \Gamma(n/2 + 1)`.

    Source: Abramowitz and Stegun 1964, 26.4.4, 26.4.5 and 26.4.8.
    """
    half = 0.5 * square
    if half <= 0.0:
        return 1.0
    odd = freedom % 2 == 1
    tail = math.erfc(math.sqrt(half)) if odd else math.exp(-half)
    for n in range(1 if odd else 2, freedom, 2):
        tail += math.exp(0.5 * n * math.log(half) - half - math.lgamma(0.5 * n + 1.0))
    return tail


def deviation_of_chance(chance: float) -> float:
    r"""Return how many standard deviations a normal value exceeds, up or down, with some chance.

    Parameters
    ----------
    chance : float
        From 1e-300 to 1.

    Returns
    -------
    float
        0 for a chance of 1.

    Notes
    -----
    Newton's method on the logarithm of the tail, which is concave: from a deviation that is too
    large, as :math:`\sqrt{-2 \ln p}` always is, it comes down without overshooting.

    Source: Bevington, section 2.4, for the normal distribution.
    """
    deviation = math.sqrt(-2.0 * math.log(chance))
    for _ in range(100):
        tail = math.erfc(deviation / math.sqrt(2.0))
        slope = math.sqrt(2.0 / math.pi) * math.exp(-0.5 * deviation**2) / tail
        step = (math.log(chance) - math.log(tail)) / slope
        deviation -= step
        if step <= 1e-14 * deviation:
            break
    return deviation
