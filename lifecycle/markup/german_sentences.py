"""The sentences of a page's first screen in German; see `sentences` for the signs."""

from __future__ import annotations

from lifecycle.markup.german_phrases import RIGHT

__all__ = ["SENTENCES"]

_SIDES = {
    "": "",
    ", below the threshold of {#}": ", unter der Schwelle von {}",
    ", not below the threshold of {#}": ", nicht unter der Schwelle von {}",
    ", above the threshold of {#}": ", über der Schwelle von {}",
    ", not above the threshold of {#}": ", nicht über der Schwelle von {}",
}
_GAIN = "{#} over {#} weeks ({#}: {#} to {#}) against a price of {#}"
_ERTRAG = "{} über {} Wochen ({}: {} bis {}) bei einem Preis von {}"
_TAILS = {
    "": "",
    " (as of {#}, since {#} UTC)": " (Stand {}, seit {} UTC)",
    " (as last found before {#}, since {#} UTC)": (
        " (so zuletzt gefunden vor {}, seit {} UTC)"
    ),
}

SENTENCES = {
    # how good it is
    **{
        f"{of}{{~}} was {{#}} in {{#}} ({{#}}: {{#}} to {{#}}, n {{#}}){side}": (
            f"{vom}{{}}: {{}} in {{}} ({{}}: {{}} bis {{}}, n {{}}){seite}"
        )
        for side, seite in _SIDES.items()
        for of, vom in (("", ""), ("Report of {#}: ", "Bericht vom {}: "))
    },
    **{
        f"{{~}} was {{#}} in {{#}} (n {{#}}){side}": (
            f"{{}}: {{}} in {{}} (n {{}}){seite}"
        )
        for side, seite in _SIDES.items()
    },
    "{~} is undefined: no outcome is due yet": (
        "{}: offen, noch ist kein Ausgang fällig"
    ),
    "{~} is undefined in every {~} whose outcomes are due": (
        "{}: offen in allen {}, deren Ausgänge fällig sind"
    ),
    "no {~} has enough outcomes to be judged": (
        "in keinem Teil der {} reichen die Ausgänge für ein Urteil"
    ),
    "below it in {#} of {#} {~} judged": "darunter in {} von {} beurteilten {}",
    "above it in {#} of {#} {~} judged": "darüber in {} von {} beurteilten {}",
    "{#} weeks are not ripe (of {#} {#} of the outcomes are known)": (
        "{} Wochen sind nicht reif (aus {} sind {} der Ausgänge bekannt)"
    ),
    "{#} week is not ripe (of {#} {#} of the outcomes are known)": (
        "{} Woche ist nicht reif (aus {} sind {} der Ausgänge bekannt)"
    ),
    "{#} days are not ripe (of {#} {#} of the outcomes are known)": (
        "{} Tage sind nicht reif (vom {} sind {} der Ausgänge bekannt)"
    ),
    "{#} months are not ripe (of {#} {#} of the outcomes are known)": (
        "{} Monate sind nicht reif (aus {} sind {} der Ausgänge bekannt)"
    ),
    "{~} is worst where {?}: {#} ({#}: {#} to {#}, n {#}) against {#} elsewhere, "
    "confirmed in the {~}": (
        "{} am schlechtesten, wo {}: {} ({}: {} bis {}, n {}) gegen {} sonst, "
        "bestätigt in {}"
    ),
    "of {#} segments looked at {#} {~} worse than the rest by {#} points or more": (
        "von {0} betrachteten Segmenten {2} {1} um {3} Punkte oder mehr schlechter als "
        "der Rest"
    ),
    "{~} has worsened: {#} against {#} in the reference ({#}: {#} points to {#} "
    "points, n {#})": (
        "{} schlechter geworden: {} gegen {} in der Referenz ({}: {} Punkte bis {} "
        "Punkte, n {})"
    ),
    "{~} has not worsened beyond chance: {#} against {#} in the reference ({#}: {#} "
    "points to {#} points, n {#})": (
        "{} nicht schlechter, als der Zufall es erklärt: {} gegen {} in der Referenz "
        "({}: {} Punkte bis {} Punkte, n {})"
    ),
    "most of what can be told is {~}, {#} points ({#} points to {#} points): {~}": (
        "das meiste, was sich sagen lässt: {}, {} Punkte ({} Punkte bis {} Punkte): {}"
    ),
    "wait for those due": "warten Sie die fälligen ab",
    "retraining can help": "neu zu lernen kann helfen",
    "nobody can tell why: no part of it is beyond chance": (
        "niemand kann sagen, warum: kein Teil davon ist mehr als Zufall"
    ),
    "That is about as it was in the version's first chunks": (
        "So war es ungefähr auch in den ersten Abschnitten der Version"
    ),
    "No fault in the data of {#} {~}": "Kein Fehler in den Daten von {} {}",
    "No fault in the outcomes of {#} {~}": "Kein Fehler in den Ausgängen von {} {}",
    # drift
    "In {#} none of {#} features has drifted from the reference": (
        "In {} ist keins von {} Merkmalen von der Referenz abgewichen"
    ),
    "In {#} {#} of {#} features has drifted from the reference: {*}": (
        "In {} ist {} von {} Merkmalen von der Referenz abgewichen: {}"
    ),
    "In {#} {#} of {#} features have drifted from the reference: {*}": (
        "In {} sind {} von {} Merkmalen von der Referenz abgewichen: {}"
    ),
    "In {#} the {~} have drifted ({*})": "In {} sind die {} abgewichen ({})",
    "In {#} the {~} have not drifted": "In {} sind die {} nicht abgewichen",
    "the {~} have drifted ({*})": "die {} sind abgewichen ({})",
    "the {~} have not drifted": "die {} sind nicht abgewichen",
    "to be confirmed by the next chunk: {*}": (
        "vom nächsten Abschnitt zu bestätigen: {}"
    ),
    "{#} that the model does not use was only measured": (
        "{} davon, das das Modell nicht benutzt, wurde nur gemessen"
    ),
    "{#} that the model does not use were only measured": (
        "{} davon, die das Modell nicht benutzt, wurden nur gemessen"
    ),
    "{#} could not be judged": "{} ließen sich nicht beurteilen",
    "Drift is undefined in {#}: no feature has enough rows to be judged": (
        "Abweichung in {} offen: kein Merkmal hat genug Zeilen für ein Urteil"
    ),
    "Nothing has drifted that last year would have to explain": (
        "Nichts ist abgewichen, was das Vorjahr erklären müsste"
    ),
    "The rows can be told from those of the reference (AUC {#}, by chance up to {#})": (
        "Die Zeilen lassen sich von denen der Referenz unterscheiden (AUC {}, durch "
        "Zufall bis {})"
    ),
    "The rows cannot be told from those of the reference (AUC {#}, by chance up to "
    "{#})": (
        "Die Zeilen lassen sich nicht von denen der Referenz unterscheiden (AUC {}, "
        "durch Zufall bis {})"
    ),
    "given away by {}": "verraten durch {}",
    "In {#} features hang together as in the reference (error {#}, limit {#})": (
        "In {} hängen die Merkmale zusammen wie in der Referenz (Fehler {}, Grenze {})"
    ),
    "In {#} features no longer hang together as in the reference (error {#}, limit "
    "{#})": (
        "In {} hängen die Merkmale nicht mehr zusammen wie in der Referenz (Fehler {}, "
        "Grenze {})"
    ),
    # alerts
    **{
        f"{{?}} of {{}} in {{#}} is {{#}}, {side} {{#}} (n {{#}})": (
            f"{{}} von {{}} in {{}} ist {{}}, {seite} {{}} (n {{}})"
        )
        for side, seite in (("below", "unter"), ("above", "über"))
    },
    **{
        f"{{}} looks after it{tail}": f"darum kümmert sich {{}}{ende}"
        for tail, ende in _TAILS.items()
    },
    **{
        f"{{}}: In {{#}} {{#}} of {{#}} features {has} drifted from the reference: "
        f"{{*}}.{tail}": (
            f"{{}}: In {{}} {ist} {{}} von {{}} Merkmalen von der Referenz abgewichen: "
            f"{{}}.{ende}"
        )
        for has, ist in (("has", "ist"), ("have", "sind"))
        for tail, ende in reversed(_TAILS.items())
        if tail
    },
    "{}: rolled back, version {#} does clearly worse than version {#} on the later "
    "rows that both scored: {?} {#} [{#}, {#}] on {#} rows": (
        "{}: zurückgenommen, Version {} ist klar schlechter als Version {} auf den "
        "späteren Zeilen, die beide bewertet haben: {} {} [{}, {}] auf {} Zeilen"
    ),
    "Version {#} does clearly worse than version {#} on the later rows that both "
    "scored: {?} {#} [{#}, {#}] on {#} rows": (
        "Version {} ist klar schlechter als Version {} auf den späteren Zeilen, die "
        "beide bewertet haben: {} {} [{}, {}] auf {} Zeilen"
    ),
    # the index
    "{~} version {#}": "Version {1} {0}",
    "{#} {~}: {?} has open alerts": "{} {}: {} hat offene Alarme",
    "{#} {~}: {} have open alerts": "{} {}: {} haben offene Alarme",
    "{#} {~}: {} does not hold what was asked at the last run": (
        "{} {}: {} hielt beim letzten Lauf nicht, was verlangt war"
    ),
    "{#} {~}: {} do not hold what was asked at the last run": (
        "{} {}: {} hielten beim letzten Lauf nicht, was verlangt war"
    ),
    "{} does not hold what was asked at the last run": (
        "{} hielt beim letzten Lauf nicht, was verlangt war"
    ),
    "{} do not hold what was asked at the last run": (
        "{} hielten beim letzten Lauf nicht, was verlangt war"
    ),
    "{#} proposal waits for a person": "{} Vorschlag wartet auf einen Menschen",
    "{#} proposals wait for a person": "{} Vorschläge warten auf einen Menschen",
    "The newest {#} of {#} {?} are shown": "Gezeigt sind die neuesten {} von {} {}",
    "Version {#} serves, since {#}": "Version {} ist in Betrieb, seit {}",
    "{~} was {#} in {#}": "{}: {} in {}",
    "{#} open alert": "{} offener Alarm",
    "{#} open alerts": "{} offene Alarme",
    "{#} proposal for a person": "{} Vorschlag für einen Menschen",
    "{#} proposals for a person": "{} Vorschläge für einen Menschen",
    # the model card
    "Made by recipe {}, trained on {#} rows until {#}": (
        "Nach dem Rezept {}, gelernt aus {} Zeilen bis {}"
    ),
    "in production": "in Betrieb",
    "on trial": "auf Probe",
    "the previous version, ready to come back": (
        "die vorige Version, jederzeit zurückzuholen"
    ),
    "a candidate, not live yet": "ein Kandidat, noch nicht in Betrieb",
    "retired": "außer Dienst",
    "rolled back": "zurückgenommen",
    "Made for: {}": "Gemacht für: {}",
    "It must not be used for anything else: no other use was tested": (
        "Für anderes darf sie nicht benutzt werden: anderes ist nicht geprüft"
    ),
    "{#} rows have their true outcome, {#} of {#} ({#}) a person's word that weighs "
    "{#} in the mean": (
        "{} Zeilen haben ihren wahren Ausgang, {} von {} ({}) das Wort eines Menschen, "
        "das im Mittel {} wiegt"
    ),
    "All {#} rows have their true outcome": "Alle {} Zeilen haben ihren wahren Ausgang",
    "Passed the gate": "Die Prüfung bestanden",
    "Did not pass the gate": "Die Prüfung nicht bestanden",
    "Then: the version in production at that time": (
        "Damals: die Version, die zu dieser Zeit in Betrieb war"
    ),
    "The share of right predictions less that of the version in production then, in "
    "the {#} of {#} segments that gained least": (
        "Der Anteil richtiger Vorhersagen weniger dem der Version, die damals in "
        "Betrieb war, in den {} von {} Segmenten, die am wenigsten gewannen"
    ),
    "The mean distance between score and share that came true, over bins of the "
    "score": (
        "Der mittlere Abstand zwischen Score und dem Anteil, der eintrat, je Klasse "
        "des Scores"
    ),
    "0 is best": "0 ist am besten",
    "An outcome is due {#} days after its prediction": (
        "Ein Ausgang ist {} Tage nach seiner Vorhersage fällig"
    ),
    "until then how good it is can only be estimated": (
        "bis dahin lässt sich nur schätzen, wie gut sie ist"
    ),
    "It has seen nothing later than {#}: when inputs or what they mean move on, it "
    "does not move with them": (
        "Sie hat nichts Späteres gesehen als {}: Wenn Eingaben oder ihre Bedeutung "
        "wandern, wandert sie nicht mit"
    ),
    **{
        f"It {how} worse than the version before it where {{?}}: {{#}} right ({{#}} to "
        f"{{#}}, n {{#}})": (
            f"Sie {wie} schlechter als die Version davor, wo {{}}: {{}} richtig ({{}} "
            f"bis {{}}, n {{}})"
        )
        for how, wie in (("may be", "ist vielleicht"), ("is clearly", "ist klar"))
    },
    "Segments of fewer than {#} rows were not judged, and a column that is no feature "
    "was not looked at": (
        "Segmente unter {} Zeilen sind nicht beurteilt, und eine Spalte, die kein "
        "Merkmal ist, wurde nicht betrachtet"
    ),
    "A score is turned into a decision at {#}": (
        "Ein Score wird bei {} zur Entscheidung"
    ),
    "no other threshold was tested": "eine andere Schwelle ist nicht geprüft",
    "{#} of its training rows rest on people's words instead of outcomes": (
        "{} der Zeilen, aus denen sie gelernt hat, ruhen auf dem Wort von Menschen "
        "statt auf Ausgängen"
    ),
    "people speak up where they are surprised": (
        "Menschen melden sich, wo sie überrascht sind"
    ),
    "Its artefact is kept": "Ihr Artefakt ist aufgehoben",
    "It can be made again from its birth record: data, code and packages are named "
    "above, and what differs is said": (
        "Sie lässt sich nach ihrer Geburtsurkunde noch einmal machen: Daten, Code und "
        "Pakete sind oben genannt, und was abweicht, wird gesagt"
    ),
    # the ruling
    f"Keep the version in production: the best alternative, to {{~}}, is expected to "
    f"bring {_GAIN}, {{~}}": (
        "Die Version in Betrieb behalten: Von der besten anderen Möglichkeit, {}, sind "
        f"{_ERTRAG} zu erwarten, {{}}"
    ),
    f"{{~}}: expected {_GAIN}": f"{{}}: zu erwarten sind {_ERTRAG}",
    "{~} would add {#} for {#}": "{} brächte {} mehr für {}",
    "{~} for {#} would add nothing": "{} für {} brächte nicht mehr",
    "{#} is left out: {~}": "{} ist ausgelassen: {}",
    "{#} and {#} are left out: {~}": "{} und {} sind ausgelassen: {}",
    # what is proposed
    "Nothing is proposed: there is nothing to decide": (
        "Nichts ist vorgeschlagen: Es gibt nichts zu entscheiden"
    ),
    "Version {#} is proposed for {~} by {} and waits for a decision": (
        "Version {0} ist von {2} {1} vorgeschlagen und wartet auf eine Entscheidung"
    ),
    "Version {#} is proposed for {~} by {} and waits for a decision: {~}": (
        "Version {0} ist von {2} {1} vorgeschlagen und wartet auf eine Entscheidung: "
        "{3}"
    ),
    **RIGHT,
    "weighed by cost it saves {#} errors a row ({#}: {#} to {#})": (
        "nach Kosten gewichtet spart er {} Fehler je Zeile ({}: {} bis {})"
    ),
    "Passed: better by more than chance would allow": (
        "Bestanden: besser, als der Zufall es zuließe"
    ),
    "none of {#} segments is clearly worse": (
        "keins von {} Segmenten ist klar schlechter"
    ),
    "There are {#} more reasons": "Es gibt {} weitere Gründe",
    "The run ended without a result record, so nothing is judged": (
        "Der Lauf endete ohne Ergebnis, also ist nichts beurteilt"
    ),
    "The run did not succeed": "Der Lauf ist nicht gelungen",
    "The run took longer than it may and was stopped": (
        "Der Lauf dauerte länger, als er darf, und wurde beendet"
    ),
    "The kernel went away in the middle of the run": (
        "Der Kernel verschwand mitten im Lauf"
    ),
    # since the last report
    "Nothing of note": "Nichts von Belang",
    "the verdict is {~} as before": "das Urteil ist {} wie zuvor",
    "The verdict went from {~} to {~}": "Das Urteil ging von {} zu {}",
    "Version {#} went into production": "Version {} ging in Betrieb",
    "Version {#} went into production, in place of version {#}": (
        "Version {} ging in Betrieb, anstelle von Version {}"
    ),
    "No version is in production; before, version {#} was": (
        "Keine Version ist in Betrieb; zuvor war es Version {}"
    ),
    "Version {#} began its trial on a share of the traffic": (
        "Version {} begann ihre Probe mit einem Teil der Anfragen"
    ),
    "The trial of version {#} ended": "Die Probe von Version {} ist zu Ende",
    "{#} more value changed": "{} weiterer Wert hat sich geändert",
    "{#} more values changed": "{} weitere Werte haben sich geändert",
    "Still an alert: {*}": "Weiter Alarm: {}",
    "{?} is newly an alert: {#} in {#} (n {#}, threshold {#})": (
        "{} gibt neu Alarm: {} in {} (n {}, Schwelle {})"
    ),
    "{?} is newly an alert: {#} (n {#}, threshold {#})": (
        "{} gibt neu Alarm: {} (n {}, Schwelle {})"
    ),
    "{?} is newly an alert: {#} in {#} (n {#})": "{} gibt neu Alarm: {} in {} (n {})",
    "{?} is newly an alert: {#} (n {#})": "{} gibt neu Alarm: {} (n {})",
    "{?} is no alert any more: {#} in {#}": "{} gibt keinen Alarm mehr: {} in {}",
    "{?} is no alert any more: {#}": "{} gibt keinen Alarm mehr: {}",
    "{?} is not judged: {#} in {#}": "{} wird nicht beurteilt: {} in {}",
    "{?} is not judged: {#}": "{} wird nicht beurteilt: {}",
    "it was {#} in {#}": "zuvor {} in {}",
    "it was {#}": "zuvor {}",
    "{?} was an alert and is no longer measured": (
        "{} gab Alarm und wird nicht mehr gemessen"
    ),
    "{?} rose from {#} to {#}": "{} stieg von {} auf {}",
    "{?} fell from {#} to {#}": "{} sank von {} auf {}",
    "{?} rose from {#} to {#} ({#} to {#})": "{} stieg von {} auf {} ({} bis {})",
    "{?} fell from {#} to {#} ({#} to {#})": "{} sank von {} auf {} ({} bis {})",
    # what to do
    "Take on the {} alert of {#}: {}": "Übernehmen Sie den Alarm {} vom {}: {}",
    "Decide on proposal {#}, version {#}: {} or {}, with a reason": (
        "Entscheiden Sie über Vorschlag {}, Version {}: {} oder {}, mit einem Grund"
    ),
    "Mend the data before anything is trained on them: {?}": (
        "Bringen Sie die Daten in Ordnung, bevor aus ihnen gelernt wird: {}"
    ),
    "Weigh what could be done about it, in money: {}": (
        "Wägen Sie in Geld ab, was dagegen zu tun ist: {}"
    ),
    "A scheduled run makes the candidate and proposes it": (
        "Ein geplanter Lauf macht den Kandidaten und schlägt ihn vor"
    ),
    "by hand: {}": "von Hand: {}",
    "To do it: {}": "So geht es: {}",
    "Decide in promote.ipynb in JupyterLab, or: {}": (
        "Entscheiden Sie in promote.ipynb in JupyterLab, oder: {}"
    ),
}
