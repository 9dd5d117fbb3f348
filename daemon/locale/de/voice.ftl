# Warum etwas nicht gesprochen wurde.

voice-not-spoken = nicht gesprochen: { $reason }
voice-not-reachable =
    speech-dispatcher antwortet nicht bei { $address } ({ $reason }); bitte speech-dispatcher installieren und starten
    oder --no-speech benutzen
voice-address = SPEECHD_ADDRESS ist { $address }, was weder unix_socket:PFAD noch inet_socket:RECHNER:PORT ist
voice-lost = speech-dispatcher hat die Verbindung beendet
voice-late = speech-dispatcher hat nicht rechtzeitig geantwortet
voice-malformed = was antwortet, ist nicht speech-dispatcher: { $reason }
voice-refused = speech-dispatcher wollte nicht sprechen: { $reason }
voice-espeak =
    speech-dispatcher antwortet nicht, und espeak-ng hat an seiner Stelle versagt ({ $reason }); bitte einen Tonserver
    installieren und starten, pulseaudio oder pipewire-pulse, oder --no-speech benutzen
voice-no-orca =
    Orca läuft nicht oder ist älter als Version 49; bitte starten oder die Einstellung speech auf auto setzen
voice-orca = Orca hat nicht gesprochen: { $reason }
voice-busy = zu viel wartet darauf, gesagt zu werden
voice-ended = die Stimme ist nicht mehr da

# Was anstelle dessen gesagt wird, was nur Augen lesen.
voice-link = Verweis auf { $host }
voice-link-to-file = Verweis auf eine Datei
voice-mail = { $name } bei { $host }
voice-sign = { $sign ->
    [and] und
    [equals] gleich
    [to] nach
   *[plus] plus
}
