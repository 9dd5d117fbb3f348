# Was der Befehl neben Beschreibungen und Fehlern schreibt.

command-paused = Descry macht Pause. Weiter geht es mit: descry resume
command-no-runtime = das System gibt keine Ein- und Ausgabe: { $reason }
command-no-thread = der Faden, der beschreibt, konnte nicht gestartet werden: { $reason }
command-not-written = es ließ sich nicht schreiben: { $reason }

command-status-runs = descryd { $version } läuft.
command-status-paused = descryd { $version } läuft und macht Pause: mit descry resume geht es weiter.
command-status-kept = Modell: { $model }, { $state }, auf { $device }; es bleibt im Speicher.
command-status-let-go = Modell: { $model }, { $state }, auf { $device }; ohne Anfrage wird es nach { $seconds ->
    [one] { $seconds } Sekunde
   *[other] { $seconds } Sekunden
} entladen.
command-status-speech = Sprechen: { $route }, in der Sprache { $language }.
command-status-wording =
    Wortlaut: detail { $detail }, hedging { $hedging }, nichts unter einer Sicherheit von { $confidence }.

command-file-read = { $path } wurde gelesen.
command-file-absent = { $path } gibt es nicht.
command-setting-built-in = { $name } = { $value }, eingebaut
command-setting-from = { $name } = { $value }, aus { $place }
command-setting-unset = { $name } ist nicht gesetzt

command-bench-name = { $engine } auf { $device }
command-bench-name-threads = { $engine } auf { $device }, { $threads ->
    [one] { $threads } Thread
   *[other] { $threads } Threads
}
command-bench-line =
    { $name }: { $time } ms für ein Bild, { $load } ms zum Laden, { $memory } MB Speicher, { $precision }.
command-bench-fails = { $name }: nicht zu gebrauchen. { $reason }
command-bench-best = Am besten ist { $name }. Damit es benutzt wird: descry bench --store
command-bench-stored = Am besten ist { $name }. Das steht jetzt in { $file }.
command-bench-not-stored = die Wahl wurde nicht gespeichert: { $reason }
command-bench-nothing = Nichts hier kann Bilder beschreiben; warum, sagt descry check.
