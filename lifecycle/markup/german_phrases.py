"""Phrases within the sentences of a page in German; see `sentences` for the signs."""

from __future__ import annotations

__all__ = ["PHRASES", "RIGHT", "WITHIN"]

_SAID = "The candidate is right in {#} of {#} rows, the champion in {#}"
_RECHT = "Der Kandidat liegt in {} von {} Zeilen richtig, der Amtsinhaber in {}"
RIGHT = {
    _SAID: _RECHT,
    f"{_SAID}: {{#}} ({{#}}: {{#}} to {{#}})": f"{_RECHT}: {{}} ({{}}: {{}} bis {{}})",
}

PHRASES = {
    "weeks": "Wochen",
    "days": "Tagen",
    "months": "Monaten",
    "week": "Wochen",
    "day": "Tage",
    "month": "Monate",
    "feature": "Merkmal",
    "features": "Merkmalen",
    "chunk": "Abschnitt",
    "chunks": "Abschnitten",
    "is": "ist",
    "are": "sind",
    "later half": "der neueren Hälfte",
    "newest chunk": "dem neuesten Abschnitt",
    "approve": "freigegeben",
    "propose": "vorgeschlagen",
    "reject": "abgelehnt",
    "roll back": "zurückgenommen",
    "fail the gate": "nicht bestanden",
    "model": "Modell",
    "models": "Modelle",
    "none": "keins",
    "alerts": "Alarmen",
    "reports": "Berichten",
    "moves": "Schritten",
    "alert": "Alarm",
    "quiet": "ruhig",
    "not judged": "nicht beurteilt",
    "production": "für den Betrieb",
    "a trial": "für eine Probe",
    "scores": "Scores",
    "predictions": "Vorhersagen",
    "outcomes": "Ausgänge",
    # measures
    "Accuracy": "Genauigkeit",
    "Precision": "Präzision",
    "Recall": "Trefferquote",
    "ROC AUC": "ROC AUC",
    "Brier": "Brier-Wert",
    "Log loss": "Log-Loss",
    "Error rate": "Fehlerquote",
    "Missing": "Fehlanteil",
    "Unseen": "Anteil unbekannter Werte",
    "Scale": "Maßstab",
    "Evidence": "Evidenz",
    "Net value": "Nettowert",
    "Gives it away": "Anteil am Unterschied",
    "Latency": "Dauer je Zeile",
    "Volume": "Menge",
    "Agreement": "Einigkeit",
    "Change": "Veränderung",
    "Season": "Jahreszeit",
    "Late labels": "Späte Ausgänge",
    "Data fault": "Datenfehler",
    "Covariate shift": "Verschobene Eingaben",
    "Concept shift": "Verschobene Bedeutung",
    "Concept on the reference": "Bedeutung auf der Referenz",
    "Reconstruction error": "Rekonstruktionsfehler",
    "KS": "KS",
    "JS": "JS",
    "AUC": "AUC",
    "Drift by chunk: {~}": "Abweichung je Abschnitt: {}",
    "Against last year: {~}": "Gegen das Vorjahr: {}",
    "Estimated of {~}": "Geschätzt: {}",
    "accuracy": "Genauigkeit",
    "precision": "Präzision",
    "recall": "Trefferquote",
    "roc_auc": "ROC AUC",
    "brier": "Brier-Wert",
    "retrain": "Neulernen",
    "recalibrate": "Kalibrieren",
    "rebuild": "Neubau",
    "roll_back": "Rückkehr",
    "{~} of candidate": "{} des Kandidaten",
    "{~} of champion": "{} des Amtsinhabers",
    "{~} of difference": "{} der Differenz",
    "{~} of both": "{} beider",
    "{~} of {?}": "{} von {}",
    # causes
    "late labels": "späte Ausgänge",
    "data fault": "ein Datenfehler",
    "season": "die Jahreszeit",
    "covariate shift": "verschobene Eingaben",
    "concept shift": "verschobene Bedeutung",
    "outcomes that came early are no fair sample": (
        "frühe Ausgänge sind keine gerechte Stichprobe"
    ),
    "mend the data before the model is judged": (
        "bringen Sie die Daten in Ordnung, bevor Sie das Modell beurteilen"
    ),
    "it was so in the same weeks of last year": (
        "so war es auch in denselben Wochen des Vorjahrs"
    ),
    "other rows come in, on which the model was never better": (
        "es kommen andere Zeilen, auf denen das Modell nie besser war"
    ),
    "the same inputs mean something else now": (
        "dieselben Eingaben bedeuten jetzt etwas anderes"
    ),
    # what can be done
    "retrain on the last {#} {~}": "aus den letzten {} {} neu zu lernen",
    "retrain on all rows": "aus allen Zeilen neu zu lernen",
    "recalibrate the scores": "die Scores neu zu kalibrieren",
    "roll back to version {#}": "zu Version {} zurückzukehren",
    "rebuild with {} on the last {#} {~}": "mit {} aus den letzten {} {} neu zu bauen",
    "rebuild with {} on all rows": "mit {} aus allen Zeilen neu zu bauen",
    "Retrain on the last {#} {~}": "Aus den letzten {} {} neu lernen",
    "Retrain on all rows": "Aus allen Zeilen neu lernen",
    "Recalibrate the scores": "Die Scores neu kalibrieren",
    "Roll back to version {#}": "Zu Version {} zurückkehren",
    "Rebuild with {} on the last {#} {~}": "Mit {} aus den letzten {} {} neu bauen",
    "Rebuild with {} on all rows": "Mit {} aus allen Zeilen neu bauen",
    "a rebuild": "ein Neubau",
    "a rebuild with {} on the last {#} {~}": "ein Neubau mit {} aus den letzten {} {}",
    "a rebuild with {} on all rows": "ein Neubau mit {} aus allen Zeilen",
    "recalibrating the scores": "die Scores neu zu kalibrieren",
    "rolling back to version {#}": "zu Version {} zurückzukehren",
    "retraining on the last {#} {~}": "aus den letzten {} {} neu zu lernen",
    "and pays with a probability of {#}": (
        "und sie lohnt sich mit einer Wahrscheinlichkeit von {}"
    ),
    "and pays with a probability of below {#}": (
        "und sie lohnt sich mit einer Wahrscheinlichkeit unter {}"
    ),
    "but saves too few errors to act upon": (
        "doch spart sie zu wenige Fehler, um zu handeln"
    ),
    "but only one window says so": "doch sagt das nur ein Zeitraum",
    "and pays, with {#} to spare, with a probability of {#}: {#} is asked for": (
        "und sie lohnt sich, mit {} Reserve, mit einer Wahrscheinlichkeit von {}: "
        "verlangt sind {}"
    ),
    "and pays, with {#} to spare, with a probability of {#}: {#} is asked for, for "
    "acting has not earned that price so far": (
        "und sie lohnt sich, mit {} Reserve, mit einer Wahrscheinlichkeit von {}: "
        "verlangt sind {}, denn Handeln hat diesen Preis bisher nicht verdient"
    ),
    **RIGHT,
    # faults
    "{} is missing in {#} of the rows": "{} fehlt in {} der Zeilen",
    "{} is missing in {#} of the rows since {#}": (
        "{0} fehlt seit {2} in {1} der Zeilen"
    ),
    "{} is missing in {#} of the rows from {#} to {#}": (
        "{} fehlt in {} der Zeilen von {} bis {}"
    ),
    "{} is gone: not one row has a value": "{} fehlt ganz: keine Zeile hat einen Wert",
    "{} is gone: not one row has a value since {#}": (
        "{} fehlt seit {} ganz: keine Zeile hat einen Wert"
    ),
    # segments, last: they are half a name
    "{} below {#}": "{} unter {}",
    "{} {#} or more": "{} ab {}",
    "{} {#} to {#}": "{} {} bis {}",
}

WITHIN = {
    "since": "seit",
    "unseen": "unbekannt",
    "missing": "fehlend",
    "points": "Punkte",
    "also where": "auch wo",
    "where": "wo",
    "and": "und",
    "more": "weitere",
    "Drift by chunk": "Abweichung je Abschnitt",
    "Against last year": "Gegen das Vorjahr",
    "Accuracy of": "Genauigkeit von",
    "Accuracy": "Genauigkeit",
    "Net value of": "Nettowert von",
    "Reconstruction error": "Rekonstruktionsfehler",
    "of": "von",
}
