# Wie ein Bildschirm gesagt wird: sein Programm und Fenster, sein Text, seine Bilder mit ihrem Ort.

screen-titled = { $application }: { $window }
screen-no-window = Kein Fenster ist aktiv.
screen-nameless-window = Ein Fenster ohne Namen.
screen-part = Ein Teil des Bildschirms.

screen-text = Text: { $text }
screen-no-text = Kein Text.
screen-more-words = Text: { $said } … { $count ->
    [one] noch { $count } Wort
   *[other] noch { $count } Wörter
}.
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
   *[middle] Bild in der Mitte
}
screen-on-monitor = { $place } auf Monitor { $monitor }
screen-picture = { $place }: { $sentence }
