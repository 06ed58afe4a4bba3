"""Everything wired together: what `serve`, `chat` and the tests start from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from assistant.blocking import Blocking
from assistant.conversation import Conversations
from assistant.explanation.explainer import Explainer
from assistant.forgetting import forget_again
from assistant.grounding import ShopMoney
from assistant.language_model import LanguageModel, load_language_model
from assistant.language_model.adapter import adapter_fingerprint
from assistant.progress import Say, counting
from assistant.settings import Settings
from assistant.store import Store, blocks, open_store, synonyms
from assistant.tagger.tagger import Tagger
from assistant.trace import Recording
from assistant.turn import Assistant
from assistant.understanding import Understanding
from retrieval.shop import Shop


@dataclass(frozen=True, slots=True)
class Service:
    """One running assistant."""

    settings: Settings
    shop: Shop
    language_model: LanguageModel | None
    assistant: Assistant
    store: Store
    conversations: Conversations
    blocking: Blocking

    def block(self, item_id: str, field: str | None, reason: str, until: datetime, by: str) -> int:
        """Keep an item, or a field of it, from shoppers, from the next turn on; see `store.blocks.block`."""
        block_id = blocks.block(self.store, item_id, field, reason, until, by)
        self.blocking.reload()
        return block_id

    def lift(self, block_id: int, by: str) -> bool:
        """End a block now; see `store.blocks.lift`."""
        lifted = blocks.lift(self.store, block_id, by)
        self.blocking.reload()
        return lifted

    def put_synonym(self, word: str, means: str, by: str) -> None:
        """Say what a word means, from the next turn on; see `store.synonyms.put`."""
        synonyms.put(self.store, word, means, by)
        teach_synonyms(self.shop, self.store)

    def remove_synonym(self, word: str) -> bool:
        """Take a synonym back; see `store.synonyms.remove`."""
        removed = synonyms.remove(self.store, word)
        teach_synonyms(self.shop, self.store)
        return removed

    def close(self) -> None:
        """Give the data folder back."""
        self.store.close()
        self.shop.close()


def open_service(settings: Settings, say: Say = lambda line: None) -> Service:
    """Open the shop, load the language model, join them.

    Args:
        settings: see `assistant.settings`.
        say: is told each step, for a progress line.

    Raises:
        SetupError: something is not as it must be; says what to do.
    """
    say("opening the shop")
    shop = open_shop(settings, say)
    say(f"{len(shop.catalogue):,} items; loading the models")
    try:
        loaded = load_language_model(settings)
        language_model = None if loaded is None else Recording(loaded)
        shop.warm_up()
        if language_model is not None:
            language_model.load()
        return _join(settings, shop, language_model, say)
    except BaseException:
        shop.close()
        raise


def _join(settings: Settings, shop: Shop, language_model: LanguageModel | None, say: Say) -> Service:
    understanding = Understanding(
        language_model,
        lambda: shop.vocabulary,
        mode=settings.understanding,
        probe_folder=settings.data_folder,
        trained=adapter_fingerprint(settings),
        tagger=None if settings.understanding == "rules" else Tagger(),
    )
    say(f"understanding: {understanding.status}")
    say(f"behaviour: {shop.behaviour.status}")
    explainer = Explainer(language_model, settings, display=lambda label: shop.vocabulary.display(label))
    money = ShopMoney(settings.currency, settings.exchange_rates)
    assistant = Assistant(
        shop, understanding, explainer, money=money, picks=settings.picks, exploration=settings.exploration
    )
    store = open_store(settings)
    forget_again(store, shop)
    shop.observe_all(store.interactions())
    blocking = Blocking(store)
    shop.withhold(blocking.now)
    teach_synonyms(shop, store)
    conversations = Conversations(
        assistant, store, record_traces=settings.record_traces, low_confidence=settings.low_confidence
    )
    return Service(settings, shop, language_model, assistant, store, conversations, blocking)


def teach_synonyms(shop: Shop, store: Store) -> None:
    """Have the shop's vocabulary mean what staff said, and nothing that they took back."""
    shop.vocabulary.set_synonyms({synonym.word: synonym.means for synonym in synonyms.all(store)})


def open_shop(settings: Settings, say: Say = lambda line: None, *, rebuild: bool = False) -> Shop:
    """The shop alone, without conversation or language model.

    Args:
        settings: see `assistant.settings`.
        say: is told how the embedding goes on, when there is something to embed.
        rebuild: make all vectors anew.

    Raises:
        SetupError: see `Shop.open`.
    """
    return Shop.open(
        settings.data_folder,
        encoder=settings.encoder,
        chroma_url=settings.chroma_url,
        alpha=settings.alpha,
        beta=settings.beta,
        rebuild=rebuild,
        progress=counting(say, "embedding items"),
    )
