"""What the last place of a page earns, and what it would earn by content alone, from the service's own impressions.

Exploration draws who stands there among the usual item and a few new ones, and keeps the chance of what it drew. So the
log of one way of ranking tells about another one, in that place: each draw counts by how much more often the other way
would have shown the same (`retrieval.ranking_evaluation.propensity`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.store import Store
from assistant.store.shown import ShownItem, shown_items
from retrieval.errors import SetupError
from retrieval.interactions import InteractionKind
from retrieval.ranking_evaluation.measures import Estimate, Means
from retrieval.ranking_evaluation.propensity import PropensityEstimate, estimate_reward

POLICIES = ("service", "content")
FEWEST = 100  # draws of either kind, and draws that count for a policy: below this an interval is a guess itself
_EARNING = frozenset(InteractionKind) - {InteractionKind.VIEW}
_GAIN = ("mixed", ("gain", None))


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Pages whose last place was drawn, d of them.

    Attributes:
        shopper: int32 (d,), running numbers.
        chance: float64 (d,), of what was drawn.
        explored: bool (d,), whether that is a new item instead of the usual one.
        by_content: bool (d,), whether content alone would have put it there.
        place, page: float64 (d,), 1.0 where the shopper took up what stood in the last place, or anything on the page.
    """

    shopper: NDArray[np.int32]
    chance: NDArray[np.float64]
    explored: NDArray[np.bool_]
    by_content: NDArray[np.bool_]
    place: NDArray[np.float64]
    page: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.chance)

    def chance_under(self, policy: str) -> NDArray[np.float64]:
        """float64 (d,), with which a policy would have shown what was shown: either takes one item for sure."""
        return (~self.explored if policy == "service" else self.by_content).astype(np.float64)


@dataclass(frozen=True, slots=True)
class ImpressionsReport:
    """What was found. `str` is a table in words, `as_json` one object.

    Attributes:
        pages: that were shown to consenting shoppers.
        draws, explored: pages whose last place was drawn, and those of them on which a new item came to stand there.
        estimates: by policy, then "place" or "page": the share of pages where that was taken up.
        gains: by "place" and "page": content less service, by IPS on the same draws.
        warnings: why the figures tell little, if they do.
    """

    pages: int
    draws: int
    explored: int
    estimates: dict[str, dict[str, PropensityEstimate]]
    gains: dict[str, Estimate]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [
            f"{self.pages:,} pages; on {self.draws:,} the last place was drawn, {self.explored:,} times a new item",
            "",
            f"{'':10}{'taken up':12}{'logged':>8}{'IPS':>26}{'SNIPS':>26}{'counts as':>11}",
        ]
        for policy, by_reward in self.estimates.items():
            for what, found in by_reward.items():
                row = f"{policy:10}{what:12}{found.logged:8.4f}{_told(found.ips):>26}{_told(found.snips):>26}"
                lines.append(f"{row}{found.effective:11,.0f}")
        lines.append("")
        for what, gain in self.gains.items():
            sure = gain.low > 0 or gain.high < 0
            words = ("better" if gain.value > 0 else "worse") if sure else "no difference that can be told"
            lines.append(f"content alone instead of the service's ranking, {what}: {_told(gain)}: {words}")
        return "\n".join([*lines, *self.warnings])


def evaluate_impressions(store: Store, seed: int = 0) -> ImpressionsReport:
    """Estimate both policies from the stored impressions of consenting shoppers.

    Args:
        store: of the service.
        seed: of the bootstrap over shoppers.

    Raises:
        SetupError: no page had a draw.
    """
    shown = shown_items(store)
    pages, draws = drawn_pages(shown)
    if not len(draws):
        raise SetupError(
            f"On none of {pages:,} pages that were shown to consenting shoppers was the last place drawn.",
            "Let the service explore for a while: set ASSISTANT_EXPLORATION=0.1; see docs/ranking.md.",
        )
    by_policy = {policy: estimates(draws, policy, seed) for policy in POLICIES}
    found = {policy: by_reward for policy, by_reward in by_policy.items() if by_reward}
    explored = int(draws.explored.sum())
    return ImpressionsReport(pages, len(draws), explored, found, gains(draws, seed), _warnings(draws, explored, found))


def drawn_pages(shown: Sequence[ShownItem]) -> tuple[int, Draws]:
    """How many pages there are, and the draws among them.

    Args:
        shown: by conversation, turn and rank. Draws from before it was noted what content alone would do are left out.
    """
    pages = [list(page) for _, page in groupby(shown, key=lambda one: (one.conversation_id, one.turn))]
    drawn = [page for page in pages if "by_content" in page[-1].scores]
    numbers = {who: n for n, who in enumerate(sorted({page[-1].shopper_id for page in drawn}))}
    last = [page[-1] for page in drawn]
    return len(pages), Draws(
        shopper=np.array([numbers[one.shopper_id] for one in last], dtype=np.int32),
        chance=np.array([one.propensity for one in last], dtype=np.float64),
        explored=np.array(["explored" in one.scores for one in last], dtype=np.bool_),
        by_content=np.array([one.scores["by_content"] > 0 for one in last], dtype=np.bool_),
        place=np.array([bool(one.deeds & _EARNING) for one in last], dtype=np.float64),
        page=np.array([any(one.deeds & _EARNING for one in page) for page in drawn], dtype=np.float64),
    )


def estimates(draws: Draws, policy: str, seed: int) -> dict[str, PropensityEstimate]:
    """What a policy earns, by what is taken up; none when the policy would have shown nothing of what was drawn."""
    chance = draws.chance_under(policy)
    if not chance.any():
        return {}
    rewards = {"place": draws.place, "page": draws.page}
    return {
        what: estimate_reward(reward, draws.chance, chance, draws.shopper, seed=seed)
        for what, reward in rewards.items()
    }


def gains(draws: Draws, seed: int) -> dict[str, Estimate]:
    """What content alone earns more than the service, by what is taken up; by IPS, paired on the same draws."""
    apart = (draws.chance_under("content") - draws.chance_under("service")) / draws.chance
    found = {}
    for what, reward in (("place", draws.place), ("page", draws.page)):
        means = Means(draws.shopper, seed)
        means.over_cases(_GAIN, apart * reward, np.ones(len(draws), dtype=np.bool_))
        found[what] = means.estimates()[_GAIN]
    return found


def _warnings(draws: Draws, explored: int, estimates: dict[str, dict[str, PropensityEstimate]]) -> tuple[str, ...]:
    found = []
    if min(explored, len(draws) - explored) < FEWEST:
        found.append(
            f"Too few to tell: {explored:,} new items and {len(draws) - explored:,} usual ones were drawn, "
            f"and {FEWEST} of each are needed. Let the service explore for longer."
        )
    for policy in POLICIES:
        if policy not in estimates:
            found.append(f"Nothing that was drawn is what {policy} would have shown: no estimate of it.")
        elif estimates[policy]["place"].effective < FEWEST:
            found.append(
                f"For {policy} the draws count as {estimates[policy]['place'].effective:,.0f}: trust it little."
            )
    return tuple(found)


def _told(found: Estimate) -> str:
    return f"{found.value:.4f} [{found.low:.4f}, {found.high:.4f}]"
