# Was descry check von jedem Teil sagt. Die Zeile eines Teils beginnt mit seinem Namen und wie es um ihn steht.

check-name = { $part ->
    [settings] Konfiguration
    [model] Modell
    [engine] Maschine
    [gpu] GPU
    [speech] Sprechen
    [earcons] Kurzer Ton
    [service] Dienst
    [screen] Bildschirm
    [windows] Barrierefreiheit der Fenster
    [text] Text auf Bildschirmen
    [keys] Tasten
    [button] Knopf
   *[camera] Kamera
}
check-works = { $part }: funktioniert. { $words }
check-missing = { $part }: nicht vorhanden. { $words }
check-fails = { $part }: funktioniert nicht. { $words }
check-all-works = Alles, was Descry braucht, funktioniert.
check-needed-fails = Was Descry braucht, funktioniert nicht: { $parts }.

check-settings = sie kann gelesen werden
check-model = es ist { $model } in { $folder }, und jedes Byte ist, wie es sein soll
check-engine = { $engine } rechnet mit dem Modell, auf { $device }
check-gpu-none = es gibt keine NVIDIA-GPU mit ihrem Treiber, und Prozessoren genügen
check-gpu = { $device } rechnet mit dem Modell des Dienstes
check-gpu-turned-off = { $device } rechnet mit dem Modell; die Einstellung device schaltet es ab
check-gpu-idle = stattdessen rechnen die Prozessoren mit dem Modell
check-gpu-not-used = { $said }; { $device } wird nicht benutzt: { $reason }
check-engine-without-model = ohne Modell wurde sie nicht versucht
check-broke-off = der Versuch brach ab; bitte melden
check-speech-off = es ist in den Einstellungen ausgeschaltet, also wird alles nur geschrieben
check-speech-no-voice =
    speech-dispatcher antwortet, hat aber keine Stimme; bitte speech-dispatcher-espeak-ng installieren und
    speech-dispatcher beenden, damit es neu startet
check-speech = speech-dispatcher antwortet und hat { $voices ->
    [one] { $voices } Stimme
   *[other] { $voices } Stimmen
} ({ $synthesisers }); ob sie zu hören sind, zeigt spd-say hallo
check-speech-replaced =
    speech-dispatcher ist nicht da, also spricht espeak-ng an seiner Stelle; ob es zu hören ist, zeigt espeak-ng hallo
check-speech-system =
    speech-dispatcher ist auf dem üblichen Weg nicht zu erreichen, also spricht die Stimme des Systems an seiner Stelle;
    ob sie zu hören ist, zeigt descry describe mit einem Bild
check-orca = Orca läuft und kann gebeten werden zu sprechen
check-earcons = { $player } spielt ihn
check-earcons-off = er ist in den Einstellungen abgeschaltet
check-earcons-unplayed =
    kein Programm konnte ihn spielen; bitte pulseaudio-utils, pipewire-bin oder alsa-utils installieren, was zum
    Klangdienst passt, und nachsehen, ob dieser läuft
check-service = descryd läuft, also muss das Modell nicht für jedes Bild geladen werden
# An den Satz darüber gehängt: wonach andere Programme ihn fragen dürfen.
check-service-programs = { $service }. { $eyes ->
    [both] Jedes Programm darf ihn auf den Bildschirm und durch Kameras sehen lassen
    [screen] Jedes Programm darf ihn auf den Bildschirm sehen lassen, aber nur descry durch Kameras
    [camera] Jedes Programm darf ihn durch Kameras sehen lassen, aber nur descry auf den Bildschirm
   *[none] Nur descry darf ihn auf den Bildschirm oder durch Kameras sehen lassen
}; das ändern die Einstellungen programs_see_screen und programs_use_camera
check-no-service =
    descryd läuft nicht, also arbeitet descry selbst, was einen Augenblick länger dauert; es startet mit: systemctl
    --user start descryd
check-screen = er hat { $width } mal { $height } Bildpunkte auf { $monitors ->
    [one] { $monitors } Monitor
   *[other] { $monitors } Monitoren
}, und welches Fenster aktiv ist, ist bekannt
check-screen-no-manager = er hat { $width } mal { $height } Bildpunkte auf { $monitors ->
    [one] { $monitors } Monitor
   *[other] { $monitors } Monitoren
}, und kein Fensterverwalter sagt, welches Fenster aktiv ist, also gilt das mit der Tastatur
check-portal-sway =
    das Portal der Arbeitsumgebung zeigt ihn und fragt vielleicht erst nach der Erlaubnis; sway sagt, wo das aktive
    Fenster ist
check-portal-windows =
    das Portal der Arbeitsumgebung zeigt ihn und fragt vielleicht erst nach der Erlaubnis; es kann ein Fenster allein
    zeigen
check-portal =
    das Portal der Arbeitsumgebung zeigt ihn und fragt vielleicht erst nach der Erlaubnis; niemand sagt, wo das aktive
    Fenster ist, und so wird statt seiner der ganze Bildschirm beschrieben
check-windows = { $count ->
    [one] { $count } Programm sagt, wie seine Fenster heißen und wo Passwörter eingegeben werden
   *[other] { $count } Programme sagen, wie ihre Fenster heißen und wo Passwörter eingegeben werden
}
check-windows-untold = kein Programm sagt etwas über seine Fenster; manche tun es nur, wenn ein Bildschirmleser läuft
check-windows-unasked =
    Programme können nicht nach ihren Fenstern gefragt werden, und so sind Passwörter nur an ihren Punkten zu erkennen;
    bitte at-spi2-core installieren und neu anmelden
check-text = Tesseract ist da, mit den Sprachen { $languages }
check-camera =
    { $name } kann benutzt werden{ $others ->
        [0] { "" }
        [one] ; es gibt noch 1 weitere
       *[other] ; es gibt noch { $others } weitere
    }
check-keys-off = sie sind in den Einstellungen abgeschaltet
check-keys-no-session = hier ist keine grafische Sitzung
check-keys-portal = der Desktop hat ein Portal, das sie hergibt, sobald descryd läuft
check-keys-free = sie sind frei, und descryd nimmt sie, sobald es läuft
check-button-unset = keiner ist eingestellt; wo es einen gibt, nennt ihn button.key in descry.toml
check-button = { $device } kann gelesen werden, sobald descryd läuft
check-pressed = descryd hört auf { $triggers }
check-pressed-nothing = descryd hört auf nichts
check-pressed-partly = { $problems } { $pressed }
