"""The words of synthetic papers: titles, abstracts, authors and categories.

The texts have no meaning. They have what makes real ones hard to read: LaTeX, letters beyond ASCII,
line breaks, abstracts shorter and longer than an excerpt. The frequency of words follows Zipf's
law, so that the texts compress about as real ones do.
"""

from __future__ import annotations

from itertools import accumulate, product
from random import Random
from typing import Final


def _words(text: str) -> list[str]:
    return text.split()


_FUNCTION_WORDS = _words("""
    the of and a in to we for that is with on by as are this an from which our can be it these at
    not or between both its more than into over have such also under how when where
""")
_STEMS = _words("""
    adapt algebra analy approxim asympto boltz caus cluster compact comput converg convex correl
    cosmo coupl curv diffus discret distribu dynam eigen entrop ergod estim expon factor ferm
    field flux foli gaug geomet gradi graph harmon heur hier holom homo hyper infer integr invari
    isot kern lagrang lattic likeli local magnet manif markov matri metr model modul momen neur
    nonlin norm operat optim orthog oscill param partit percol perturb phas plas polar polynom
    predict project quant radi random recur regul renorm reson sampl scal semant simul spars spect
    stabil stoch symmetr tensor thermo topolog transform trop variat vect vort wavel
""")
_SUFFIXES = ("ic", "ation", "al", "ity", "ed", "ing", "ors", "able", "ized", "ian", "isms", "ally")
_RARE = _words("""
    Gödel Erdős-Rényi Schrödinger Poincaré naïve Kähler Möbius Lévy Itô Čech Fréchet θ-finite
    ε-regular Δ-complete ℓ₂-bounded Ångström Bézout Szegő Łojasiewicz Hölder μm façade
""")

_CONTENT = ["".join(parts) for parts in product(_STEMS, _SUFFIXES)]
# shuffled, so that the frequent words do not all share a stem
Random(1).shuffle(_CONTENT)  # noqa: S311 - no secret, but the same for everybody
_WORDS: Final = [*_FUNCTION_WORDS, *_CONTENT, *_RARE]
_WEIGHTS: Final = list(accumulate(1 / (rank + 3) for rank in range(len(_WORDS))))
_TITLE_WORDS: Final = [*_CONTENT, *_RARE]
_TITLE_WEIGHTS: Final = list(accumulate(1 / (rank + 60) for rank in range(len(_TITLE_WORDS))))

_FORMULAS: Final = (
    r"$p$-adic",
    r"$O(n\log n)$",
    r"$\mathcal{N}=4$",
    r"$SU(2)_L \times U(1)_Y$",
    r"$\ell_1$-norm",
    r"$z \sim 2.5$",
    r"$\Lambda_{\rm QCD}$",
    r"$10^{-5}\,{\rm eV}$",
    r"$\|x\|_2 \le \epsilon$",
    r"$\mathbb{Z}/p\mathbb{Z}$",
)
_GIVEN: Final = _words("""
    Aino Bing Chiyuan Donghyun Elena Farid Giulia Hana Ingrid Jianxiong Katarzyna Linnan Marko
    Naiyan Olga Priya Qing Raúl Søren Tianqi Ursula Víctor Wei Xiao Yang Zheng
""")
_FAMILY: Final = (
    r"Stojni\'c Erd\H{o}s M{\"u}ller Garc\'ia Xu Zhang Wang Lin Li Chen Kwak Sung Novák Łukasik "
    r"Ðorđević Ivanov Okafor Haddad Larsen Ó\ Briain Dąbrowska Tanaka Müller Sørensen Rossi "
    r"van\ Dijk Nguyễn Patel Smith Ribeiro"
)
#: A backslash before a space keeps the two words of a name together.
_FAMILIES: Final = [
    name.replace("\0", " ") for name in _FAMILY.replace(r"\ ", "\0").split(" ") if name
]

#: Categories of the papers with new identifiers, weighted by hand.
_CATEGORIES: Final = _words("""
    cs.LG cs.DC cs.CV cs.CL math.AG math.PR hep-th hep-ph astro-ph.CO astro-ph.GA cond-mat.str-el
    quant-ph gr-qc stat.ML eess.SP q-bio.NC econ.EM physics.optics
""")
#: Archives of the old identifiers, each with a category of its own.
ARCHIVES: Final = (
    ("hep-th", "hep-th"),
    ("hep-ph", "hep-ph"),
    ("hep-lat", "hep-lat"),
    ("astro-ph", "astro-ph"),
    ("cond-mat", "cond-mat.stat-mech"),
    ("math", "math.NT"),
    ("quant-ph", "quant-ph"),
    ("gr-qc", "gr-qc"),
)


def title(rng: Random) -> str:
    """Return a title of 4 to 13 words, one in five with LaTeX."""
    words = rng.choices(_TITLE_WORDS, cum_weights=_TITLE_WEIGHTS, k=rng.randrange(3, 12))
    words = [word[:1].upper() + word[1:] for word in words]
    words.insert(len(words) // 2, rng.choice(("for", "of", "and", "with", "in")))
    if rng.random() < 0.2:  # noqa: PLR2004 - the share in the docstring
        words.insert(0, rng.choice(_FORMULAS))
    return " ".join(words)


def abstract(rng: Random) -> str:
    """Return an abstract of 2 to 11 sentences, from 200 to 1,900 characters or so."""
    lengths = [rng.randrange(11, 27) for _ in range(rng.randrange(2, 12))]
    words = iter(rng.choices(_WORDS, cum_weights=_WEIGHTS, k=sum(lengths)))
    sentences = [_sentence(rng, [next(words) for _ in range(length)]) for length in lengths]
    # arXiv keeps an author's paragraphs as a line break and two spaces
    middle = len(sentences) // 2
    gap = "\n  " if rng.random() < 0.3 else " "  # noqa: PLR2004 - about the share of real ones
    return " ".join(sentences[:middle]) + gap + " ".join(sentences[middle:])


def sentence(rng: Random) -> str:
    """Return one sentence, such as a claim."""
    return _sentence(rng, rng.choices(_WORDS, cum_weights=_WEIGHTS, k=rng.randrange(12, 30)))


def _sentence(rng: Random, words: list[str]) -> str:
    if rng.random() < 0.25:  # noqa: PLR2004 - about the share of real ones
        words[len(words) // 2] = rng.choice(_FORMULAS)
    text = " ".join(words)
    return text[:1].upper() + text[1:] + "."


def authors(rng: Random) -> str:
    """Return 1 to 11 names, sorted and joined by `, ` as the registry does."""
    count = min(rng.randrange(1, 7), rng.randrange(1, 12))
    return ", ".join(
        sorted({f"{rng.choice(_GIVEN)} {rng.choice(_FAMILIES)}" for _ in range(count)})
    )


def categories(rng: Random, primary: str | None) -> tuple[str, list[str]]:
    """Return a primary category, unless given, and the others sorted by code point."""
    primary = primary or rng.choice(_CATEGORIES)
    return primary, sorted({*rng.choices(_CATEGORIES, k=rng.randrange(4))} - {primary})
