# Warum ein Modell oder seine Maschine nicht benutzt werden kann. Womit nur die etwas anfangen können, die es gemacht
# haben, steht in $detail, auf Englisch.

model-none =
    es wurde kein Modell gefunden (gesucht in { $places }); bitte seinen Ordner mit --model oder in DESCRY_MODEL nennen
model-no-folder =
    bei { $path } ist kein Modell: den Ordner gibt es nicht; bitte den Pfad prüfen oder das Modell neu holen
model-not-a-folder = { $path } ist kein Ordner; bitte den Ordner nennen, der die Datei manifest.toml des Modells enthält
model-no-manifest =
    { $path } enthält keine Datei manifest.toml und ist also kein Modell; bitte den Ordner nennen, der sie enthält
model-newer-format =
    das Manifest { $path } kann nicht benutzt werden: es hat die Formatversion { $found }, und dieses Descry liest
    höchstens Version { $supported }; bitte Descry aktualisieren, um dieses Modell zu benutzen
model-manifest = das Manifest { $path } kann nicht benutzt werden, auf Englisch: { $detail }
model-missing = { $path } fehlt im Modell; bitte das Modell neu holen
model-not-a-file = { $path } ist keine gewöhnliche Datei; bitte das Modell neu holen
model-truncated = { $path } ist gekürzt: es hat { $found } von { $expected } Bytes; bitte das Modell neu holen
model-lengthened =
    { $path } wurde verändert: es hat { $found } Bytes, wo das Manifest { $expected } verzeichnet; bitte das Modell neu
    holen
model-altered =
    { $path } wurde verändert: die Prüfsumme sha256 ist { $found }, wo das Manifest { $expected } verzeichnet; bitte das
    Modell neu holen
model-too-large = { $path } hat { $found } Bytes; mehr als { $limit } werden nicht gelesen
model-unreadable = { $path } kann nicht gelesen werden: { $reason }
model-vocabulary = { $path } ist kein Wortschatz, auf Englisch: { $detail }
model-tag-names = { $path } enthält keine Namen für Merkmale: { $detail }
model-foreign-vocabulary = { $path } gehört nicht zu diesem Manifest, auf Englisch: { $detail }

model-picture-size =
    das Bild hat { $width } mal { $height } Bildpunkte; es muss mindestens einen und höchstens { $limit } haben
model-engine-not-built = dieses Descry enthält die Maschine { $engine } nicht; bitte eine andere wählen
model-no-library =
    ONNX Runtime wurde nicht gefunden (gesucht nach { $tried }); bitte libonnxruntime installieren, die Bibliothek in
    DESCRY_ONNXRUNTIME nennen oder die Maschine tract benutzen
model-unusable-library =
    { $library } ist als ONNX Runtime nicht zu gebrauchen: { $reason }; bitte eine andere Bibliothek in
    DESCRY_ONNXRUNTIME nennen oder die Maschine tract benutzen
model-other-library =
    ONNX Runtime ist schon aus { $loaded } geladen, deshalb kann { $asked } nicht geladen werden; bitte Descry neu
    starten, um die Bibliothek zu wechseln
# Alles andere: { $detail } sagt es ganz.
model-other = auf Englisch: { $detail }
model-no-device =
    das Modell kann nicht auf { $device } laufen: { $reason }; die Einstellung device auf auto oder cpu setzen

# Ein Modell, das in einem eigenen Prozess läuft.
model-process-killed =
    das System hat seinen Prozess beendet, wohl weil der Speicher nicht reichte; bitte noch einmal fragen, dann startet
    es neu
model-process-crashed = sein Prozess ist unerwartet zu Ende gegangen; bitte noch einmal fragen, dann startet es neu
model-process-hangs =
    sein Prozess hat nicht mehr geantwortet und wurde beendet; bitte noch einmal fragen, dann startet es neu
