# Warum es keine Beschreibung gibt, wie es gesagt und geschrieben wird.

failure-picture = Ich kann das Bild nicht beschreiben: { $reason }
failure-screen = Ich kann den Bildschirm nicht beschreiben: { $reason }
failure-camera = Ich kann nichts sehen: { $reason }
failure-pictures = Ich kann keine Bilder beschreiben: { $reason }
failure-model-unavailable = das Modell kann nicht benutzt werden: { $reason }
failure-model = das Modell hat versagt: { $reason }
# Eine Option eines anderen Programms, die auf Englisch genannt wird.
failure-option = auf Englisch: { $problem }
failure-cancelled = die Anfrage wurde abgebrochen
failure-timed-out = es hat zu lange gedauert
failure-paused = Descry macht Pause; mit descry resume geht es weiter
failure-nothing-yet = es wurde noch nichts beschrieben
failure-rate-limited = zu viele Anfragen auf einmal
failure-ending = Descry wird beendet
