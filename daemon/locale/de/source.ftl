# Warum es kein Bild gibt: aus einer Datei, von einem anderen Programm oder vom Bildschirm.

source-no-such-file = diese Datei gibt es nicht
source-folder = das ist ein Ordner, kein Bild
source-folder-unreadable = der Ordner kann nicht gelesen werden
source-folder-empty = in dem Ordner sind keine Bilder
source-not-a-file = das ist keine gewöhnliche Datei
source-not-sealed = der gemeinsame Speicher mit dem Bild ist nicht gegen Schreiben und Kürzen versiegelt
source-unreadable = es kann nicht gelesen werden: { $reason }
source-empty = die Datei ist leer
source-too-many-bytes = die Datei ist zu groß: höchstens { $mebibytes } MiB werden gelesen
source-not-a-picture = das ist kein Bild, das Descry lesen kann (JPEG, PNG, GIF, WebP, TIFF oder BMP)
source-unsupported = diese Art von { $format }-Bild kann nicht gelesen werden: bitte als JPEG oder PNG speichern
source-too-much-inside =
    das { $format }-Bild braucht zu viel Speicher für das, was es außer seinen Bildpunkten enthält: bitte neu speichern
source-cut-off = das { $format }-Bild ist abgeschnitten: sein Ende fehlt
source-damaged = das { $format }-Bild ist beschädigt
# Wo nicht einmal das Format bekannt ist.
source-damaged-unknown = das Bild ist beschädigt
source-too-many-pixels =
    das Bild ist zu groß: { $width } mal { $height } Bildpunkte, wo höchstens { $megapixels } Megapixel möglich sind
source-too-much-memory =
    das Bild ist zu groß: { $width } mal { $height } Bildpunkte, wo bei dieser Art von { $format } höchstens
    { $megapixels } Megapixel möglich sind

source-screen-forbidden =
    nur der Befehl descry darf nach dem Bildschirm fragen; damit es jedes Programm darf, programs_see_screen = true in
    descry.toml eintragen
source-camera-forbidden =
    nur der Befehl descry, eine Taste oder ein Knopf darf durch die Kamera sehen; damit es jedes Programm darf,
    programs_use_camera = true in descry.toml eintragen

source-no-session =
    hier gibt es keinen Bildschirm: weder DISPLAY noch WAYLAND_DISPLAY ist gesetzt; bitte in der grafischen Sitzung
    starten
source-other-session = der Dienst descryd gehört zu einer anderen Sitzung als dieser; bitte --no-service benutzen
source-wayland = der X-Server zeigt nur einen Teil einer Wayland-Sitzung
source-no-portal =
    unter Wayland zeigt das Portal der Arbeitsumgebung den Bildschirm, und hier antwortet keines; bitte
    xdg-desktop-portal und das der eigenen Arbeitsumgebung installieren, etwa xdg-desktop-portal-gnome, -kde oder -wlr,
    und neu anmelden
source-no-screenshots =
    das Portal der Arbeitsumgebung nimmt hier keine Bilder des Bildschirms auf; bitte das der eigenen Arbeitsumgebung
    installieren, etwa xdg-desktop-portal-gnome, -kde oder -wlr, und neu anmelden
source-portal-refused =
    die Arbeitsumgebung hat Descry den Bildschirm nicht sehen lassen; bitte noch einmal fragen und es erlauben, oder in
    ihren Einstellungen, wo Bildschirmfotos unter den Berechtigungen stehen
source-portal-silent =
    das Portal der Arbeitsumgebung hat nicht geantwortet; vielleicht wartet es in einem Dialog auf die Erlaubnis: bitte
    danach suchen und noch einmal fragen
source-portal-failed =
    das Portal der Arbeitsumgebung konnte kein Bild des Bildschirms aufnehmen; bitte noch einmal fragen, und wenn es so
    bleibt, neu anmelden
source-portal-picture =
    das Bild, das das Portal der Arbeitsumgebung aufgenommen hat, ist nicht zu gebrauchen: { $reason }
source-no-server =
    der X-Server { $display } ist nicht erreichbar ({ $reason }); bitte prüfen, ob die Sitzung läuft und DISPLAY sie
    nennt
source-server-forbidden =
    der X-Server { $display } lässt niemanden ohne Schlüssel ein; bitte Descry als die Person starten, die dort
    angemeldet ist, oder XAUTHORITY setzen
source-server-lost = der X-Server hat die Verbindung beendet; wenn die Sitzung noch läuft, bitte noch einmal fragen
source-locked =
    der Bildschirm ist gesperrt, oder sein Bildschirmschoner läuft; bitte wecken oder entsperren und noch einmal fragen
source-no-active-window =
    kein Fenster ist aktiv; bitte zu einem wechseln, zum Beispiel mit Alt und Tab, oder nach dem ganzen Bildschirm
    fragen
source-hidden-window =
    das aktive Fenster ist verborgen oder minimiert; bitte nach vorn holen oder nach dem ganzen Bildschirm fragen
source-window-gone = das Fenster wurde geschlossen, bevor es zu sehen war; bitte noch einmal fragen
source-window-outside =
    das aktive Fenster liegt außerhalb des Bildschirms, der { $width } mal { $height } Bildpunkte groß ist; bitte
    dorthin schieben oder nach dem ganzen Bildschirm fragen
source-region-outside =
    der Ausschnitt liegt außerhalb des Bildschirms, der { $width } mal { $height } Bildpunkte groß ist; bitte einen
    nennen, der darauf liegt
source-screen-too-large =
    der Bildschirm ist zu groß: { $width } mal { $height } Bildpunkte, wo höchstens { $megapixels } Megapixel möglich
    sind; bitte nach einem Fenster oder einem Ausschnitt fragen
source-depth = der Bildschirm hat { $bits } Bit Farbtiefe, die nicht gelesen werden können; bitte auf 24 Bit stellen
source-server-refused =
    der X-Server wollte den Bildschirm nicht zeigen ({ $reason }); bitte noch einmal fragen und es melden, wenn es so
    bleibt
source-no-memory =
    das System gab keinen Speicher für den Bildschirm ({ $reason }); bitte ein Programm schließen, das nicht gebraucht
    wird, und noch einmal fragen

# Text auf Bildschirmen.
source-no-reader = das Programm, das Text liest, fehlt; bitte das Paket tesseract-ocr installieren
source-no-reader-language =
    Tesseract fehlt die Sprache { $language }; bitte das Paket tesseract-ocr-{ $language } installieren oder andere in
    text_languages nennen
source-reader-slow =
    das Lesen des Textes dauerte länger als { $seconds } Sekunden; bitte nach einem Fenster oder einem Ausschnitt fragen
source-reader-endless = Tesseract antwortete ohne Ende; bitte nach einem Fenster oder einem Ausschnitt fragen
source-reader-failed =
    Tesseract hat versagt ({ $status }): { $complaint }; bitte noch einmal fragen, und wenn es so bleibt, das Paket
    tesseract-ocr neu installieren
source-reader-broken =
    Tesseract lässt sich nicht starten ({ $reason }); bitte das Paket tesseract-ocr neu installieren
source-reader-unprepared =
    das Bild konnte nicht für das Lesen vorbereitet werden; bitte noch einmal fragen
