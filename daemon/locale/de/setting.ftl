# Warum Einstellungen nicht benutzt werden können. Namen und Werte der Einstellungen sind in jeder Sprache dieselben.

setting-file-unreadable = die Einstellungen in { $file } können nicht gelesen werden: { $reason }
setting-invalid = die Einstellung in { $place } kann nicht benutzt werden: { $problem }
setting-place = { $name }
setting-line = { $file }, Zeile { $line },
setting-arguments = den Argumenten
setting-all-places = allen Orten zusammen
setting-path = einem Pfad

# Was daran falsch ist. $detail ist auf Englisch.
setting-syntax = auf Englisch: { $detail }
setting-type = { $name } ist { $value }, auf Englisch: { $detail }
setting-not-text = es ist kein Text
setting-not-a-switch = es ist weder true noch false
setting-not-a-number = { $value } ist keine Zahl
setting-between = { $name } ist { $value }: es muss zwischen { $least } und { $most } liegen
setting-not-a-name = { $name } ist { $value }: es muss ein Name von höchstens 128 Bytes auf einer Zeile sein
setting-not-a-language = { $name } ist { $value }: es muss eine Sprache sein, die Descry spricht: { $languages }
setting-not-languages-of-text = { $name } ist { $value }: es müssen Sprachen sein wie in eng oder eng+deu
setting-library-for-tract =
    engine ist tract, das keine Bibliothek braucht, aber onnxruntime nennt { $library }: bitte eines davon weglassen
setting-unknown-nearest = es gibt keine Einstellung { $name }; war { $nearest } gemeint?
setting-unknown = es gibt keine Einstellung { $name }; es gibt { $names }
setting-no-home = sie ist nicht gesetzt, also gibt es keinen Ort für Einstellungen
setting-rotation = camera_rotation ist { $value }: erlaubt sind 0, 90, 180 und 270
