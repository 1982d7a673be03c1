"""Two small workspaces beyond 0 and 1: a bot's intents, and amounts of orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import lifecycle
from lifecycle.workspace.desk import Workspace

WEEK = timedelta(weeks=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
LIVE = START + 8 * WEEK
"""When the first version goes live; it was trained on seven weeks."""
CHANGE = START + 13 * WEEK
"""When a new intent comes, and when amounts begin to follow another rule."""
NOW = START + 19 * WEEK

BOT = """
[workspace]
currency = "EUR"
[models.bot]
owner = "Bea <bea@bank.example>"
task = "multiclass"
id = "message"
time = "sent"
outcome = "intent"
outcome_time = "closed"
threshold = 0.4
label_delay_days = 5
segments = ["channel"]
[models.bot.features]
categorical = ["channel"]
text = ["text"]
[models.bot.reference]
start = 2024-01-01
end = 2024-02-19
[models.bot.costs]
wrong = 8.0
handed_over = 2.0
retrain = 20
[models.bot.release]
spans = [6]
[models.bot.renewal]
windows = 2
"""

SHOP = """
[workspace]
currency = "EUR"
[models.orders]
owner = "Bea <bea@shop.example>"
task = "regression"
unit = "EUR"
id = "order"
time = "at"
outcome = "amount"
outcome_time = "paid"
label_delay_days = 5
recipe = "ridge"
[models.orders.features]
numeric = ["items", "visits"]
categorical = ["plan"]
[models.orders.reference]
start = 2024-01-01
end = 2024-02-19
[models.orders.costs]
per_unit = 0.5
retrain = 20
[models.orders.release]
spans = [6]
[models.orders.renewal]
windows = 2
"""

INTENTS = {
    "card_lost": "my card is lost stolen gone please block it",
    "balance": "what is the balance of my account how much money",
    "loan": "i want a loan credit for a house rate interest",
    "address": "i moved new address street change please",
    "crypto": "can i buy crypto bitcoin coins wallet please",
}
NEW = "crypto"


def messages(a_week: int = 60, weeks: int = 18, seed: int = 3) -> pd.DataFrame:
    """Messages of four intents, of five from `CHANGE` on."""
    rng = np.random.default_rng(seed)
    n = a_week * weeks
    sent = START + np.arange(n) * (WEEK / a_week)
    names = list(INTENTS)
    rows = []
    for at in sent:
        count = 5 if at >= CHANGE else 4
        share = [0.6 / 4] * 4 + [0.4] if count == 5 else None
        intent = names[rng.choice(count, p=share)]
        words = INTENTS[intent].split()
        told = list(rng.choice(words, 4)) + list(rng.choice(["hi", "my", "please"], 2))
        rows.append((intent, " ".join(told)))
    return pd.DataFrame(
        {
            "message": [f"m{each}" for each in range(n)],
            "sent": pd.DatetimeIndex(sent).as_unit("us"),
            "text": [text for _, text in rows],
            "channel": rng.choice(["app", "web"], n),
            "intent": [intent for intent, _ in rows],
            "closed": pd.DatetimeIndex(sent + timedelta(days=2)).as_unit("us"),
        }
    )


def orders(a_week: int = 60, weeks: int = 18, seed: int = 5) -> pd.DataFrame:
    """Orders whose amount follows two numbers and a plan, from `CHANGE` on another."""
    rng = np.random.default_rng(seed)
    n = a_week * weeks
    at = pd.DatetimeIndex(START + np.arange(n) * (WEEK / a_week)).as_unit("us")
    items, visits = rng.poisson(4, n).astype(float), rng.normal(10, 2, n)
    plan = rng.choice(["free", "pro"], n)
    slope = np.where(at >= CHANGE, 2.0, 8.0)
    amount = 20 + slope * items + visits + 15 * (plan == "pro") + rng.normal(0, 4, n)
    return pd.DataFrame(
        {
            "order": [f"o{each}" for each in range(n)],
            "at": at,
            "items": items,
            "visits": visits,
            "plan": plan,
            "amount": amount.round(2),
            "paid": at + timedelta(days=2),
        }
    )


def live(place: Path, name: str, rows: pd.DataFrame) -> Workspace:
    """A workspace whose first version was approved at `LIVE` and scored the rest."""
    settings = {"bot": BOT, "orders": SHOP}[name]
    place.mkdir(parents=True, exist_ok=True)
    (place / "lifecycle.toml").write_text(settings, encoding="utf-8")
    work = lifecycle.open(place)
    model = work.model(name)
    inputs = [model.id, model.time, *model.features.names]
    outcomes = [model.id, model.outcome, str(model.outcome_time)]
    old = rows[rows[model.time] < LIVE - WEEK / 7]
    file = place / "rows.csv"
    old[inputs].to_csv(file, index=False)
    work.ingest(name, "predictions", file, as_of=LIVE)
    rows[outcomes].to_csv(file, index=False)
    known = rows.rename(columns={model.id: "id", model.outcome: "outcome"})
    known = known.rename(columns={str(model.outcome_time): "time_known"})
    known = known[["id", "outcome", "time_known"]].rename(
        columns={"time_known": "time"}
    )
    work.ingest(name, "outcomes", known, as_of=NOW)
    made = work.train(name, as_of=LIVE, by="Bea")
    asked = work.propose(
        name, made.number, reason="first", target="production", as_of=LIVE, by="Bea"
    )
    work.approve(name, asked.id, reason="first", as_of=LIVE, by="Bea")
    rows[rows[model.time] >= LIVE][inputs].to_csv(file, index=False)
    work.score(name, file, as_of=NOW)
    return work
