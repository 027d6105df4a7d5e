"""Scalar quantile functions for the draws inside the engines, with the functions of `math` only.

Every variate is the quantile of one uniform number, so that a variate is monotone in its uniform, common
random numbers stay common when a parameter moves, and no draw uses up a varying count of random words.
"""

from __future__ import annotations

import math

from simgap.compiling import small

SQRT_HALF = math.sqrt(0.5)

# The three ranges of algorithm AS 241 (middle, tails, far tails) and their polynomials, constant term first.
SPLIT_CENTRE = 0.425
SPLIT_TAIL = 5.0
CENTRE_SHIFT = 0.180625
TAIL_SHIFT = 1.6
CENTRE_TOP = (
    3.3871328727963666080e0,
    1.3314166789178437745e2,
    1.9715909503065514427e3,
    1.3731693765509461125e4,
    4.5921953931549871457e4,
    6.7265770927008700853e4,
    3.3430575583588128105e4,
    2.5090809287301226727e3,
)
CENTRE_BOTTOM = (
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
)
TAIL_TOP = (
    1.42343711074968357734e0,
    4.63033784615654529590e0,
    5.76949722146069140550e0,
    3.64784832476320460504e0,
    1.27045825245236838258e0,
    2.41780725177450611770e-1,
    2.27238449892691845833e-2,
    7.74545014278341407640e-4,
)
TAIL_BOTTOM = (
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
)
FAR_TOP = (
    6.65790464350110377720e0,
    5.46378491116411436990e0,
    1.78482653991729133580e0,
    2.96560571828504891230e-1,
    2.65321895265761230930e-2,
    1.24266094738807843860e-3,
    2.71155556874348757815e-5,
    2.01033439929228813265e-7,
)
FAR_BOTTOM = (
    1.0,
    5.99832206555887937690e-1,
    1.36929880922735805310e-1,
    1.48753612908506148525e-2,
    7.86869131145613259100e-4,
    1.84631831751005468180e-5,
    1.42151175831644588870e-7,
    2.04426310338993978564e-15,
)

Coefficients = tuple[float, float, float, float, float, float, float, float]


@small
def _polynomial(a: Coefficients, x: float) -> float:
    """Return a[0] + a[1] x + ... + a[7] x^7 by Horner's rule."""
    return ((((((a[7] * x + a[6]) * x + a[5]) * x + a[4]) * x + a[3]) * x + a[2]) * x + a[1]) * x + a[0]


@small
def normal_cdf(x: float) -> float:
    """Return P(Z <= x) of the standard normal distribution.

    Parameters
    ----------
    x : float
        Any real number.

    Returns
    -------
    float
        0 .. 1. The relative error in the lower tail is about (3 + 2 x^2) 2^-53, because the rounding of
        x / sqrt(2) is magnified there.
    """
    return 0.5 * math.erfc(-x * SQRT_HALF)


@small
def centre_quantile(q: float) -> float:
    """Return the standard normal quantile of 1/2 + q, for |q| up to `SPLIT_CENTRE`: 85 % of all numbers.

    Without a branch, so that a compiler can take several numbers at once.
    """
    r = CENTRE_SHIFT - q * q
    return q * _polynomial(CENTRE_TOP, r) / _polynomial(CENTRE_BOTTOM, r)


@small
def tail_quantile(p: float) -> float:
    """Return the standard normal quantile of p where |p - 1/2| exceeds `SPLIT_CENTRE`."""
    r = math.sqrt(-math.log(min(p, 1.0 - p)))
    if r <= SPLIT_TAIL:
        r -= TAIL_SHIFT
        x = _polynomial(TAIL_TOP, r) / _polynomial(TAIL_BOTTOM, r)
    else:
        r -= SPLIT_TAIL
        x = _polynomial(FAR_TOP, r) / _polynomial(FAR_BOTTOM, r)
    return -x if p < 0.5 else x


@small
def normal_quantile(p: float) -> float:
    """Return the standard normal quantile of p.

    Parameters
    ----------
    p : float
        Strictly between 0 and 1.

    Returns
    -------
    float
        x with P(Z <= x) = p, to a relative error of about 1e-15.

    References
    ----------
    M. J. Wichura (1988), "Algorithm AS 241: the percentage points of the normal distribution",
    Applied Statistics 37(3), 477-484; routine PPND16.
    """
    q = p - 0.5
    return centre_quantile(q) if abs(q) <= SPLIT_CENTRE else tail_quantile(p)


@small
def exponential_quantile(p: float) -> float:
    """Return the quantile of p of the exponential distribution with mean 1.

    Parameters
    ----------
    p : float
        0 <= p < 1.

    Returns
    -------
    float
        -log(1 - p), accurate for small p too.
    """
    return -math.log1p(-p)


@small
def lognormal_sigma(cv: float) -> float:
    """Return the standard deviation of the logarithm of a lognormal number with a coefficient of variation.

    Parameters
    ----------
    cv : float
        Standard deviation / mean, dimensionless; not negative.

    Returns
    -------
    float
        sqrt(log(1 + cv^2)).
    """
    return math.sqrt(math.log1p(cv * cv))


@small
def lognormal_normal(z: float, mean: float, sigma: float) -> float:
    """Return the lognormal number that belongs to a standard normal one.

    Parameters
    ----------
    z : float
        Standard normal number.
    mean : float
        Mean of the lognormal distribution, in any unit; not negative.
    sigma : float
        Standard deviation of its logarithm, `lognormal_sigma`; not negative.

    Returns
    -------
    float
        mean exp(sigma z - sigma^2 / 2), in the unit of `mean`; `mean` itself where sigma is 0.
    """
    return mean * math.exp(sigma * z - 0.5 * sigma * sigma)


@small
def lognormal_quantile(p: float, mean: float, cv: float) -> float:
    """Return the quantile of p of the lognormal distribution with a given mean and coefficient of variation.

    Parameters
    ----------
    p : float
        Strictly between 0 and 1.
    mean : float
        Mean of the distribution, in any unit; not negative.
    cv : float
        Coefficient of variation (standard deviation / mean), dimensionless; not negative.

    Returns
    -------
    float
        In the unit of `mean`; `mean` itself where cv is 0.
    """
    return lognormal_normal(normal_quantile(p), mean, lognormal_sigma(cv))


@small
def logistic(x: float) -> float:
    """Return the probability whose log-odds are x.

    Parameters
    ----------
    x : float
        Any real number.

    Returns
    -------
    float
        1 / (1 + exp(-x)), without overflow on either side and with full relative accuracy for x << 0.
    """
    odds = math.exp(-abs(x))
    return (1.0 if x >= 0.0 else odds) / (1.0 + odds)


@small
def logit(p: float) -> float:
    """Return the log-odds of a probability.

    Parameters
    ----------
    p : float
        Strictly between 0 and 1.

    Returns
    -------
    float
        log(p / (1 - p)), with full relative accuracy about 1/2 too.
    """
    if 0.25 < p < 0.75:
        # 2p - 1 is exact here, so nothing cancels where the result is near 0.
        return math.log1p((2.0 * p - 1.0) / (1.0 - p))
    return math.log(p / (1.0 - p))
