"""Reference classes from the literature: what became of projects of a kind, as published.

Only figures that a source states are here, in its own terms; what they are a share or a mean of differs from
source to source. None of them is computed with: they are shown beside the forecast.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One published figure.

    Attributes
    ----------
    what : str
        What it says, to be read before the number.
    value : float
        A multiple of what was estimated or predicted, or a share.
    kind : str
        ``multiple``, ``share``, ``uplift``, or ``success``: a share that succeeded by the source's criterion.
    """

    what: str
    value: float
    kind: str = "share"


@dataclass(frozen=True)
class Class:
    """A published reference class.

    Attributes
    ----------
    about : str
        What the projects are.
    n : int
        Their number, or that of the organisations asked; 0 where the source does not say.
    figures : tuple of Figure
        What is said of them.
    source : str
        The publication.
    caveat : str
        Where it misleads.
    strength : str
        ``published``, or ``contested`` where its method or its sample is contested.
    """

    about: str
    n: int
    figures: tuple[Figure, ...]
    source: str
    caveat: str
    strength: str = "published"


CLASSES: dict[str, Class] = {
    "it-projects-2011": Class(
        "IT projects, private and public",
        1471,
        (
            Figure("mean of actual over estimated cost", 1.27, "multiple"),
            Figure("share of black swans", 1.0 / 6.0),
            Figure("mean of actual over estimated cost among these", 3.0, "multiple"),
            Figure("mean of actual over estimated duration among these", 1.7, "multiple"),
        ),
        "Flyvbjerg & Budzier 2011, Harvard Business Review 89(9); arXiv 1304.0265",
        "the tail is fat, so that the mean of another sample may be far off; nothing on benefits",
    ),
    "large-it-2012": Class(
        "IT projects; the figures are of those with budgets over 15 million dollars",
        5400,
        (
            Figure("mean of actual over budgeted cost", 1.45, "multiple"),
            Figure("mean of actual over planned duration", 1.07, "multiple"),
            Figure("mean of delivered over predicted value", 0.44, "multiple"),
            Figure("share over budget by more than 200 %", 0.17),
        ),
        "Bloch, Blumberg & Laartz 2012, McKinsey with the University of Oxford",
        "a consultancy's article: how value was measured, and in how many projects, it does not say",
    ),
    "big-projects-2023": Class(
        "large projects of some 20 kinds in 136 countries",
        16000,
        (
            Figure("share on budget and on time", 0.085),
            Figure("share on budget and on time with the benefits promised", 0.005, "success"),
            Figure("share of IT projects over budget by more than 50 %", 0.18),
            Figure("mean of actual over estimated cost among these", 5.47, "multiple"),
        ),
        "Flyvbjerg & Gardner 2023, How Big Things Get Done",
        "a strict criterion, and mostly far larger projects than one workflow",
    ),
    "chaos-1994": Class(
        "application software projects, of 365 respondents",
        8380,
        (Figure("share on time, on budget, with all features", 0.162, "success"),),
        "Standish Group 1994, The CHAOS Report",
        "one-sided, and biased as the estimates of those asked: Eveleens & Verhoef 2010, IEEE Software "
        "27(1), whose 1,211 projects it does not fit",
        "contested",
    ),
    "green-book": Class(
        "public procurements in the United Kingdom of over 40 million pounds",
        50,
        (
            Figure("upper bound of the uplift on capital cost, equipment and development", 2.0, "uplift"),
            Figure("lower bound of it", 0.1, "uplift"),
            Figure("upper bound of the uplift on duration, equipment and development", 0.54, "uplift"),
            Figure("lower bound of it", 0.1, "uplift"),
            Figure("upper bound of the uplift on operating cost, outsourcing", 0.41, "uplift"),
        ),
        "Mott MacDonald 2002 for HM Treasury; Green Book supplementary guidance: optimism bias",
        "starting values to be reduced as risks are managed, from few and old projects; not limits",
    ),
    "ai-pilots-gartner-2021": Class(
        "AI projects of firms that deploy AI or mean to",
        699,
        (Figure("share that goes from pilot to production", 0.54, "success"),),
        "Gartner 2022, survey of October to December 2021",
        "what respondents say of their own firms; reaching production is no value yet",
    ),
    "ai-pilots-idc-2025": Class(
        "AI proofs of concept of an average firm asked",
        0,
        (Figure("share that goes on to production, 4 of 33", 4.0 / 33.0, "success"),),
        "IDC for Lenovo 2025, CIO Playbook",
        "commissioned by a vendor; reaching production is no value yet",
        "contested",
    ),
    "genai-nanda-2025": Class(
        "organisations and custom generative AI tools",
        52,
        (
            Figure("share of organisations that pilot one", 0.20),
            Figure("share of organisations with one in production", 0.05, "success"),
        ),
        "Challapally et al. 2025, The GenAI Divide (MIT NANDA)",
        "preliminary and contested: 52 interviews, an effect on profit within months as the criterion",
        "contested",
    ),
}
