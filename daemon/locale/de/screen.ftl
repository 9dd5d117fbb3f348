# Wie ein Bildschirm gesagt wird: sein Programm und Fenster, sein Text, seine Bilder mit ihrem Ort.

screen-titled = { $application }: { $window }
screen-no-window = Kein Fenster ist aktiv.
screen-nameless-window = Ein Fenster ohne Namen.
screen-part = Ein Teil des Bildschirms.
screen-whole = Der Bildschirm.
screen-for-window = Das ist der ganze Bildschirm, denn niemand sagt hier, wo das Fenster ist.
screen-saved = Ein Bild von einem Bildschirm.
screen-page = Ein Bild von Text.
screen-saved-empty =
    Das kann ich nicht sagen: es sieht nach einem Bildschirm aus, nicht nach einem Foto, und es ist kein Text darin zu
    lesen.
screen-page-empty =
    Das kann ich nicht sagen: es sieht nach Text aus, nicht nach einem Foto, und nichts davon ist zu lesen.
screen-focus = Fokus: { $focus }

screen-text = Text: { $text }
screen-no-text = Kein Text.
screen-more-words = Text: { $said } … { $count ->
    [one] noch { $count } Wort
   *[other] noch { $count } Wörter
}.
# Von einem Terminal, wo das Neueste am Ende steht.
screen-newest-text = Text, nach { $count ->
    [one] { $count } Wort
   *[other] { $count } Wörtern
}: { $said }
screen-unread = Der Text kann nicht gelesen werden: { $reason }

screen-pictures = { $count ->
    [one] { $count } Bild.
   *[other] { $count } Bilder.
}
screen-more-pictures = Und { $count ->
    [one] { $count } weiteres Bild
   *[other] { $count } weitere Bilder
}.
screen-pictures-undescribed = Die Bilder können nicht beschrieben werden: { $reason }
screen-others-undescribed = Die übrigen Bilder können nicht beschrieben werden: { $reason }
screen-too-slow = es hat zu lange gedauert; bitte nach einem Fenster oder einem Ausschnitt fragen

# Eines von mehreren Bildern, nach seinem Ort.
screen-place = { $place ->
    [upper-left] Oben links
    [top] Oben
    [upper-right] Oben rechts
    [left] Links
    [right] Rechts
    [lower-left] Unten links
    [bottom] Unten
    [lower-right] Unten rechts
    [filling-screen] Über den ganzen Bildschirm
    [filling-window] Über das ganze Fenster
    [filling-region] Über den ganzen Ausschnitt
    [filling-picture] Über das ganze Bild
    [filling-page] Über die ganze Seite
   *[middle] In der Mitte
}
# Das einzige Bild.
screen-only-picture = { $place ->
    [upper-left] Bild oben links
    [top] Bild oben
    [upper-right] Bild oben rechts
    [left] Bild links
    [right] Bild rechts
    [lower-left] Bild unten links
    [bottom] Bild unten
    [lower-right] Bild unten rechts
    [filling-screen] Bild über den ganzen Bildschirm
    [filling-window] Bild über das ganze Fenster
    [filling-region] Bild über den ganzen Ausschnitt
    [filling-picture] Bild über die ganze Fläche
    [filling-page] Bild über die ganze Seite
   *[middle] Bild in der Mitte
}
screen-on-monitor = { $place } auf Monitor { $monitor }
screen-picture = { $place }: { $sentence }
