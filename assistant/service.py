"""Everything wired together: what `serve`, `chat` and the tests start from."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.conversation import Conversations
from assistant.explanation.explainer import Explainer
from assistant.grounding import ShopMoney
from assistant.language_model import LanguageModel, load_language_model
from assistant.language_model.adapter import adapter_fingerprint
from assistant.progress import Say, counting
from assistant.settings import Settings
from assistant.store import Store
from assistant.tagger.tagger import Tagger
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
        language_model = load_language_model(settings)
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
        tagger=Tagger(),
    )
    say(f"understanding: {understanding.status}")
    explainer = Explainer(language_model, settings, display=lambda label: shop.vocabulary.display(label))
    money = ShopMoney(settings.currency, settings.exchange_rates)
    assistant = Assistant(shop, understanding, explainer, money=money, picks=settings.picks)
    store = Store(settings.data_folder)
    for interaction in store.interactions():
        shop.observe(interaction)
    return Service(settings, shop, language_model, assistant, store, Conversations(assistant, store))


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
